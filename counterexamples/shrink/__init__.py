"""Shrinking: from a behaviour found at random to a small one that shows the same."""

from mcheck.counterexamples.shrink.shrinking import PASSES, Pass, Shortened, Shrunk, shrink
from mcheck.counterexamples.shrink.trials import Trials

__all__ = ["PASSES", "Pass", "Shortened", "Shrunk", "Trials", "shrink"]
