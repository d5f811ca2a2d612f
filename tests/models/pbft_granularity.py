"""PBFT in coarser and finer steps: the ones that published counts were taken with, and one faulty set at a time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated, Any

from mcheck.models.pbft import (
    PBFT,
    Certificate,
    Commit,
    Correct,
    Digest,
    Execution,
    NewView,
    Prepare,
    PrePrepare,
    Replica,
    State,
    ViewChange,
)
from mcheck.spec import Cut, OneOf, Set, Spec, action, all, any, require


def of_one_choice(faulty: tuple[int, ...], base: type[PBFT] = PBFT) -> type[PBFT]:
    """The protocol in which these replicas are faulty, replica v is primary of view v, and clients have sent all requests."""

    class OneChoice(base):  # type: ignore[valid-type, misc]
        def init(self) -> Any:  # of the class of states that `base` is a Spec of
            order = tuple(Replica)
            return self.start(tuple(order[k] for k in faulty), order).replace(requested=Set(Digest))

    return OneChoice


class ProposesInNewView(PBFT):
    """A NEW-VIEW always proposes: where nothing need be proposed again, the primary chooses.  Executions forget their view."""

    @action
    def new_view(self, s: State, i: Correct, d: Digest | None) -> State:
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] == i, "i is the primary of a view that has not begun")
        require(
            d is not None and (self.justified(s, me.view, None) or self.justified(s, me.view, d)), "d may be announced"
        )
        after = self.sending(s, i, me.replace(active=True, accepted=d), NewView(view=me.view, digest=d))
        return after if d is None else after.replace(msgs=after.msgs.add(PrePrepare(view=me.view, digest=d)))

    @action
    def accept_new_view(self, s: State, i: Correct, d: Digest | None) -> State:
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] != i, "i is a backup, and waits for its view to begin")
        require(self.sent(s, NewView(view=me.view, digest=d)), "the primary has announced d")
        require(
            d is not None and (self.is_proven(s, me.view, None) or self.is_proven(s, me.view, d)), "d may be announced"
        )
        me = me.replace(active=True, accepted=d)
        return s if d is None else self.sending(s, i, me, Prepare(view=me.view, digest=d, src=i))

    @action
    def execute(self, s: State, i: Correct, d: Digest) -> State:
        after = super().execute(s, i, d)
        forgetful = after.replicas[i].replace(executed=Execution(view=0, digest=d))
        return after.replace(replicas=after.replicas.set(i, forgetful))


class QuorumNewView(NewView):
    quorum: Set[Replica]


class QuorumState(State):
    msgs: Set[PrePrepare | Prepare | Commit | ViewChange | QuorumNewView] = Set()  # type: ignore[assignment]


Quorum = Annotated[Set[Replica], OneOf("quorums")]


class NamesQuorum(ProposesInNewView, Spec[QuorumState]):  # type: ignore[misc]
    """A NEW-VIEW also names the quorum whose VIEW-CHANGEs it carries, so that there is one for each of them."""

    def start(self, faulty: tuple[Replica, ...], order: tuple[Replica, ...]) -> State:
        plain = super().start(faulty, order)
        return QuorumState(correct=plain.correct, primary=plain.primary, replicas=plain.replicas)

    def quorums(self) -> Iterable[Set[Replica]]:
        sizes = range(self.quorum(), self.replicas + 1)
        return [Set(q) for size in sizes for q in combinations(Replica, size)]

    def shown(self, s: State, v: int, d: Digest, q: Set[Replica]) -> bool:
        """The VIEW-CHANGEs of q make d the digest, or leave the choice."""
        return all(j not in q or self.reports(s, v, j, None) for j in Replica) or any(
            w < v
            and any(j in q and self.reports(s, v, j, Certificate(view=w, digest=d)) for j in Replica)
            and all(j not in q or self.reports_up_to(s, v, j, w) for j in Replica)
            for w in self.left_views()
        )

    @action
    def new_view(self, s: State, i: Correct, d: Digest, q: Quorum) -> State:  # type: ignore[override]
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] == i, "i is the primary of a view that has not begun")
        require(self.shown(s, me.view, d, q), "d follows from the VIEW-CHANGEs of q, or anything may")
        sent: Any = Set.of(QuorumNewView(view=me.view, digest=d, quorum=q), PrePrepare(view=me.view, digest=d))
        return s.replace(replicas=s.replicas.set(i, me.replace(active=True, accepted=d)), msgs=s.msgs | sent)

    @action
    def accept_new_view(self, s: State, i: Correct, d: Digest, q: Quorum) -> State:  # type: ignore[override]
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] != i, "i is a backup, and waits for its view to begin")
        require(self.sent(s, QuorumNewView(view=me.view, digest=d, quorum=q)), "the primary has announced d")
        require(self.shown(s, me.view, d, q), "d follows from the VIEW-CHANGEs of q, or anything may")
        return self.sending(s, i, me.replace(active=True, accepted=d), Prepare(view=me.view, digest=d, src=i))


def reached(spec: PBFT) -> set[State]:
    """The reachable states, without what faulty replicas have sent."""
    instance = spec.instance
    with instance.active():
        frontier = list(instance.initial)
        seen = set(frontier)
        while frontier:
            for _, _, after in instance.transitions(frontier.pop()):
                if not isinstance(after, Cut) and after not in seen:
                    seen.add(after)
                    frontier.append(after)
        return {s.replace(msgs=Set(m for m in s.msgs if spec.signer(s, m) in s.correct)) for s in seen}
