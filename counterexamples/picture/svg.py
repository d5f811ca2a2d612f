"""A picture as SVG: the same bytes for the same picture, and nothing in it that is fetched from elsewhere."""

from __future__ import annotations

import math
import re
from xml.sax.saxutils import escape

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.picture.boxes import CellBox, Text
from mcheck.counterexamples.picture.geometry import Segment
from mcheck.counterexamples.picture.ink import SHADES, style_sheet
from mcheck.counterexamples.picture.labels import Line
from mcheck.counterexamples.picture.layout import HEAD, Band, Loop, Picture, picture_of
from mcheck.counterexamples.picture.routes import Placed, RowBox
from mcheck.counterexamples.picture.story import story_of

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg_document(counterexample: Counterexample) -> str:
    """The picture as a file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + svg_of(picture_of(story_of(counterexample))) + "\n"


def svg_of(picture: Picture) -> str:
    """The element `svg`.  What belongs to step k carries `data-step="k"`; an arrow also `data-from`, where it comes from."""
    width, height = number(picture.width), number(picture.height)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="picture-title picture-description">',
        f'<title id="picture-title">{plain(picture.story.verdict)}</title>',
        f'<desc id="picture-description">{plain(picture.story.description)}</desc>',
        f"<style>\n{style_sheet()}\n</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *map(_text, picture.texts),
        *(_frame(picture.loop) if picture.loop else ()),
        *_grounds(picture),
        *_lanes(picture),
        *(mark for band in picture.bands for mark in _band(band)),
        *(_arrow(line) for line in picture.lines),
        *(_way_back(picture.loop, len(picture.rows) - 1) if picture.loop else ()),
        *_heads(picture),
        *(_row(row) for row in picture.rows),
        *(_hint(line, part) for line, part in picture.behind),
        *(part for line in picture.lines for part in _label(line)),
        *map(_text, picture.more),
        "</svg>",
    ]
    return "\n".join(drawn)


def plain(text: str) -> str:
    """The text as the content of an element: escaped, and without characters that XML cannot have."""
    return escape(_NOT_XML.sub("\ufffd", text), {'"': "&quot;"})


def number(value: float) -> str:
    """At most one decimal, and none where it is zero."""
    return f"{round(value, 1):g}" if abs(value) < 1e5 else f"{round(value)}"


def _text(text: Text) -> str:
    style = f"{text.style} changed" if text.changed else text.style
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return f'<text class="{style}" x="{number(text.x)}" y="{number(text.y)}"{anchor}>{plain(text.text)}</text>'


def _rect(style: str, x: float, y: float, width: float, height: float, rounded: float = 0) -> str:
    corner = f' rx="{number(rounded)}"' if rounded else ""
    return f'<rect class="{style}" x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"{corner}/>'


def _segment(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{style}" x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"/>'


# ---------------------------------------------------------------------- behind the rows


def _grounds(picture: Picture) -> list[str]:
    """The frame of the row that violates, unless it is a cycle that does; in every other row an empty ground, which a page can colour."""
    drawn = []
    for box in picture.rows:
        x, y, width, height = 8.0, box.y - 8, picture.width - 16, box.height + 16
        if box.row.narrow:
            y, height = box.y, box.height
        framed = picture.loop is None and box.row.verdict not in ("", "the end")
        style = "box" if framed else "row-ground"
        fill = "" if style == "box" else ' fill="none"'
        rect = _rect(style, x, y, width, height, 6)
        drawn.append(rect.replace("/>", f'{fill} data-step="{box.row.number}"/>'))
    return drawn


def _frame(loop: Loop) -> list[str]:
    """Around the steps of a cycle."""
    box = loop.frame
    return [_rect("box cycle", box.left, box.top, box.right - box.left, box.bottom - box.top, 6)]


def _way_back(loop: Loop, last: int) -> list[str]:
    """The arrow of a lasso, and beside it which rows are stem and cycle."""
    points = " ".join(f"{number(x)},{number(y)}" for x, y in loop.points)
    (x1, y1), (x2, y2) = loop.points[-2:]
    drawn = [f'<g class="loop" data-step="{last}">', f'<polyline class="way-back" points="{points}"/>']
    drawn += [_tip(x1, y1, x2, y2), "</g>"]
    for text in loop.words:
        place = f'transform="translate({number(text.x)} {number(text.y)}) rotate(-90)" text-anchor="middle"'
        drawn.append(f'<text class="{text.style}" {place}>{plain(text.text)}</text>')
    return drawn


def _lanes(picture: Picture) -> list[str]:
    top, bottom, gutter = picture.lane_top, picture.lane_bottom, picture.columns.gutter
    drawn = [_segment("lane", x, top, x, bottom) for x in picture.columns.middles]
    if gutter is not None:
        drawn.append(_segment("gutter", gutter, top, gutter, bottom))
        drawn.append(_text(Text(gutter + 8, top - 10, "never received", "caption")))
    return drawn


def _heads(picture: Picture) -> list[str]:
    """The names of the lanes; arrows pass behind those between rows."""
    drawn = []
    for head in picture.heads:
        drawn.append(_rect("headbox", head.middle - head.width / 2, head.top, head.width, HEAD - 4, 4))
        drawn.append(_text(Text(head.middle, head.top + 17, head.name, "head", anchor="middle")))
    return drawn


def _band(band: Band) -> list[str]:
    """A node that is down: a hatched band on its lane."""
    left, right = band.x - 9, band.x + 9
    drawn = [_rect("blank", left, band.top, right - left, band.bottom - band.top)]
    y = band.top
    while y < band.bottom:
        low = min(y + 12, band.bottom)
        drawn.append(_segment("down", left, low, left + (right - left) * (low - y) / 12, y))
        y += 9
    return drawn


# ---------------------------------------------------------------------- rows


def _row(box: RowBox) -> str:
    faint = "" if box.row.relevant else " faint"
    drawn = (
        [] if box.row.relevant else [_rect("paper", c.x, c.y, c.box.width, c.box.height, 5) for c in box.cards]
    )  # no lane shows through
    drawn += [f'<g class="row{faint}" data-step="{box.row.number}">', *map(_text, box.texts)]
    drawn += [_rect("bar", bar.x - 5, bar.top, 10, bar.bottom - bar.top, 2) for bar in box.bars]
    for card in box.cards:
        drawn += _card(card)
    return "\n".join([*drawn, "</g>"])


def _card(placed: Placed) -> list[str]:
    box = placed.box
    drawn = [f'<g transform="translate({number(placed.x)} {number(placed.y)})">']
    if box.card.restarted:
        drawn += _torn(box.width)
    drawn.append(_rect("card", 0, 0, box.width, box.height, 5))
    if box.pill is not None:
        pill = box.pill
        drawn.append(_rect(f"pill shade{pill.shade % SHADES}", pill.x, pill.y, pill.width, pill.height, 9))
    for cell in (c for c in box.cells if not c.cell.committed):
        drawn.append(_cell(cell))
    drawn += [_cell(cell) for cell in box.cells if cell.cell.committed]  # above the thin borders beside them
    return [*drawn, *map(_text, box.texts), "</g>"]


def _cell(box: CellBox) -> str:
    cell = box.cell
    shade = f" shade{(cell.shade - 1) % (SHADES - 1) + 1}" if cell.shade is not None and not cell.dropped else ""
    style = f"cell{shade or ' blank'}{' committed' if cell.committed else ''}{' gone' if cell.dropped else ''}"
    if cell.committed:
        return _rect(style, box.x + 1, box.y + 1, box.width - 2, box.height - 2)
    return _rect(style, box.x, box.y, box.width, box.height)


def _torn(width: float) -> list[str]:
    """A hatched strip above a card: the node has crashed and is back."""
    strip = [_segment("torn", x, 0, x + 7, -8) for x in range(4, int(width) - 8, 6)]
    return [_rect("ground", 0, -9, width, 10), *strip, _text(Text(width, -11, "restarted", "small", anchor="end"))]


# ---------------------------------------------------------------------- arrows


def _arrow(line: Line) -> str:
    arrow = line.arrow
    faint = "" if arrow.relevant else " faint"
    points = " ".join(f"{number(x)},{number(y)}" for x, y in line.points)
    (x1, y1), (x2, y2) = line.points[-2:]
    if arrow.kind == "lost":
        end = [_segment("cross", x2 - 6, y2 - d, x2 + 6, y2 + d) for d in (6, -6)]
    else:
        end = [_tip(x1, y1, x2, y2)]
    return "\n".join(
        [
            f'<g class="message{faint}" {_steps(line)}>',
            f"<title>{plain(arrow.whole)}</title>",
            f'<polyline class="arrow {arrow.kind}" points="{points}"/>',
            *end,
            "</g>",
        ]
    )


def _hint(line: Line, part: Segment) -> str:
    """A trace of an arrow on a card that it passes behind: it neither ends nor starts there."""
    faint = "" if line.arrow.relevant else " faint"
    (x1, y1), (x2, y2) = part
    return _segment(f"arrow behind{faint}", x1, y1, x2, y2).replace("<line ", f"<line {_steps(line)} ", 1)


def _steps(line: Line) -> str:
    """Between which steps a message is under way."""
    arrow = line.arrow
    return f'data-from="{arrow.sent}" data-step="{arrow.sent if arrow.row is None else arrow.row}"'


def _tip(x1: float, y1: float, x2: float, y2: float) -> str:
    angle = math.atan2(y2 - y1, x2 - x1)
    corners = [(x2, y2)]
    for turn in (2.7, -2.7):
        corners.append((x2 + 9 * math.cos(angle + turn), y2 + 9 * math.sin(angle + turn)))
    return f'<polygon class="tip" points="{" ".join(f"{number(x)},{number(y)}" for x, y in corners)}"/>'


def _label(line: Line) -> list[str]:
    """The lines of a label, and the one that joins it to its arrow where it is not beside it."""
    if line.label is None:
        return []
    faint = "" if line.arrow.relevant else " faint"
    drawn = []
    if line.label.leader is not None:
        (x1, y1), (x2, y2) = line.label.leader
        drawn.append(_segment(f"leader{faint}", x1, y1, x2, y2).replace("<line ", f"<line {_steps(line)} ", 1))
    texts = (Text(text.x, text.y, text.text, f"label{faint}", anchor=text.anchor) for text in line.label.texts)
    return [*drawn, *(_text(text).replace("<text ", f"<text {_steps(line)} ", 1) for text in texts)]
