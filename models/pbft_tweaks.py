"""PBFT with one rule changed: ways to get it wrong, and the same protocol with Byzantine messages as steps.

Fewer than 3f + 1 replicas need no tweak: `--replicas 3`, or `--replicas 6 --byzantine 2`.  The steps include one for each
request that a client sends.
"""

from typing import Annotated

from mcheck.models.pbft import PBFT, Certificate, Digest, Memory, Message, NewView, Replica, State, ViewChange
from mcheck.spec import Broken, Injection, Safe, Where, action, count


class SmallerQuorum(PBFT):
    """A quorum is 2f of 3f + 1 replicas: two quorums may have nobody but a faulty replica in common."""

    outcome = Broken("Agreement", steps=8, source="section 3", views=1)

    def quorum(self) -> int:
        return self.replicas - self.byzantine - 1


class TooManyFaults(PBFT):
    """One replica more is faulty than is to be tolerated."""

    outcome = Broken("Agreement", steps=8, source="section 3", views=1)

    def faulty(self) -> int:
        return self.byzantine + 1


class SkipsCommit(PBFT):
    """A replica executes what is prepared: nobody else need know of the certificate when the view is left."""

    outcome = Broken("Agreement", steps=14, source="section 4.2, the commit phase", views=2)

    def committed(self, s: State, v: int, d: Digest) -> bool:
        return self.certified(s, v, d)


class TrustsNewView(PBFT):
    """A backup does not check what a NEW-VIEW proposes against the VIEW-CHANGEs that it carries."""

    outcome = Broken("Agreement", steps=14, source="section 4.4, the set O", views=2)

    def is_proven(self, s: State, v: int, d: Digest | None) -> bool:
        return self.is_quorum(count(self.reports_up_to(s, v, j, v) for j in Replica))


class OmitsCertificate(PBFT):
    """A VIEW-CHANGE says nothing of what is prepared."""

    outcome = Broken("Agreement", steps=16, source="section 4.4, the set P", views=2)

    def reported(self, me: Memory) -> Certificate | None:
        return None


class AcceptsUnsigned(PBFT):
    """Nobody looks at the signatures in a prepared certificate: a faulty replica makes up its own."""

    outcome = Broken("Agreement", steps=14, source="section 4.4, the set P", views=2)

    def is_valid(self, s: State, c: Certificate) -> bool:
        return True


class AcceptsTwice(PBFT):
    """A backup accepts every PRE-PREPARE of its view, and not only the first."""

    outcome = (
        Broken("Certificates Agree", steps=6, source="section 4.2", views=1),
        Broken("Agreement", steps=12, source="section 4.2", views=1),
    )

    def may_accept(self, me: Memory) -> bool:
        return True


class AcceptsUnrequested(PBFT):
    """A backup does not look at the client's signature."""

    outcome = Broken("Validity", steps=5, source="section 4.2", requests=1, views=1)

    def is_request(self, s: State, d: Digest) -> bool:
        return True


class ExecutesAgain(PBFT):
    """What is prepared anew after a view change is executed again."""

    outcome = Broken("Integrity", steps=13, source="section 4.4", requests=1, views=2)

    def may_execute(self, me: Memory) -> bool:
        return True


class Injected(Injection[State], PBFT):
    """Faulty replicas send their messages one by one.  The verdicts are the same, at far more states: for `--views 1`."""

    outcome = Safe(views=1, note="With two views, the sets of messages that could be sent are too many.")

    @action
    def byzantine_send(self, s: State, m: Annotated[Message, Where("is_heeded")]) -> State:
        """A faulty replica sends anything that it can sign."""
        return self.injected(s, m)

    def is_heeded(self, m: Message) -> bool:
        """Nobody waits for view 0 to begin."""
        return m.view > 0 or not isinstance(m, ViewChange | NewView)
