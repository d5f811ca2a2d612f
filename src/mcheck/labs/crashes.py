"""Labs on servers that crash: how many may, and what becomes of what they have committed.

Both enumerate every state of a small Raft in large steps, with any servers down, and ask of each what is still possible.  That
is asked with one term more and one entry more than the states enumerated have: a bound that is used up is no dead end of the
protocol.  States are counted up to a renaming of servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcheck.checker import Limits
from mcheck.checker.checks import Checks
from mcheck.checker.reference import Search
from mcheck.checker.traces import behavior_to
from mcheck.labs.finding import Finding, Shown
from mcheck.labs.possibility import Possibility
from mcheck.labs.searching import beside, searched
from mcheck.models.raft_macro_crashes import Crashing, State
from mcheck.protocols import find
from mcheck.report import Subject
from mcheck.scope import counted
from mcheck.spec import Behavior, Instance
from mcheck.spec.faults import tolerated

WITHOUT_CRASH = frozenset({"crash"})


class Enumerated:
    """The states of a cluster in which servers crash, up to symmetry, and how each is reached."""

    def __init__(self, nodes: int, max_term: int = 1, max_log: int = 1) -> None:
        constants = {"nodes": nodes, "max_term": max_term, "max_log": max_log}
        self.instance: Instance = Crashing(**constants).instance
        self.later: Instance = Crashing(nodes=nodes, max_term=max_term + 1, max_log=max_log + 1).instance
        """The same with room for one election and one entry more."""
        search = Search(self.instance, Checks(self.instance, ()), Limits(), True, False, None)
        search.run()
        self.links: dict[Any, Any] = search.links
        self.states: list[State] = list(search.links)
        """Nearest to the initial state first."""

    def behavior_to(self, state: State) -> Behavior:
        """A shortest behaviour to one of the states."""
        return behavior_to(self.instance, self.links, state)

    def subject(self) -> Subject:
        """What to replay such a behaviour with."""
        return Subject(find("raft-macro"), "crashing", self.instance)


def crashed(s: State) -> int:
    """How many servers are down."""
    return sum(not up for up in s.up.values())


def commits(before: State, after: State) -> bool:
    """The step commits something."""
    return len(after.committed) > len(before.committed)


def five_servers() -> Iterator[Finding]:
    """Of n servers, the largest number that may be down in any state from which something can still be committed."""
    rows = [("servers", "states", "tolerates", "(n - 1) / 2")]
    right = True
    for nodes in range(1, 5):
        cluster = Enumerated(nodes)
        found, wanted = _tolerance(cluster), tolerated(Crashing.resilience or "", nodes)
        rows.append((str(nodes), f"{len(cluster.states):,}", str(found), str(wanted)))
        right &= found == wanted
    five = Enumerated(5)
    stuck = _stuck(five)
    few = [s for s in five.states if crashed(s) <= 2]
    three = [s for s in five.states if crashed(s) == 3]
    stuck_few, stuck_three = ([s for s in part if s in stuck] for part in (few, three))
    yield Finding(
        "Five servers tolerate two failures.",
        "raft-macro --tweak crashing, 5 nodes: can something still be committed in every state with 2 down at most?",
        f"in {len(few) - len(stuck_few):,} of {counted(len(few), 'state')}",
        not stuck_few and bool(few),
    )
    yield Finding(
        "They do not tolerate three.",
        "the same with 3 down",
        f"in {len(three) - len(stuck_three):,} of {counted(len(three), 'state')}",
        bool(stuck_three),
        Shown(five.subject(), five.behavior_to(stuck_three[0])) if stuck_three else None,
    )
    found, wanted = _tolerance(five), tolerated(Crashing.resilience or "", 5)
    rows.append(("5", f"{len(five.states):,}", str(found), str(wanted)))
    yield Finding(
        "n servers tolerate (n - 1) / 2 failures, rounded down.",
        "the same with 1 to 5 nodes, and any number of them down",
        "as the formula says" if right and found == wanted else "NOT as the formula says",
        right and found == wanted,
        table=tuple(rows),
    )


def _stuck(cluster: Enumerated) -> dict[State, None]:
    """The states from which nothing can be committed any more."""
    possible = Possibility(cluster.later, commits, WITHOUT_CRASH)
    return {s: None for s in cluster.states if not possible.from_state(s)}


def _tolerance(cluster: Enumerated) -> int:
    """The largest c such that no state with c or fewer servers down is stuck."""
    return min((crashed(s) for s in _stuck(cluster)), default=0) - 1


def leader_crash() -> Iterator[Finding]:
    """What a leader has committed, whoever leads after it has crashed."""
    answer = searched("raft-macro", "crashing", nodes=3, max_term=2, max_log=1)
    title = "a committed entry outlives its leader"
    outlived = answer.reached(title)
    yield Finding(
        "What a leader commits before it crashes, every later leader has.",
        "raft-macro --tweak crashing, 3 nodes, 2 terms",
        f"{answer.words}; {title} {'in no state' if outlived is None else f'after {len(outlived.behavior.steps)} steps'}",
        answer.holds and outlived is not None,
        outlived,
    )
    cluster = Enumerated(3, max_term=2)
    some = [s for s in cluster.states if s.committed and crashed(s) <= 1]
    everywhere = Possibility(cluster.later, lambda _, after: _all_have_it(cluster.later, after), WITHOUT_CRASH)
    reaching = [s for s in some if _all_have_it(cluster.later, s) or everywhere.from_state(s)]
    yield Finding(
        "All servers that are up can still get it.",
        "in every state with something committed and one server of three down at most: can all others come to hold it?",
        f"in {len(reaching):,} of {counted(len(some), 'state')}",
        bool(some) and len(reaching) == len(some),
    )
    for tweak, words in (
        ("no-log-check", "voters that do not compare logs"),
        ("commit-alone", "a leader that does not wait for a quorum"),
    ):
        broken, _ = beside("raft-macro", tweak, "Leader Completeness")
        yield Finding(
            f"It takes the rules: with {words} it is lost.",
            f"raft-macro --tweak {tweak}, 3 nodes",
            broken.words,
            not broken.holds,
            broken.violation,
        )


def _all_have_it(instance: Instance, s: State) -> bool:
    """Every server that is up holds everything that was ever committed."""
    with instance.active():
        up = [me for i, me in s.servers.items() if s.up[i]]
    return all(c.log_index <= len(m.log) and m.log[c.log_index - 1] == c.entry for m in up for c in s.committed)
