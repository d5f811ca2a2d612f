"""Results in a notebook: what is shown is what the command prints and draws, and a notebook costs nobody else anything."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from mcheck.checker import Limits, Verdict
from mcheck.checker.reference import explore
from mcheck.protocols import find
from mcheck.spec.display import Displayed
from mcheck.subjects import subject_of

TOYS = Path(__file__).parent / "cli/toys.py"


def verdict(tweak: str | None, **limits: Any) -> Verdict:
    return explore(find(f"{TOYS}:Lock").tweaked(tweak)().instance, limits=Limits(**limits))


def shown(result: Displayed) -> dict[str, str]:
    return result._repr_mimebundle_()


def picture_in(page: str) -> ET.Element:
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return ET.fromstring(base64.b64decode(data))


def test_a_violation_is_text_a_table_and_a_picture() -> None:
    bundle = shown(verdict("grants-twice"))
    assert "VIOLATED Mutual Exclusion — At most one node holds the lock." in bundle["text/plain"]
    assert ">6  take(n1)" in bundle["text/plain"]
    assert "<strong>VIOLATED Mutual Exclusion</strong>" in bundle["text/html"]
    assert '<td style="text-align:left">VIOLATED in 6 steps</td>' in bundle["text/html"]
    words = "".join(picture_in(bundle["text/html"]).itertext())
    assert "VIOLATED Mutual Exclusion" in words and "take(n1)" in words


def test_what_holds_says_how_far() -> None:
    bundle = shown(verdict(None, depth=2))
    assert "HOLDS UP TO depth 2" in bundle["text/plain"]
    assert "<strong>HOLDS UP TO depth 2: 3 states at the bound were not expanded." in bundle["text/html"]
    assert "<img" not in bundle["text/html"]


def test_a_search_that_was_stopped_says_so() -> None:
    bundle = shown(verdict(None, states=3))
    assert "<strong>INCONCLUSIVE: limit of 3 states." in bundle["text/html"]


def test_a_behaviour_is_a_table_and_a_picture() -> None:
    violation = verdict("grants-twice").violation
    assert violation is not None and violation.behavior is not None
    bundle = shown(violation.behavior)
    assert "6  take(n1)" in bundle["text/plain"] and "violates" not in bundle["text/plain"]
    assert ET.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert picture_in(bundle["text/html"]).tag.endswith("svg")


def test_text_of_a_spec_is_no_markup(tmp_path: Path) -> None:
    source = TOYS.read_text().replace("At most one node holds the lock.", "At most <b>one</b> & only one.")
    (tmp_path / "marked_up.py").write_text(source)
    bundle = shown(explore(find(f"{tmp_path}/marked_up.py:GrantsTwice").cls().instance))
    assert "At most &lt;b&gt;one&lt;/b&gt; &amp; only one." in bundle["text/html"]


def test_shipped_protocols_and_tweaks_have_their_names() -> None:
    paxos = find("paxos")
    assert subject_of(paxos.cls().instance).protocol.name == "paxos"
    tweak = subject_of(paxos.tweaked("reuse-ballot")().instance)
    assert (tweak.protocol.name, tweak.tweak) == ("paxos", "reuse-ballot")
    assert subject_of(find(f"{TOYS}:Lock").cls().instance).protocol.name == "lock"


def test_ipython_takes_the_bundle() -> None:
    interactive = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    data, _ = interactive.DisplayFormatter().format(verdict("grants-twice"))
    assert {"text/plain", "text/html"} <= set(data)
    assert data["text/plain"].startswith("mcheck ")


def test_importing_mcheck_imports_nothing_of_it() -> None:
    code = "import sys, mcheck; print(*(m for m in sys.modules if m.startswith(('mcheck.', 'llvmlite', 'IPython'))))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "mcheck.spec.display" in loaded
    assert [name for name in loaded if not name.startswith("mcheck.spec")] == []
