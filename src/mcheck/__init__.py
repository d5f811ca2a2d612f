"""mcheck: a model checker for consensus protocols.  Everything a specification needs is imported from here."""

from mcheck import spec
from mcheck.spec import *  # noqa: F403

__version__ = "0.1.0"
__all__ = ["__version__"]
__all__ += spec.__all__
