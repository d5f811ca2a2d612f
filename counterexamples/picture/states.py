"""Whole states as tables of HTML: a column for each node, a row for each field, and below what belongs to no node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.lanes import Card, Lanes
from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.picture.svg import plain
from mcheck.spec import Bag, Channels, Map
from mcheck.spec.bags import counts_of
from mcheck.spec.sets import sorted_members


class StateTables:
    """Writes the states of one behaviour."""

    def __init__(self, counterexample: Counterexample) -> None:
        self.behavior = counterexample.behavior
        self.lanes = Lanes(self.behavior.instance)
        self.notation = Notation(self.behavior.instance)

    def sections(self) -> Iterable[str]:
        """One section for each state, all but the last hidden."""
        states, last = self.behavior.states, len(self.behavior.steps)
        for number, state in enumerate(states):
            before = states[number - 1] if number else state
            title = f"Step {number}: {self.notation.step(self.behavior.steps[number - 1])}" if number else "Initially"
            hidden = "" if number == last else " hidden"
            yield "\n".join(
                [
                    f'<section class="state" data-step="{number}"{hidden}>',
                    f"<h2>{plain(title)}</h2>",
                    *self._tables(before, state),
                    "</section>",
                ]
            )

    def _tables(self, before: Any, state: Any) -> list[str]:
        drawn = []
        members = self.lanes.members
        if members:
            heads = "".join(f'<th scope="col">{plain(self.notation.member(m))}</th>' for m in members)
            old, new = self.lanes.cards(before), self.lanes.cards(state)
            rows = [
                f'<tr><th scope="row">{plain(field)}</th>'
                + "".join(self._cell(old[m][field], new[m][field]) for m in members)
                + "</tr>"
                for field in new[members[0]]
            ]
            drawn += ["<table>", f"<thead><tr><td></td>{heads}</tr></thead>", "<tbody>", *rows, "</tbody>", "</table>"]
        return [*drawn, *self._shared(self.lanes.shared(before), self.lanes.shared(state))]

    def _shared(self, before: Card, after: Card) -> list[str]:
        if not after:
            return []
        rows = [
            f'<tr><th scope="row">{plain(field)}</th>{self._cell(before[field], value)}</tr>'
            for field, value in after.items()
        ]
        return ["<table>", "<tbody>", *rows, "</tbody>", "</table>"]

    def _cell(self, before: Any, after: Any) -> str:
        """A value, marked if it is new; of a collection each member on a line of its own."""
        if isinstance(after, frozenset | Bag) and len(after) > 1:
            pairs = counts_of(after) if isinstance(after, Bag) else [(m, 1) for m in sorted_members(after)]
            had = dict(counts_of(before)) if isinstance(before, Bag) else dict.fromkeys(before, 1)
            lines = [_marked(plain(self.notation.copies(m, n)), had.get(m) != n) for m, n in pairs]
            return f"<td>{'<br>'.join(lines)}</td>"
        if isinstance(after, Map):
            lines = [
                _marked(plain(f"{self.notation.key(k)}: {self.notation.value(v)}"), before[k] != v)
                for k, v in after.items()
            ]
            return f"<td>{'<br>'.join(lines)}</td>"
        if isinstance(after, Channels):
            queues = zip(after.queues(), before.queues(), strict=True)
            lines = [
                _marked(plain(f"{self.notation.key(ends)}: {self.notation.value(q)}"), q != old)
                for (ends, q), (_, old) in queues
                if q or old
            ]
            return f"<td>{'<br>'.join(lines)}</td>"
        return f"<td>{_marked(plain(self.notation.value(after)), before != after)}</td>"


def _marked(text: str, changed: bool) -> str:
    return f"<ins>{text}</ins>" if changed else text
