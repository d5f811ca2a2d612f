"""Specifications for the export: one that uses every operation and never fails, and those that cannot be exported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from tests.spec.wide_toy import Colour, Node, State, Tick, WideToy

from mcheck.spec import (
    AtMost,
    Bag,
    Fairness,
    Range,
    Record,
    Set,
    Spec,
    action,
    always_eventually,
    any,
    constraint,
    eventually_always,
    leads_to,
    len,
    max,
    require,
    strong,
    weak,
)


class Quiet(WideToy):
    """The toy that uses every operation of the language, where nothing fails."""

    @action
    def pop(self, s: State, i: Node) -> State:
        me = s.processes[i]
        require(me.colour == Colour.BLUE and len(me.log) > 0, "it is blue, and has a log")
        return s.replace(processes=s.processes.set(i, me.replace(last=me.log[-1], log=me.log[:-1])))

    @action
    def look(self, s: State, i: Node) -> State:
        me = s.processes[i]
        require(me.up and me.colour == Colour.GREEN, "it is up and green")
        require(any(not isinstance(m, Tick) or m.epoch > 0 for m in s.network), "there is a message")
        best = max(m.epoch for m in s.network if not isinstance(m, Tick) or m.epoch > 0)
        return s.replace(processes=s.processes.set(i, me.replace(epoch=best)))

    @action
    def paint(self, s: State, i: Node, c: Colour) -> State:
        me = s.processes[i]
        require(me.colour != c and me.offset > -2 and me.offset < 2, "another colour, and nothing overflows")
        return super().paint(s, i, c)

    @constraint("little is said")
    def little_is_said(self, s: State) -> bool:
        """As much as can be explored in a moment."""
        return len(s.ticks) + len(s.history) + len(s.bag) + len(s.network) <= 1


class Lamp(Record):
    on: bool = False
    pressed: Annotated[int, Range(0, 3)] = 0


class Switch(Spec[Lamp]):
    """A lamp, with fairness and temporal properties of every kind."""

    @action
    def press(self, s: Lamp, on: bool) -> Lamp:
        require(s.on != on, "it is not so already")
        return s.replace(on=on, pressed=(s.pressed + 1) % 4)

    def init(self) -> Iterable[Lamp]:
        return [Lamp(), Lamp(on=True), Lamp(pressed=2)]

    def jammed(self, s: Lamp, on: bool) -> bool:
        return s.pressed == 3 and not on

    def fairness(self) -> list[Fairness]:
        return [weak(self.press, each="on", unless=self.jammed), strong(self.press, on=True)]

    @always_eventually("Light")
    def light(self, s: Lamp) -> bool:
        return s.on

    @eventually_always("Still")
    def still(self, s: Lamp) -> bool:
        return s.pressed == 3 and s.on

    @leads_to("Dark Becomes Light")
    def becomes_light(self, s: Lamp) -> tuple[bool, bool]:
        return not s.on, s.on


class Bagged(Record):
    bag: Annotated[Bag[Lamp], AtMost(1)] = Bag()


class AnyBag(Spec[Bagged]):
    """Takes any bag as a parameter: TLA+ has no finite set of them."""

    def init(self) -> Bagged:
        return Bagged()

    @action
    def put(self, s: Bagged, b: Annotated[Bag[Lamp], AtMost(1)]) -> Bagged:
        return s.replace(bag=b)


class Numbered(Record):
    value: Annotated[int, Range(0, 1)] = 0


class Named(Record):
    value: Set[bool] = Set()


class Mixed(Record):
    held: Annotated[Set[Numbered | Named], AtMost(2)] = Set()


class Confusing(Spec[Mixed]):
    """Two kinds of records whose fields of one name cannot be compared."""

    def init(self) -> Mixed:
        return Mixed()

    @action
    def put(self, s: Mixed, v: Numbered | Named) -> Mixed:
        return s.replace(held=s.held.add(v))
