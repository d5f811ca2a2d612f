"""The gallery shows every violation that a tweak declares, as today's spec has it, and tells of it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mcheck.gallery.traces as traces_module
from mcheck.checker.verdict import Limits
from mcheck.gallery.exhibits import Exhibit, Violation, exhibits, steps_of
from mcheck.gallery.folder import Gallery
from mcheck.gallery.pages import index
from mcheck.gallery.stories import Story, fault_of, steps_digest, story_in
from mcheck.gallery.traces import NotAsDeclared, Stale, renewed, standing
from mcheck.models import TWEAKS
from mcheck.protocols import find
from mcheck.recordings import replayed
from mcheck.spec import Broken, outcomes_of

ROOT = Path(__file__).parents[2]
GALLERY = Gallery(ROOT / "counterexamples/gallery")
RENEW = "`mcheck gallery --out counterexamples/gallery` renews it"
EXHIBITS = list(exhibits())
QUICK = [e for e in EXHIBITS if e.name in ("tcommit + commit-unprepared", "consensus + choose-again")]
LIMITS = Limits(seconds=300, memory_mb=8000)


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda e: e.name)
def test_what_is_shown_is_what_happens(exhibit: Exhibit) -> None:
    """Each trace is executed by the plain functions and violates what it says; story, page and pictures are of it."""
    stale = [f"{exhibit.name} is stale: {why}; {RENEW}" for _, why in GALLERY.stale_traces(exhibit)]
    assert stale == []
    shown = GALLERY.shown(exhibit)
    fault = GALLERY.story_fault(exhibit, shown)
    assert fault is None, f"{exhibit.name}: {fault}"
    for file, text in GALLERY.documents(exhibit, shown).items():
        there = file.read_text(encoding="utf-8") if file.is_file() else None
        assert there == text, f"{exhibit.name}: {file.name} is not what it should be; {RENEW}"


def test_everything_that_breaks_something_is_shown() -> None:
    """Tweaks, and protocols themselves; but for what is broken without a step."""
    declared = {
        (protocol, tweak, outcome.property)
        for protocol, tweaks in TWEAKS.items()
        for tweak in (None, *tweaks)
        for outcome in ([] if "+" in protocol and tweak is None else outcomes_of(find(protocol).tweaked(tweak)))
        if isinstance(outcome, Broken) and steps_of(outcome) is not None
    }
    assert ("paxos-duel", None, "Termination") in declared
    shown = {(e.protocol.name, e.tweak, v.outcome.property) for e in EXHIBITS for v in e.violations}
    assert shown == declared


def test_the_index() -> None:
    there = (GALLERY.root / "README.md").read_text(encoding="utf-8")
    assert there == index(EXHIBITS), f"the index of the gallery is stale; {RENEW}"
    for exhibit in EXHIBITS:
        assert f"[{exhibit.tweak or 'itself'}]({exhibit.folder}/README.md)" in there


def test_nothing_else_lies_there() -> None:
    left = [path.as_posix() for path in GALLERY.strangers(EXHIBITS)]
    assert left == [], "belongs to no tweak that breaks anything: remove it"


def test_every_link_leads_somewhere() -> None:
    broken = []
    for page in GALLERY.root.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
            name = target[0] or target[1]
            if not name.startswith("http") and not (page.parent / name).is_file():
                broken.append(f"{page.relative_to(GALLERY.root)}: {name}")
    assert broken == []


def test_the_gallery_stays_small() -> None:
    assert sum(path.stat().st_size for path in GALLERY.root.rglob("*") if path.is_file()) < 8 << 20


@pytest.mark.parametrize("exhibit", [EXHIBITS[0], EXHIBITS[-1]], ids=lambda e: e.name)
def test_the_traces_are_traces_like_others(exhibit: Exhibit) -> None:
    trace = replayed(str(GALLERY.trace_file(exhibit, exhibit.violations[0])))
    assert trace.violates and trace.recorded.property == exhibit.violations[0].rule.title


@pytest.mark.slow
@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda e: e.name)
def test_a_search_finds_nothing_shorter(exhibit: Exhibit, tmp_path: Path) -> None:
    """And nothing longer: a gallery written from nothing shows the same properties in as many steps."""
    pytest.importorskip("llvmlite")
    empty = Gallery(tmp_path)
    empty.renew(exhibit, LIMITS)
    lengths = [[len(one.trace.behavior.steps) for one in g.shown(exhibit)] for g in (empty, GALLERY)]
    assert lengths[0] == lengths[1]


# ---------------------------------------------------------------------- what makes a trace stale


@pytest.fixture
def copy(tmp_path: Path) -> Gallery:
    """A gallery of one's own with the quick exhibits."""
    for exhibit in QUICK:
        shutil.copytree(GALLERY.folder(exhibit), tmp_path / exhibit.folder)
    return Gallery(tmp_path)


def changed(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")


def drop_last(document: dict[str, Any]) -> None:
    document["#meta"]["mcheck"]["labels"].pop()
    document["states"].pop()


def other_state(document: dict[str, Any]) -> None:
    document["states"][1]["chosen"]["#set"].append("Value#2")


def meta(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["#meta"]["mcheck"].update(values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop_last, "agreement.itf.json has 1 step, and the tweak declares 2"),
        (other_state, "step 1, choose(v=0): leads to another state than recorded, in chosen"),
        (meta(labels=["choose(v=0)", "choose(v=0)"]), "step 2, choose(v=0): "),
        (meta(labels=["choose(v=0)", "unchoose(v=0)"]), "has no action 'unchoose'"),
        (meta(constants={"values": 2}), "was recorded with constants {'values': 2}, and the tweak declares {'values': 3}"),
        (meta(property="Validity"), "was recorded with property Validity, and the tweak declares Agreement"),
        (meta(tweak=None), "was recorded with tweak None, and the tweak declares choose-again"),
        (meta(schema=99), "schema 99"),
    ],
)  # fmt: skip
def test_a_stale_trace_is_named_with_the_reason(
    copy: Gallery, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    exhibit = next(e for e in QUICK if e.tweak == "choose-again")
    changed(copy.trace_file(exhibit, exhibit.violations[0]), change)
    ((violation, why),) = copy.stale_traces(exhibit)
    assert violation is exhibit.violations[0]
    assert says in why and "\n" not in why


def test_a_trace_that_is_missing_is_stale(copy: Gallery) -> None:
    exhibit = QUICK[0]
    copy.trace_file(exhibit, exhibit.violations[0]).unlink()
    assert [why for _, why in copy.stale_traces(exhibit)] == ["there is no consistent.itf.json"]
    with pytest.raises(Stale):
        copy.shown(exhibit)


def test_a_comment_in_the_spec_makes_nothing_stale(copy: Gallery) -> None:
    """The fingerprint of the source is another then; picture and page keep that of the trace."""
    exhibit = QUICK[0]
    changed(copy.trace_file(exhibit, exhibit.violations[0]), meta(fingerprint="0123456789abcdef"))
    assert list(copy.stale_traces(exhibit)) == []
    (shown,) = copy.shown(exhibit)
    assert "spec 0123456789abcdef" in copy.documents(exhibit, [shown])[copy.folder(exhibit) / "consistent.svg"]


# ---------------------------------------------------------------------- lassos


BLOCKED = next(e for e in EXHIBITS if e.name == "two-phase-commit + tm-crash")
LASSO = BLOCKED.violations[0]


@pytest.fixture
def with_lasso(tmp_path: Path) -> Gallery:
    """A gallery of one's own with the exhibit that has a lasso."""
    shutil.copytree(GALLERY.folder(BLOCKED), tmp_path / BLOCKED.folder)
    return Gallery(tmp_path)


def test_a_lasso_is_a_trace_like_others() -> None:
    trace = replayed(str(GALLERY.trace_file(BLOCKED, LASSO)))
    assert trace.violates and trace.lasso is not None
    assert (len(trace.lasso.stem), len(trace.lasso.cycle)) == (LASSO.outcome.stem, LASSO.outcome.cycle)
    page = (GALLERY.folder(BLOCKED) / "README.md").read_text(encoding="utf-8")
    assert "## Termination, broken by a lasso: stem 3, then nothing happens\n" in page
    assert "$ mcheck liveness two-phase-commit --tweak tm-crash --managers 2 --property Termination\n" in page
    assert "\n* Also declared: safe.\n" in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (meta(loop=2), "was recorded with a cycle from state 2, and the tweak declares 3"),
        (meta(loop=None), "was recorded with a cycle from state None, and the tweak declares 3"),
        (meta(fairness="weak"), "was recorded with fairness weak, and the tweak declares declared"),
        (meta(labels=["rm_prepare(rm=0)", "rm_prepare(rm=1)", "rm_prepare(rm=1)"]), "step 3, rm_prepare(rm=1): "),
        (meta(constants={"managers": 3}), "was recorded with constants {'managers': 3}, and the tweak declares"),
    ],
)
def test_a_stale_lasso_is_named_with_the_reason(
    with_lasso: Gallery, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    file = with_lasso.trace_file(BLOCKED, LASSO)
    file.unlink()
    with_lasso.renew(BLOCKED, LIMITS)  # under the specification of today
    before = file.read_bytes()
    changed(file, change)
    ((_, why),) = with_lasso.stale_traces(BLOCKED)
    assert says in why and "\n" not in why
    with_lasso.renew(BLOCKED, LIMITS)
    assert file.read_bytes() == before  # found anew, and the same


def test_a_lasso_that_is_not_fair_is_stale(with_lasso: Gallery) -> None:
    """Although every step of it is possible, and leads where it led: the transaction manager could go on."""
    document = json.loads(with_lasso.trace_file(BLOCKED, LASSO).read_text(encoding="utf-8"))
    document["#meta"]["mcheck"]["labels"] = document["#meta"]["mcheck"]["labels"][:2]
    document["#meta"]["mcheck"]["loop"] = 2
    document["states"] = document["states"][: 2 + 1]
    with_lasso.trace_file(BLOCKED, LASSO).write_text(json.dumps(document), encoding="utf-8")
    outcome = Broken("Termination", stem=2, cycle=0, managers=2)
    ((_, why),) = with_lasso.stale_traces(
        Exhibit(BLOCKED.protocol, BLOCKED.tweak, (Violation(LASSO.expectation, outcome, 2),), ())
    )
    assert why.startswith("Termination holds in termination.itf.json: its cycle is not fair: WF(tm_rcv_prepared or")


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Broken("Termination", stem=4, cycle=0, managers=2), "breaks (stem 4, then nothing happens): found is stem 3, then"),
        (Broken("Termination", stem=3, cycle=1, managers=2), "breaks (stem 3, cycle 1): found is stem 3, then nothing"),
    ],
)  # fmt: skip
def test_a_lasso_that_is_declared_otherwise(tmp_path: Path, outcome: Broken, says: str) -> None:
    wrong = Violation(LASSO.expectation, outcome, steps_of(outcome) or 0)
    with pytest.raises(NotAsDeclared, match=re.escape(says)):
        renewed(wrong, tmp_path / "none.itf.json", LIMITS)


def test_what_holds_is_no_lasso(tmp_path: Path) -> None:
    good = next(e for e in EXHIBITS if e.name == "raft-split-votes").violations[0]
    wrong = Violation(good.expectation, Broken("Election", stem=3, cycle=3, fairness="strong"), 6)
    with pytest.raises(NotAsDeclared, match=re.escape("Election breaks (stem 3, cycle 3): it holds")):
        renewed(wrong, tmp_path / "none.itf.json", LIMITS)


# ---------------------------------------------------------------------- renewing


def contents(gallery: Gallery) -> dict[Path, bytes]:
    return {p.relative_to(gallery.root): p.read_bytes() for p in gallery.root.rglob("*") if p.is_file()}


def test_renewing_changes_nothing_that_stands(copy: Gallery) -> None:
    before = contents(copy)
    assert [file for exhibit in QUICK for file in copy.renew(exhibit, LIMITS)] == []
    assert contents(copy) == before


def test_written_from_nothing_twice_it_is_the_same(tmp_path: Path) -> None:
    """And wherever it is written."""
    written = [Gallery(tmp_path / name) for name in ("one", "another")]
    for gallery in written:
        for exhibit in QUICK:
            gallery.renew(exhibit, LIMITS)
        gallery.renew_index(QUICK)
    assert contents(written[0]) == contents(written[1])
    assert len(contents(written[0])) == 7


def no_search(*_: Any, **__: Any) -> Any:
    raise AssertionError("a search where the recorded steps would do")


def test_a_stale_trace_is_renewed_by_its_own_steps(copy: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The story that tells of them stays true."""
    exhibit = next(e for e in QUICK if e.tweak == "choose-again")
    file = copy.trace_file(exhibit, exhibit.violations[0])
    before = contents(copy)
    changed(file, meta(labels=["choose(v=2)", "choose(v=1)"]))
    monkeypatch.setattr(traces_module, "search", no_search)
    assert file in copy.renew(exhibit, LIMITS)
    assert copy.shown(exhibit)[0].trace.behavior.labels == ("choose(v=2)", "choose(v=1)")
    changed(file, meta(labels=["choose(v=0)", "choose(v=1)"]))
    changed(file, other_state)
    copy.renew(exhibit, LIMITS)
    assert contents(copy) == before


def test_a_trace_of_which_nothing_is_left_is_found_anew(copy: Gallery) -> None:
    exhibit = QUICK[0]
    before = contents(copy)
    copy.trace_file(exhibit, exhibit.violations[0]).write_text("{", encoding="utf-8")
    copy.renew(exhibit, LIMITS)
    assert len(copy.shown(exhibit)[0].trace.behavior.steps) == 3
    assert list(contents(copy)) == list(before)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Broken("Agreement", steps=3), "the tweak declares that Agreement breaks in 3 steps: 2 are enough"),
        (Broken("Agreement", steps=1), "the tweak declares that Agreement breaks in 1 step: it holds in all "),
        (Broken("Integrity", steps=2), "the tweak declares that Integrity breaks in 2 steps: it holds in all "),
    ],
)
def test_a_declaration_that_is_not_true(tmp_path: Path, outcome: Broken, says: str) -> None:
    violation = next(e for e in QUICK if e.tweak == "choose-again").violations[0]
    assert outcome.steps is not None
    wrong = Violation(violation.expectation, outcome, outcome.steps)
    with pytest.raises(NotAsDeclared, match=re.escape(says)):
        renewed(wrong, tmp_path / "none.itf.json", LIMITS)


def test_a_limit_is_no_answer(tmp_path: Path) -> None:
    violation = QUICK[0].violations[0]
    with pytest.raises(NotAsDeclared, match="limit"):
        renewed(violation, tmp_path / "none.itf.json", Limits(states=1))


def test_what_belongs_to_nothing_is_named(copy: Gallery) -> None:
    copy.renew_index(QUICK)
    assert copy.strangers(QUICK) == []
    (copy.root / "raft").mkdir()
    (copy.root / "raft/old.svg").touch()
    assert copy.strangers(QUICK) == [Path("raft/old.svg")]
    assert Path("tcommit/commit-unprepared/story.md") in copy.strangers([e for e in QUICK if e.tweak == "choose-again"])


# ---------------------------------------------------------------------- stories


def test_a_story_that_is_missing_or_of_another_trace() -> None:
    line = "end it with the line <!-- told of abc123 -->"
    none = "no story: write story.md, what happens and why the missing rule matters, and"
    assert fault_of(None, "abc123") == f"{none} {line}"
    assert fault_of(Story("", "abc123"), "abc123") == f"{none} {line}"
    assert fault_of(Story("A.", None), "abc123") == f"story.md does not say which trace it tells of: {line}"
    other = fault_of(Story("A.", "000000"), "abc123")
    assert other is not None and other.startswith("story.md tells of other steps") and other.endswith(line)
    assert fault_of(Story("A.", "abc123"), "abc123") is None


def test_the_last_line_is_no_part_of_the_story(tmp_path: Path) -> None:
    (tmp_path / "story.md").write_text("What happens.\n\nWhy.\n\n<!-- told of 00ff00 -->\n", encoding="utf-8")
    assert story_in(tmp_path) == Story("What happens.\n\nWhy.", "00ff00")
    assert story_in(tmp_path / "nowhere") is None


def test_a_digest_is_of_all_traces_in_order() -> None:
    digests = {steps_digest(t) for t in ([["a", "b"]], [["a"], ["b"]], [["b"], ["a"]], [["b", "a"]], [["a"]])}
    assert len(digests) == 5


def test_a_story_does_not_speak_of_steps_that_are_not_there() -> None:
    wrong = []
    for exhibit in EXHIBITS:
        story = story_in(GALLERY.folder(exhibit))
        most = max(violation.steps for violation in exhibit.violations)
        for inside in re.findall(r"\(((?:steps? )?\d[^)]*)\)", story.text if story else ""):
            wrong += [f"{exhibit.name}: {n}" for n in re.findall(r"\d+", inside) if not 1 <= int(n) <= most]
    assert wrong == []


def test_a_page_has_what_it_needs() -> None:
    exhibit = next(e for e in EXHIBITS if e.name == "raft + forget-vote")
    page = (GALLERY.folder(exhibit) / "README.md").read_text(encoding="utf-8")
    (violation,) = exhibit.violations
    assert f"$ {violation.command}\n" in page
    assert "--property 'Election Safety'" in violation.command
    assert "The vote is not persisted: after a crash a server votes again in the same term." in page
    assert f"## Election Safety, broken in {violation.steps} steps" in page
    assert "Source of the rule: Fig. 2, State, Persistent state." in page
    assert "Until step 5 raft does the same." in page


def test_other_declarations_are_told_without_a_picture() -> None:
    exhibit = next(e for e in EXHIBITS if e.name == "flexible-paxos + ask-one-too-few")
    page = (GALLERY.folder(exhibit) / "README.md").read_text(encoding="utf-8")
    assert page.count(".svg") == 1
    assert (
        "* Also declared: breaks Agreement in 12 steps with `--acceptors 4 --max-ballot 1 --accept-quorum 2`." in page
    )


def test_a_trace_stands_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces_module, "search", no_search)
    exhibit = EXHIBITS[0]
    assert standing(exhibit.violations[0], GALLERY.trace_file(exhibit, exhibit.violations[0])).violates
