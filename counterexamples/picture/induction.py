"""A counterexample to induction as a story: a state that satisfies all conjuncts, and the step that breaks one.

There are elements, and relations between them, where a behaviour has nodes and fields.  Every element of a sort that acts
has a lane; a line of its card is what one relation says of it.  An element acts if it is the first parameter of an action.
A relation of nobody who acts stands with its first element, and one of no element at all in a lane of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcheck.counterexamples.picture.layout import Picture, picture_of
from mcheck.counterexamples.picture.parts import Item, Row, StateCard, Story
from mcheck.counterexamples.picture.svg import svg_of
from mcheck.counterexamples.relations import assignment_text, plural, singular, step_text, universe_text
from mcheck.spec.relational import Action, Sentence, Structure, System
from mcheck.spec.relational.sorts import SortType, Symbol, sort_of
from mcheck.spec.relational.structures import Element

_MOST_NAMED = 7
"""So many conjuncts are named beside the state that satisfies them; of more, how many they are."""


@dataclass(frozen=True)
class InductionStep:
    """The structure before, the step, and the structure after it, in which the conjunct is false; and the words around.

    `action` is None where the state is an initial one.
    """

    system: System
    action: Action | None
    values: tuple[Element, ...]
    conjunct: Sentence
    falsified_by: tuple[Element, ...]
    before: Structure
    after: Structure
    subject: str
    """The proof, and what is left out of it."""
    reachability: str
    """What is known of the state before."""
    command: str
    """What finds it again."""


def induction_svg(step: InductionStep) -> str:
    """The picture as a file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + svg_of(induction_picture(step)) + "\n"


def induction_picture(step: InductionStep) -> Picture:
    """The picture, for every format that has positions."""
    return picture_of(_Telling(step).story())


Lane = tuple[SortType, Element] | None
"""An element, or None for what is said of no element."""


class _Telling:
    """The story of one step."""

    def __init__(self, step: InductionStep) -> None:
        self.step = step
        self.lanes: tuple[Lane, ...] = tuple(_lanes(step.system, step.before))
        self.place = {lane: k for k, lane in enumerate(self.lanes)}

    def story(self) -> Story:
        step = self.step
        false = assignment_text(step.conjunct.parameters, step.falsified_by)
        after = "in this state" if step.action is None else "after the step"
        verdict = f"NOT INDUCTIVE {step.conjunct.name}"
        sentence = f"{step.conjunct.words} False {after}{f' for {false}' if false else ''}.".strip()
        return Story(
            verdict,
            sentence,
            (("", step.reachability),) if step.reachability else (),
            f"{step.subject} · {universe_text(step.before)}",
            tuple(map(self._head, self.lanes)),
            tuple(self._rows()),
            (),
            (),
            tuple(self._key()),
            (step.command,),
            " ".join([f"{verdict}.", sentence, step.reachability, self._told()]),
        )

    def _head(self, lane: Lane) -> str:
        """`acceptor a0`; of what belongs to no element, the beginning that all names have in common: `tm`."""
        if lane is not None:
            return f"{singular(lane[0])} {lane[1]}"
        names = {s.name.partition("_")[0] if "_" in s.name else "" for s in self.step.system.symbols if not s.domain}
        return (names.pop() if len(names) == 1 else "") or "elsewhere"

    # ------------------------------------------------------------------ rows

    def _rows(self) -> Iterator[Row]:
        """The state before with a card in every lane, and below it the lanes that the step changes."""
        step = self.step
        broken = f"breaks {step.conjunct.name}"
        if step.action is None:
            yield Row(0, "an initial state", (), tuple(self._cards(step.before)), None, verdict=broken)
            return
        yield Row(0, "a state that satisfies", self._satisfied(), tuple(self._cards(step.before)), None)
        changed = [card for card in self._cards(step.after) if any(item.changed for item in card.items)]
        yield Row(1, step_text(step.action, step.values), (), tuple(changed), self._at(), verdict=broken)

    def _satisfied(self) -> tuple[str, ...]:
        names = [c.name for c in self.step.system.conjuncts]
        if len(names) > _MOST_NAMED:
            return (f"all {len(names)} conjuncts",)
        return tuple(names)

    def _at(self) -> int | None:
        """The lane of whoever acts."""
        assert self.step.action is not None
        if not self.step.action.parameters:
            return self.place.get(None)
        return self.place.get((sort_of(self.step.action.parameters[0]), self.step.values[0]))

    def _cards(self, structure: Structure) -> Iterator[StateCard]:
        """The cards of the state before, or of that after with what has changed."""
        for k, lane in enumerate(self.lanes):
            items = [i for symbol in self.step.system.symbols for i in self._items(symbol, lane, structure)]
            yield StateCard(k, items=tuple(items))

    def _items(self, symbol: Symbol, lane: Lane, structure: Structure) -> Iterator[Item]:
        """The lines of one relation or function on one card: what was and is, what is gone, what is new."""
        before = self.step.before.table(symbol)
        table = structure.table(symbol)
        for row, value in before.items():
            if self._lane_of(symbol, row) == lane:
                yield _item(symbol, row, lane, value, "" if table.get(row) == value else "−")
        for row, value in table.items():
            if self._lane_of(symbol, row) == lane and before.get(row) != value:
                yield _item(symbol, row, lane, value, "+")

    def _lane_of(self, symbol: Symbol, row: tuple[Element, ...]) -> Lane:
        """The first of the row's elements that has a lane."""
        elements = zip(symbol.domain, row, strict=True)
        return next((element for element in elements if element in self.place), None)

    # ------------------------------------------------------------------ words

    def _key(self) -> Iterator[str]:
        signs = {item.text[:1] for card in self._cards(self.step.after) for item in card.items if item.changed}
        words = {"+": "+ what the step adds", "−": "− what it removes"}
        yield from (words[sign] for sign in words if sign in signs)
        several = (s for s, elements in self.step.before.universe.items() if s.order is not None and len(elements) > 1)
        drawn = {lane[0] for lane in self.lanes if lane is not None}
        yield from (f"{plural(sort)} in their order, from left to right" for sort in several if sort in drawn)

    def _told(self) -> str:
        """The cards in words, for those who cannot see them."""
        sentences = []
        for row in self._rows():
            cards = [
                f"{self._head(self.lanes[card.lane])}: {', '.join(f'{i.name} {i.text}'.strip() for i in card.items)}"
                for card in row.cards
                if card.items
            ]
            sentences.append(f"{row.action}: {'; '.join(cards)}.")
        return " ".join(sentences)


def _lanes(system: System, structure: Structure) -> Iterator[Lane]:
    """The elements of the sorts that have lanes, in the order of the file; then None, if anything is said of no element."""
    drawn = {sort_of(a.parameters[0]) for a in system.actions if a.parameters}
    for symbol in system.symbols:
        if symbol.domain and not drawn.intersection(symbol.domain):
            drawn.add(symbol.domain[0])
    for sort in (s for s in system.sorts if s in drawn):
        yield from ((sort, element) for element in structure.universe[sort])
    if any(not symbol.domain for symbol in system.symbols):
        yield None


def _item(symbol: Symbol, row: tuple[Element, ...], lane: Lane, value: Element, sign: str) -> Item:
    """`vote b0, v1` on the card of a0; `+ b0, v1` where the step adds it; a relation of one element is its name alone."""
    own = next((k for k, element in enumerate(zip(symbol.domain, row, strict=True)) if element == lane), None)
    rest = [str(x) for k, x in enumerate(row) if k != own]
    words = ", ".join(rest) if symbol.range is None else " ".join([", ".join(rest), f"= {value}"]).strip()
    if not words:
        return Item("", f"{sign} {symbol.name}".strip(), bool(sign))
    return Item(symbol.name, f"{sign} {words}".strip(), bool(sign))
