"""Decision trees made short: tracing runs every path of a function, and paths that end alike are put together again.

Each change keeps the meaning of a tree, reasons of guards aside:

* a decision whose sides are the same is none;
* `IF c THEN (IF d THEN x ELSE y) ELSE y` is one decision, c and d; likewise its mirror images, with `or`;
* a decision that both sides begin with is taken first, where that is shorter;
* two ends that differ in one place are one end, with the decision in that place.
"""

from __future__ import annotations

from mcheck.spec.domains.products import RecordOf
from mcheck.spec.errors import LanguageError
from mcheck.spec.ir.nodes import BINDERS, Node
from mcheck.spec.ir.structures import Builder
from mcheck.spec.ir.tree import Answer, Blocked, Branch, Fails, Tree, Update

_LARGEST = 4_000
"""The size from which on an expression is large, however large it is."""


class Reduction:
    """Reduces the trees of one rule."""

    def __init__(self, build: Builder, state: Node | None) -> None:
        self.build, self.state = build, state
        self._sizes: dict[int, int] = {}
        self._reduced: dict[int, tuple[Tree, Tree]] = {}

    def reduced(self, tree: Tree) -> Tree:
        """A tree of the same meaning, and mostly shorter."""
        if not isinstance(tree, Branch):
            return tree
        known = self._reduced.get(id(tree))
        if known is not None:
            return known[1]
        result = self.decided(tree.condition, self.reduced(tree.then), self.reduced(tree.otherwise))
        self._reduced[id(tree)] = (tree, result)
        return result

    def decided(self, condition: Node, then: Tree, otherwise: Tree) -> Tree:
        """The decision between two reduced trees."""
        if condition.is_const:
            return then if condition.value else otherwise
        if condition.op == "not":
            return self.decided(condition.args[0], otherwise, then)
        if same(then, otherwise):
            return then
        joined = self._joined(condition, then, otherwise)
        if joined is not None:
            return joined
        plain = Branch(condition, then, otherwise)
        return min(
            (plain, *self._shared_first(condition, then, otherwise), *self._one_end(condition, then, otherwise)),
            key=self.size,
        )

    def _joined(self, condition: Node, then: Tree, otherwise: Tree) -> Tree | None:
        """Two decisions, one inside a side of the other, that come to one."""
        build = self.build
        if isinstance(then, Branch) and not same(then.then, then.otherwise):
            if _one(then.otherwise, otherwise):
                return self.decided(build.conjunction(condition, then.condition), then.then, otherwise)
            if _one(then.then, otherwise):
                both = build.conjunction(condition, build.negation(then.condition))
                return self.decided(both, then.otherwise, otherwise)
        if isinstance(otherwise, Branch):
            if _one(otherwise.then, then):
                return self.decided(build.disjunction(condition, otherwise.condition), then, otherwise.otherwise)
            if _one(otherwise.otherwise, then):
                either = build.disjunction(condition, build.negation(otherwise.condition))
                return self.decided(either, then, otherwise.then)
        return None

    def _shared_first(self, condition: Node, then: Tree, otherwise: Tree) -> list[Tree]:
        """The decision that both sides begin with, taken before this one."""
        if not (isinstance(then, Branch) and isinstance(otherwise, Branch)):
            return []
        if then.condition is otherwise.condition:
            return [
                Branch(
                    then.condition,
                    self.decided(condition, then.then, otherwise.then),
                    self.decided(condition, then.otherwise, otherwise.otherwise),
                )
            ]
        for mine, theirs in ((then.then, otherwise.then), (then.otherwise, otherwise.otherwise)):
            if same(mine, theirs):
                return self._one_decision(condition, then, otherwise)
        return []

    def _one_decision(self, condition: Node, then: Branch, otherwise: Branch) -> list[Tree]:
        """Both sides decide between the same two ends: which question is asked depends on the condition."""
        if not (same(then.then, otherwise.then) and same(then.otherwise, otherwise.otherwise)):
            return []
        question = self.build.choice(condition, then.condition, otherwise.condition)
        return [Branch(question, then.then, then.otherwise)]

    def _one_end(self, condition: Node, then: Tree, otherwise: Tree) -> list[Tree]:
        """Two ends as one."""
        if not (isinstance(then, Update) and isinstance(otherwise, Update)) or self.state is None:
            return []
        domain = self.state.domain
        assert isinstance(domain, RecordOf)
        fields, choices = {}, 0
        for name in domain.fields:
            if name in then.fields or name in otherwise.fields:
                kept = self.build.field(self.state, name)
                value, more = self.merged(condition, then.fields.get(name, kept), otherwise.fields.get(name, kept))
                choices += more
                if value is not kept:
                    fields[name] = value
        return [Update(fields)] if choices <= 1 else []

    def merged(self, condition: Node, x: Node, y: Node) -> tuple[Node, int]:
        """x where the condition is true, else y, with the choice as far inside as the two are alike; the number of choices."""
        if x.op == "ite" and x.args[0] is condition:
            x = x.args[1]
        if y.op == "ite" and y.args[0] is condition:
            y = y.args[2]
        if x is y:
            return x, 0
        if condition.op == "present" and x.op == "the" and x.args[0] is condition.args[0] and is_none(y):
            return condition.args[0], 0
        inside = self._merged_inside(condition, x, y)
        if inside is not None and inside[1] <= 1:
            return inside
        return self.build.choice(condition, x, y), 1

    def _merged_inside(self, condition: Node, x: Node, y: Node) -> tuple[Node, int] | None:
        """The operation of both, with the choices in its arguments; None where they have none in common."""
        if x.op != y.op or x.op in _LEAVES or x.op in BINDERS or not x.args or len(x.args) != len(y.args):
            return None
        pairs = list(zip(x.args, y.args, strict=True))
        if not all((isinstance(a, Node) and isinstance(b, Node)) or a == b for a, b in pairs):
            return None
        try:
            made = [self.merged(condition, a, b) if isinstance(a, Node) else (a, 0) for a, b in pairs]
        except LanguageError:  # arguments of two kinds
            return None
        return self.build.node(x.op, tuple(a for a, _ in made), x.domain), sum(choices for _, choices in made)

    # ------------------------------------------------------------------ sizes

    def size(self, tree: Tree) -> int:
        """How much there is to write."""
        if isinstance(tree, Branch):
            return 2 + self.expression(tree.condition) + self.size(tree.then) + self.size(tree.otherwise)
        if isinstance(tree, Update):
            return 2 + sum(2 + self.expression(value) for value in tree.fields.values())
        return 1 + self.expression(tree.value) if isinstance(tree, Answer) else 1

    def expression(self, node: Node) -> int:
        """How many operations an expression has, written out."""
        known = self._sizes.get(node.id)
        if known is None:
            inside = sum(self.expression(a) for a in node.args if isinstance(a, Node))
            known = self._sizes[node.id] = min(_LARGEST, 1 + inside)
        return known


_LEAVES = frozenset(("const", "param", "var", "state", "field", "ite"))
"""Operations whose arguments are not merged: two fields are two things."""


def same(a: Tree, b: Tree) -> bool:
    """Whether two trees say the same, the reasons of guards aside."""
    if a is b:
        return True
    if isinstance(a, Branch) and isinstance(b, Branch):
        return a.condition is b.condition and same(a.then, b.then) and same(a.otherwise, b.otherwise)
    if isinstance(a, Update) and isinstance(b, Update):
        return a.fields == b.fields
    if isinstance(a, Answer) and isinstance(b, Answer):
        return a.value is b.value
    if isinstance(a, Fails) and isinstance(b, Fails):
        return a.message == b.message
    return isinstance(a, Blocked) and isinstance(b, Blocked)


def _one(a: Tree, b: Tree) -> bool:
    """Whether two trees are one: guards with different reasons are told apart, as the reasons are written."""
    return same(a, b) and not (isinstance(a, Blocked) and isinstance(b, Blocked) and a.reason != b.reason)


def is_none(node: Node) -> bool:
    """Whether an expression is None."""
    return node.is_const and node.value is None


def along_paths(build: Builder, tree: Tree, state: Node | None, known: dict[int, Node] | None = None) -> Tree:
    """The tree with each end as it is where the decisions on the way to it have gone as they have."""
    known = known or {}
    if isinstance(tree, Branch):
        sides = [
            along_paths(build, side, state, {**known, **decided_by(build, tree.condition, truth)})
            for side, truth in ((tree.then, True), (tree.otherwise, False))
        ]
        return Branch(tree.condition, sides[0], sides[1])
    end = Given(build, known).tree(tree)
    if isinstance(end, Update) and state is not None:
        return Update({n: v for n, v in end.fields.items() if v is not build.field(state, n)}, end.passed)
    return end


def decided_by(build: Builder, condition: Node, truth: bool) -> dict[int, Node]:
    """What is known of a condition and its parts once it has turned out to be true or false."""
    if condition.is_const:
        return {}
    found = {condition.id: build.truth(truth), build.negation(condition).id: build.truth(not truth)}
    if condition.op == "not":
        found.update(decided_by(build, condition.args[0], not truth))
    elif condition.op == ("and" if truth else "or"):
        for part in condition.args:
            found.update(decided_by(build, part, truth))
    return found


class Given:
    """Trees and expressions where some expressions are known to be others: of a message of one kind, or on one path."""

    def __init__(self, build: Builder, known: dict[int, Node]) -> None:
        self.build = build
        self._done: dict[int, Node] = dict(known)

    def tree(self, tree: Tree) -> Tree:
        """The tree, without decisions that are known."""
        if isinstance(tree, Branch):
            condition = self.node(tree.condition)
            if condition.is_const:
                return self.tree(tree.then if condition.value else tree.otherwise)
            then, otherwise = self.tree(tree.then), self.tree(tree.otherwise)
            return then if same(then, otherwise) else Branch(condition, then, otherwise)
        if isinstance(tree, Update):
            return Update({name: self.node(value) for name, value in tree.fields.items()}, tree.passed)
        return Answer(self.node(tree.value)) if isinstance(tree, Answer) else tree

    def node(self, node: Node) -> Node:
        """The expression."""
        found = self._done.get(node.id)
        if found is None:
            found = self._done[node.id] = self._rebuilt(node)
        return found

    def _rebuilt(self, node: Node) -> Node:
        made = self._made(node)
        if made.op == "store" and made.args[1].op == "select" and made.args[1].args == (made.args[0], *made.args[2:]):
            return made.args[0]  # type: ignore[no-any-return]  # what was there is put there
        return made

    def _made(self, node: Node) -> Node:
        build = self.build
        if node.op in BINDERS:
            source = self.node(node.args[1])
            opened, parts = build.open(node)
            return build.rebuild_binder(node, opened, source, tuple(self.node(p) for p in parts))
        return build.rebuild(node, tuple(self.node(a) if isinstance(a, Node) else a for a in node.args))
