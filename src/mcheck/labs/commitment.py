"""A lab on what it means that an entry is committed."""

from __future__ import annotations

from collections.abc import Iterator

from mcheck.labs.finding import Finding, Shown
from mcheck.labs.searching import beside, shortest_to
from mcheck.models.raft import State
from mcheck.models.raft_macro import RaftMacro
from mcheck.protocols import find, instantiate
from mcheck.report import Subject
from mcheck.scope import counted
from mcheck.spec import Behavior, ReplayMismatch, label_text, replay


def committed() -> Iterator[Finding]:
    """Figure 8 of the Raft paper: an entry that a majority has may still be lost, so it is not committed by that alone."""
    broken, good = beside("raft-macro", "commit-old-terms", "Leader Completeness")
    yield Finding(
        'An entry is not committed because "it is replicated on a majority of nodes".',
        "raft-macro --tweak commit-old-terms, where a leader commits whatever a majority has (Figure 8)",
        broken.words,
        not broken.holds,
        broken.violation,
    )
    shown = broken.violation
    assert shown is not None
    spec = RaftMacro(**shown.behavior.instance.spec.constants)
    refused, most, left = _on_the_good_spec(spec, shown.behavior)
    yield Finding(
        "Raft itself overwrites an entry that a majority has.",
        "the same steps on raft-macro, without the commitment, and then the new leader replicates",
        f"the commitment is refused, as not '{refused}'; the entry is on {counted(most, 'server')} of {spec.nodes}, and then on {left}",
        bool(refused) and most * 2 > spec.nodes and left == 0,
    )
    yield Finding(
        "It is committed once a majority has it, and has an entry of the leader's own term there or after it.",
        f"raft-macro with the same bounds ({spec.max_term} terms)",
        good.words,
        good.holds,
    )
    yield _committed_and_not_known()


def _committed_and_not_known() -> Finding:
    """Between a leader's commitment and the next message, nobody else knows of it, and so nobody else applies it."""
    found = find("raft")
    instance = instantiate(found.cls, {"max_term": 1, "max_log": 1, "max_messages": 2, "max_restarts": 0})

    def ahead(s: State) -> bool:
        committed = max(me.commit_index for me in s.servers.values())
        return committed > 0 and sum(me.commit_index == committed for me in s.servers.values()) == 1

    behavior = shortest_to(instance, ahead)
    holders = 0 if behavior is None else sum(len(me.log) > 0 for me in behavior.last.servers.values())
    return Finding(
        "Committed is not applied: an entry is committed, and only the leader knows and may apply it.",
        "raft, 3 nodes: a state in which one server alone has advanced its commit index",
        "never"
        if behavior is None
        else f"in {counted(len(behavior.steps), 'step')}, with the entry on {holders} servers",
        behavior is not None and holders * 2 > instance.constants["nodes"],
        None if behavior is None else Shown(Subject(found, None, instance), behavior),
    )


def _on_the_good_spec(spec: RaftMacro, behavior: Behavior) -> tuple[str, int, int]:
    """Why the good spec does not commit; on how many servers the entry was at most; on how many it is at last."""
    commitment = next(k for k, step in enumerate(behavior.steps) if step.action.name == "commit")
    (index,) = behavior.steps[commitment].arguments[1:]
    labels = list(behavior.labels)
    try:
        replay(spec.instance, spec.instance.initial[0], labels)
        refused = ""
    except ReplayMismatch as mismatch:
        refused = mismatch.why.removeprefix("not enabled: ") if mismatch.step == commitment + 1 else ""
    (leader, *_) = behavior.steps[-1].arguments
    others = [j for j, _ in behavior.last.servers.items() if j != leader]
    copies = [label_text("replicate", ("i", "j"), (leader, j)) for j in others]
    without = replay(spec.instance, spec.instance.initial[0], labels[:commitment] + labels[commitment + 1 :] + copies)
    entry = behavior.states[commitment].servers[behavior.steps[commitment].arguments[0]].log[:index]
    holders = [sum(me.log[:index] == entry for me in s.servers.values()) for s in without.states]
    return refused, max(holders), holders[-1]
