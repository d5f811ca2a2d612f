"""PBFT with one rule changed: ways to get it wrong, and the same protocol with Byzantine messages as steps.

Fewer than 3f + 1 replicas need no tweak: `--replicas 3`, or `--replicas 6 --byzantine 2`.  Shortest behaviours are given with the
default constants; one that needs two requests has two steps more than where all requests are there from the start.
"""

from mcheck.models.pbft import PBFT, Certificate, Digest, Memory, Message, Replica, State
from mcheck.spec import Injection, action, count


class SmallerQuorum(PBFT):
    """A quorum is 2f of 3f + 1 replicas.  Breaks Agreement: two quorums may have a faulty replica alone in common."""

    def quorum(self) -> int:
        return self.replicas - self.byzantine - 1


class TooManyFaults(PBFT):
    """One replica more is faulty than is to be tolerated.  Breaks Agreement.  Source: OSDI'99, section 3."""

    def faulty(self) -> int:
        return self.byzantine + 1


class SkipsCommit(PBFT):
    """A replica executes what is prepared.  Breaks Agreement, across views: nobody else need know of the certificate.

    Source: section 4.2, on what the commit phase is for.
    """

    def committed(self, s: State, v: int, d: Digest) -> bool:
        return self.certified(s, v, d)


class TrustsNewView(PBFT):
    """A NEW-VIEW is not checked against the VIEW-CHANGEs it carries.  Breaks Agreement.  Source: section 4.4, the set O."""

    def justified(self, s: State, v: int, d: Digest | None) -> bool:
        return self.is_quorum(count(self.reports_up_to(s, v, j, self.views) for j in Replica))


class OmitsCertificate(PBFT):
    """A VIEW-CHANGE says nothing of what is prepared.  Breaks Agreement.  Source: section 4.4, the set P."""

    def reported(self, me: Memory) -> Certificate | None:
        return None


class AcceptsUnsigned(PBFT):
    """Nobody looks at the signatures in a prepared certificate: a faulty replica makes up its own.  Breaks Validity and Agreement."""

    def is_valid(self, s: State, c: Certificate) -> bool:
        return True


class AcceptsTwice(PBFT):
    """A backup accepts every PRE-PREPARE of its view.  Breaks Certificates Agree, and Agreement.  Source: section 4.2."""

    def may_accept(self, me: Memory) -> bool:
        return True


class AcceptsUnrequested(PBFT):
    """A backup does not look at the client's signature.  Breaks Validity.  Source: section 4.2."""

    def is_request(self, s: State, d: Digest) -> bool:
        return True


class ExecutesAgain(PBFT):
    """What is prepared anew after a view change is executed again.  Breaks Integrity.  Source: section 4.4, the last paragraph."""

    def may_execute(self, me: Memory) -> bool:
        return True


class Injected(Injection[State], PBFT):
    """Faulty replicas send their messages one by one.  Safe: the same verdicts at far more states, for `--views 1` only."""

    @action
    def byzantine_send(self, s: State, m: Message) -> State:
        """A faulty replica sends anything that it can sign."""
        return self.injected(s, m)
