"""Following: an implementation takes the steps of a specification, and what its nodes show is compared after each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcheck.conformance.adapter import Observation, Performer, failure_of
from mcheck.conformance.observing import Difference, as_json, observed
from mcheck.counterexamples.lanes import Lanes
from mcheck.spec import Behavior, Index, Instance, McheckError, UsageError
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import MapOf, RecordOf
from mcheck.spec.indexes import ordinal_of

_NAMES = {
    "role": ("role", "state", "status"),
    "term": ("current_term", "term"),
    "vote": ("voted_for", "vote"),
    "commit": ("commit_index", "commit"),
    "log": ("log",),
}
"""What an observation has, and the fields of a specification that mean the same, in the order of preference."""


@dataclass(frozen=True)
class Followed:
    """What came of one case."""

    case: int
    steps: int
    """Steps after which the implementation agreed with the specification."""
    label: str | None = None
    """The step after which it did not."""
    differences: tuple[Difference, ...] = ()
    failure: str | None = None
    """What the implementation raised instead of taking the step."""


class Follower:
    """Compares an implementation with one instance of a specification."""

    def __init__(self, instance: Instance, adapter: Performer, options: Mapping[str, str]) -> None:
        self.instance, self.adapter, self.options = instance, adapter, options
        self.lanes = Lanes(instance)
        self.fields = _card_domains(instance, self.lanes)
        self.compared = {
            name: next(f for f in names if f in self.fields)
            for name, names in _NAMES.items()
            if any(f in self.fields for f in names)
        }
        if not self.lanes.members or not self.compared:
            raise UsageError(
                f"{instance.name} has nothing that a node shows: its states need a map of nodes with fields like {', '.join(_NAMES)}"
            )

    def follow(self, behaviors: Iterable[Behavior]) -> list[Followed]:
        """What comes of each behaviour."""
        return [self._one(number, behavior) for number, behavior in enumerate(behaviors, start=1)]

    def _one(self, case: int, behavior: Behavior) -> Followed:
        doing = "reset"
        with self.instance.active():
            try:
                self.adapter.reset(len(self.lanes.members), 0, self.options)
                apart = self._apart(behavior.initial)
                if apart:
                    return Followed(case, 0, "initially", apart)
                for number, step in enumerate(behavior.steps):
                    doing = step.label
                    pairs = zip(step.action.signature.parameters, step.arguments, strict=True)
                    self.adapter.perform(step.action.name, {p.name: as_json(p.domain, v) for p, v in pairs})
                    apart = self._apart(step.state)
                    if apart:
                        return Followed(case, number, step.label, apart)
            except McheckError as error:
                return Followed(case, 0, doing, (), str(error))
            except Exception as error:
                return Followed(case, 0, doing, (), str(failure_of(error, doing)))
        return Followed(case, len(behavior.steps))

    def _apart(self, state: Any) -> tuple[Difference, ...]:
        """Where nodes show something else than the state says of them."""
        return tuple(d for member in self.lanes.members for d in self._node(state, member))

    def _node(self, state: Any, member: Index) -> list[Difference]:
        card = self.lanes.card(state, member)
        seen = self.adapter.observe(ordinal_of(member))
        found = []
        for name, field in self.compared.items():
            place = f"n{ordinal_of(member)}.{field}"
            said = observed(self.fields[field], _said(seen, name), place)
            found += said.differences(card[field], place)
        return found


def _said(seen: Observation, name: str) -> Any:
    """A part of an observation as JSON; a command that is a number is that value."""
    if name == "log":
        return [[term, int(command) if command.isdigit() else command] for term, command in seen.log]
    return getattr(seen, name)


def _card_domains(instance: Instance, lanes: Lanes) -> dict[str, Domain]:
    """The domains of the fields on a card."""
    found: dict[str, Domain] = {}
    card = lanes.card(instance.initial[0], lanes.members[0]) if lanes.members else {}
    for name, domain in instance.state_domain.fields.items():
        if isinstance(domain, MapOf) and isinstance(domain.value, RecordOf) and name not in card:
            found |= {f: d for f, d in domain.value.fields.items() if f in card}
        elif isinstance(domain, MapOf) and name in card:
            found[name] = domain.value
    return found
