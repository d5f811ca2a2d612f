"""A comparison as a table, and as one JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcheck import __version__
from mcheck.comparison import Entry, Found, Group, as_declared, undecided
from mcheck.protocols import Protocol
from mcheck.scope import bounds_text, constants_text, counted, lasso_lengths
from mcheck.spec import Instance
from mcheck.terminal import Terminal


@dataclass(frozen=True)
class ComparisonReport:
    """Writes what was found; an entry that is missing from `found` was not searched."""

    protocol: Protocol
    instance: Instance
    """The good spec with the constants that were given."""
    groups: list[Group]
    found: Mapping[Entry, Found]
    seconds: float
    interrupted: bool

    @property
    def entries(self) -> list[Entry]:
        """All lines in order."""
        return [entry for group in self.groups for entry in group.entries]

    # ------------------------------------------------------------------ text

    def text(self, terminal: Terminal) -> str:
        """One block for each set of constants and bounds, a line for each search, and the sum of it."""
        tweaks = len({e.variant.tweak for e in self.entries} - {None})
        lines = [f"mcheck {__version__} · {self.protocol.name} and {counted(tweaks, 'tweak')}"]
        names = max(len(e.variant.words) for e in self.entries)
        results = max((len(_result(e, f)) for e, f in self.found.items() if f.error is None), default=0)
        for group in self.groups:
            lines += ["", self._scope(group)]
            for entry in group.entries:
                row = f"  {entry.variant.words.ljust(names)}  {self._row(entry, results)}".rstrip()
                lines.append(terminal.style(row, "bad") if self._differs(entry) else row)
        return "\n".join([*lines, "", *self._summary()])

    def _scope(self, group: Group) -> str:
        verb = ["liveness"] if group.temporal else []
        if group.scope:
            return " ".join([*verb, *group.scope])
        bounds = [] if group.temporal else [bounds_text(self.instance)]
        return " · ".join(part for part in (*verb, *constants_text(self.instance), *bounds) if part)

    def _differs(self, entry: Entry) -> bool:
        found = self.found.get(entry)
        return found is not None and as_declared(entry, found) is False

    def _row(self, entry: Entry, results: int) -> str:
        found = self.found.get(entry)
        if found is None:
            return "not searched"
        if found.error is not None:
            return f"ERROR {found.error}"
        states = counted(found.distinct, "state").rjust(16)
        figures = f"{_result(entry, found).ljust(results)}  {states}  {found.seconds:5.1f} s"
        if self._differs(entry):
            return f"{figures}  DIFFERS: {_expected(entry)}"
        if entry.outcome is None:
            return figures
        return f"{figures}  {'as declared' if as_declared(entry, found) else _expected(entry)}"

    def _summary(self) -> Iterator[str]:
        answered = self.found.items()
        tweaks = [(e, f) for e, f in answered if e.variant.tweak is not None or e.outcome is not None]
        amounts = {
            "as declared": sum(as_declared(e, f) is True for e, f in tweaks),
            "DIFFER": sum(as_declared(e, f) is False for e, f in answered),
            "not decided": sum(undecided(e, f) for e, f in answered),
            "with nothing declared": sum(e.outcome is None for e, _ in tweaks),
            "in error": sum(f.error is not None for _, f in answered),
        }
        searches = "1 search" if len(answered) == 1 else f"{len(answered)} searches"
        parts = [f"{number} {words}" for words, number in amounts.items() if number]
        yield f"{searches} in {self.seconds:.0f} s{': ' if parts else ''}{', '.join(parts)}."
        if self.interrupted:
            yield f"INTERRUPTED: {len(self.entries) - len(answered)} of {len(self.entries)} were not searched to the end."
        if any(f.symmetry for f in self.found.values()):
            yield "States that differ by renaming nodes are counted as one where the spec allows it."

    # ------------------------------------------------------------------ JSON

    def document(self) -> dict[str, Any]:
        """Keys are only ever added."""
        return {
            "schema": 1,
            "protocol": self.protocol.name,
            "rows": [_json_row(entry, self.found[entry]) for entry in self.entries if entry in self.found],
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
        }


def _result(entry: Entry, found: Found) -> str:
    """`breaks Election Safety in 7 steps`."""
    if found.stem is not None and found.cycle is not None:
        return f"breaks {found.property} ({lasso_lengths(found.stem, found.cycle)})"
    if found.result == "violated":
        return f"breaks {found.property} in {counted(found.steps or 0, 'step')}"
    if found.result in ("inconclusive", "refused"):
        return f"not decided: {found.reason}"
    if found.result == "holds":
        return "holds"
    return f"holds up to {f'depth {entry.variant.depth}' if found.unexpanded else 'its bounds'}"


def _expected(entry: Entry) -> str:
    if entry.expected is None:
        return "the protocol itself is to hold"
    return f"declared: {entry.expected.words}"


def _json_row(entry: Entry, found: Found) -> dict[str, Any]:
    outcome = entry.outcome
    declared = None
    if outcome is not None:
        declared = {
            "kind": outcome.kind, "property": outcome.property, "steps": outcome.steps, "depth": outcome.depth,
            "properties": list(outcome.titles), "fairness": outcome.fairness, "stem": outcome.stem, "cycle": outcome.cycle,
        }  # fmt: skip
    return {
        "tweak": entry.variant.tweak,
        "constants": found.constants,
        "bounds": found.bounds,
        "depth": entry.variant.depth,
        "checked": list(entry.variant.properties) or None,
        "verdict": None if found.error is not None else found.result,
        "property": found.property,
        "steps": found.steps,
        "distinct": found.distinct,
        "generated": found.generated,
        "seconds": round(found.seconds, 3),
        "engine": found.engine,
        "symmetry": found.symmetry,
        "reason": found.reason,
        "cut": found.cut,
        "declared": declared,
        "as_declared": as_declared(entry, found),
        "error": found.error,
        "fairness": entry.variant.fairness,
        "stem": found.stem,
        "cycle": found.cycle,
    }
