"""The page in a browser: keys, buttons and clicks step through the picture, and it fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.counterexamples.browser import PROGRAM, Browser
from tests.counterexamples.pictures import forget_vote, hostile

from mcheck.counterexamples.picture.page import html_document

NOW = "Number(document.body.dataset.now)"
SHOWN = (
    "[...document.querySelectorAll('section.state')].filter(s => !s.hidden).map(s => s.querySelector('h2').textContent)"
)


def test_the_page_names_no_other_place() -> None:
    page = html_document(forget_vote())
    assert re.findall(r"""(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttp""", page) == []
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed")
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    file = tmp_path / "picture.html"
    file.write_text(html_document(forget_vote()), encoding="utf-8")
    browser.open(f"{file.as_uri()}?{tmp_path.name}")
    return browser


def test_keys(page: Browser) -> None:
    assert page.evaluate(NOW) == 8
    seen = []
    for key in ("Home", "ArrowLeft", "ArrowRight", " ", "ArrowDown", "ArrowUp", "ArrowLeft", "End", "ArrowRight"):
        page.press(key)
        seen.append(page.evaluate(NOW))
    assert seen == [0, 0, 1, 2, 3, 2, 1, 8, 8]


def test_the_current_step_is_marked_and_its_state_shown(page: Browser) -> None:
    page.press("Home")
    for _ in range(3):
        page.press("ArrowRight")
    assert page.evaluate(SHOWN) == ["Step 3: deliver RequestVoteReply(n1→n0, term=1, vote_granted=yes)"]
    assert page.evaluate("[...document.querySelectorAll('rect.now')].map(r => r.dataset.step)") == ["3"]
    changed = page.evaluate("[...document.querySelectorAll('section.state:not([hidden]) ins')].map(i => i.textContent)")
    assert changed[0] == "LEADER"
    assert page.evaluate("document.getElementById('where').textContent") == "step 3 of 8"
    assert page.evaluate("document.getElementById('said').textContent").startswith("Step 3: deliver")
    assert page.evaluate("location.hash") == "#3"
    later = (
        "[...document.querySelectorAll('g.row')].filter(g => g.classList.contains('later')).map(g => g.dataset.step)"
    )
    assert page.evaluate(later) == ["4", "5", "6", "7", "8"]
    unsent = "[...document.querySelectorAll('g.message')].every(g => (Number(g.dataset.from) > 3) === (getComputedStyle(g).visibility === 'hidden'))"
    assert page.evaluate(unsent) is True


def test_buttons_and_rows(page: Browser) -> None:
    page.evaluate("document.getElementById('first').click()")
    assert page.evaluate(NOW) == 0
    assert page.evaluate("document.getElementById('back').disabled") is True
    page.evaluate("document.getElementById('on').click()")
    assert page.evaluate(NOW) == 1
    page.evaluate(
        "document.querySelector('g.row[data-step=\"5\"] text').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert page.evaluate(NOW) == 5


def test_space_on_a_button_presses_the_button(page: Browser) -> None:
    page.press("Home")
    page.evaluate("document.getElementById('last').focus()")
    page.press(" ")
    assert page.evaluate(NOW) == 8


def test_a_link_to_a_step(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "picture.html"
    file.write_text(html_document(forget_vote()), encoding="utf-8")
    browser.open(f"{file.as_uri()}#2")
    assert browser.evaluate(NOW) == 2


def test_hostile_names_run_nothing_and_the_script_is_allowed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(html_document(hostile()), encoding="utf-8")
    browser.open(file.as_uri())
    assert browser.evaluate(NOW) == 17
    assert browser.evaluate("document.scripts.length") == 1
    assert browser.evaluate("document.querySelectorAll('b, i').length") == 0
    assert "<script>alert(1)</script>" in browser.evaluate("document.querySelector('svg').textContent")
