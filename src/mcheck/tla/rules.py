r"""Rules: actions and properties as operators.

An action is a conjunction of its guards, each with its reason, and of what becomes of each variable.  TLC takes a step once
for each way in which an action is true, so that a guard with a `\/` or `\E` in it is put where TLC asks only whether it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from mcheck.spec.domains.containers import CappedSetOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.tree import Answer, Blocked, Branch, Fails, Tree, Update, conditions, leaves
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, TracedRule
from mcheck.tla.decisions import Given, Reduction, along_paths
from mcheck.tla.expressions import Expressions, flattened, let
from mcheck.tla.helpers import Helpers
from mcheck.tla.layout import (
    IMPLICATION,
    Doc,
    atom,
    called,
    conditional,
    conjunction_of,
    infix,
    junction,
)
from mcheck.tla.naming import comment_text, snake, string_text
from mcheck.tla.vocabulary import Vocabulary

Item = tuple[Doc, str]
_LONG = 12
"""An action with more ends than this is written kind by kind."""
_WORTH_A_NAME = 24
"""From so many characters on, what is written twice gets a name."""


class RuleText:
    """The body of one rule of a module."""

    def __init__(self, words: Vocabulary, helpers: Helpers, traced: TracedRule, parameters: dict[str, str]) -> None:
        self.words, self.traced, self.rule = words, traced, traced.rule
        primes = {BEFORE: "", AFTER: "'"} if self.rule.kind == "step" else {STATE: ""}
        self.write = Expressions(words, helpers, primes, parameters)
        self.fields = list(words.variables)
        self.tree = traced.tree

    def reduced(self, tree: Tree) -> Tree:
        """The tree, made short."""
        build, domain = self.traced.build, self.words.instance.state_domain
        with self.words.instance.active():
            state = build.node("state", (STATE,), domain)
            return Reduction(build, state).reduced(along_paths(build, tree, state))

    # ------------------------------------------------------------------ actions

    def action(self, tree: Tree | None = None, first: Sequence[Doc] = ()) -> Doc:
        """What an action does, behind some conditions of its own."""
        tree = self.reduced(self.tree if tree is None else tree)
        ends = [leaf for leaf in leaves(tree) if isinstance(leaf, Update)]
        everywhere = [f for f in self.fields if ends and all(f not in end.fields for end in ends)]
        before, last = [(doc, "") for doc in first], self._unchanged(everywhere)
        return self._written(tree, lambda: conjunction_of([*before, *self._items(tree, frozenset(everywhere)), *last]))

    def _items(self, tree: Tree, written: frozenset[str]) -> list[Item]:
        """The conjuncts of a tree; the variables in `written` are said of elsewhere."""
        if isinstance(tree, Update):
            return self._assignments(tree, written)
        if isinstance(tree, Fails):
            return [(self._failure(tree), "")]
        if not isinstance(tree, Branch):
            return [(atom("FALSE"), "")]
        for failing, rest, true in ((tree.otherwise, tree.then, True), (tree.then, tree.otherwise, False)):
            if isinstance(failing, Fails):
                return [(self._failure(failing, tree.condition, true), ""), *self._items(rest, written)]
        for blocked, rest, true in ((tree.otherwise, tree.then, True), (tree.then, tree.otherwise, False)):
            if isinstance(blocked, Blocked):
                return [*self._guards(tree.condition, true, blocked.reason), *self._items(rest, written)]
        same, common = self._alike(tree, written)
        inside = written.union(same)
        sides = [conjunction_of(self._items(side, inside)) for side in (tree.then, tree.otherwise)]
        return [(conditional(self.write.doc(tree.condition), sides[0], sides[1]), ""), *common]

    def _alike(self, tree: Tree, written: frozenset[str]) -> tuple[list[str], list[Item]]:
        """The variables of which every end of a tree says the same, and what it says."""
        ends = [leaf for leaf in leaves(tree) if isinstance(leaf, Update)]
        same = [f for f in self.fields if f not in written and ends and len({id(e.fields.get(f)) for e in ends}) == 1]
        changed = [f for f in same if f in ends[0].fields]
        items = [self._assigned(f, ends[0].fields[f]) for f in changed]
        return same, [*items, *self._unchanged([f for f in same if f not in changed])]

    def _assignments(self, end: Update, written: frozenset[str]) -> list[Item]:
        items = [self._assigned(f, end.fields[f]) for f in self.fields if f in end.fields and f not in written]
        return [*items, *self._unchanged([f for f in self.fields if f not in end.fields and f not in written])]

    def _assigned(self, field: str, value: Node) -> Item:
        return infix("=", atom(f"{self.words.variables[field]}'"), self.write.doc(value), 5), ""

    def _unchanged(self, fields: list[str]) -> list[Item]:
        names = [self.words.variables[f] for f in fields]
        if not names:
            return []
        return [(atom(f"UNCHANGED {names[0]}" if len(names) == 1 else f"UNCHANGED <<{', '.join(names)}>>"), "")]

    def _guards(self, condition: Node, true: bool, reason: str) -> list[Item]:
        """A guard as conjuncts, the reason beside the first."""
        comment = comment_text(reason)
        op = "and" if true else "or"
        items: list[Item] = []
        for part in flattened(op, condition):
            doc = self.write.doc(part) if true else self.write.negated(part)
            items.append((doc if asked_once(part, true) else self.write.help("Holds", doc), "" if items else comment))
        return items

    def _failure(self, leaf: Fails, condition: Node | None = None, true: bool = True) -> Doc:
        """What stops TLC with the message of an error: where it is reached, or unless the condition is as it must be."""
        self.words.modules.add("TLC")
        place = f"{leaf.place}: " if leaf.place else ""
        asked = (
            atom("FALSE") if condition is None else self.write.doc(condition) if true else self.write.negated(condition)
        )
        return called("Assert", [asked, atom(string_text(f"{place}{self.rule.name}: {leaf.message}"))])

    # ------------------------------------------------------------------ kinds of a parameter

    def kinds(self) -> tuple[str, list[tuple[type, Tree]]] | None:
        """The parameter of a union whose kinds an action tells apart, and what it does of each; None where it does not."""
        for parameter in self.rule.signature.parameters:
            if isinstance(parameter.domain, UnionOf):
                node = self.traced.build.node("param", (parameter.name,), parameter.domain)
                tests = {n.args[1] for n in conditions(self.tree) if n.op == "is_kind" and n.args[0] is node}
                if len(tests) >= 2 and sum(1 for _ in leaves(self.tree)) > _LONG:
                    return parameter.name, [(k.cls, self._of_kind(node, k)) for k in parameter.domain.kinds]
        return None

    def _of_kind(self, message: Node, kind: RecordOf) -> Tree:
        """What an action does where the message is of one kind."""
        build, domain = self.traced.build, message.domain
        assert isinstance(domain, UnionOf)
        narrowed = build.narrow(message, kind)
        known = {build.is_kind(message, k.cls).id: build.truth(k is kind) for k in domain.kinds}
        for name, part in kind.fields.items():
            known[build.common(message, name, part).id] = build.field(narrowed, name)
        return Given(build, known).tree(self.tree)

    # ------------------------------------------------------------------ properties

    def formula(self) -> Doc:
        """What a property says of a state or step, for fixed values of its parameters."""
        tree = self.reduced(self.tree)
        return self._written(tree, lambda: self._formula(tree))

    def _formula(self, tree: Tree) -> Doc:
        if isinstance(tree, Answer):
            return self.write.doc(tree.value)
        if isinstance(tree, Fails):
            return self._failure(tree)
        if not isinstance(tree, Branch):
            return atom("FALSE")
        for failing, rest, true in ((tree.otherwise, tree.then, True), (tree.then, tree.otherwise, False)):
            if isinstance(failing, Fails):
                return junction("/\\", [self._failure(failing, tree.condition, true), self._formula(rest)])
        condition = self.write.doc(tree.condition)
        yes, no = known_truth(tree.then), known_truth(tree.otherwise)
        if yes is not None and no is not None:
            return condition if yes else self.write.negated(tree.condition)
        if yes is True:
            return junction("\\/", [condition, self._formula(tree.otherwise)])
        if yes is False:
            return junction("/\\", [self.write.negated(tree.condition), self._formula(tree.otherwise)])
        if no is True:
            return infix("=>", condition, self._formula(tree.then), IMPLICATION)
        if no is False:
            return junction("/\\", [condition, self._formula(tree.then)])
        return conditional(condition, self._formula(tree.then), self._formula(tree.otherwise))

    def mapping(self) -> dict[str, Doc]:
        """What each variable of a refined spec is, by its name there."""
        tree = self.reduced(self.tree)
        assert isinstance(tree, Answer)
        made = tree.value
        domain = made.domain
        assert isinstance(domain, RecordOf)
        return {name: self.write.doc(self.traced.build.field(made, name)) for name in domain.fields}

    # ------------------------------------------------------------------ what is written more than once

    def _written(self, tree: Tree, body: Callable[[], Doc]) -> Doc:
        """The body, behind names for what is written more than once in it."""
        candidates = repeated(list(roots(tree)), self._is_worth_a_name)
        while True:
            self.write.named = {}
            definitions: list[tuple[str, Doc]] = []
            for node in candidates:
                doc = self.write.doc(node)
                name = self.write.fresh(wanted_name(node))
                definitions.append((name, doc))
                self.write.named[node.id] = name
            made = body()
            text = " ".join([made.flat, *(doc.flat for _, doc in definitions)])
            uses = [len(re.findall(rf"\b{name}\b", text)) for name, _ in definitions]
            if all(times > 1 for times in uses):
                return let(definitions, made) if definitions else made
            candidates = [node for node, times in zip(candidates, uses, strict=True) if times > 1]

    def _is_worth_a_name(self, node: Node) -> bool:
        if node.free or node.op in _NEVER_NAMED:
            return False
        self.write.named = {}
        return len(self.write.doc(node).flat) >= _WORTH_A_NAME


_NEVER_NAMED = frozenset(
    ("const", "param", "var", "state", "universe", "interval", "present", "is_kind", "the", "narrow", "not", "lt", "eq")
)


def repeated(tops: list[Node], worth: Callable[[Node], bool]) -> list[Node]:
    """The expressions that are written more than once when those which contain them have names; parts before wholes."""
    nodes: dict[int, Node] = {}
    stack = list(tops)
    while stack:
        node = stack.pop()
        if node.id not in nodes:
            nodes[node.id] = node
            stack += [a for a in node.args if isinstance(a, Node)]
    uses = Counter(top.id for top in tops)
    found: list[Node] = []
    for number in sorted(nodes, reverse=True):  # an expression is made after its parts
        node, times = nodes[number], uses[number]
        if times > 1 and worth(node):
            found.append(node)
            times = 1
        for argument in node.args:
            if isinstance(argument, Node):
                uses[argument.id] += times
    return found[::-1]


def roots(tree: Tree) -> Iterator[Node]:
    """The expressions of a tree, in the order in which they are written."""
    if isinstance(tree, Branch):
        yield tree.condition
        yield from roots(tree.then)
        yield from roots(tree.otherwise)
    elif isinstance(tree, Update):
        yield from tree.fields.values()
    elif isinstance(tree, Answer):
        yield tree.value


def asked_once(condition: Node, true: bool) -> bool:
    """Whether TLC takes a condition, or where not `true` its negation, in one way only."""
    op = condition.op
    if op == "not":
        return asked_once(condition.args[0], not true)
    if op in ("and", "or"):
        return (op == "and") is true and all(asked_once(a, true) for a in condition.args)
    if op == "exists":
        return not true and not _universal_in_words(condition)
    return op not in ("ite", "sent")


def _universal_in_words(condition: Node) -> bool:
    return any(part.op == "not" for part in flattened("and", condition.args[2]))


def known_truth(tree: Tree) -> bool | None:
    """The answer of a tree, where it is the same for all."""
    return bool(tree.value.value) if isinstance(tree, Answer) and tree.value.is_const else None


def wanted_name(node: Node) -> str:
    """What to call an expression: after the field that it changes, the class of its records, what it counts."""
    op, domain = node.op, node.domain
    if op in ("field", "common"):
        return str(node.args[1])
    if op in ("store", "insert", "erase", "union", "bag_add", "bag_remove"):
        return f"new_{_place(node)}"
    if op == "select" and node.args[0].op in ("field", "common"):
        return str(node.args[0].args[1])
    if isinstance(domain, RecordOf):
        return snake(domain.cls.__name__)
    if isinstance(domain, SetOf | CappedSetOf) and isinstance(domain.member, RecordOf):
        return f"{snake(domain.member.cls.__name__)}s"
    if op in _NAMES:
        return _NAMES[op]
    if isinstance(domain, IntRange) and domain.unit is not None:
        return {"max_log": "index"}.get(domain.unit, domain.unit.removeprefix("max_"))
    return "condition" if isinstance(domain, Bools) else "number" if isinstance(domain, IntRange) else "value"


_NAMES = {
    "number": "count",
    "size": "size",
    "length": "length",
    "biggest": "highest",
    "smallest": "lowest",
    "slice": "part",
}


def _place(node: Node) -> str:
    """The field that something was taken from before it was changed."""
    while node.args and isinstance(node.args[0], Node):
        if node.op in ("field", "common"):
            break
        node = node.args[0]
    return str(node.args[1]) if node.op in ("field", "common") else "value"
