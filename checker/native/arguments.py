"""Arguments: does a property have values of its parameters for which it is false, or true?"""

from __future__ import annotations

from collections.abc import Callable

from mcheck.checker.native.emit import Value
from mcheck.checker.native.loops import Loops
from mcheck.checker.native.writing import Writing
from mcheck.spec import Rule
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.tree import Answer, Branch, Fails, Tree, leaves
from mcheck.spec.tracing.trace import TracedRule


def falsified(
    code: Writing,
    traced: TracedRule,
    rule: Rule,
    pointers: dict[str, Value],
    goal: bool,
    failing: Callable[[str], None],
) -> Value:
    """Whether, for some values of its parameters, a property is false (`goal`), or is true (not `goal`)."""
    inner = Writing(code.e, code.layout, traced.build, pointers)
    inner.lists = code.lists
    return _SearchForArguments(inner, traced, rule, goal, failing).found()


class _SearchForArguments:
    """The loops over the parameters of a property, with everything decided as far outside as it can be.

    What is looked for is a conjunction: of the decisions on the way to an answer, and of the parts of the answer (or of its
    negation).  The loops of the parameters that a part needs are opened for it, and no others, as it does not matter in
    which order arguments are tried; but where the property may fail, it fails for the arguments that plain Python tries
    first, so loops are then opened in declaration order.
    """

    def __init__(
        self, code: Writing, traced: TracedRule, rule: Rule, goal: bool, failing: Callable[[str], None]
    ) -> None:
        self.code, self.goal, self.failing = code, goal, failing
        self.loops = Loops(code, rule.signature.parameters, traced)
        self.tree = traced.tree
        self.in_order = any(isinstance(leaf, Fails) for leaf in leaves(traced.tree))
        self.hit = code.e.scratch(1)
        self.done = code.e.block("decided", code.e.b.block)

    def found(self) -> Value:
        """Emit the search; whether it found arguments."""
        e = self.code.e
        e.store(e.number(0), self.hit)
        self.decide(self.tree, frozenset())
        if not e.b.block.is_terminated:
            e.b.branch(self.done)
        e.b.position_at_end(self.done)
        return e.b.icmp_unsigned("!=", e.load(self.hit), e.number(0))

    def _missing(self, opened: frozenset[int], node: Node | None = None) -> list[int]:
        """The parameters still to be bound before an expression (without one: anything at all) can be evaluated."""
        everything = range(len(self.loops.parameters))
        needed = set(everything) if node is None else self.loops.read_by(node)
        if self.in_order and needed:
            needed = set(range(1 + max(needed)))
        return sorted(needed - opened)

    def decide(self, tree: Tree, opened: frozenset[int]) -> None:
        """Emit a tree where these parameters are bound."""
        if isinstance(tree, Answer):
            self.all_of(_parts(tree.value, not self.goal), opened)
            return
        missing = self._missing(opened, tree.condition if isinstance(tree, Branch) else None)
        if missing:
            self.loops.around(missing[0], lambda: self.decide(tree, opened | {missing[0]}))
        elif isinstance(tree, Branch):
            self._branch(tree, opened)
        else:
            assert isinstance(tree, Fails)
            self.failing(tree.message)

    def _branch(self, tree: Branch, opened: frozenset[int]) -> None:
        def side(chosen: Tree) -> None:
            with self.code.scope():
                self.decide(chosen, opened)

        test = self.code.truth(tree.condition)
        self.code.e.either(test, lambda: side(tree.then), lambda: side(tree.otherwise))

    def all_of(self, parts: list[tuple[Node, bool]], opened: frozenset[int]) -> None:
        """Emit a conjunction of expressions, each with the truth it must have."""
        e = self.code.e
        if any(node.is_const and node.value != wanted for node, wanted in parts):
            return
        first = min(parts, key=lambda part: len(self._missing(opened, part[0])), default=None)
        missing = self._missing(opened, None if first is None else first[0])
        if first is not None and not missing:
            test = self.code.truth(first[0])
            with e.when(test if first[1] else e.b.not_(test)), self.code.scope():
                self.all_of([part for part in parts if part is not first], opened)
        elif missing and not (first is None and self.loops.combinations(missing)):
            self._open(missing[0], parts, opened)
        else:
            e.store(e.number(1), self.hit)
            e.b.branch(self.done)

    def _open(self, number: int, parts: list[tuple[Node, bool]], opened: frozenset[int]) -> None:
        """Emit a conjunction for every value of one more parameter."""
        now = opened | {number}
        with self.loops.apart(number, [node for node, _ in parts]) as values:
            for special in values:
                if self.code.e.b.block.is_terminated:  # the value before is sure to do
                    break
                with self.code.scope():
                    self.all_of([(special.node(node), wanted) for node, wanted in parts], now)
        if not values:
            self.loops.around(number, lambda: self.all_of(parts, now))


def _parts(node: Node, wanted: bool) -> list[tuple[Node, bool]]:
    """The conjuncts of an expression that is wanted to be true, or of the negation of one wanted to be false."""
    if node.op == "not":
        return _parts(node.args[0], not wanted)
    if node.op == ("and" if wanted else "or"):
        return [*_parts(node.args[0], wanted), *_parts(node.args[1], wanted)]
    return [(node, wanted)]
