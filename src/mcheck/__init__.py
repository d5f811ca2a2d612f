"""mcheck: a model checker for consensus protocols.  Everything a specification needs is imported from here."""

from mcheck.spec import *  # noqa: F403
from mcheck.spec import __all__ as _language

__version__ = "0.1.0"
__all__ = [*_language, "__version__"]  # noqa: PLE0604
