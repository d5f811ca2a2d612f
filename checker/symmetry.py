"""Symmetry reduction: states that differ by a permutation of scalarset members are explored once.

Source: Ip & Dill, Better verification through symmetry (1996).  A scalarset has no order and no literals, so a spec
cannot tell its members apart; but this is Python, where a helper can (`Node(0)`, the first member of a loop), so that
is looked into before it is relied on: by the text of the traced rules, and where that does not decide, by a test.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations, product
from math import factorial, prod
from typing import Any

from mcheck.checker.structure import unchanged
from mcheck.spec import Cut, Failure, Instance, Rule, UsageError, order_key
from mcheck.spec.domains.base import Renaming
from mcheck.spec.indexes import IndexType
from mcheck.spec.parameters import TableParameter
from mcheck.spec.records import field_values
from mcheck.spec.tracing.trace import trace

_SAMPLE, _AT_LEAST, _WORK, _WALK, _STEPS = 200, 60, 40_000, 25, 8
_LARGEST_GROUP = 50_000


class Canonical:
    """Maps a state to the least state, by `order_key`, that a permutation of scalarset members turns it into.

    Exact: two states have the same canonical form if and only if one is a permutation of the other.  Records are
    ordered field by field, so after each field only the permutations that make it least are kept.  Cost: at most one
    renaming of each field for every permutation, and n! permutations of a scalarset of n.
    """

    def __init__(self, instance: Instance) -> None:
        number = prod(factorial(instance.size_of(cls)) for cls in scalarsets(instance))
        if number > _LARGEST_GROUP:
            raise UsageError(
                f"{instance.name}: {number:,} permutations are too many for the reference engine (at most {_LARGEST_GROUP:,}): use the native engine, or --no-symmetry"
            )
        self.domain = instance.state_domain
        names = ", ".join(cls.__name__ for cls in scalarsets(instance))
        self.note = f"states are counted up to permutations of {names}" if names else "there is nothing to permute"
        self.fields = [k for k, d in enumerate(self.domain.domains) if d.indexes()]
        self.renamings = tuple(_renamings(instance))
        self.all = tuple(range(len(self.renamings)))
        self.least = lru_cache(maxsize=1 << 16)(self._least)

    def __call__(self, state: Any) -> Any:
        """The canonical form of `state`."""
        values, kept = field_values(state), self.all
        for position in self.fields:
            if len(kept) == 1:
                break
            kept = self.least(position, values[position], kept)
        return self.domain.rename(state, self.renamings[kept[0]])

    def _least(self, position: int, value: Any, kept: tuple[int, ...]) -> tuple[int, ...]:
        """Those of the renamings `kept` that make this field least."""
        domain = self.domain.domains[position]
        keys = [order_key(domain.rename(value, self.renamings[k])) for k in kept]
        least = min(keys)
        return tuple(k for k, key in zip(kept, keys, strict=True) if key == least)


def scalarsets(instance: Instance) -> tuple[IndexType, ...]:
    """The scalarsets with at least two members that occur in states, by name."""
    found = [cls for cls in instance.state_domain.indexes() if instance.size_of(cls) > 1]
    return tuple(sorted(found, key=lambda cls: (cls.__name__, cls.__module__)))


def _renamings(instance: Instance) -> Iterator[Renaming]:
    """Every combination of a permutation of each scalarset, the identity first."""
    classes = scalarsets(instance)
    for images in product(*(permutations(_members(instance, cls)) for cls in classes)):
        yield dict(zip(classes, images, strict=True))


def _members(instance: Instance, cls: IndexType) -> list[Any]:
    return [cls.member(k) for k in range(instance.size_of(cls))]


class _Swap:
    """The exchange of two members of one scalarset; the exchanges of neighbours generate all permutations."""

    def __init__(self, instance: Instance, cls: IndexType, k: int) -> None:
        images = _members(instance, cls)
        self.pair = f"{cls.__name__}({k}) and {cls.__name__}({k + 1})"
        images[k], images[k + 1] = images[k + 1], images[k]
        self.renaming: Renaming = {cls: tuple(images)}
        self.rename_state = instance.state_domain.rename

    def __call__(self, state: Any) -> Any:
        return self.rename_state(state, self.renaming)


def why_not_symmetric(instance: Instance) -> str | None:
    """Why states that differ by a permutation must not be identified; None if nothing speaks against it.

    First by type: a rule whose traced form names a member, `Node(0)`, is refused with its line.  Then what does not depend
    on states is compared exactly: the initial states, the tables that parameters range over, and the text of each rule
    before and after an exchange.  Where the texts differ, the rules are compared on 100 states from random walks and 100
    random well-typed ones; on fewer, but 30 of each, once 40,000 cases are evaluated.  Deterministic.  LanguageError, with
    file and line, for a spec that cannot be traced.
    """
    swaps = _swaps(instance)
    if not swaps:
        return None
    with instance.active():
        return _by_text(instance, swaps) or (_rules(instance, swaps) if not _same_text(instance, swaps) else None)


def symmetric_by_type(instance: Instance) -> bool:
    """Whether renaming members changes nothing, by the text of the spec alone: no state is sampled.

    This is what symmetry reduction rests on where nobody has asked for it.  Costs milliseconds.
    """
    swaps = _swaps(instance)
    with instance.active():
        return bool(swaps) and _by_text(instance, swaps) is None and _same_text(instance, swaps)


def orbit(instance: Instance, state: Any, most: int) -> dict[Any, tuple[Renaming, ...]] | None:
    """Every state that renamings of scalarset members make of this one, with the exchanges that lead back to it, in order.

    None if there are more than `most`.  Cost: one renaming for each member and exchange of neighbours.
    """
    swaps = _swaps(instance)
    found: dict[Any, tuple[Renaming, ...]] = {state: ()}
    queue = [state]
    for member in queue:  # grows while it is read
        for swap in swaps:
            image = swap(member)
            if image not in found:
                found[image] = (swap.renaming, *found[member])  # an exchange undoes itself
                queue.append(image)
        if len(found) > most:
            return None
    return found


def _swaps(instance: Instance) -> list[_Swap]:
    """The exchanges of neighbours, which generate all permutations."""
    return [_Swap(instance, cls, k) for cls in scalarsets(instance) for k in range(instance.size_of(cls) - 1)]


def _by_text(instance: Instance, swaps: list[_Swap]) -> str | None:
    """What speaks against symmetry without looking at any state but the initial ones."""
    return _named(instance) or _initial_states(instance, swaps) or _tables(instance, swaps)


def _same_text(instance: Instance, swaps: list[_Swap]) -> bool:
    """Whether every rule reads the same after each exchange, in this spec and in those it implements."""
    rules = trace(instance).rules.values()
    if not all(unchanged(rule, swap.renaming) for rule in rules for swap in swaps):
        return False
    refined = [refinement.other for refinement in instance.refinements.values()]
    return all(not _swaps(other) or symmetric_by_type(other) for other in refined)


def _named(instance: Instance) -> str | None:
    """Where a rule names a member of a scalarset that is to be permuted."""
    permuted = scalarsets(instance)
    for name, traced in trace(instance).rules.items():
        for cls, place in traced.named.items():
            if cls in permuted:
                return f"{place}: {name} names a member of {cls.__name__}"
    return None


def _initial_states(instance: Instance, swaps: list[_Swap]) -> str | None:
    given = set(instance.initial)
    for swap in swaps:
        if any(swap(state) not in given for state in instance.initial):
            return f"init treats {swap.pair} differently"
    return None


def _tables(instance: Instance, swaps: list[_Swap]) -> str | None:
    """Whether what a parameter ranges over, by OneOf or Where, changes with the names of the members."""
    for rule in (*instance.actions, *instance.properties, *instance.lemmas, *instance.constraints):
        for parameter in rule.signature.parameters:
            if not isinstance(parameter, TableParameter) or parameter.whole:
                continue
            table = set(parameter.table)
            for swap in swaps:
                if any(parameter.domain.rename(value, swap.renaming) not in table for value in parameter.table):
                    return f"the values of parameter {parameter.name} of {rule.name} treat {swap.pair} differently"
    return None


def _rules(instance: Instance, swaps: list[_Swap]) -> str | None:
    """Whether an action or property was met that does not commute with an exchange."""
    rules, work = (*instance.actions, *instance.properties, *instance.lemmas, *instance.constraints), 0
    for number, state in enumerate(_sample(instance)):
        work += sum(1 for rule in rules for _ in rule.signature.arguments(state))
        if work > _WORK and number >= _AT_LEAST:
            break
        swap = swaps[number // 2 % len(swaps)]  # both kinds of states for every exchange
        exchanged = swap(state)
        for action in instance.actions:
            images = Counter({_renamed(swap, end): n for end, n in _ends(instance, action, state).items()})
            if images != _ends(instance, action, exchanged):
                return f"action {action.name} treats {swap.pair} differently"
        for rule in (*instance.properties, *instance.lemmas, *instance.constraints):
            if _answers(instance, rule, state, swap) != _answers(instance, rule, state, None):
                return f"{rule.title!r} treats {swap.pair} differently"
    return None


def _sample(instance: Instance) -> Iterator[Any]:
    """States from random walks and random states in turn; no seed, clock or hash changes them."""
    rng = random.Random(f"symmetry of {instance.name}")
    walk = _walk(instance, rng)
    for _ in range(_SAMPLE // 2):
        yield next(walk)
        yield instance.state_domain.random(rng)


def _walk(instance: Instance, rng: random.Random) -> Iterator[Any]:
    while True:
        state = rng.choice(instance.initial)
        for _ in range(_WALK):
            yield state
            inside = _successors(instance, state)
            if not inside:
                break
            state = rng.choice(inside)


def _successors(instance: Instance, state: Any) -> list[Any]:
    """The successors inside the bounds; none where an action fails, which the search itself will report."""
    try:
        return [after for _, _, after in instance.transitions(state) if not isinstance(after, Cut)]
    except Failure:
        return []


End = tuple[str, Any]
"""How an action ends: a successor, a bound that cuts it, or an error."""


def _ends(instance: Instance, action: Rule, state: Any) -> Counter[End]:
    ends: Counter[End] = Counter()
    for arguments in action.signature.arguments(state):
        outcome = instance.outcome(action, state, arguments)
        if outcome.error is not None:
            ends["error", None] += 1
        elif outcome.cut is not None:
            ends["cut", outcome.cut] += 1
        elif outcome.disabled is None:
            ends["successor", outcome.successor] += 1
    return ends


def _renamed(swap: _Swap, end: End) -> End:
    return (end[0], swap(end[1])) if end[0] == "successor" else end


def _answers(instance: Instance, rule: Rule, state: Any, swap: _Swap | None) -> list[bool]:
    """What a property says of a state, or of a few steps from it; with `swap`, of their images."""
    if rule.kind not in ("step", "implements"):
        return [_answer(instance, rule, swap(state) if swap else state)]
    steps = [(state, after) for after in _successors(instance, state)[:_STEPS] if after != state]
    return [_answer(instance, rule, *((swap(a), swap(b)) if swap else (a, b))) for a, b in steps]


def _answer(instance: Instance, rule: Rule, *states: Any) -> bool:
    """Whether the property is true.  Quantifiers stop at the first case that decides them, so that an error is met or
    not depending on the order of the members: it counts as that case."""
    try:
        if rule.kind == "implements":
            return instance.refinements[rule.name].allows(*states)
        if rule.kind == "reachable":
            return instance.witnessing(rule, *states) is not None
        return instance.holds(rule, *states)
    except Failure:
        return rule.kind == "reachable"
