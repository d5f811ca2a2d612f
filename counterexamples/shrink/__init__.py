"""Shrinking: from a behaviour found at random to a small one that shows the same."""

from mcheck.counterexamples.shrink.shrinking import PASSES, Pass, Shortened, Shrunk, shrink
from mcheck.counterexamples.shrink.trials import OutOfTime, Trials, moves_of

__all__ = ["PASSES", "OutOfTime", "Pass", "Shortened", "Shrunk", "Trials", "moves_of", "shrink"]
