"""What a search prints, to the letter."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.cli.conftest import Call

HELD = """\
mcheck 0.1.0 · lock · 2 nodes · polite · turns ≤ 1, requests ≤ 2 · ENGINE
  property          kind       result
  Mutual Exclusion  always     holds in 12 states
  Turns grow        step       holds in 12 states
  the lock is held  reachable  in 3 steps
  actions      ask 8 · grant 4 · take 4
  never fired  none
  never true   none
  cut          nothing
  deadlocks    2 states, the first after 4 steps: ask(n0), ask(n1), grant Request(n0, turn=1),
               take(n0)
  12 distinct · 17 generated · depth 4 · TIME · SPACE · SURE
HOLDS: every reachable state of this configuration (2 nodes, polite, turns 0..1, requests ≤ 2).
"""

VIOLATED = """\
mcheck 0.1.0 · lock + grants-twice · 2 nodes · polite · turns ≤ 1, requests ≤ 2 · ENGINE
  property          kind       result
  Mutual Exclusion  always     VIOLATED in 6 steps
  Turns grow        step       holds in 16 states
  the lock is held  reachable  in 3 steps
  actions      ask 8 · grant 8 · take 8
  never fired  none
  never true   none
  cut          nothing
  deadlocks    none
  16 distinct · 25 generated · depth 6 · TIME · SPACE · SURE

VIOLATED Mutual Exclusion — At most one node holds the lock.                   6 steps, the shortest
  ① n0: mode HOLDING    since step 5  (take(n0))
  ② n1: mode HOLDING    since step 6  (take(n1))
   #  action                     n0       n1       elsewhere
   0  initially                  I t0     I t0     ·
   1  ask(n0)                    W t1     ·        requests +Request(n0, turn=1)
   2  ask(n1)                    ·        W t1     requests +Request(n1, turn=1)
   3  grant Request(n0, turn=1)  ·        ·        requests −it, granted +n0
   4  grant Request(n1, turn=1)  ·        ·        requests −it, granted +n1
   5  take(n0)                   H to=n0  ·        granted −n0
  >6  take(n1)                   ·        H to=n1  granted −n1  ← violates
  key: I idle, t turn, W waiting, H holding, to told
  saved   mcheck-out/lock-mutual-exclusion-HASH.itf.json
  replay  mcheck replay mcheck-out/lock-mutual-exclusion-HASH.itf.json
  look    mcheck render mcheck-out/lock-mutual-exclusion-HASH.itf.json -f html
  why     mcheck explain mcheck-out/lock-mutual-exclusion-HASH.itf.json
"""

FIELDS = """\
VIOLATED Not four gallons — The big jug never holds four gallons.              6 steps, the shortest
  ① big 4    since step 6  (big_to_small())
   #  action          small  big
   0  initially       0      0
   1  fill_big()      ·      5
   2  big_to_small()  3      2
   3  empty_small()   0      ·
   4  big_to_small()  2      0
   5  fill_big()      ·      5
  >6  big_to_small()  3      4  ← violates
  saved   mcheck-out/two-jugs-not-four-gallons-HASH.itf.json
  replay  mcheck replay mcheck-out/two-jugs-not-four-gallons-HASH.itf.json
  look    mcheck render mcheck-out/two-jugs-not-four-gallons-HASH.itf.json -f html
  why     mcheck explain mcheck-out/two-jugs-not-four-gallons-HASH.itf.json
"""

DEADLOCK = """\
VIOLATED Deadlock Freedom  2 steps, the shortest
  In every state some action is enabled, inside the bounds or outside.
  ask          i is idle
  grant        the lock is free
  take         the lock is granted to i
   #  action     n0    n1    elsewhere
   0  initially  I t0  I t0  ·
   1  ask(n0)    W t1  ·     requests +Request(n0, turn=1)
  >2  ask(n1)    ·     W t1  requests +Request(n1, turn=1)  ← violates
  key: I idle, t turn, W waiting
"""


MIRROR = """
from toys import Jugs, TwoJugs
from mcheck import Spec, action, implements

class Mirror(Spec[Jugs]):
    def init(self) -> Jugs:
        return Jugs(big=self.start())

    def start(self) -> int:
        return 0

    @action
    def fill_big(self, s: Jugs) -> Jugs:
        return s.replace(big=5)

    @implements(TwoJugs)
    def as_jugs(self, s: Jugs) -> Jugs:
        return s

class Broken(Mirror):
    def start(self) -> int:
        return 1
"""

ENGINES = ["reference", *(["native"] if find_spec("llvmlite") else [])]


def settled(text: str) -> str:
    """The text without what changes from run to run, or with the text of the spec."""
    text = re.sub(r"[\d.]+ s · [\d,]+ MB · (exact|collision bound [\d.e-]+)", "TIME · SPACE · SURE", text)
    text = re.sub(r" · (reference|native)$", " · ENGINE", text, flags=re.MULTILINE)
    return re.sub(r"-[0-9a-f]{6}\.itf", "-HASH.itf", text)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_passing_run(mcheck: Call, engine: str) -> None:
    ran = mcheck("toys.py:Lock", "--engine", engine, "--no-symmetry")
    assert (ran.status, ran.err) == (0, "")
    assert f" · {engine}\n" in ran.out
    assert settled(ran.out) == HELD


@pytest.mark.parametrize("engine", ENGINES)
def test_a_violation_with_a_lane_for_each_node(mcheck: Call, engine: str) -> None:
    ran = mcheck("toys.py:Lock", "--tweak", "grants-twice", "--engine", engine, "--no-symmetry")
    assert (ran.status, ran.err) == (1, "")
    assert settled(ran.out) == VIOLATED


def test_whole_states_are_compared_on_request(mcheck: Call) -> None:
    assert "MB · exact\n" in mcheck("toys.py:Lock", "--exact").out
    assert "MB · exact\n" in mcheck("toys.py:Lock", "--engine", "reference").out


@pytest.mark.parametrize("engine", ENGINES)
def test_orbits_are_counted_on_request(mcheck: Call, engine: str) -> None:
    ran = mcheck("toys.py:Lock", "--engine", engine, "--symmetry")
    assert ran.status == 0
    assert " · symmetry" in ran.out.splitlines()[0]
    assert "\n  7 distinct · " in ran.out
    assert " · symmetry" not in mcheck("toys.py:Lock", "--engine", engine, "--no-symmetry").out


def test_a_violation_with_a_column_for_each_field(mcheck: Call) -> None:
    assert FIELDS in settled(mcheck("toys.py:TwoJugs").out)


def test_a_deadlock_shows_the_guards_that_are_closed(mcheck: Call) -> None:
    ran = mcheck("toys.py:Lock", "--tweak", "never-grants", "--deadlock")
    assert ran.status == 1
    assert DEADLOCK in settled(ran.out)


def test_what_never_happened_is_said(mcheck: Call) -> None:
    out = mcheck("toys.py:Lock", "--tweak", "NeverGrants").out
    assert "  the lock is held  reachable  NOT REACHED\n" in out
    assert "  never fired  grant, take\n" in out
    assert "  never true   grant: the lock is free; take: the lock is granted to i\n" in out
    assert "  never reached: the lock is held." in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--depth", "2"], "HOLDS UP TO depth 2: 3 states at the bound were not expanded.  Not a proof beyond it."),
        (["--depth", "4"], "HOLDS UP TO depth 4: 2 states at the bound were not expanded.  Not a proof beyond it."),
        (["--depth", "5"], "HOLDS: every reachable state of this configuration (2 nodes, polite, turns 0..1, requests ≤ 2)."),
        (["--max-requests", "1"], "HOLDS UP TO max_requests 1: 2 steps beyond it were cut.  Not a proof beyond it."),
        (
            ["--depth", "2", "--max-requests", "1"],
            "HOLDS UP TO depth 2 and max_requests 1: 2 states at the bound were not expanded; 2 steps beyond it were cut.  Not a proof beyond them.",
        ),
        (["--nodes", "1", "--no-polite"], "HOLDS: every reachable state of this configuration (1 node, no polite, turns 0..1, requests ≤ 2)."),
    ],
)  # fmt: skip
def test_the_verdict_claims_no_more_than_was_searched(mcheck: Call, options: list[str], sentence: str) -> None:
    ran = mcheck("toys.py:Lock", "--no-symmetry", *options)
    assert ran.status == 0
    assert sentence in ran.out
    assert "verified" not in ran.out.lower()


def test_an_inconclusive_run(mcheck: Call) -> None:
    ran = mcheck("toys.py:Lock", "--max-states", "5")
    assert ran.status == 3
    assert "INCONCLUSIVE: limit of 5 states.  Nothing is violated in the 5 states found; " in ran.out


def test_an_exhaustive_search_can_be_required(mcheck: Call) -> None:
    assert mcheck("toys.py:Lock", "--require-exhaustive").status == 0
    ran = mcheck("toys.py:Lock", "--require-exhaustive", "--depth", "2")
    assert ran.status == 3
    assert ran.err == "mcheck: --require-exhaustive is not met: raise the depth or the bounds that cut something\n"


def test_keep_going_reports_each_property(mcheck: Call) -> None:
    out = mcheck("toys.py:Lock", "--tweak", "grants-twice", "--keep-going", "--deadlock").out
    assert "  violated too: Deadlock Freedom\n" in out


def test_only_the_properties_asked_for(mcheck: Call) -> None:
    out = mcheck("toys.py:Lock", "--property", "Turns grow", "--property", "held").out
    assert "Mutual Exclusion" not in out
    assert "Turns grow" in out and "the lock is held" in out


@pytest.mark.parametrize(("verb", "steps"), [("run", "5 steps"), ("simulate", "")])
def test_a_tweak_is_judged_by_what_its_protocol_promises(mcheck: Call, verb: str, steps: str) -> None:
    ran = mcheck(verb, "two-phase-commit", "--managers", "3", "--tweak", "commit-early")
    assert ran.status == 1
    assert f"  Consistent          always      VIOLATED in {steps}" in ran.out
    assert "  implements TCommit  implements  not checked with a tweak; ask with --property as_tcommit\n" in ran.out


def test_whether_a_tweak_refines_is_asked_by_name(mcheck: Call) -> None:
    out = mcheck("two-phase-commit", "--tweak", "commit-early", "--property", "as_tcommit").out
    assert "  implements TCommit  implements  VIOLATED in 4 steps\n" in out
    assert "Consistent" not in out
    assert "  implements TCommit  implements  holds in 288 states\n" in mcheck("two-phase-commit", "--no-symmetry").out


def test_a_tweak_of_a_spec_that_requires_nothing_else_is_checked_for_it(mcheck: Call, tmp_path: Path) -> None:
    (tmp_path / "mirror.py").write_text(MIRROR)
    assert "implements TwoJugs  implements  VIOLATED in 0 steps" in mcheck("mirror.py:Mirror", "--tweak", "broken").out


def test_random_walks(mcheck: Call) -> None:
    first = mcheck("simulate", "toys.py:Lock", "--tweak", "grants-twice", "--seed", "3", "--json")
    assert first.status == 1
    assert '"steps": 6' in first.out
    ran = mcheck("simulate", "toys.py:Lock", "--samples", "5")
    assert ran.status == 0
    assert "NOTHING VIOLATED on these walks: " in ran.out
    crowd = ["simulate", "toys.py:Lock", "--tweak", "grants-twice", "--nodes", "3", "--max-requests", "3"]
    assert re.search(r"^VIOLATED Mutual Exclusion .* 6 steps, shrunk from 8$", mcheck(*crowd).out, re.MULTILINE)
    raw = mcheck(*crowd, "--no-shrink").out
    assert re.search(r"^VIOLATED Mutual Exclusion .* 8 steps, not the shortest$", raw, re.MULTILINE)
    already = mcheck(*crowd, "--seed", "2").out
    assert re.search(r"^VIOLATED Mutual Exclusion .* 6 steps, not known to be the shortest$", already, re.MULTILINE)


def test_long_lines_are_wrapped_for_people_only(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["raft", "--depth", "2", "--engine", "reference"]
    piped = mcheck(*arguments).out.splitlines()
    assert len(piped[0]) > 100 and any("Not a proof beyond" in line for line in piped)
    monkeypatch.setattr("mcheck.terminal._is_tty", lambda stream: True)
    shown = mcheck(*arguments, "--color", "never").out.splitlines()
    assert max(map(len, shown)) <= 100
    assert settled(" ".join(" ".join(shown).split())) == settled(" ".join(" ".join(piped).split()))


def test_a_name_and_its_number_stay_together(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in range(60, 100, 4):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = mcheck("two-phase-commit", "--engine", "reference").out.splitlines()
        start, end = (k for k, line in enumerate(lines) if line.startswith(("  actions ", "  never fired ")))
        assert end > start + 1
        assert all(line.split()[0].isidentifier() for line in lines[start:end])


def test_colours_are_for_those_who_want_them(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in mcheck("toys.py:Lock").out
    assert "\x1b[1;32mHOLDS\x1b[0m:" in mcheck("toys.py:Lock", "--color", "always").out
    monkeypatch.setenv("MCHECK_COLOR", "always")
    assert "\x1b[" in mcheck("toys.py:Lock").out
    assert "\x1b[" not in mcheck("toys.py:Lock", "--color", "never").out
