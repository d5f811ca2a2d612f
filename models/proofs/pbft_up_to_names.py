"""PBFT as it runs, of behaviours that differ by the names of replicas one only.

`models/pbft.py` begins with every choice of the faulty replicas and of the primaries.  Its rules know no names, and the
relations of its proof do not either: it makes a difference only which views have a faulty primary.
"""

from collections.abc import Iterable

from mcheck.models import pbft_tweaks
from mcheck.models.pbft import PBFT, State


class UpToNames(PBFT):
    """PBFT, begun once for all choices that are alike."""

    def init(self) -> Iterable[State]:
        """For each set of views that may have faulty primaries, one initial state."""
        alike: dict[tuple[bool, ...], State] = {}
        for s in super().init():
            alike.setdefault(tuple(i in s.correct for i in s.primary.values()), s)
        return list(alike.values())


class AcceptsTwice(UpToNames, pbft_tweaks.AcceptsTwice):
    """A backup accepts every PRE-PREPARE of its view, and not only the first."""


class SkipsCommit(UpToNames, pbft_tweaks.SkipsCommit):
    """A replica executes what is prepared: nobody else need know of the certificate when the view is left."""


class OmitsCertificate(UpToNames, pbft_tweaks.OmitsCertificate):
    """A VIEW-CHANGE says nothing of what is prepared."""


class TrustsNewView(UpToNames, pbft_tweaks.TrustsNewView):
    """A backup does not check what a NEW-VIEW proposes against the VIEW-CHANGEs that it carries."""


class AcceptsUnsigned(UpToNames, pbft_tweaks.AcceptsUnsigned):
    """Nobody looks at the signatures in a prepared certificate: a faulty replica makes up its own."""
