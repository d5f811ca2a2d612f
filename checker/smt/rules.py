"""Actions and properties as formulas over a state, and the state after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from mcheck.checker.smt.reading import Reading, anything
from mcheck.checker.smt.shapes import Violation, defined, outside, variables, violations
from mcheck.checker.smt.terms import Truth, Variables, all_of, any_of, both, implied, less, negation, number
from mcheck.checker.smt.values import Copies, Fields, Items, Kinds, Members, Value, choose, copies, equal, lift, member
from mcheck.spec import Instance, Rule
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.tree import Answer, Blocked, Fails, Update
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, Trace, TracedRule, trace

Arguments = dict[str, Value]


@dataclass(frozen=True)
class Taken:
    """An action in a state, with arguments: exactly one of the cases is true, where the arguments are ones of that state."""

    blocked: dict[str, Truth]
    """By the guard that is false."""
    cut: dict[str, Truth]
    """By the bound, or state constraint, that the successor exceeds."""
    fails: Truth
    step: Truth
    """That the action leads to the state after it."""
    enabled: Truth
    """That there is a successor inside the domains."""


class Rules:
    """The rules of an instance as formulas.  `pause` is called again and again meanwhile, and may raise."""

    def __init__(self, instance: Instance, pause: Callable[[], None] = lambda: None) -> None:
        self.instance, self.pause = instance, pause
        self.traced: Trace = trace(instance)
        self.domain = instance.state_domain

    def state(self, new: Variables) -> Fields:
        """The variables of a state."""
        made: Fields = variables(self.domain, "", new)
        return made

    # ------------------------------------------------------------------ parameters

    def chosen(self, rule: Rule, state: Value, new: Variables) -> tuple[Arguments, Truth]:
        """Arguments that the solver chooses, and that they are ones of this state."""
        made, allowed = {}, []
        for parameter in rule.signature.parameters:
            value = made[parameter.name] = variables(parameter.domain, f"{rule.name}.{parameter.name}", new)
            allowed.append(_ranged(parameter, value, state))
        return made, all_of(allowed)

    def every(self, rule: Rule, state: Value) -> Iterator[tuple[Truth, Arguments]]:
        """(whether they are ones of this state, arguments) for all arguments that a rule may have."""
        names = rule.signature.names
        for chosen in product(*(tuple(_values(p, state)) for p in rule.signature.parameters)):
            guard = all_of(there for there, _ in chosen)
            if guard is not False:
                yield guard, dict(zip(names, (value for _, value in chosen), strict=True))

    # ------------------------------------------------------------------ actions

    def taken(self, action: Rule, before: Fields, after: Fields, arguments: Arguments) -> Taken:
        """What an action does."""
        return _ActionReading(self, action, before, arguments).taken(after)

    def deadlocked(self, state: Fields) -> Truth:
        """That no action is enabled, inside the bounds or outside.  Cost: the guards of every action, for all its arguments."""
        parts = []
        for action in self.instance.actions:
            for guard, arguments in self.every(action, state):
                self.pause()
                parts.append(implied(guard, _ActionReading(self, action, state, arguments).blocked))
        return all_of(parts)

    # ------------------------------------------------------------------ properties

    def answer(self, rule: Rule, states: tuple[Value, ...], arguments: Arguments) -> tuple[Truth, Truth]:
        """(whether a property is true, whether it fails)."""
        names = (BEFORE, AFTER) if rule.kind == "step" else (STATE,)
        reading = Reading({**dict(zip(names, states, strict=True)), **arguments}, self.pause)
        true, fails = [], []
        for reached, leaf in reading.leaves(self.traced[rule.name].tree):
            if isinstance(leaf, Fails):
                fails.append(reached)
            else:
                assert isinstance(leaf, Answer)
                true.append(both(reached, reading.of(leaf.value)))
        return any_of(true), any_of(fails)

    def holds(self, rule: Rule, *states: Value) -> Truth:
        """That a property is true for all arguments."""
        if rule.kind == "implements":
            return self.refines(rule, *states)
        parts = []
        for guard, arguments in self.every(rule, states[-1]):
            parts.append(implied(guard, self.answer(rule, states, arguments)[0]))
        return all_of(parts)

    def judged(self, rule: Rule, state: Value) -> tuple[Truth, Truth]:
        """(whether it is true for all arguments, whether it fails before it is false) of a state constraint."""
        holds: Truth = True
        failing: list[Truth] = []
        for guard, arguments in self.every(rule, state):
            true, fails = self.answer(rule, (state,), arguments)
            failing.append(all_of((holds, guard, fails)))
            holds = both(holds, implied(guard, true))
        return holds, any_of(failing)

    def decided(self, rule: Rule, states: tuple[Value, ...], new: Variables) -> Truth:
        """That arguments which the solver chooses make the property false, or fail; that they make a witness true."""
        if rule.kind == "implements":
            return negation(self.refines(rule, *states))
        if rule.kind == "deadlock":
            return self.deadlocked(states[0])
        arguments, allowed = self.chosen(rule, states[-1], new)
        true, _ = self.answer(rule, states, arguments)
        return both(allowed, true if rule.kind == "reachable" else negation(true))

    # ------------------------------------------------------------------ refinements

    def refines(self, rule: Rule, before: Value, after: Value) -> Truth:
        """That a step maps to a step of the other spec, or to no change.  Cost: every argument of each of its actions."""
        other = Rules(self.instance.refinements[rule.name].other, self.pause)
        (source, good), (target, fine) = (self._image(rule, state, other) for state in (before, after))
        steps = [equal(source, target)]
        for action in other.instance.actions:
            for guard, arguments in other.every(action, source):
                steps.append(both(guard, _ActionReading(other, action, source, arguments).lands(target)))
        return all_of((good, fine, any_of(steps)))

    def _image(self, rule: Rule, state: Value, other: Rules) -> tuple[Fields, Truth]:
        """The state of the other spec that a state stands for, and that there is one."""
        reading = Reading({STATE: state}, self.pause)
        image: Value = None
        there: list[Truth] = []
        for reached, leaf in reading.leaves(self.traced[rule.name].tree):
            if isinstance(leaf, Answer):
                value = reading.of(leaf.value)
                image = value if image is None else choose(reached, value, image)
                there.append(both(reached, negation(outside(value, other.domain))))
        return (anything(other.domain) if image is None else image), any_of(there)


class _ActionReading:
    """One action in one state, with its arguments."""

    def __init__(self, rules: Rules, action: Rule, before: Fields, arguments: Arguments) -> None:
        self.rules, self.before = rules, before
        self.traced: TracedRule = rules.traced[action.name]
        self.reading = Reading({STATE: before, **arguments}, rules.pause)
        self.found = list(self.reading.leaves(self.traced.tree))
        self._outside: dict[tuple[str, int], tuple[Violation, ...]] = {}

    @property
    def blocked(self) -> Truth:
        """That a guard is false."""
        return any_of(reached for reached, leaf in self.found if isinstance(leaf, Blocked))

    def taken(self, after: Fields) -> Taken:
        """What the action does, as a step to the state after."""
        blocked: dict[str, list[Truth]] = {}
        cut: dict[str, list[Truth]] = {}
        fails: list[Truth] = []
        enabled: list[Truth] = []
        for reached, leaf in self.found:
            if isinstance(leaf, Blocked):
                blocked.setdefault(leaf.reason, []).append(reached)
            elif isinstance(leaf, Fails):
                fails.append(reached)
            else:
                assert isinstance(leaf, Update)
                left = reached
                for outside_, bound in self._violations(leaf):
                    here = both(left, outside_)
                    (fails if bound is None else cut.setdefault(bound, [])).append(here)
                    left = both(left, negation(outside_))
                enabled.append(left)
        inside = any_of(enabled)
        step, refused = both(inside, self._updated(after)), dict(cut)
        for rule in self.rules.instance.constraints:
            holds, failing = self.rules.judged(rule, after)
            fails.append(both(step, failing))
            refused.setdefault(rule.title, []).append(all_of((step, negation(holds), negation(failing))))
            step = both(step, holds)
        return Taken(_joined(blocked), _joined(refused), any_of(fails), step, inside)

    def _violations(self, leaf: Update) -> Iterator[Violation]:
        for name, domain in self.rules.domain.fields.items():
            if name in leaf.fields:
                key = name, leaf.fields[name].id
                if key not in self._outside:
                    found = violations(self.reading.of(leaf.fields[name]), domain)
                    self._outside[key] = tuple(v for v in found if v[0] is not False)
                yield from self._outside[key]

    def _variants(self) -> Iterator[tuple[str, list[tuple[Truth, Node | None]]]]:
        """For each field the (condition, new value) of all leaves that update; None where it stays as it is."""
        for name in self.rules.domain.fields:
            variants: dict[int, tuple[list[Truth], Node | None]] = {}
            for reached, leaf in self.found:
                if isinstance(leaf, Update):
                    node = leaf.fields.get(name)
                    variants.setdefault(-1 if node is None else node.id, ([], node))[0].append(reached)
            yield name, [(any_of(reached), node) for reached, node in variants.values()]

    def _updated(self, after: Fields) -> Truth:
        """That the state after is what the leaf that is reached makes of the state."""
        parts = []
        for name, variants in self._variants():
            domain = self.rules.domain.fields[name]
            for reached, node in variants:
                value = self.before.fields[name] if node is None else self.reading.of(node)
                parts.append(implied(reached, defined(after.fields[name], value, domain)))
        return all_of(parts)

    def lands(self, target: Value) -> Truth:
        """That the action leads to this state."""
        inside = []
        for reached, leaf in self.found:
            if isinstance(leaf, Update):
                beyond = any_of(outside_ for outside_, _ in self._violations(leaf))
                inside.append(both(reached, negation(beyond)))
        parts = [any_of(inside)]
        for name, variants in self._variants():
            for reached, node in variants:
                value = self.before.fields[name] if node is None else self.reading.of(node)
                parts.append(implied(reached, equal(value, target.fields[name])))
        kept = (self.rules.holds(rule, target) for rule in self.rules.instance.constraints)
        return all_of([*parts, *kept])


def _joined(conditions: dict[str, list[Truth]]) -> dict[str, Truth]:
    return {name: any_of(parts) for name, parts in conditions.items()}


# ---------------------------------------------------------------------- what a parameter ranges over


def _ranged(parameter: Parameter, value: Value, state: Value) -> Truth:
    """That a value of its domain is one that the parameter takes in a state."""
    if isinstance(parameter, TableParameter):
        return True if parameter.whole else any_of(equal(value, lift(x)) for x in parameter.table)
    assert isinstance(parameter, MemberParameter)
    held = state.fields[parameter.field]
    if isinstance(held, Members):
        return member(value, held)
    if isinstance(held, Copies):
        return less(number(0), copies(value, held))
    return any_of(both(held.inside(k), equal(value, x)) for k, x in enumerate(held.items))


def _values(parameter: Parameter, state: Value) -> Iterator[tuple[Truth, Value]]:
    """(whether it takes it in this state, value) of all values that a parameter may have."""
    if isinstance(parameter, TableParameter):
        yield from ((True, lift(x)) for x in parameter.table)
        return
    assert isinstance(parameter, MemberParameter)
    held = state.fields[parameter.field]
    if isinstance(held, Items):
        found = [(held.inside(k), x) for k, x in enumerate(held.items)]
    elif isinstance(held, Copies):
        found = [(less(number(0), n), x) for n, x in held.members.values()]
    else:
        found = list(held.members.values())
    for there, value in found:
        guard = both(there, _of_kind(value, parameter.kinds))
        if guard is not False:
            yield guard, value


def _of_kind(value: Value, kinds: tuple[type, ...] | None) -> Truth:
    """Whether a member is of one of the kinds that a parameter takes."""
    if kinds is None:
        return True
    if isinstance(value, Fields):
        return value.cls in kinds
    assert isinstance(value, Kinds)
    return any_of(guard for cls, (guard, _) in value.kinds.items() if cls in kinds)
