"""Where everything in a picture is.  Computed once, for every format that has positions.

From left to right: the number and the action of a step, the lanes, and a gutter for messages that nobody received.  Downwards:
one row for each step, as high as its highest card.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcheck.counterexamples.picture.boxes import BODY, SMALL, CardBox, Text, box_of, natural_width
from mcheck.counterexamples.picture.geometry import Box, Occupied, Segment
from mcheck.counterexamples.picture.labels import Line, label_width, labelled
from mcheck.counterexamples.picture.measure import filled, text_width
from mcheck.counterexamples.picture.parts import Row, StateCard, Story
from mcheck.counterexamples.picture.routes import (
    WIDEST_GUTTER,
    Bar,
    Columns,
    Placed,
    Ports,
    Routes,
    RowBox,
    gutter_text,
    into_gutter,
)

HEAD = 30.0
_MARGIN, _NUMBER, _ACTION = 24.0, 28.0, 250.0
_LOOP, _ROUND = 28.0, 24.0
"""How much room the way back of a lasso takes at the left, and how high it is where nothing happens in between."""
_AIR = 3.0
"""Between a card and a label."""
_LINE = 15.0
_MOST_NOTE_LINES = 4
_BETWEEN_ROWS, _NARROW = 18.0, 20.0
_RESTART = 12.0
_TORN = 20.0
"""How far the sign of a restart reaches above its card."""
_LEAST_GAP, _WIDEST_GAP = 46.0, 200.0
_LEAST_WIDTH = 560.0
_TITLE, _SENTENCE, _FACT = 20.0, 13.0, 12.0
_HEADS_EVERY = 1200.0
"""How far down the names of the lanes are repeated."""


@dataclass(frozen=True)
class Head:
    """The name of a lane, above it, below it, and now and then between its rows."""

    middle: float
    top: float
    width: float
    name: str


@dataclass(frozen=True)
class Band:
    """A stretch of a lane in which the node is down."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Loop:
    """The cycle of a lasso: a frame around the steps that are repeated, and the way from the last one back to the state before
    them.  Of one that stutters: around the last state, and from it to itself."""

    frame: Box
    points: tuple[tuple[float, float], ...]
    words: tuple[Text, ...]
    """Written upwards: which rows are the stem and which the cycle."""


@dataclass(frozen=True)
class Picture:
    """A story with a place for everything."""

    story: Story
    width: float
    height: float
    texts: tuple[Text, ...]
    """What stands above and below the rows."""
    columns: Columns
    heads: tuple[Head, ...]
    lane_top: float
    lane_bottom: float
    rows: tuple[RowBox, ...]
    lines: tuple[Line, ...]
    more: tuple[Text, ...]
    bands: tuple[Band, ...]
    loop: Loop | None = None
    behind: tuple[tuple[Line, Segment], ...] = ()
    """Where arrows pass behind cards that they have nothing to do with."""


def picture_of(story: Story) -> Picture:
    """The picture of a story.  Linear in its cards and arrows."""
    return _Layout(story).picture()


class _Layout:
    """The columns of a story, and then its rows from above."""

    def __init__(self, story: Story) -> None:
        self.story = story
        narrow = {r.number for r in story.rows if r.narrow}
        self.ports = Ports(a for a in story.arrows if not {a.sent, a.row} & narrow)
        marks = max((len(row.marks) for row in story.rows), default=0)
        self.marks_at = _MARGIN + (0.0 if story.loop is None else _LOOP)
        self.actions_at = self.marks_at + _NUMBER + (text_width("①" * marks, 14) + 4 if marks else 0)
        said = [words for row in story.rows for words in (row.action, *row.notes)]
        lines = [line for words in said for line in filled(words, BODY, _ACTION)]
        lines += [f"← {row.verdict}!" for row in story.rows if row.verdict]
        self.action = min(_ACTION, max(text_width(line, BODY) for line in lines) + 12)
        self.columns = self._columns()
        self.width = max(self.columns.right + _MARGIN, _LEAST_WIDTH)

    def picture(self) -> Picture:
        """Everything, from above."""
        story, columns = self.story, self.columns
        top, y = self._top()
        heads = self._heads(y)
        lane_top = named_at = y + HEAD
        y = lane_top + _BETWEEN_ROWS
        rows = []
        for row in story.rows:
            if y - named_at > _HEADS_EVERY:
                heads += self._heads(y - 4)
                y += HEAD + 10
                named_at = y
            y += _RESTART if any(card.restarted for card in row.cards) else 0
            rows.append(self._row(row, y))
            y += rows[-1].height + (0 if row.narrow else _BETWEEN_ROWS)
        lane_bottom = y - 4
        if y - named_at > _HEADS_EVERY / 2:
            heads += self._heads(lane_bottom)
            y = lane_bottom + HEAD
        bottom, height = self._bottom(y + 14)
        boxes = {box.row.number: box for box in rows}
        routes, bands = Routes(self.ports, columns, boxes, story.lanes), self._bands(boxes, lane_bottom)
        ways = routes.ways()
        lines = labelled(ways, self._occupied(rows, heads, bands), self._bounds(lane_top, lane_bottom))
        return Picture(
            story, self.width, height, (*top, *bottom), columns, tuple(heads), lane_top, lane_bottom, tuple(rows),
            lines, routes.more(), bands, self._loop(rows), _behind(rows, lines),
        )  # fmt: skip

    def _bounds(self, top: float, bottom: float) -> Box:
        """Where labels may stand: right of the actions."""
        return Box(self.actions_at + self.action, top, self.width - 8, bottom)

    def _occupied(self, rows: list[RowBox], heads: list[Head], bands: tuple[Band, ...]) -> Occupied:
        """What no label may stand over, and the frames that none should."""
        occupied = Occupied()
        for row in rows:
            for card in row.cards:
                above = _TORN if card.box.card.restarted else 0.0
                right, bottom = card.x + card.box.width, card.y + card.box.height
                occupied.put(Box(card.x - _AIR, card.y - above - _AIR, right + _AIR, bottom + _AIR))
            for bar in row.bars:
                occupied.put(Box(bar.x - 5, bar.top, bar.x + 5, bar.bottom))
            if row.row.verdict and self.story.loop is None:
                for y in (row.y - 8, row.y + row.height + 8):
                    occupied.draw(((8.0, y), (self.width - 8, y)))
        for head in heads:
            occupied.put(Box(head.middle - head.width / 2, head.top, head.middle + head.width / 2, head.top + HEAD - 4))
        for band in bands:
            occupied.put(Box(band.x - 9, band.top, band.x + 9, band.bottom))
        return occupied

    def _heads(self, y: float) -> list[Head]:
        """The names of all lanes, at one height."""
        return [
            Head(middle, y, max(56.0, text_width(name, 13) + 24), name)
            for middle, name in zip(self.columns.middles, self.story.lanes, strict=True)
        ]

    def _loop(self, rows: list[RowBox]) -> Loop | None:
        """Down from the numbers of the rows to the left, up, and back to the right."""
        if self.story.loop is None:
            return None
        to, last = rows[self.story.loop], rows[-1]
        first = rows[min(to.row.number + 1, last.row.number)]
        frame = Box(8.0, first.y - 8, self.width - 8, last.y + last.height + 8)
        x, right, end, start = _MARGIN - 2, self.marks_at + 2, to.y + 14, last.y + 14
        if to is last:
            start += _ROUND
        words = [Text(x - 5, (frame.top + start) / 2, "cycle" if to is not last else "", "small", anchor="middle")]
        if to.row.number:
            words.append(Text(x - 5, (rows[0].y + end) / 2, "stem", "small", anchor="middle"))
        return Loop(frame, ((right, start), (x, start), (x, end), (right, end)), tuple(w for w in words if w.text))

    # ------------------------------------------------------------------ columns

    def _columns(self) -> Columns:
        """The lanes, as wide as their widest cards and as far apart as the widest label needs."""
        story, arrows = self.story, self.ports.arrows
        cards: dict[int, list[StateCard]] = {k: [] for k in range(len(story.lanes))}
        for row in story.rows:
            for card in row.cards:
                cards[card.lane].append(card)
        widths = [max([text_width(name, 13) + 24, *map(natural_width, cards[k])]) for k, name in enumerate(story.lanes)]
        labels = [label_width(a.label) for a in arrows if a.kind != "again" and not into_gutter(a)]
        gap = min(_WIDEST_GAP, max([_LEAST_GAP, *(w + 30 for w in labels)]))
        left, middles = self.actions_at + self.action + 30.0, []
        for width in widths:
            middles.append(left + width / 2)
            left += width + gap
        right = left - gap
        beside = [text_width(gutter_text(a, story.lanes), SMALL) for a in arrows if into_gutter(a)]
        gutter = None
        if any(a.source == a.target and not into_gutter(a) for a in arrows):
            right += min(_WIDEST_GAP, max([0.0, *labels])) + 14
        if beside:
            gutter = right + 30
            right = gutter + 8 + min(WIDEST_GUTTER, max([*beside, text_width("never received", 10)]))
        return Columns(tuple(middles), tuple(widths), gap, gutter, right)

    # ------------------------------------------------------------------ above and below

    def _top(self) -> tuple[list[Text], float]:
        texts: list[Text] = []
        y, room = _MARGIN + 16, self.width - 2 * _MARGIN
        for line in filled(self.story.verdict, _TITLE, room):
            texts.append(Text(_MARGIN, y, line, "title"))
            y += 24
        for line in filled(self.story.sentence, _SENTENCE, room) if self.story.sentence else ():
            texts.append(Text(_MARGIN, y, line, "sentence"))
            y += 18
        texts.append(Text(_MARGIN, y, self.story.subject, "caption"))
        y += 22
        for mark, words in self.story.facts:
            texts += [Text(_MARGIN, y + 1, mark, "mark")] if mark else []
            for line in filled(words, _FACT, room - 22):
                texts.append(Text(_MARGIN + (22 if mark else 0), y, line, "fact"))
                y += 17
        return texts, y + 6

    def _bottom(self, y: float) -> tuple[list[Text], float]:
        texts = []
        for words in (" · ".join(self.story.key), *self.story.footer):
            for line in filled(words, 10, self.width - 2 * _MARGIN) if words else ():
                texts.append(Text(_MARGIN, y + 12, line, "caption"))
                y += 15
        return texts, y + _MARGIN

    # ------------------------------------------------------------------ rows

    def _row(self, row: Row, y: float) -> RowBox:
        number = Text(self.actions_at - 8, y + (14 if row.narrow else 18), str(row.number), "number", anchor="end")
        if row.narrow:
            line = filled(row.action, SMALL, self.action, 1)[0]
            texts = (number, Text(self.actions_at, y + 14, line, "small"))
            at = [] if row.at is None else [self._bar(row.at, y + 5, 10.0)]
            return RowBox(row, y, _NARROW, texts, (), tuple(at))
        under, said = self._said(row, y + 18)
        marks = [Text(self.marks_at, y + 18, row.marks, "mark")] if row.marks else []
        cards = tuple(self._card(row, card, y) for card in row.cards)
        bars = self._bars(row, y + 6)
        bottoms = [under - 7, y + 36, *(c.y + c.box.height for c in cards), *(bar.bottom for bar in bars)]
        return RowBox(row, y, max(bottoms) - y, (number, *marks, *said), cards, bars)

    def _said(self, row: Row, y: float) -> tuple[float, list[Text]]:
        """The action, what changed that has no lane, and the verdict; where the next line would go."""
        lines = [(line, "body" if k else "action") for k, line in enumerate(filled(row.action, BODY, self.action))]
        lines += [(line, "note") for note in row.notes for line in filled(note, BODY, self.action, _MOST_NOTE_LINES)]
        lines += [(f"← {row.verdict}", "verdict")] if row.verdict else []
        texts = [
            Text(self.actions_at, y + _LINE * k, line, style, style == "note" and row.number > 0)
            for k, (line, style) in enumerate(lines)
        ]
        return y + _LINE * len(lines), texts

    def _bars(self, row: Row, top: float) -> tuple[Bar, ...]:
        """On the lanes where something happens, or that arrows leave or come to, and that have no card."""
        number, with_card = row.number, {card.lane for card in row.cards}
        return tuple(
            self._bar(lane, top, self.ports.height(number, lane))
            for lane in range(len(self.story.lanes))
            if lane not in with_card and (lane == row.at or self.ports.touch(number, lane))
        )

    def _bar(self, lane: int, top: float, height: float) -> Bar:
        return Bar(lane, self.columns.middles[lane], top, top + max(10.0, height))

    def _card(self, row: Row, card: StateCard, y: float) -> Placed:
        """A card, high enough for the arrows that arrive and leave there."""
        width = self.columns.widths[card.lane]
        box = box_of(card, width)
        height = max(box.height, self.ports.height(row.number, card.lane))
        box = CardBox(card, width, height, box.texts, box.pill, box.cells)
        return Placed(self.columns.middles[card.lane] - width / 2, y, box)

    def _bands(self, boxes: dict[int, RowBox], lane_bottom: float) -> tuple[Band, ...]:
        """Where nodes are down: from below the crash to above the restart."""
        found = []
        for outage in self.story.outages:
            first, last = boxes[outage.first], boxes[outage.last]
            bottom = last.y - 10 if outage.ended else lane_bottom
            found.append(Band(self.columns.middles[outage.lane], first.y + first.height, bottom))
        return tuple(found)


def _behind(rows: list[RowBox], lines: tuple[Line, ...]) -> tuple[tuple[Line, Segment], ...]:
    """The parts of arrows that cards hide; an arrow touches the edge of its own."""
    cards = Occupied()
    for card in (card for row in rows for card in row.cards):
        cards.put(Box(card.x + 1, card.y + 1, card.x + card.box.width - 1, card.y + card.box.height - 1))
    return tuple(
        (line, part)
        for line in lines
        for segment in zip(line.points, line.points[1:], strict=False)
        for part in cards.hidden(segment)
    )
