"""A picture as one page that steps through it: nothing to install, nothing that is fetched from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.picture.layout import picture_of
from mcheck.counterexamples.picture.parts import Story
from mcheck.counterexamples.picture.states import StateTables
from mcheck.counterexamples.picture.story import story_of
from mcheck.counterexamples.picture.svg import plain, svg_of


def html_document(counterexample: Counterexample) -> str:
    """The page.  Its policy allows its own script, known by its hash, and its own styles, and no connection at all."""
    story = story_of(counterexample)
    script, style = _part("page.js"), _part("page.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    last = len(story.rows) - 1
    loop = "" if story.loop is None else f' data-loop="{story.loop}"'
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{plain(story.verdict)} · {plain(story.subject)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            f'<body data-last="{last}"{loop}>',
            "<main>",
            '<div class="picture">',
            svg_of(picture_of(story)),
            "</div>",
            '<aside aria-label="State">',
            '<div class="controls">',
            _button("first", "⇤", "First step", "Home"),
            _button("back", "←", "One step back", "ArrowLeft"),
            f'<output id="where">step {last} of {last}</output>',
            _button("on", "→", "One step on", "ArrowRight"),
            _button("last", "⇥", "Last step", "End"),
            "</div>",
            f'<p class="help">Arrow keys or space step through, Home and End go to the ends; click a row to go there.{_round(story)}</p>',
            '<p id="said" class="said" role="status" aria-live="polite"></p>',
            *StateTables(counterexample).sections(),
            "</aside>",
            "</main>",
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _round(story: Story) -> str:
    """What a step on from the last state does in a lasso."""
    if story.loop is None or story.loop == len(story.rows) - 1:
        return ""
    return f" After the last step comes step {story.loop + 1} again."


def _button(name: str, sign: str, words: str, key: str) -> str:
    return f'<button type="button" id="{name}" aria-label="{words}" aria-keyshortcuts="{key}" title="{words} ({key})">{sign}</button>'


def _part(name: str) -> str:
    return resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
