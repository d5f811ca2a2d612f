"""Real libraries, through the adapters in examples/.  If these fail, known faults are not found any more, or others are made up."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call, mcheck
from tests.conformance.test_cases import example

from mcheck.conformance.cluster import Run, Setting
from mcheck.conformance.minimising import minimise
from mcheck.conformance.network import Faults
from mcheck.conformance.recorded import drawn
from mcheck.conformance.schedules import explore

__all__ = ["mcheck"]
ROOT = Path(__file__).parents[2]
UNRELIABLE = Faults(reorder=True, lose=True, duplicate=True)


@pytest.fixture
def pysyncobj() -> Any:
    """Adapters of PySyncObj."""
    pytest.importorskip("pysyncobj", reason="pysyncobj is not installed: pip install pysyncobj==0.3.17")
    installed = version("pysyncobj")
    if installed != "0.3.17":
        pytest.skip(f"pysyncobj {installed} is installed, and what is known is known of 0.3.17")
    return example("pysyncobj_adapter").Cluster


@pytest.fixture
def composable_paxos() -> Any:
    """Adapters of composable_paxos."""
    pytest.importorskip("composable_paxos", reason="composable_paxos is not installed: pip install composable_paxos")
    return example("composable_paxos_adapter").Cluster


def minimised(adapter: Any, run: Run | None) -> Run:
    assert run is not None
    shrunk = minimise(adapter(), run).run
    picture = drawn(shrunk)
    assert picture.arguments is not None, "the properties written as a specification say otherwise"
    return shrunk


def test_a_stale_append_entries_truncates_what_was_acknowledged(pysyncobj: Any) -> None:
    """PySyncObj cuts its log behind whatever an AppendEntries carries, also if that is an older one (section 5.3; step 3 of
    Figure 2 cuts only at a conflict)."""
    found = explore(pysyncobj(), Setting(3, UNRELIABLE), 3, 60, 300)
    run = minimised(pysyncobj, found.run)
    assert run.finding is not None and run.finding.title == "Leader Completeness"
    assert len(run.taken) <= 20
    shorter = [
        b.seen.log
        for a, b in zip(run.taken, run.taken[1:], strict=False)
        if b.message is not None and b.message.kind == "append_entries" and len(b.seen.log) < len(a.seen.log)
    ]
    assert shorter, "an AppendEntries that makes a log shorter"


def test_the_page_shows_the_picture_that_is_drawn(pysyncobj: Any, mcheck: Call, tmp_path: Path) -> None:
    """The same schedules, the same minimal run, the same bytes."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ran = mcheck("conform", "examples/pysyncobj_adapter.py", "--reorder", "--lose", "--duplicate", "--seed", "3")
    assert ran.status == 1 and "16 operations, minimised from 78" in ran.out
    (drawn_now,) = tmp_path.glob("mcheck-out/*.svg")
    assert drawn_now.read_bytes() == (ROOT / "docs/images/pysyncobj-leader-completeness.svg").read_bytes()


def test_over_links_that_keep_the_order_nothing_is_found(pysyncobj: Any) -> None:
    found = explore(pysyncobj(), Setting(3, Faults()), 0, 12, 300)
    assert (found.run, found.reason) == (None, None)
    assert found.leaders > 20 and found.commits > 100


@pytest.mark.slow
def test_over_links_that_keep_the_order_nothing_is_found_in_100_000_steps(pysyncobj: Any) -> None:
    found = explore(pysyncobj(), Setting(3, Faults()), 1, 340, 300)
    assert (found.run, found.reason) == (None, None) and found.steps >= 100_000


def test_a_node_that_forgets_its_vote_elects_two_leaders(pysyncobj: Any) -> None:
    """What 0.3.11 did, whose journal has no place for the term and the vote: a disk that loses both on a restart."""

    class Forgetful(pysyncobj):  # type: ignore[misc]
        def started(self, i: int) -> Any:
            self.disks[i].setCurrentTerm(0, None)
            return super().started(i)

    setting = Setting(3, Faults(restart=True))
    run = minimised(Forgetful, explore(Forgetful(), setting, 0, 60, 300).run)
    assert run.finding is not None and run.finding.title == "Vote Once" and len(run.taken) <= 6
    watched = dataclasses.replace(setting, watched=("Election Safety",))
    run = minimised(Forgetful, explore(Forgetful(), watched, 0, 60, 300).run)
    assert run.finding is not None and "leader of term" in run.finding.facts[0]


def test_a_node_that_keeps_its_vote_does_not(pysyncobj: Any) -> None:
    found = explore(pysyncobj(), Setting(3, Faults(restart=True), watched=("Election Safety", "Vote Once")), 0, 12, 300)
    assert (found.run, found.reason) == (None, None) and found.kinds["restart"] > 50


def test_acceptors_that_forget_disagree_and_others_do_not(composable_paxos: Any) -> None:
    everything = dataclasses.replace(UNRELIABLE, restart=True)
    assert explore(composable_paxos(), Setting(3, everything), 0, 200, 60).run is None
    forgetful = Setting(3, Faults(reorder=True, restart=True), {"acceptors": "amnesic"})
    run = minimised(composable_paxos, explore(composable_paxos(), forgetful, 0, 1_000, 60).run)
    assert run.finding is not None and run.finding.title == "State Machine Safety" and len(run.taken) <= 30


def test_a_library_for_another_python_is_said_to_raise(composable_paxos: Any) -> None:
    found = explore(composable_paxos(), Setting(3, Faults(), {"ids": "python3"}), 0, 5, 60)
    assert found.reason is not None and "TypeError at composable_paxos.py" in found.reason
