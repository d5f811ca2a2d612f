"""What faulty members have said: enough to make the behaviour possible, each message at the step that first needs it."""

from __future__ import annotations

import pytest

from mcheck.counterexamples import LanesText
from mcheck.counterexamples.hearsay import is_faulty, sayings
from mcheck.models.paxos import Paxos
from mcheck.models.pbft import PBFT, Commit, Digest, PrePrepare, Replica
from mcheck.models.pbft_tweaks import Injected
from mcheck.spec import Behavior, Set, replay
from mcheck.spec.labels import label_text

EQUIVOCATION = [
    "request(d=0)",
    "request(d=1)",
    "prepare(i=1, d=0)",
    "prepare(i=2, d=1)",
    "commit(i=1, d=0)",
    "commit(i=2, d=1)",
    "execute(i=1, d=0)",
    "execute(i=2, d=1)",
]
"""Three replicas, of which the primary is faulty."""


@pytest.fixture(scope="module")
def behavior() -> Behavior:
    instance = PBFT(replicas=3, views=1).instance
    with instance.active():
        start = next(s for s in instance.initial if Replica(0) not in s.correct and s.primary.values() == (Replica(0),))
    return replay(instance, start, EQUIVOCATION)


def test_each_message_is_said_where_it_is_needed_first(behavior: Behavior) -> None:
    r0, d0, d1 = Replica(0), Digest(0), Digest(1)
    assert sayings(behavior) == (
        (),
        (),
        ((r0, PrePrepare(view=0, digest=d0)),),
        ((r0, PrePrepare(view=0, digest=d1)),),
        (),
        (),
        ((r0, Commit(view=0, digest=d0, src=r0)),),
        ((r0, Commit(view=0, digest=d1, src=r0)),),
    )


def test_what_is_said_makes_a_behaviour_with_byzantine_messages_as_steps(behavior: Behavior) -> None:
    """The list is a whole adversary: put in front of the steps that need it, it makes them steps of the other form."""
    spec = Injected(replicas=3, views=1)
    labels: list[str] = []
    for said, label in zip(sayings(behavior), behavior.labels, strict=True):
        labels += [label_text("byzantine_send", ("m",), (message,)) for _, message in said]
        labels.append(label)
    told = replay(spec.instance, behavior.initial, labels)
    assert told.last.replicas == behavior.last.replicas
    with spec.instance.active():
        honest = Set(m for m in told.last.msgs if spec.signer(told.last, m) in told.last.correct)
    assert honest == behavior.last.msgs


def test_the_table_shows_who_is_faulty_what_was_chosen_and_what_was_said(behavior: Behavior) -> None:
    lines = [" ".join(line.split()) for line in LanesText(behavior, 200).lines()]
    assert lines[1] == "0 initially faulty v0 active v0 active primary [0: r0]"
    assert lines[4] == (
        "3 prepare(r1, d0) · a=d0 · faulty r0 says PrePrepare(view=0, d0), msgs +Prepare(view=0, d0, r1)"
    )
    assert (
        lines[9]
        == ">8 execute(r2, d1) · · executed Execution(view=0, d1) faulty r0 says Commit(view=0, d1, r0) ← violates"
    )


def test_a_list_says_it_too(behavior: Behavior) -> None:
    lines = [" ".join(line.split()) for line in LanesText(behavior, 45).lines()]
    assert "r0 faulty" in lines
    assert lines[lines.index("3 prepare(r1, d0)") + 1] == "faulty r0 says PrePrepare(view=0, d0)"


def test_other_protocols_have_nobody_faulty() -> None:
    instance = Paxos().instance
    behavior = replay(instance, instance.initial[0], ["phase_1a(b=0)", "phase_1b(a=0, m=Prepare(bal=0))"])
    assert sayings(behavior) == ((), ())
    assert not any(is_faulty(behavior, a) for a in behavior.initial.acceptors.keys())  # noqa: SIM118
