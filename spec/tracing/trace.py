"""trace: every action and property of an instance as a decision tree over typed expressions."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from mcheck.spec.byzantine import Byzantine, by_predicate
from mcheck.spec.declare import guards
from mcheck.spec.domains.products import RecordOf
from mcheck.spec.errors import Disabled, LanguageError, place_of, place_of_definition
from mcheck.spec.instance import Instance, Rule, explain_error
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import Builder
from mcheck.spec.ir.tree import Answer, Blocked, Branch, Fails, Leaf, Tree, Update, conditions, leaves, paths
from mcheck.spec.tracing.forking import Fork
from mcheck.spec.tracing.lint import lint
from mcheck.spec.tracing.monotone import check_fields, check_monotone
from mcheck.spec.tracing.quantified import explain_raise, is_runtime_error
from mcheck.spec.tracing.symbols import SymBool
from mcheck.spec.tracing.tracer import ForkingTracer

STATE = "s"
BEFORE = "before"
AFTER = "after"


@dataclass(frozen=True)
class TracedRule:
    """One rule as a tree.  `build` is the arena its expressions live in."""

    rule: Rule
    tree: Tree
    build: Builder
    forks: dict[str, int]
    """How often each line of the spec made a new path."""
    named: dict[type, str]
    """The scalarsets of which a member is named, and the line that does it: they are not symmetric."""

    @property
    def paths(self) -> int:
        """The number of leaves of the tree."""
        return paths(self.tree)


@dataclass(frozen=True)
class Trace:
    """All rules of an instance by name."""

    instance: Instance
    rules: dict[str, TracedRule]

    def __getitem__(self, name: str) -> TracedRule:
        return self.rules[name]


@functools.lru_cache(maxsize=64)
def trace(instance: Instance) -> Trace:
    """The instance, traced.  LanguageError, with file and line, where a rule of the language is broken.

    Costs milliseconds for each rule; every path of every rule is run, the first ones twice, to see that they say the same.
    """
    lint(type(instance.spec))
    rules = (*instance.actions, *instance.properties, *instance.lemmas, *instance.constraints)
    if isinstance(instance.spec, Byzantine):
        check_fields(instance)
    with instance.active():
        return Trace(instance, {rule.name: trace_rule(instance, rule) for rule in rules})


def trace_rule(instance: Instance, rule: Rule) -> TracedRule:
    """One rule of an instance, traced.  Must run inside `instance.active()`."""
    tracer = ForkingTracer(instance, instance.refinements[rule.name].other if rule.kind == "implements" else None)
    build = tracer.build
    names = (BEFORE, AFTER) if rule.kind == "step" else (STATE,)
    states = [build.node("state", (n,), instance.state_domain) for n in names]
    parameters = [build.node("param", (p.name,), p.domain) for p in rule.signature.parameters]

    def run() -> Leaf:
        symbols = [tracer.wrap(x) for x in (*states, *parameters)]
        passed = guards.passed = set()
        try:
            result = rule.function(instance.spec, *symbols)
            return _landed(tracer, rule, result, states[0], frozenset(passed))
        except Disabled as disabled:
            return Blocked(disabled.reason, frozenset(passed))
        except Exception as error:
            if is_runtime_error(error):
                return Fails(*explain_raise(error))
            raise
        finally:
            guards.passed = None

    try:
        tree = _tree(tracer.on_every_path(run, f"this {rule.kind}"))
    except Exception as error:
        raise _misused(rule, error) from error
    if rule.kind == "action":
        _check_ghosts(tracer, instance, rule, tree)
    if by_predicate(instance.spec) and not rule.declaration.stored:
        check_monotone(tracer, instance, rule, tree)
    return TracedRule(rule, tree, build, dict(tracer.forks), dict(tracer.named))


def _landed(tracer: ForkingTracer, rule: Rule, result: Any, state: Node, passed: frozenset[str]) -> Leaf:
    """The leaf of a path that returned."""
    if rule.kind == "action":
        return Update(_updated(tracer, result, state), passed)
    if rule.kind == "implements":
        return Answer(tracer.to_node(result))
    if not isinstance(result, bool | SymBool):
        raise LanguageError(f"a property must return a bool (got {result!r:.60})")
    return Answer(tracer.truth_node(result))


def _updated(tracer: ForkingTracer, result: Any, state: Node) -> dict[str, Node]:
    """The fields that an action changes, with their new values."""
    domain = state.domain
    assert isinstance(domain, RecordOf)
    node = tracer.to_node(result) if result is not None else None
    if node is None or not isinstance(node.domain, RecordOf) or node.domain.cls is not domain.cls:
        raise LanguageError(f"an action must return a {domain.cls.__name__} (got {result!r:.60})")
    fields = {}
    for name in domain.fields:
        value = tracer.build.field(node, name)
        if value is not tracer.build.field(state, name):
            fields[name] = value
    return fields


def _tree(node: Any) -> Tree:
    """The forks of a forest as branches, without those whose two sides are the same."""
    if not isinstance(node, Fork):
        return node  # type: ignore[no-any-return]
    then, otherwise = _tree(node.then), _tree(node.otherwise)
    return Branch(node.condition, then, otherwise)


def _misused(rule: Rule, error: Exception) -> LanguageError:
    """The error as one line with the place in the spec; anything that is none of ours cannot be traced."""
    message = f"{'' if isinstance(error, LanguageError) else 'cannot be traced: '}{explain_error(error)}"
    place = place_of(error) or place_of_definition(rule.function)
    return LanguageError(f"{place}: {rule.name}: {message}")


# ---------------------------------------------------------------------- ghosts


def _check_ghosts(tracer: ForkingTracer, instance: Instance, rule: Rule, tree: Tree) -> None:
    """LanguageError if something other than a ghost depends on one: removing it would then change behaviours."""
    if not tracer.watched_reads:
        return
    ghosts = instance.ghosts
    seen: dict[int, Node | None] = {}
    visible = _without_ghosts(tree, ghosts, seen)
    suspects = list(conditions(visible))
    for leaf in leaves(visible):
        if isinstance(leaf, Update):
            suspects += leaf.fields.values()
    for node in suspects:
        found = _ghost_in(node, ghosts, seen)
        if found is not None:
            place = tracer.watched_reads.get(found.id, rule.name)
            raise LanguageError(
                f"{place}: {rule.name}: the ghost {found.args[1]!r} decides or changes something that is no ghost: only properties and other ghosts may read it"
            )


def _without_ghosts(tree: Tree, ghosts: frozenset[str], seen: dict[int, Node | None]) -> Tree:
    """The tree as it is where nobody looks at ghosts: a decision about one is none if both sides are then the same."""
    if isinstance(tree, Branch):
        then, otherwise = (_without_ghosts(side, ghosts, seen) for side in (tree.then, tree.otherwise))
        if then == otherwise and _ghost_in(tree.condition, ghosts, seen) is not None:
            return then
        return Branch(tree.condition, then, otherwise)
    if isinstance(tree, Update):
        return Update({name: value for name, value in tree.fields.items() if name not in ghosts}, tree.passed)
    return tree


def _ghost_in(node: Node, ghosts: frozenset[str], seen: dict[int, Node | None]) -> Node | None:
    """The first read of a ghost inside an expression."""
    if node.id not in seen:
        here = node.op == "field" and node.args[0].op == "state" and node.args[1] in ghosts
        inside = (_ghost_in(a, ghosts, seen) for a in node.args if isinstance(a, Node))
        seen[node.id] = node if here else next((g for g in inside if g is not None), None)
    return seen[node.id]
