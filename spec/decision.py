"""Decision: what a protocol is for, in two methods that say what has been decided, and by whom the steps are taken.

    @decision
    def decided(self, s: State, v: Value) -> bool:
        \"\"\"Some process has decided v.\"\"\"
        return any(s.members[i].decision == v for i in Process)

    def participants(self) -> Iterable[Participant]:
        return [participant("process", self.propose, self.decide, each="i")]

What is decided stays decided: `decided(s, v)` is about what is known in s, by anybody.  The steps that no participant takes are
those of the environment: a crash, a message that is lost.  Source: M. Fischer, N. Lynch and M. Paterson, Impossibility of
Distributed Consensus with One Faulty Process, JACM 32 (1985), section 2, whose processes and events they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mcheck.spec.declare import Declaration
from mcheck.spec.errors import SpecError, place_of_definition
from mcheck.spec.fairness import Fairness, Named, admit, weak
from mcheck.spec.parameters import MemberParameter, Signature

if TYPE_CHECKING:
    from mcheck.spec.instance import Instance, Rule

DECIDED = "Some Value Is Decided"
"""The title of the temporal property that a run without a decision violates."""


@dataclass(frozen=True)
class Participant:
    """One process, or one for each combination of values of the parameters `goes_on.each`."""

    name: str
    goes_on: Fairness
    """Weak fairness of its steps: a process that is not faulty takes infinitely many of them."""

    def __str__(self) -> str:
        return f"participant {self.name!r}"


def participant(name: str, /, *actions: Named, each: str | Iterable[str] = (), **chosen: Any) -> Participant:
    """The process that takes the steps of these actions.

    `each`: parameters for each of whose values there is one.  Other keywords choose the value of a parameter.
    """
    if not isinstance(name, str) or not name:
        raise SpecError(f'a participant needs a name: participant("process", self.vote, each="i") (got {name!r:.60})')
    return Participant(name, weak(*actions, each=each, **chosen))


def decision_among(owner: str, rules: Iterable[Rule]) -> Rule | None:
    """The one rule that says what is decided; None where nothing does.  SpecError for two, or for one without a value."""
    found = [rule for rule in rules if rule.kind == "decision"]
    if len(found) > 1:
        raise SpecError(
            f"{owner} has two decisions, {found[0].name} and {found[1].name}: mark one method with @decision"
        )
    for rule in found:
        place = f"{place_of_definition(rule.function)}: {owner}.{rule.name}"
        if not rule.signature.parameters:
            raise SpecError(f"{place}: a decision needs the value that is decided: def {rule.name}(self, s, v: Value)")
        if any(isinstance(p, MemberParameter) for p in rule.signature.parameters):
            raise SpecError(f"{place}: a decision ranges over values, not over the members of a field")
    return found[0] if found else None


def admitted_participants(instance: Instance, stated: Any) -> tuple[Participant, ...]:
    """What a spec states, if it names what the spec has, and each action once.  SpecError.  Inside `instance.active()`."""
    where = f"{instance.name}.participants"
    if isinstance(stated, Participant) or not isinstance(stated, Iterable):
        raise SpecError(f"{where} must return a list of participant(…) (got {stated!r:.60})")
    found = tuple(stated)
    taken: dict[str, Participant] = {}
    for one in found:
        if not isinstance(one, Participant):
            raise SpecError(f"{where} must return a list of participant(…) (got {one!r:.60} in it)")
        admit(instance, f"{where}: {one}", one.goes_on)
        for action in one.goes_on.actions:
            other = taken.setdefault(action, one)
            if other is not one and not (one.goes_on.chosen and other.goes_on.chosen):
                raise SpecError(f"{where}: {action} is a step of {other.name!r} and of {one.name!r}: one takes it")
    return found


def some_decision(instance: Instance) -> Rule | None:
    """The temporal property ◇(some value is decided); None where the spec does not say what is decided."""
    rule = instance.decision
    if rule is None:
        return None
    values = list(rule.signature.arguments(None))

    def decided(spec: Any, state: Any) -> bool:
        """Somebody decides at last, whatever it is."""
        return any(rule.function(spec, state, *value) for value in values)

    return replace(rule, declaration=Declaration("eventually", DECIDED, decided), signature=Signature(()))
