"""Engines: an instance, the properties to check and limits in; a verdict out."""

from mcheck.checker.reference import explore
from mcheck.checker.simulate import Simulation, simulate
from mcheck.checker.symmetry import why_not_symmetric
from mcheck.checker.traces import RuleFailed
from mcheck.checker.verdict import Limits, Progress, PropertyResult, Verdict

__all__ = [
    "Limits", "Progress", "PropertyResult", "RuleFailed", "Simulation", "Verdict", "explore", "simulate",
    "why_not_symmetric",
]  # fmt: skip
