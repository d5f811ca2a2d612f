"""Actions: decision trees as the LLVM function `expand`, which writes the successors of a row.

The parameters of an action are loops, in declaration order.  A decision is made in the outermost loop in which its
parameters are known, so that a guard on the first parameter is not asked again for every value of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from mcheck.checker.native.arguments import falsified
from mcheck.checker.native.boundary import Boundary
from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.loops import Loops
from mcheck.checker.native.program import DEADLOCKED, ENABLED, Counter
from mcheck.checker.native.reading import Unlowerable
from mcheck.checker.native.writing import Writing
from mcheck.spec import Instance, Rule
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.tree import Blocked, Branch, Fails, Tree, Update, conditions, leaves, reduced
from mcheck.spec.tracing.trace import STATE, Trace

VIEW = "view"
"""The function of `viewing`, in the module of an instance whose states are views."""

_FEW_LEAVES = 4
"""Up to so many updates are written where they are decided."""


def lower_actions(
    module: ir.Module,
    layout: Layout,
    instance: Instance,
    traced: Trace,
    counters: list[Counter],
    prefix: str,
    emitted: type[ActionCode] | None = None,
    given: int = 0,
) -> int:
    """Emit `expand` and what it calls, their names behind `prefix`; how many successors a state has at most.

    `emitted`: what makes the function of an action, which takes so many pointers as are `given` besides, and `expand` too.
    """
    make = emitted or ActionCode
    lists = ListCode(module)
    most, pieces = 0, []
    for action in instance.actions:
        with naming(action):
            made = make(module, layout, lists, instance, traced, action, counters, prefix)
            pieces.append(made.function)
            most += made.most
    _expand(module, pieces, prefix, given)
    return most


@contextmanager
def naming(rule: Rule) -> Iterator[None]:
    try:
        yield
    except Unlowerable as error:
        raise Unlowerable(f"{rule.name}: {error}") from None


class _Exit(Boundary):
    """A path that leaves the bounds counts a cut, and goes on with the next parameters."""

    def __init__(self, action: ActionCode, passed: frozenset[str]) -> None:
        self.action, self.passed = action, passed

    def outside(self, condition: Value, bound: str | None) -> None:
        with self.action.code.e.when(condition):
            if bound is None:
                self.action.fail("a value outside its domain")
            else:
                self.action.count("cut", bound, self.passed)
                self.action.code.e.b.branch(self.action.next_block())


class _Variants:
    """The distinct updates of a tree by number.  A leaf notes its number; the code behind all leaves looks up the rest."""

    def __init__(self, e: Emitter, updates: list[Update], behind: Any) -> None:
        self.behind = behind
        self._numbers: dict[Any, int] = {}
        self.updates: list[Update] = []
        for update in updates:
            if self._number(update) == len(self.updates):  # a new one
                self.updates.append(update)
        self.noted = e.scratch(1)

    def _number(self, leaf: Update) -> int:
        key = (tuple((name, value.id) for name, value in leaf.fields.items()), leaf.passed)
        return self._numbers.setdefault(key, len(self._numbers))

    def note(self, e: Emitter, leaf: Update) -> None:
        """This leaf was reached."""
        e.store(e.number(self._number(leaf)), self.noted)

    def choices(self, name: str) -> list[Node | None]:
        """The distinct expressions that a field gets; None where it is left alone."""
        return list(dict.fromkeys(u.fields.get(name) for u in self.updates))

    def chosen(self, code: Writing, choices: list[Any], choice: Callable[[Update], Any]) -> Value:
        """Which of the choices the leaf that was reached has made."""
        if len(choices) == 1:
            return code.e.number(0)
        table = code.table([(choices.index(choice(u)),) for u in self.updates])
        return code.e.load(table, code.e.load(self.noted))


class ActionCode:
    """One action as a function (row, out, counts, n) -> n: it appends its successors to `out`."""

    given = 0
    """How many pointers the function takes besides."""

    def __init__(
        self,
        module: ir.Module,
        layout: Layout,
        lists: ListCode,
        instance: Instance,
        traced: Trace,
        rule: Rule,
        counters: list[Counter],
        prefix: str,
    ) -> None:
        self.instance, self.rule, self.counters = instance, rule, counters
        self.seen_through = module.globals.get(VIEW)
        self.traced, self.all = traced[rule.name], traced
        kind = ir.FunctionType(I64, [POINTER, POINTER, POINTER, I64, *[POINTER] * self.given])
        self.function = ir.Function(module, kind, f"{prefix}action_{rule.name}")
        self.function.linkage = "internal"
        for argument in self.function.args[:3]:
            argument.add_attribute("noalias")
        self.row, self.out, self.counts, start = self.function.args[:4]
        e = Emitter(module, self.function, fixed=[self.row])
        self.code = Writing(e, layout, self.traced.build, {STATE: self.row})
        self.code.lists = lists
        self.layout = layout
        self.written = e.scratch(1)
        e.store(start, self.written)
        self.loops = Loops(self.code, rule.signature.parameters, self.traced)
        self.most = self.loops.most()
        self._next: list[Any] = []
        self._variants: _Variants | None = None
        self._ended(lambda: self.tree(reduced(self.traced.tree), 0))
        e.b.ret(e.load(self.written))

    # ------------------------------------------------------------------ the tree

    def next_block(self) -> Any:
        """Where a path goes that has nothing more to do: behind what is being emitted."""
        return self._next[-1]

    def tree(self, tree: Tree, opened: int) -> None:
        """Emit a tree where the first `opened` parameters are bound; opens loops as decisions need them."""
        needed = self._needed(tree, opened)
        if opened == len(self.loops.parameters) and self._variants is None and self._many(tree):
            self._with_variants(tree)
        elif needed > opened:
            self._open(tree, opened)
        elif isinstance(tree, Branch):
            self._branch(tree, opened)
        else:
            self._leaf(tree, opened)

    def _open(self, tree: Tree, opened: int) -> None:
        """Emit a tree for every value of the next parameter: in a loop, or, where it pays, each with code of its own."""
        expressions = [
            *conditions(tree),
            *(v for x in leaves(tree) if isinstance(x, Update) for v in x.fields.values()),
        ]
        with self.loops.apart(opened, expressions) as values:
            for index, special in enumerate(values):
                self.loops.indexes[opened] = index
                with self.code.scope():
                    self._ended(lambda: self.tree(reduced(special.tree(tree)), opened + 1))  # noqa: B023 - called at once
        if not values:
            self.loops.around(opened, lambda: self._ended(lambda: self.tree(tree, opened + 1)))

    def _needed(self, tree: Tree, opened: int) -> int:
        """How many parameters must be bound before a tree can be emitted."""
        if isinstance(tree, Branch):
            return self.loops.needed(tree.condition)
        if isinstance(tree, Blocked) and self._unopened(opened) is not None:
            return opened
        return len(self.loops.parameters)

    def _unopened(self, opened: int) -> int | None:
        """How many values the parameters after the first `opened` have together, if that is the same in every state."""
        return self.loops.combinations(range(opened, len(self.loops.parameters)))

    def _ended(self, code: Callable[[], None]) -> None:
        """Run code with a block behind it that its paths can leave for."""
        e = self.code.e
        behind = e.block("next", e.b.block)
        self._next.append(behind)
        code()
        self._next.pop()
        if not e.b.block.is_terminated:
            e.b.branch(behind)
        e.b.position_at_end(behind)

    def _branch(self, tree: Branch, opened: int) -> None:
        test = self.code.truth(tree.condition)

        def side(chosen: Tree) -> None:
            with self.code.scope():
                self.tree(chosen, opened)

        self.code.e.either(test, lambda: side(tree.then), lambda: side(tree.otherwise))

    # ------------------------------------------------------------------ many leaves

    @staticmethod
    def _many(tree: Tree) -> bool:
        return sum(isinstance(leaf, Update) for leaf in leaves(tree)) > _FEW_LEAVES

    def _with_variants(self, tree: Tree) -> None:
        """Updates that differ in some fields share the code of the others.

        A leaf only notes which it is; the code behind all leaves copies the row and writes field after field.  With one
        copy of that code for each leaf, Raft's `deliver` would be ten times as long.
        """
        e = self.code.e
        updates = [x for x in leaves(tree) if isinstance(x, Update)]
        variants = _Variants(e, updates, e.block("write", e.b.block))
        self._variants = variants
        self.tree(tree, len(self.loops.parameters))
        self._variants = None
        e.b.branch(self.next_block())
        e.b.position_at_end(variants.behind)
        self._write(variants)

    def _write(self, variants: _Variants) -> None:
        code, e = self.code, self.code.e
        self._fired(variants)
        target, row, state = self._copied()
        code.boundary = _Exit(self, frozenset())
        for name, slot in row.shape.slots.items():  # type: ignore[attr-defined]
            origin = code.build.field(state, name)
            choices = variants.choices(name)
            chosen = variants.chosen(code, choices, lambda u: u.fields.get(name))  # noqa: B023 - called at once
            for number, node in enumerate(choices):
                if node is not None and node is not origin:
                    with e.when(e.b.icmp_unsigned("==", chosen, e.number(number))), code.scope():
                        code.put(node, row.part(slot), origin)
        code.boundary = None
        self._finish(target, frozenset())

    def _fired(self, variants: _Variants) -> None:
        """Count the step, by the guards that were true on the way to its leaf."""
        e = self.code.e
        guards = list(dict.fromkeys(u.passed for u in variants.updates))
        chosen = variants.chosen(self.code, guards, lambda u: u.passed)
        for number, passed in enumerate(guards):
            with e.when(e.b.icmp_unsigned("==", chosen, e.number(number))):
                self.count("fired", "", passed)
        e.increment(self.counts, ENABLED)

    # ------------------------------------------------------------------ leaves

    def count(self, kind: str, detail: str, passed: frozenset[str], times: int = 1) -> None:
        """Count that this point was reached, for so many values of parameters."""
        number = len(self.counters)
        self.counters.append(Counter(self.rule, kind, detail, passed))
        self.code.e.increment(self.counts, number, times)

    def fail(self, message: str) -> None:
        """End the expansion: a rule fails here, and plain Python will say how."""
        number = len(self.counters)
        self.counters.append(Counter(self.rule, "error", message))
        self.code.e.b.ret(self.code.e.number(-1 - number))

    def _leaf(self, leaf: Tree, opened: int) -> None:
        if isinstance(leaf, Blocked):
            # a guard that is false is false for every value of the parameters that it does not read
            self.count("blocked", leaf.reason, leaf.passed, self._unopened(opened) or 0)
        elif isinstance(leaf, Fails):
            self.fail(leaf.message)
        else:
            assert isinstance(leaf, Update)
            self._update(leaf)

    def _update(self, leaf: Update) -> None:
        code, e = self.code, self.code.e
        if self._variants is not None:
            self._variants.note(e, leaf)
            e.b.branch(self._variants.behind)
            return
        self.count("fired", "", leaf.passed)
        e.increment(self.counts, ENABLED)
        target, row, state = self._copied()
        code.boundary = _Exit(self, leaf.passed)
        for name, slot in row.shape.slots.items():  # type: ignore[attr-defined]
            if name in leaf.fields:
                with code.scope():
                    code.put(leaf.fields[name], row.part(slot), code.build.field(state, name))
        code.boundary = None
        self._finish(target, leaf.passed)

    def _copied(self) -> tuple[Value, Place, Node]:
        """(where the successor stands, as a place, the state it is a copy of)."""
        e, layout = self.code.e, self.layout
        target = e.pointer(self.out, e.times(e.load(self.written), layout.words))
        e.copy(target, 0, self.row, 0, layout.words)
        state = self.code.build.node("state", (STATE,), layout.state.domain)
        return target, Place(target, 0, 0, layout.state), state

    def _finish(self, target: Value, passed: frozenset[str]) -> None:
        """The successor is inside the bounds: keep it, or its view, unless a constraint cuts it."""
        e = self.code.e
        for constraint in self.instance.constraints:
            self._constrain(constraint, target, passed)
        if self.seen_through is not None:
            failed = e.b.call(self.seen_through, [target, self.row])
            with e.when(e.b.icmp_signed("!=", failed, e.number(0))):
                self.fail("the view")
        e.store(e.b.add(e.load(self.written), e.number(1)), self.written)

    def _constrain(self, rule: Rule, target: Value, passed: frozenset[str]) -> None:
        """A successor for which a constraint is false is cut."""
        e = self.code.e
        violated = falsified(self.code, self.all[rule.name], rule, {STATE: target}, True, self.fail)
        with e.when(violated):
            self.count("cut", rule.title, passed)
            e.b.branch(self.next_block())


def _expand(module: ir.Module, actions: list[ir.Function], prefix: str, given: int) -> None:
    """`expand(row, out, counts)`: every action in the order of the spec."""
    function = ir.Function(module, ir.FunctionType(I64, [POINTER] * (3 + given)), f"{prefix}expand")
    e = Emitter(module, function)
    row, out, counts, *besides = function.args
    before = e.load(counts, ENABLED)
    n: Value = e.number(0)
    for action in actions:
        n = e.b.call(action, [row, out, counts, n, *besides])
        with e.when(e.b.icmp_signed("<", n, e.number(0))):
            e.b.ret(n)
    with e.when(e.b.icmp_unsigned("==", e.load(counts, ENABLED), before)):
        e.increment(counts, DEADLOCKED)
    e.b.ret(n)
