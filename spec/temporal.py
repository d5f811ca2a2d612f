"""Temporal properties: what a fair behaviour must come to, said with the predicates that its states are judged by.

    ◇P   eventually           P is true in some state
    □◇P  always_eventually    P is true again and again
    ◇□P  eventually_always    P is true from some state on
    P↝Q  leads_to             whenever P is true, Q is true then or later

Each for all values of the parameters, which stand outside of the operator: for all i, ◇P(i).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcheck.spec.errors import SpecError, place_of_definition
from mcheck.spec.parameters import MemberParameter

if TYPE_CHECKING:
    from mcheck.spec.instance import Instance, Rule


def truth(instance: Instance, rule: Rule, state: Any, arguments: tuple[Any, ...]) -> tuple[bool, bool]:
    """(P, Q) of a `leads_to`, (True, P) of the others, in a state.  Must run inside `instance.active()`.

    Failure where the method fails, or returns something else.
    """
    try:
        answer = rule.function(instance.spec, state, *arguments)
    except Exception as error:
        raise instance.failure(rule, arguments, state, error) from error
    pair = rule.kind == "leads_to"
    given = answer if pair else (True, answer)
    if not isinstance(given, tuple) or len(given) != 2 or not all(type(x) is bool for x in given):
        wanted = "a pair of bools, (P, Q) of P leads to Q" if pair else "a bool"
        raise instance.failure(
            rule, arguments, state, SpecError(f"{rule.kind} must return {wanted} (got {answer!r:.60})")
        )
    return given


def refuse_members(instance: Instance, rule: Rule) -> None:
    """SpecError for a parameter that ranges over what a field holds: time passes inside of the operator."""
    for parameter in rule.signature.parameters:
        if isinstance(parameter, MemberParameter):
            raise SpecError(
                f"{place_of_definition(rule.function)}: {instance.name}.{rule.name}: parameter {parameter.name} ranges over the "
                f"members of {parameter.field!r}, which change while time passes: let it range over its whole domain"
            )
