"""Operators: everything a module defines of one specification, in the order in which it is to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from mcheck.spec import Instance, Rule, SpecError, UsageError
from mcheck.spec.annotations import OneOf, Where
from mcheck.spec.declare import Declaration
from mcheck.spec.domains.containers import BagOf, SequenceOf
from mcheck.spec.domains.resolve import hints_of
from mcheck.spec.fairness import Fairness
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter, signature_of
from mcheck.spec.tracing.trace import Trace, trace_rule
from mcheck.tla.bounds import Limits, type_conditions
from mcheck.tla.helpers import Helpers
from mcheck.tla.layout import (
    IMPLICATION,
    JUNCTION,
    RELATION,
    Doc,
    atom,
    bracketed,
    called,
    infix,
    junction,
    lines_of,
    prefixed,
    quantified,
    ranging,
    within,
)
from mcheck.tla.naming import operator_name, string_text
from mcheck.tla.prose import paragraphs
from mcheck.tla.rules import RuleText
from mcheck.tla.vocabulary import Vocabulary

_MOST_INITIAL = 4_096


@dataclass(frozen=True)
class Operator:
    """A definition, and what is said of it."""

    name: str
    parameters: tuple[str, ...]
    body: Doc
    comment: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """`Name(a, b) ==`."""
        return f"{self.name}({', '.join(self.parameters)}) ==" if self.parameters else f"{self.name} =="


class Operators:
    """The definitions of one instance.  Must be made and used inside `instance.active()`."""

    def __init__(self, instance: Instance, traced: Trace, words: Vocabulary, helpers: Helpers) -> None:
        self.instance, self.traced, self.words, self.helpers = instance, traced, words, helpers
        rules = (*instance.actions, *instance.properties, *instance.constraints, *instance.temporal)
        self.names = {r.name: self._name(r) for r in rules}
        self._bounds = Limits(words, of_bounds=True).variables()
        self.within = words.names.take("WithinBounds") if self._bounds or instance.constraints else None
        """The name of the constraint, where anything is cut."""

    def _name(self, rule: Rule) -> str:
        by_name = operator_name(rule.name)
        return self.words.names.take(*((by_name,) if rule.kind == "action" else (operator_name(rule.title), by_name)))

    # ------------------------------------------------------------------ initial states

    def initial(self) -> Operator:
        """Init."""
        self.words.scope = tuple
        states = self.instance.initial
        if len(states) > _MOST_INITIAL:
            raise UsageError(
                f"{self.instance.name} has {len(states):,} initial states: at most {_MOST_INITIAL:,} are written into a module"
            )
        columns = {name: tuple(dict.fromkeys(getattr(s, name) for s in states)) for name in self.words.variables}
        fixed = [self._starts(name, values) for name, values in columns.items() if len(values) == 1]
        varying = {name: values for name, values in columns.items() if len(values) > 1}
        number = 1
        for values in varying.values():
            number *= len(values)
        if number == len(states):
            fixed += [self._starts(name, values) for name, values in varying.items()]
            return Operator("Init", (), junction("/\\", fixed))
        choices = [junction("/\\", [self._starts(n, (getattr(s, n),)) for n in varying]) for s in states]
        return Operator("Init", (), junction("/\\", [*fixed, junction("\\/", choices)]))

    def _starts(self, name: str, values: tuple[Any, ...]) -> Doc:
        variable = atom(self.words.variables[name])
        if len(values) == 1:
            return infix("=", variable, self.words.value(values[0]), RELATION)
        return infix("\\in", variable, self.words.listed(values), RELATION)

    # ------------------------------------------------------------------ parameters

    def locals_of(self, rule: Rule) -> dict[str, str]:
        """Names for the parameters of a rule."""
        found: dict[str, str] = {}
        for parameter in rule.signature.parameters:
            found[parameter.name] = self.words.names.local(parameter.name, found.values())
        return found

    def range_of(self, rule: Rule, parameter: Parameter, prime: str = "") -> Doc:
        """The set that a parameter ranges over."""
        if isinstance(parameter, MemberParameter):
            held = atom(self.words.variables[parameter.field] + prime)
            domain = self.instance.state_domain.fields[parameter.field]
            if isinstance(domain, BagOf):
                self.words.modules.add("Bags")
                return called("BagToSet", [held])
            return called(self.helpers.named("Elements"), [held]) if isinstance(domain, SequenceOf) else held
        assert isinstance(parameter, TableParameter)
        if parameter.whole:
            return self.words.domain(parameter.domain, exact=True)
        where = f"{self.instance.name}.{rule.name}: parameter {parameter.name}"
        return self.words.table(parameter.table, _source_of(rule, parameter), where)

    def quantifier(self, sign: str, rule: Rule, names: dict[str, str], body: Doc, prime: str = "") -> Doc:
        r"""`\A a, b \in S, m \in msgs : body`; the body alone where there are no parameters."""
        groups: list[tuple[list[str], Doc]] = []
        for parameter in rule.signature.parameters:
            over = self.range_of(rule, parameter, prime)
            if groups and groups[-1][1].flat == over.flat:
                groups[-1][0].append(names[parameter.name])
            else:
                groups.append(([names[parameter.name]], over))
        if not groups:
            return body
        heads = [ranging("", ", ".join(together), over) for together, over in groups]
        flat = f"{sign} " + ", ".join(h.flat for h in heads)
        return quantified(bracketed(f"{sign} ", heads, "") if len(flat) > 90 else Doc(flat, 0), body)

    def kind_conditions(self, rule: Rule, names: dict[str, str]) -> list[Doc]:
        """That the parameters which range over the members of a field are of their kinds."""
        found = []
        for parameter in rule.signature.parameters:
            if isinstance(parameter, MemberParameter) and parameter.kinds is not None:
                tag = atom(f"{names[parameter.name]}.{self.words.tag}")
                kinds = [atom(string_text(k.__name__)) for k in parameter.kinds]
                one = len(kinds) == 1
                found.append(
                    infix("=" if one else "\\in", tag, kinds[0] if one else bracketed("{", kinds, "}"), RELATION)
                )
        return found

    # ------------------------------------------------------------------ actions

    def actions(self) -> list[Operator]:
        """One operator for each action; one for each kind of message where an action is long."""
        return [operator for rule in self.instance.actions for operator in self._action(rule)]

    def _action(self, rule: Rule) -> list[Operator]:
        names = self.locals_of(rule)
        parameters = tuple(names.values())
        text = RuleText(self.words, self.helpers, self.traced[rule.name], names)
        kinds = text.kinds()
        comment = tuple(paragraphs(rule.function.__doc__))
        guards = self.kind_conditions(rule, names)
        name = self.names[rule.name]
        if kinds is None:
            return [Operator(name, parameters, text.action(first=guards), comment)]
        parameter, trees = kinds
        parts: list[Operator] = []
        for cls, tree in trees:
            part = self.words.names.take(f"{name}{cls.__name__}")
            body = RuleText(self.words, self.helpers, self.traced[rule.name], names).action(tree)
            about = paragraphs(cls.__doc__) if cls.__doc__ else []
            parts.append(Operator(part, parameters, body, (f"{name}, of a message {cls.__name__}.", *about)))
        tag = atom(f"{names[parameter]}.{self.words.tag}")
        cases = [
            (infix("=", tag, atom(string_text(cls.__name__)), RELATION), called(p.name, [atom(x) for x in parameters]))
            for (cls, _), p in zip(trees, parts, strict=True)
        ]
        whole = junction("/\\", [*guards, cases_doc(cases)])
        return [*parts, Operator(name, parameters, whole, comment)]

    def next(self) -> Operator:
        """Next: some action, with some arguments."""
        steps = []
        for rule in self.instance.actions:
            names = self.locals_of(rule)
            call = called(self.names[rule.name], [atom(n) for n in names.values()])
            steps.append(self.quantifier("\\E", rule, names, call))
        return Operator("Next", (), junction("\\/", steps))

    # ------------------------------------------------------------------ bounds and types

    def type_invariant(self) -> Operator:
        """TypeOK."""
        return Operator(
            self.words.names.take("TypeOK", "TypeInvariant"), (), junction("/\\", type_conditions(self.words))
        )

    def constraint(self) -> list[Operator]:
        """The constraint, and what it is made of."""
        if self.within is None:
            return []
        own = [self._predicate(rule) for rule in self.instance.constraints]
        conditions = [*self._bounds, *(atom(o.name) for o in own)]
        return [*own, Operator(self.within, (), junction("/\\", conditions))]

    # ------------------------------------------------------------------ properties

    def _predicate(self, rule: Rule, name: str | None = None, sign: str = "\\A", prime: str = "") -> Operator:
        """A property of states or steps for all (or some) values of its parameters."""
        names = self.locals_of(rule)
        text = RuleText(self.words, self.helpers, self.traced[rule.name], names)
        body, kinds = text.formula(), self.kind_conditions(rule, names)
        if kinds and sign == "\\A":
            body = infix("=>", junction("/\\", kinds), body, IMPLICATION)
        elif kinds:
            body = junction("/\\", [*kinds, body])
        comment = _titled(rule)
        return Operator(name or self.names[rule.name], (), self.quantifier(sign, rule, names, body, prime), comment)

    def invariants(self) -> list[Operator]:
        """The properties of states."""
        return [self._predicate(r) for r in self.instance.properties if r.kind == "always"]

    def steps(self) -> list[Operator]:
        """The properties of steps, as actions; their parameters range over the members of a field as it is after the step."""
        return [self._predicate(r, prime="'") for r in self.instance.properties if r.kind == "step"]

    def witnesses(self) -> list[Operator]:
        """What must be reachable."""
        return [self._predicate(r, sign="\\E") for r in self.instance.properties if r.kind == "reachable"]

    # ------------------------------------------------------------------ temporal properties and fairness

    def temporal(self) -> list[Operator]:
        """The temporal properties."""
        return [self._temporal(rule) for rule in self.instance.temporal]

    def _temporal(self, rule: Rule) -> Operator:
        names = self.locals_of(rule)
        pair = rule.kind == "leads_to"
        halves = [self._traced_half(rule, names, k if pair else None) for k in ((0, 1) if pair else (0,))]
        halves = [h if h.binds > JUNCTION else Doc(f"({h.flat})", 17, h.broken and _parenthesised(h)) for h in halves]
        if pair:
            body = infix("~>", halves[0], halves[1], IMPLICATION)
        else:
            sign = {"eventually": "<>", "always_eventually": "[]<>", "eventually_always": "<>[]"}[rule.kind]
            body = prefixed(sign, halves[0], 4)
        return Operator(self.names[rule.name], (), self.quantifier("\\A", rule, names, body), _titled(rule))

    def _traced_half(self, rule: Rule, names: dict[str, str], position: int | None) -> Doc:
        """The condition of a temporal property, or one of the two of P leads to Q."""
        function = rule.function if position is None else _half(rule.function, position)
        half = Rule(rule.name, Declaration("always", rule.title, function), rule.signature)
        return RuleText(self.words, self.helpers, trace_rule(self.instance, half), names).formula()

    def fairness(self) -> list[Doc]:
        """The conditions of fairness, as temporal formulas."""
        return [self._fair(one) for one in self.instance.fairness]

    def _fair(self, one: Fairness) -> Doc:
        first = self.instance.action(one.actions[0])
        outer: dict[str, str] = {}
        for parameter in first.signature.parameters:
            if parameter.name in one.each:
                outer[parameter.name] = self.words.names.local(parameter.name, outer.values())
        steps = junction("\\/", [self._fair_step(self.instance.action(n), one, outer) for n in one.actions])
        if one.unless is not None:
            steps = junction("/\\", [prefixed("~", self._waived(one, outer), 4), steps])
        sign = "WF_vars" if one.strength == "weak" else "SF_vars"
        body = called(sign, [steps])
        heads = [
            ranging("", outer[p.name], self.words.domain(p.domain, exact=True))
            for p in first.signature.parameters
            if p.name in outer
        ]
        return quantified(Doc("\\A " + ", ".join(h.flat for h in heads), 0), body) if heads else body

    def _fair_step(self, rule: Rule, one: Fairness, outer: dict[str, str]) -> Doc:
        """A step of an action with the arguments that a condition names, and some others."""
        arguments: list[Doc] = []
        inner: list[Doc] = []
        asked: list[Doc] = []
        for parameter in rule.signature.parameters:
            if parameter.name in outer:
                argument = atom(outer[parameter.name])
                if isinstance(parameter, MemberParameter):
                    asked.append(infix("\\in", argument, self.range_of(rule, parameter), RELATION))
            elif parameter.name in one.chosen:
                argument = self.words.value(one.chosen[parameter.name])
            else:
                name = self.words.names.local(parameter.name, (*outer.values(), *(h.flat.split(" ")[0] for h in inner)))
                inner.append(ranging("", name, self.range_of(rule, parameter)))
                argument = atom(name)
            arguments.append(argument)
        step = junction("/\\", [*asked, called(self.names[rule.name], arguments)])
        return quantified(Doc("\\E " + ", ".join(h.flat for h in inner), 0), step) if inner else step

    def _waived(self, one: Fairness, outer: dict[str, str]) -> Doc:
        """The condition under which nothing is asked."""
        assert one.unless is not None
        method: Any = getattr(type(self.instance.spec), one.unless)
        signature = signature_of(
            f"{self.instance.name}.{one.unless}",
            method,
            self.instance.state_domain,
            1,
            self.instance.resolver,
            self.instance.spec,
        )
        rule = Rule(one.unless, Declaration("always", one.unless, method), signature)
        names = {n: outer.get(n) or self.words.value(one.chosen[n]).flat for n in signature.names}
        return RuleText(self.words, self.helpers, trace_rule(self.instance, rule), names).formula()


def cases_doc(cases: list[tuple[Doc, Doc]]) -> Doc:
    """CASE a -> x [] b -> y."""
    arms = [f"{condition.flat} -> {value.flat}" for condition, value in cases]
    flat = "CASE " + " [] ".join(arms)
    return Doc(flat, 0, lambda width: [("CASE " if k == 0 else "  [] ") + arm for k, arm in enumerate(arms)])


def _parenthesised(doc: Doc) -> Callable[[int], list[str]]:
    return lambda width: lines_of(within(doc, 17), width)


def _half(function: Callable[..., Any], position: int) -> Callable[..., Any]:
    def half(*arguments: Any) -> Any:
        answer = function(*arguments)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise SpecError("leads_to must return a pair of bools, (P, Q) of P leads to Q")
        return answer[position]

    return half


def _titled(rule: Rule) -> tuple[str, ...]:
    first, *rest = paragraphs(rule.function.__doc__) or [""]
    title = rule.title if not first else f"{rule.title}.  {first}"
    return (*paragraphs(title), *rest)


def _source_of(rule: Rule, parameter: Parameter) -> str:
    """The name of the table that a parameter ranges over."""
    for mark in get_args(hints_of(rule.function).get(parameter.name)):
        if isinstance(mark, OneOf):
            return mark.source
        if isinstance(mark, Where):
            return f"{mark.predicate}_{parameter.name}"
    return parameter.name
