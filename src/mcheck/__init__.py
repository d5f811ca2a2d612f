"""mcheck: a model checker for consensus protocols.  Everything a specification needs is imported from here."""

from mcheck import spec
from mcheck.spec import *  # noqa: F403
from mcheck.spec.display import Bundle, displayed_by

__version__ = "0.1.0"
__all__ = ["__version__"]
__all__ += spec.__all__


def _shown(result: object) -> Bundle:
    """What a notebook shows of a verdict or a behaviour; what writes it is imported when it is asked for."""
    from mcheck.notebook import bundle

    return bundle(result)


displayed_by(_shown)
