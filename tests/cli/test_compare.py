"""A protocol beside its tweaks: what is declared is confirmed, and what is not so is said and gives status 1."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from mcheck import parallel
from mcheck.comparison import Asked, groups
from mcheck.parallel import Died, in_processes
from mcheck.protocols import find

QUICK = ("--engine", "reference")


def rows(mcheck: Call, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    ran = mcheck("compare", *arguments, *QUICK, "--json")
    assert ran.err == ""
    return ran.status, json.loads(ran.out)["rows"]


def declares(old: str, new: str) -> None:
    spec = Path("toys.py")
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))


def test_each_tweak_is_searched_where_it_shows(mcheck: Call) -> None:
    ran = mcheck("compare", "toys.py:Lock", *QUICK)
    assert (ran.status, ran.err) == (0, "")
    text = re.sub(r"\d+\.\d s", "# s", re.sub(r"searches in \d+ s", "searches in # s", ran.out))
    assert text.split("\n", 1)[1] == (
        "\n--nodes 2 --polite\n"
        "  lock          holds                                      12 states    # s\n"
        "  grants-twice  breaks Mutual Exclusion in 6 steps         16 states    # s  as declared\n"
        "\n2 nodes · polite · turns ≤ 1, requests ≤ 2\n"
        "  lock          holds                                      12 states    # s\n"
        "  never-grants  holds                                       4 states    # s\n"
        "\n4 searches in # s: 1 as declared, 1 with nothing declared.\n"
    )


@pytest.mark.parametrize(
    ("declared", "status", "says"),
    [
        ('Broken("Mutual Exclusion", steps=5, nodes=2)', 1, "DIFFERS: declared: breaks Mutual Exclusion in 5 steps"),
        ('Broken("Turns grow", steps=6, nodes=2)', 1, "DIFFERS: declared: breaks Turns grow in 6 steps"),
        (
            'Broken("Mutual Exclusion", depth=7, nodes=2)',
            1,
            "DIFFERS: declared: breaks Mutual Exclusion in more than 7",
        ),
        ('Broken("Mutual Exclusion", depth=5, nodes=2)', 0, "holds up to depth 5"),
        ("Safe(nodes=2)", 1, "DIFFERS: declared: safe"),
        ("Safe(nodes=2, depth=5)", 0, "as declared"),
        ('(Safe(depth=5), Broken("Mutual Exclusion", steps=6))', 0, "2 as declared"),
    ],
)
def test_what_is_not_as_declared_is_said(
    mcheck: Call, monkeypatch: pytest.MonkeyPatch, declared: str, status: int, says: str
) -> None:
    declares('Broken("Mutual Exclusion", steps=6, source="folklore", nodes=2, polite=True)', declared)
    declares("    Broken,", "    Broken, Safe,")
    monkeypatch.setattr(parallel, "in_processes", lambda search, tasks, *_: enumerate(map(search, tasks)))
    ran = mcheck("compare", "toys.py:Lock", "--tweak", "grants-twice", *QUICK)
    assert ran.status == status
    assert says in ran.out
    assert ("DIFFER" in ran.out) == (status == 1)


def test_a_good_spec_that_breaks_is_a_difference(mcheck: Call) -> None:
    declares("and not s.granted\n", "or True\n")
    status, found = rows(mcheck, "toys.py:Lock", "--tweak", "never-grants")
    assert status == 1
    assert [(r["tweak"], r["property"], r["as_declared"]) for r in found] == [
        (None, "Mutual Exclusion", False),
        ("never-grants", None, None),
    ]
    assert "DIFFERS: the protocol itself is to hold" in mcheck("compare", "toys.py:Lock", *QUICK).out


def test_bounds_given_are_those_of_all(mcheck: Call) -> None:
    status, found = rows(mcheck, "toys.py:Lock", "--max-turn", "0", "--nodes", "3")
    assert status == 0
    assert [r["tweak"] for r in found] == [None, "grants-twice", "never-grants"]
    assert all(r["bounds"] == {"max_turn": 0, "max_requests": 2} and r["constants"]["nodes"] == 3 for r in found)
    assert all(r["declared"] is None and r["as_declared"] in (None, True) for r in found)
    assert [r["verdict"] for r in found] == ["holds-up-to"] * 3
    status, found = rows(mcheck, "toys.py:Lock", "--depth", "6", "--property", "Turns grow")
    assert [(r["depth"], r["checked"], r["property"]) for r in found] == [(6, ["Turns grow"], None)] * 3


def test_the_keys_of_a_row(mcheck: Call) -> None:
    _, found = rows(mcheck, "toys.py:Lock", "--tweak", "grants-twice")
    assert list(found[1]) == [
        "tweak", "constants", "bounds", "depth", "checked", "verdict", "property", "steps", "distinct", "generated",
        "seconds", "engine", "symmetry", "reason", "cut", "declared", "as_declared", "error", "fairness", "stem", "cycle",
    ]  # fmt: skip
    assert found[1]["declared"] == {
        "kind": "broken", "property": "Mutual Exclusion", "steps": 6, "depth": None, "properties": ["Mutual Exclusion"],
        "fairness": None, "stem": None, "cycle": None,
    }  # fmt: skip
    assert (found[1]["steps"], found[1]["distinct"], found[1]["as_declared"]) == (6, 16, True)


def test_a_limit_that_comes_first_decides_nothing(mcheck: Call) -> None:
    ran = mcheck("compare", "toys.py:Lock", "--tweak", "grants-twice", "--time-limit", "0.000001", *QUICK)
    assert ran.status == 3
    assert "not decided: time limit" in ran.out and "2 not decided" in ran.out


def test_an_error_of_a_tweak_is_a_line_of_its_own(mcheck: Call) -> None:
    declares(
        "def may_grant(self, s: Room) -> bool:\n        return False",
        "def may_grant(self, s: Room) -> bool:\n        return s.seats",
    )
    ran = mcheck("compare", "toys.py:Lock", *QUICK)
    assert ran.status == 4
    assert re.search(r"  never-grants  ERROR toys\.py:\d+: ", ran.out)
    assert "as declared" in ran.out and "1 in error" in ran.out


def test_the_good_spec_is_asked_for_what_the_tweaks_break_and_as_deep() -> None:
    made = groups(find("raft"), Asked({}, None, (), ("forget-vote", "forget-term"), 1.0, None, "auto"))
    (group,) = made
    good, *others = group.entries
    assert (good.variant.tweak, good.variant.depth, good.variant.properties) == (None, 7, ("Election Safety",))
    assert [e.variant.tweak for e in others] == ["forget-vote", "forget-term"]
    assert all(e.variant.constants == good.variant.constants for e in others)


@pytest.mark.slow
def test_everything_that_raft_declares(mcheck: Call) -> None:
    started = time.monotonic()
    ran = mcheck("compare", "raft")
    assert ran.status == 0 and "DIFFER" not in ran.out and "as declared" in ran.out
    assert time.monotonic() - started < 240


# ---------------------------------------------------------------------- the long run


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "in_processes", lambda search, tasks, *_: enumerate(map(search, tasks)))


def test_temporal_properties_are_decided_where_they_are_declared(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The good spec is decided beside the tweak that breaks one; and of itself it says what becomes of it."""
    in_this_process(monkeypatch)
    ran = mcheck("compare", "dining-philosophers", *QUICK)
    text = re.sub(r"\d+\.\d s", "# s", re.sub(r"searches in \d+ s", "searches in # s", ran.out))
    assert (ran.status, text.split("\n", 1)[1]) == (
        0,
        """
liveness · 5 philosophers
  dining-philosophers  holds                                                        67 states    # s  as declared
  keep-forks           breaks Nobody Starves (stem 4, then nothing happens)         16 states    # s  as declared

liveness --fairness weak
  dining-philosophers  holds                                                        67 states    # s  as declared

liveness --fairness none
  dining-philosophers  breaks Nobody Starves (stem 0, then nothing happens)         67 states    # s  as declared

5 philosophers
  dining-philosophers  holds                                                        67 states    # s
  keep-forks           holds                                                        16 states    # s  as declared

liveness --fairness strong
  dining-philosophers  holds                                                        67 states    # s
  keep-forks           breaks Nobody Starves (stem 4, then nothing happens)         16 states    # s  as declared

8 searches in # s: 6 as declared.
""",
    )


SEMAPHORES = Path(__file__).parents[1] / "liveness/toys.py"
WRONG = [
    ("class Semaphore(", 'Broken("Starvation Freedom", fairness="declared")', "declared: breaks Starvation Freedom"),
    ("class Semaphore(", 'Safe("Starvation Freedom", fairness="weak")', "declared: Starvation Freedom holds"),
    ("class WeakSemaphore(", 'Safe("Starvation Freedom")', "declared: Starvation Freedom holds"),
    ("class WeakSemaphore(", 'Broken("Starvation Freedom", stem=99, cycle=2)', "(stem 99, cycle 2)"),
]


@pytest.mark.parametrize(("head", "declared", "says"), WRONG)
def test_a_temporal_outcome_that_is_not_as_declared_is_said(
    mcheck: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: str, declared: str, says: str
) -> None:
    in_this_process(monkeypatch)
    text = SEMAPHORES.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(head))
    spec = text.replace(line, f"{line}\n    outcome = {declared}\n").replace(
        "from mcheck.spec import (", "from mcheck.spec import (\n    Broken,\n    Safe,", 1
    )
    (tmp_path / "semaphores.py").write_text(spec, encoding="utf-8")
    ran = mcheck("compare", "semaphores.py:Semaphore", *QUICK)
    assert ran.status == 1
    (differs,) = [line for line in ran.out.splitlines() if "DIFFERS" in line]
    assert says in differs


# ---------------------------------------------------------------------- processes


def _half(number: int) -> int:
    if number == 13:
        os._exit(7)
    if number == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    return number // 2


def test_a_process_that_dies_takes_no_other_with_it() -> None:
    ticks: list[list[int]] = []
    found = dict(in_processes(_half, [4, 13, 14, 8], 2, ticks.append))
    assert (found[0], found[3]) == (2, 4)
    assert [str(found[k]) for k in (1, 2)] == [
        "its process ended without an answer (status 7)",
        "its process ended without an answer (killed by signal 9)",
    ]
    assert isinstance(found[1], Died) and max(map(len, ticks)) <= 2


def test_an_interrupt_leaves_what_was_found(mcheck: Call, tmp_path: Path) -> None:
    head = "class Slow(Lock):\n    def init(self) -> Room:\n        import pathlib, time\n"
    waits = "        pathlib.Path('begun').touch()\n        time.sleep(60)\n        return super().init()\n\n\n"
    declares("class NeverGrants", f"{head}{waits}class NeverGrants")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MCHECK_")} | {"PYTHONIOENCODING": "utf-8"}
    command = [
        sys.executable,
        "-c",
        "from mcheck.cli import main; main()",
        "compare",
        "toys.py:Lock",
        "--processes",
        "4",
    ]
    process = subprocess.Popen(
        [*command, *QUICK], cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True
    )
    while not (tmp_path / "begun").exists() and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert re.search(r"  slow +not searched\n", out) and re.search(r"INTERRUPTED: \d of 5 were not searched", out)
