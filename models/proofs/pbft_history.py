"""PBFT as it runs, with the history that its proof speaks of: who had committed what was executed.

A replica of `models/pbft.py` executes when a quorum has committed, and forgets which.  The proof names one; here it is kept
in a ghost, which no rule of PBFT reads.

Which replicas are faulty is chosen once for all choices that differ by the names of replicas only: by the views that have a
faulty primary.  The rules of PBFT and the relations of its proof know no names.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated, Any

from mcheck.models import pbft_tweaks
from mcheck.models.pbft import PBFT, Commit, Correct, Digest, Replica, State, View
from mcheck.spec import GHOST, Record, Set, action


class Committers(Record):
    """These had sent COMMIT, or are faulty, when `digest` was first executed in `view`."""

    view: View
    digest: Digest
    replicas: Set[Replica]


class History(State):
    """The state of PBFT, and what has happened."""

    committers: Annotated[Set[Committers], GHOST] = Set()


class PBFTHistory(PBFT):
    """PBFT that remembers."""

    def init(self) -> Iterable[History]:
        """For each set of views that may have faulty primaries, one choice of the faulty replicas."""
        order = tuple(Replica)[: self.views]
        choices: dict[tuple[bool, ...], tuple[Replica, ...]] = {}
        for faulty in combinations(Replica, self.faulty()):
            choices.setdefault(tuple(i in faulty for i in order), faulty)
        return [self.start(faulty, order) for faulty in choices.values()]

    def start(self, faulty: tuple[Replica, ...], order: tuple[Replica, ...]) -> History:
        first = super().start(faulty, order)
        return History(correct=first.correct, primary=first.primary, replicas=first.replicas)

    @action
    def execute(self, s: Any, i: Correct, d: Digest) -> State:
        """As in PBFT; who has committed is noted.  `s` is a History."""
        after = super().execute(s, i, d)
        view = s.replicas[i].view
        if any(known.view == view and known.digest == d for known in s.committers):
            return after
        by = Set(j for j in Replica if self.sent(s, Commit(view=view, digest=d, src=j)))
        return after.replace(committers=s.committers.add(Committers(view=view, digest=d, replicas=by)))


class SkipsCommit(PBFTHistory, pbft_tweaks.SkipsCommit):
    """A replica executes what is prepared: nobody else need know of the certificate when the view is left."""


class TrustsNewView(PBFTHistory, pbft_tweaks.TrustsNewView):
    """A backup does not check what a NEW-VIEW proposes against the VIEW-CHANGEs that it carries."""


class OmitsCertificate(PBFTHistory, pbft_tweaks.OmitsCertificate):
    """A VIEW-CHANGE says nothing of what is prepared."""


class AcceptsUnsigned(PBFTHistory, pbft_tweaks.AcceptsUnsigned):
    """Nobody looks at the signatures in a prepared certificate: a faulty replica makes up its own."""


class AcceptsTwice(PBFTHistory, pbft_tweaks.AcceptsTwice):
    """A backup accepts every PRE-PREPARE of its view, and not only the first."""
