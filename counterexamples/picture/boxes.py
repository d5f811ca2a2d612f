"""A card as text and boxes, placed relative to its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

from mcheck.counterexamples.picture.measure import filled, text_width
from mcheck.counterexamples.picture.parts import Cell, Item, Log, StateCard

ROLE, BODY, SMALL = 11.5, 11.0, 9.5
PADDING = 8.0
_HEAD, _LINE, _CELL, _POSITION = 24.0, 15.0, 17.0, 12.0
_COMMAND, _WIDEST_CELL = 11.0, 92.0
_MARK = 14.0
_WIDEST = 236.0
_NARROWEST = 64.0
_MOST_LINES = 6


@dataclass(frozen=True)
class Text:
    """One line of text; `style` names a class of the picture's style sheet."""

    x: float
    y: float
    text: str
    style: str
    changed: bool = False
    anchor: str = "start"


@dataclass(frozen=True)
class Pill:
    """The role: a word on a coloured ground."""

    x: float
    y: float
    width: float
    height: float
    shade: int


@dataclass(frozen=True)
class CellBox:
    """One entry of a log."""

    x: float
    y: float
    width: float
    height: float
    cell: Cell


@dataclass(frozen=True)
class CardBox:
    """A card and what is in it."""

    card: StateCard
    width: float
    height: float
    texts: tuple[Text, ...]
    pill: Pill | None
    cells: tuple[CellBox, ...]


def natural_width(card: StateCard) -> float:
    """The width at which nothing in the card is wrapped, up to a limit."""
    items = [text_width(f"{i.name} {i.text}".strip(), BODY) for i in card.items]
    if items and card.marks and not _has_head(card):
        items[0] += _marks_width(card)
    widths = [_head_width(card), *items, *map(_log_width, card.logs)]
    return min(_WIDEST, max(_NARROWEST, 2 * PADDING + max(widths)))


def box_of(card: StateCard, width: float) -> CardBox:
    """The card, laid out in this width."""
    texts: list[Text] = []
    cells: list[CellBox] = []
    y = PADDING
    pill = None
    beside = 0.0
    if _has_head(card):
        pill = _head(card, width, texts)
        y += _HEAD
    elif card.marks:
        texts.append(Text(width - PADDING, y + 11, card.marks, "mark", anchor="end"))
        beside = _marks_width(card)
    for k, item in enumerate(card.items):
        y = _item(item, width - (0.0 if k else beside), y, texts)
    if not card.items and card.logs and beside:
        y += _LINE
    for log in (_fitting(log, width - 2 * PADDING) for log in card.logs):
        y = _log(log, len(card.logs) > 1 or log.name != "log", y, texts, cells)
    if y == PADDING:
        texts.append(Text(width / 2, y + 10, "–", "soft", anchor="middle"))
        y += _LINE
    return CardBox(card, width, y + PADDING - 4, tuple(texts), pill, tuple(cells))


def _head_width(card: StateCard) -> float:
    role = 0.0 if card.role is None else text_width(card.role.text, ROLE) + 2 * PADDING
    term = 0.0 if card.term is None else text_width(f"{card.term.name} {card.term.text}", ROLE) + PADDING
    return role + term + (_marks_width(card) if card.marks else 0)


def _has_head(card: StateCard) -> bool:
    """Whether a card begins with a role or a term; the numbers of facts stand beside them then, else beside its first line."""
    return card.role is not None or card.term is not None


def _marks_width(card: StateCard) -> float:
    return text_width(card.marks, _MARK) + PADDING


def _head(card: StateCard, width: float, texts: list[Text]) -> Pill | None:
    """The role on its ground, the term beside it, the numbers of facts at the right."""
    x, baseline, pill = PADDING, PADDING + 12, None
    if card.role is not None:
        pill = Pill(x, PADDING - 1, text_width(card.role.text, ROLE) + 2 * PADDING, 18, card.shade)
        texts.append(Text(x + PADDING, baseline, card.role.text, "role", card.role.changed))
        x += pill.width + PADDING
    if card.term is not None:
        texts.append(Text(x, baseline, f"{card.term.name} {card.term.text}", "role", card.term.changed))
    if card.marks:
        texts.append(Text(width - PADDING, baseline, card.marks, "mark", anchor="end"))
    return pill


def _item(item: Item, width: float, y: float, texts: list[Text]) -> float:
    """The name of a field in a softer ink, and its value; where the next line goes."""
    lines = filled(f"{item.name} {item.text}".strip(), BODY, width - 2 * PADDING, _MOST_LINES)
    for k, line in enumerate(lines):
        x, baseline = PADDING, y + 11 + _LINE * k
        if k == 0 and item.name and line.startswith(item.name):
            texts.append(Text(x, baseline, item.name, "soft"))
            x += text_width(f"{item.name} ", BODY)
            line = line[len(item.name) :].strip()
        if line:
            texts.append(Text(x, baseline, line, "body", item.changed))
    return y + _LINE * len(lines)


def _log_width(log: Log) -> float:
    return sum(map(_cell_width, log.cells)) + (text_width("…", BODY) + 4 if log.hidden else 0)


def _fitting(log: Log, width: float) -> Log:
    """The log with as many of its last cells as fit; one is always shown."""
    while _log_width(log) > width and len(log.cells) > 1:
        log = Log(log.name, log.cells[1:], log.hidden + 1)
    return log


def _cell_width(cell: Cell) -> float:
    return max([24.0, text_width(cell.term, BODY) + 8, *(text_width(line, SMALL) + 8 for line in _command(cell))])


def _command(cell: Cell) -> list[str]:
    return filled(cell.command, SMALL, _WIDEST_CELL) if cell.command else []


def _log(log: Log, named: bool, y: float, texts: list[Text], cells: list[CellBox]) -> float:
    """Position above, box below; in the box the term and the command.  Where the next line goes."""
    x = PADDING
    if named:
        texts.append(Text(x, y + 11, log.name, "soft"))
        y += _LINE
    if log.hidden:
        texts.append(Text(x, y + _POSITION + 16, "…", "soft"))
        x += text_width("…", BODY) + 4
    height = _CELL + _COMMAND * max([1, *(len(_command(cell)) for cell in log.cells)])
    for cell in log.cells:
        width = _cell_width(cell)
        middle = x + width / 2
        texts.append(Text(middle, y + 9, str(cell.position), "position", anchor="middle"))
        cells.append(CellBox(x, y + _POSITION, width, height, cell))
        style = "dropped" if cell.dropped else "term"
        if cell.term:
            texts.append(Text(middle, y + _POSITION + 12, cell.term, style, cell.changed, "middle"))
        down = 23 if cell.term else 18
        for k, line in enumerate(_command(cell)):
            texts.append(Text(middle, y + _POSITION + down + _COMMAND * k, line, "command", cell.changed, "middle"))
        x += width
    return y + _POSITION + height + 5
