"""A module: one specification, with its constants fixed, as TLA+ text; and the modules of the specifications it refines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from mcheck.checker.symmetry import scalarsets, why_not_symmetric
from mcheck.scope import configuration
from mcheck.spec import Instance, Rule, UsageError
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import RecordOf
from mcheck.spec.tracing.trace import trace
from mcheck.tla.helpers import Helpers
from mcheck.tla.layout import ATOM, Doc, hung, indented, junction, lines_of
from mcheck.tla.naming import comment_text, operator_name
from mcheck.tla.operators import Operator, Operators
from mcheck.tla.prose import block, field_comments, header
from mcheck.tla.rules import RuleText
from mcheck.tla.vocabulary import Vocabulary

_WIDTH = 100
_STANDARD = ("Integers", "FiniteSets", "Sequences", "Bags", "TLC")


class Module:
    """The module of an instance.  UsageError, in one line, for what TLA+ or TLC cannot say."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.name = operator_name(instance.name)
        with instance.active():
            self.words = Vocabulary(instance)
            self.helpers = Helpers(self.words)
            self.operators = Operators(instance, trace(instance), self.words, self.helpers)
            self.refined = {r.name: Module(instance.refinements[r.name].other) for r in _refinements(instance)}
            for other in self.refined.values():
                self._share_constants(other)
            self._write()

    def _write(self) -> None:
        made = self.operators
        self.actions = made.actions()
        self.next = made.next()
        self.constraint = made.constraint()
        self.type_invariant = made.type_invariant()
        self.invariants, self.steps, self.witnesses = made.invariants(), made.steps(), made.witnesses()
        self.initial = made.initial()
        self.symmetry = self._symmetry()
        self.temporal, self.fairness = made.temporal(), made.fairness()
        self._shorts: dict[str, str] = {}
        """By the name of a refinement mapping, that of the instance of what is refined."""
        self.instances = [line for rule in _refinements(self.instance) for line in self._instance_of(rule)]
        self.asked_invariants: list[str] = []
        self.asked_properties: list[str] = []
        self.asked_witnesses: list[str] = []
        self.asked = self._checked()
        self._body = self._everything()
        self.words.named_members = {
            cls
            for cls in self.words.index_sets
            if any(re.search(rf"\b{member}\b", self._body) for member in self.words.members(cls))
            or any(cls in other.words.named_members for other in self.refined.values())
        }

    def _everything(self) -> str:
        """All expressions of the module: what does not occur in it need not be defined."""
        operators = (
            *self.actions, self.next, *self.constraint, self.type_invariant, *self.invariants, *self.steps,
            *self.witnesses, self.initial, *self.temporal,
        )  # fmt: skip
        docs = (*(o.body for o in operators), *self.fairness, *self.words.definitions.values())
        return "\n".join([*(doc.flat for doc in docs), *self.instances])

    def _symmetry(self) -> str | None:
        """The permutations that change nothing; None where the members of no scalarset are alike."""
        sets = [self.words.index_sets[cls] for cls in scalarsets(self.instance)]
        if not sets or why_not_symmetric(self.instance) is not None:
            return None
        self.words.modules.add("TLC")
        return " \\union ".join(f"Permutations({name})" for name in sets)

    @property
    def within(self) -> str | None:
        """The name of the constraint; None where nothing is cut."""
        return self.operators.within

    # ------------------------------------------------------------------ what TLC is asked

    def _checked(self) -> list[str]:
        """The definitions that only the configuration names."""
        take = self.words.names.take
        lines: list[str] = []
        for operator in (self.type_invariant, *self.invariants):
            name = operator.name
            if self.within is not None:
                name = take(f"Checked{operator.name}")
                lines.append(f"{name} == {self.within} => {operator.name}")
            self.asked_invariants.append(name)
        for operator in self.steps:
            name = take(f"Every{operator.name}", f"{operator.name}OfSteps")
            step = operator.name if self.within is None else f"{self.within}' => {operator.name}"
            lines.append(f"{name} == [][{step}]_vars")
            self.asked_properties.append(name)
        for operator in self.witnesses:
            name = take(f"Never{operator.name}")
            lines.append(f"{name} == {f'{self.within} => ' if self.within else ''}~ {operator.name}")
            self.asked_witnesses.append(name)
        for rule in _refinements(self.instance):
            lines.append(self._refinement(rule))
        return lines

    def _refinement(self, rule: Rule) -> str:
        other = self.refined[rule.name]
        short = self._shorts[rule.name]
        name = self.operators.names[rule.name]
        step = f"{short}!Next" if other.within is None else f"{short}!Next /\\ ({short}!{other.within})'"
        if self.within is not None:
            step = f"{self.within}' => {step}"
        self.asked_properties.append(name)
        return f"{name} == {short}!Init /\\ [][{step}]_({short}!vars)"

    # ------------------------------------------------------------------ refinement

    def _share_constants(self, other: Module) -> None:
        """The constants of a refined specification are constants here too."""
        words, theirs = self.words, other.words
        for cls in theirs.index_sets:
            if words.instance.size_of(cls) != theirs.instance.size_of(cls):
                raise UsageError(
                    f"{self.instance.name} refines {other.instance.name} with another number of {cls.__name__} members: not exported"
                )
            words.index_set(cls)
        words.uses_none = words.uses_none or theirs.uses_none
        shared = _record_classes(theirs.instance.state_domain) & _record_classes(words.instance.state_domain)
        for record in sorted(shared, key=lambda c: c.__name__):
            if words.tags(record) != theirs.tags(record) or (words.tags(record) and words.tag != theirs.tag):
                raise UsageError(
                    f"{self.instance.name} refines {other.instance.name}, and {record.__name__} is of several kinds in one of them only: not exported"
                )

    def _instance_of(self, rule: Rule) -> list[str]:
        """`V == INSTANCE Voting WITH votes <- …`."""
        other = self.refined[rule.name]
        self._shorts[rule.name] = self.words.names.take(other.name, f"{other.name}Spec")
        text = RuleText(self.words, self.helpers, self.operators.traced[rule.name], {})
        given = {other.words.variables[name]: doc for name, doc in text.mapping().items()}
        substituted: list[tuple[str, Doc]] = list(given.items())
        for bound, name in other.words.bounds.items():
            value = other.instance.bounds[bound]
            if self.words.bounds.get(bound) != name or self.instance.bounds[bound] != value:
                substituted.append((name, Doc(str(value), ATOM)))
        lines = [f"{self._shorts[rule.name]} == INSTANCE {other.name} WITH"]
        for number, (name, doc) in enumerate(substituted):
            part = hung(f"{name} <- ", doc, _WIDTH - 4)
            part[-1] += "," if number < len(substituted) - 1 else ""
            lines += indented(part, 2)
        return [*block([comment_text(rule.sentence)] if rule.sentence else []), *lines, ""]

    # ------------------------------------------------------------------ text

    def text(self) -> str:
        """The module."""
        body = [
            *self._header(),
            *self._extends(),
            *self._constants(),
            *self._variables(),
            *self._sets(),
            *self._section("Initial states and actions"),
            *self._defined([self.initial, *self.actions]),
            *self._next(),
            *self._section("What holds of states and steps"),
            *self._defined([self.type_invariant]),
            *self._bounds(),
            *self._defined([*self.invariants, *self.steps]),
            *self._parts("What can be reached", self._defined(self.witnesses)),
            *self._parts("Refinement", self.instances),
            *self._asked(),
            *self._temporal(),
        ]
        while body and not body[-1]:
            body.pop()
        return "\n".join(line.rstrip() for line in [*body, "=" * _WIDTH]) + "\n"

    def _header(self) -> Iterator[str]:
        title = f" MODULE {self.name} "
        yield title.center(_WIDTH, "-")
        scope = configuration(self.instance)
        of = f", of one configuration: {scope}" if scope else ""
        made = f"Exported by mcheck from the specification {self.instance.name}{of}."
        yield from block([*header(self.instance), comment_text(made)])

    def _extends(self) -> Iterator[str]:
        self._sets_lines = [
            line for name, doc in self.words.definitions.items() for line in hung(f"{name} == ", doc, _WIDTH)
        ]
        list(self._constants())  # the assumptions on them may need a standard module
        used = [m for m in _STANDARD if m in self.words.modules]
        yield f"EXTENDS {', '.join(used)}"
        yield ""

    def constants(self) -> list[tuple[str, str, str]]:
        """(name, value in a configuration, comment) of each constant."""
        words, found = self.words, []
        for cls, name in words.index_sets.items():
            members = words.members(cls)
            about = (cls.__doc__ or "").strip().split("\n")[0]
            if cls in words.named_members:
                found += [(m, m, about if k == 0 else "") for k, m in enumerate(members)]
            else:
                found.append((name, "{" + ", ".join(members) + "}", about))
        if words.uses_none:
            found.append((words.none, words.none, "no value"))
        for bound, name in words.bounds.items():
            found.append((name, str(self.instance.bounds[bound]), self.instance.spec._constants[bound].doc))
        return [(name, value, comment_text(about)) for name, value, about in found]

    def _constants(self) -> Iterator[str]:
        constants = self.constants()
        if not constants:
            return
        yield "CONSTANTS"
        yield from _listed([(name, about) for name, _, about in constants])
        yield ""
        words = self.words
        for cls in words.index_sets:
            if cls in words.named_members:
                yield f"{words.index_sets[cls]} == {{{', '.join(words.members(cls))}}}"
        facts = []
        for cls, name in words.index_sets.items():
            words.modules.add("FiniteSets")
            facts.append(f"Cardinality({name}) = {self.instance.size_of(cls)}")
        facts += [f"{name} = {self.instance.bounds[bound]}" for bound, name in words.bounds.items()]
        if facts:
            yield "ASSUME " + " /\\ ".join(facts)
            yield ""

    def _variables(self) -> Iterator[str]:
        comments = field_comments(self.instance)
        yield "VARIABLES"
        yield from _listed([(name, comments.get(field, "")) for field, name in self.words.variables.items()])
        yield ""
        yield f"vars == <<{', '.join(self.words.variables.values())}>>"
        yield ""

    def _sets(self) -> Iterator[str]:
        if self._sets_lines:
            yield from self._sets_lines
            yield ""
        helpers = self.helpers.text(self._body)
        if helpers:
            yield from helpers
            yield ""

    def _defined(self, operators: Iterable[Operator]) -> Iterator[str]:
        for operator in operators:
            yield from block(operator.comment)
            yield from defined(operator)
            yield ""

    def _next(self) -> Iterator[str]:
        yield from defined(self.next)
        yield ""
        yield "Spec == Init /\\ [][Next]_vars"
        yield ""

    def _bounds(self) -> Iterator[str]:
        if self.within is None:
            return
        *own, whole = self.constraint
        yield from self._defined(own)
        yield from block(["The bounds of the search.  A step that leads out of them is counted, and not followed."])
        yield from defined(whole)
        yield ""

    def _section(self, title: str) -> Iterator[str]:
        yield "-" * _WIDTH
        yield f"\\* {title}"
        yield ""

    def _parts(self, title: str, lines: Iterable[str]) -> Iterator[str]:
        found = list(lines)
        if found:
            yield from self._section(title)
            yield from found

    def _asked(self) -> Iterator[str]:
        lines = list(self.asked)
        if self.symmetry is not None:
            lines.append(f"Symmetry == {self.symmetry}")
        if not lines:
            return
        yield from self._section("What the configuration asks of TLC")
        if self.within is not None:
            yield from block(
                [
                    "TLC judges also the states beyond the bounds that a step leads to, before it leaves them aside.  mcheck does not."
                ]
            )
        yield from lines
        yield ""

    def _temporal(self) -> Iterator[str]:
        if not self.temporal:
            return
        yield from self._section("What every fair behaviour comes to")
        fair = Doc("TRUE", ATOM)
        if self.fairness:
            fair = junction("/\\", self.fairness)
        yield from defined(Operator("Fairness", (), fair))
        yield ""
        yield "FairSpec == Spec /\\ Fairness"
        yield ""
        yield from self._defined(self.temporal)

    def modules(self) -> list[Module]:
        """This module and those it needs, each once."""
        found: dict[str, Module] = {self.name: self}
        for other in self.refined.values():
            for module in other.modules():
                found.setdefault(module.name, module)
        return list(found.values())


def defined(operator: Operator) -> list[str]:
    """The lines of a definition."""
    head = operator.head
    flat = f"{head} {operator.body.flat}"
    if len(flat) <= _WIDTH and "\n" not in flat:
        return [flat]
    return [head, *indented(lines_of(operator.body, _WIDTH - 2), 2)]


def _listed(entries: list[tuple[str, str]]) -> Iterator[str]:
    """Names with commas between them, and what is said of each: beside it, or above it where that is long."""
    width = max(len(name) for name, _ in entries) + 1
    for number, (name, about) in enumerate(entries):
        text = name + ("," if number < len(entries) - 1 else "")
        beside = f"  {text:<{width}}  \\* {about}"
        if about and len(beside) > _WIDTH:
            yield from (f"  \\* {line}" for line in textwrap.wrap(about, _WIDTH - 5))
        yield beside if about and len(beside) <= _WIDTH else f"  {text}"


def _refinements(instance: Instance) -> list[Rule]:
    return [r for r in instance.properties if r.kind == "implements"]


def _record_classes(domain: Domain) -> set[type]:
    here = {domain.cls} if isinstance(domain, RecordOf) else set()
    return here.union(*map(_record_classes, domain.parts()))
