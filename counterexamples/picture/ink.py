"""The style sheet of a picture.

Colours: M. Okabe and K. Ito, Color Universal Design (2008), in light tints under text.  No meaning hangs on a colour alone: roles
are words, terms are numbers, what changed is underlined, what is committed has a thick border, what was lost is crossed out.
"""

from __future__ import annotations

SHADES = 6
"""How many colours there are for roles and terms; more of these share them."""

_LIGHT = {
    "paper": "#ffffff", "ink": "#1b1b1b", "soft": "#5c5c5c", "lane": "#c9c9c9", "card": "#ffffff", "edge": "#6f6f6f",
    "arrow": "#33506b", "bad": "#b34700", "boxed": "#fff4ec", "now": "#e8f3fb",
}  # fmt: skip
_DARK = {
    "paper": "#14171a", "ink": "#ececec", "soft": "#a9b0b6", "lane": "#454c53", "card": "#1e2327", "edge": "#8d959c",
    "arrow": "#8fc1e8", "bad": "#ff9c59", "boxed": "#2b2119", "now": "#1c2f3d",
}  # fmt: skip
_OKABE_ITO = ("#999999", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442")
_FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
_SANS = "'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"


def style_sheet() -> str:
    """The rules, light ones first and what differs in the dark after them."""
    return "\n".join(
        [_SHAPES, _colours(_LIGHT, 0.34), "@media (prefers-color-scheme: dark) {", _colours(_DARK, 0.42), "}"]
    )


_SHAPES = f"""\
text {{ font-family: {_FONT}; font-size: 11px; white-space: pre }}
.title {{ font-family: {_SANS}; font-size: 20px; font-weight: bold }}
.sentence {{ font-family: {_SANS}; font-size: 13px }}
.fact {{ font-size: 12px }}
.caption {{ font-size: 10px }}
.head {{ font-size: 13px; font-weight: bold }}
.number {{ font-size: 12px; font-weight: bold }}
.action, .role, .term, .verdict, .mark {{ font-weight: bold }}
.role {{ font-size: 11.5px }}
.mark {{ font-size: 14px }}
.small, .label, .command {{ font-size: 9.5px }}
.position {{ font-size: 8.5px }}
.changed {{ font-weight: bold; text-decoration: underline }}
.lane {{ stroke-width: 1.5 }}
.gutter {{ stroke-width: 1; stroke-dasharray: 1 4 }}
.card, .headbox {{ stroke-width: 1.2 }}
.pill, .cell {{ stroke-width: 1 }}
.committed {{ stroke-width: 3 }}
.gone {{ stroke-dasharray: 3 2 }}
.arrow {{ fill: none; stroke-width: 1.4 }}
.pending {{ stroke-dasharray: 5 4; stroke-width: 1 }}
.again {{ stroke-dasharray: 2 3; stroke-width: 1 }}
.idle {{ stroke-dasharray: 7 3 1 3; stroke-width: 1 }}
.behind {{ stroke-width: 1; stroke-dasharray: 1 4; opacity: 0.7 }}
.leader {{ stroke-width: 0.8 }}
.cross {{ fill: none; stroke-width: 2.2 }}
.box {{ stroke-width: 2.4 }}
.way-back {{ fill: none; stroke-width: 2.4; stroke-linejoin: round }}
.down {{ stroke-width: 1.2 }}
.faint {{ opacity: 0.4 }}"""


def _colours(named: dict[str, str], tint: float) -> str:
    shades = "\n".join(
        f".shade{k} {{ fill: {_mixed(colour, named['card'], tint)}; stroke: {colour if k else named['edge']} }}"
        for k, colour in enumerate(_OKABE_ITO)
    )
    return f"""\
.paper {{ fill: {named["paper"]} }}
text {{ fill: {named["ink"]} }}
.soft, .caption, .position, .small, .note, .number, .dropped {{ fill: {named["soft"]} }}
.mark, .verdict, .bad {{ fill: {named["bad"]} }}
.label {{ fill: {named["arrow"]}; stroke: {named["paper"]}; stroke-width: 3px; paint-order: stroke; stroke-linejoin: round }}
.lane, .gutter {{ stroke: {named["lane"]} }}
.card, .headbox, .blank {{ fill: {named["card"]}; stroke: {named["edge"]} }}
.arrow, .cross, .leader {{ stroke: {named["arrow"]} }}
.tip, .bar {{ fill: {named["arrow"]} }}
.lost, .cross, .way-back {{ stroke: {named["bad"]} }}
.loop .tip {{ fill: {named["bad"]} }}
.box {{ fill: {named["boxed"]}; stroke: {named["bad"]} }}
.down, .torn {{ stroke: {named["ink"]} }}
.ground {{ fill: {named["card"]} }}
.now {{ fill: {named["now"]} }}
{shades}"""


def _mixed(colour: str, ground: str, share: float) -> str:
    """That much of a colour on a ground."""
    parts = [(int(colour[k : k + 2], 16), int(ground[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(c * share + g * (1 - share)):02x}" for c, g in parts)
