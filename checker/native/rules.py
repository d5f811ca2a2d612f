"""Rules: decision trees as LLVM functions: `expand` for the actions, `check` and `check_step` for the properties.

The parameters of an action are loops, in declaration order.  A decision is made in the outermost loop in which its
parameters are known, so that a guard on the first parameter is not asked again for every value of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import Layout, RecordShape
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.reading import SCALARS, Unlowerable
from mcheck.checker.native.writing import Boundary, Writing
from mcheck.spec import Instance, Rule
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import Builder
from mcheck.spec.ir.tree import Answer, Blocked, Branch, Fails, Tree, Update, leaves
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, Trace, TracedRule, trace

_FEW_LEAVES = 4
"""Up to so many updates are written where they are decided."""


@dataclass
class Counter:
    """What one counter of the expansion counts."""

    action: Rule | None
    kind: str
    """`fired` (cut or not), `blocked`, `cut`, or `error`."""
    detail: str = ""
    """The guard's reason, or the bound."""
    passed: frozenset[str] = frozenset()
    """The guards that were true on the way there."""


@dataclass
class Program:
    """An instance as an LLVM module with `expand`, `check` and `check_step`, and what its counters mean."""

    instance: Instance
    layout: Layout
    module: ir.Module
    counters: list[Counter]
    max_successors: int
    properties: list[Rule] = field(default_factory=list)
    """The properties of states, by their bits in `check`."""
    steps: list[Rule] = field(default_factory=list)
    """Those of steps, refinements included, by their bits in `check_step`."""


ENABLED, DEADLOCKED = 0, 1
"""Two counters that every program has: steps taken (cut or not), and states without any."""
FAILED = 63
"""The bit of `check` and `check_step` that says that a property failed while it was evaluated."""


def lower(instance: Instance, traced: Trace, properties: Iterable[Rule]) -> Program:
    """The functions of an instance.  Unlowerable, naming the rule, for what has no code yet."""
    module = ir.Module(instance.name)
    layout = Layout(instance.state_domain)
    counters = [Counter(None, "enabled"), Counter(None, "deadlocked")]
    most = _lower_actions(module, layout, instance, traced, counters, "")
    given = list(properties)
    states = [p for p in given if p.kind in ("always", "reachable")]
    steps = [p for p in given if p.kind in ("step", "implements")]
    lists = ListCode(module)
    _checks(module, layout, lists, instance, traced, states, "check", (STATE,))
    _checks(module, layout, lists, instance, traced, steps, "check_step", (BEFORE, AFTER))
    return Program(instance, layout, module, counters, most, states, steps)


def _lower_actions(
    module: ir.Module, layout: Layout, instance: Instance, traced: Trace, counters: list[Counter], prefix: str
) -> int:
    """Emit `expand` and what it calls, their names behind `prefix`; how many successors a state has at most."""
    lists = ListCode(module)
    most, pieces = 0, []
    for action in instance.actions:
        with _naming(action):
            made = _Action(module, layout, lists, instance, traced, action, counters, prefix)
            pieces.append(made.function)
            most += made.most
    _expand(module, pieces, prefix)
    return most


@contextmanager
def _naming(rule: Rule) -> Iterator[None]:
    try:
        yield
    except Unlowerable as error:
        raise Unlowerable(f"{rule.name}: {error}") from None


# ---------------------------------------------------------------------- parameters


class _Loops:
    """Opens the loops of parameters one after the other, around whatever comes next."""

    def __init__(self, code: Writing, parameters: tuple[Parameter, ...], traced: TracedRule) -> None:
        self.code = code
        self.parameters = parameters
        self._depth = {p.name: k for k, p in enumerate(parameters)}
        self.nodes = [traced.build.node("param", (p.name,), p.domain) for p in parameters]
        self.state = AFTER if traced.rule.kind == "step" else STATE
        """The state whose members parameters are."""

    def most(self) -> int:
        """An upper limit on the number of combinations."""
        total = 1
        for parameter in self.parameters:
            total *= self._most(parameter)
        return total

    def _most(self, parameter: Parameter) -> int:
        if isinstance(parameter, TableParameter):
            return len(parameter.table)
        assert isinstance(parameter, MemberParameter)
        held = self.code.layout.state.domain.fields[parameter.field]  # type: ignore[attr-defined]
        return held.member.cardinality if isinstance(held, SetOf) else held.capacity.limit

    def needed(self, node: Node) -> int:
        """How many parameters must be bound before an expression can be evaluated."""
        most, seen, stack = 0, set(), [node]
        while stack:
            x = stack.pop()
            if x.id in seen:
                continue
            seen.add(x.id)
            if x.op == "param":
                most = max(most, 1 + self._depth[x.args[0]])
            stack += [a for a in x.args if isinstance(a, Node)]
        return most

    def around(self, number: int, inner: Callable[[], None]) -> None:
        """Run `inner` for every value of parameter `number`."""
        parameter, node = self.parameters[number], self.nodes[number]
        if isinstance(parameter, TableParameter):
            self._table(parameter, node, inner)
        else:
            assert isinstance(parameter, MemberParameter)
            self._members(parameter, node, inner)

    def _table(self, parameter: TableParameter, node: Node, inner: Callable[[], None]) -> None:
        code, e, domain = self.code, self.code.e, parameter.domain
        with e.loop(e.number(len(parameter.table))) as (k, _):
            value: Value | Place
            if isinstance(domain, SCALARS) and parameter.whole:
                value = e.b.add(k, e.number(domain.lo)) if isinstance(domain, IntRange) and domain.lo else k
            else:
                shape = code.layout.shape(domain)
                rows = code.table([shape.packed(v) for v in parameter.table])
                place = Place(rows, e.times(k, shape.words), 0, shape)
                value = code._registered(place, domain)
            with code.binding(node, value):
                inner()

    def _members(self, parameter: MemberParameter, node: Node, inner: Callable[[], None]) -> None:
        code = self.code
        build = code.build
        state = build.node("state", (self.state,), code.layout.state.domain)
        source = build.field(state, parameter.field)
        member = source.domain.member  # type: ignore[attr-defined]
        if isinstance(source.domain, SetOf):
            self._bits(parameter, node, source, inner)
            return
        if not isinstance(source.domain, CappedSetOf | BagOf):
            raise Unlowerable(f"parameter {parameter.name} ranges over a sequence")
        with code.each(source) as (element, _):
            if parameter.kinds is None:
                with code.binding(node, element):
                    inner()
                return
            assert isinstance(element, Place)
            variable = build.open_variable(member)
            with code.binding(variable, element):
                self._of_kind(parameter, node, variable, inner)

    def _of_kind(self, parameter: MemberParameter, node: Node, variable: Node, inner: Callable[[], None]) -> None:
        """Only the members of the wanted kinds; of one kind, the parameter is the record itself."""
        code, build = self.code, self.code.build
        wanted = build.truth(False)
        for cls in parameter.kinds or ():
            wanted = build.disjunction(wanted, build.is_kind(variable, cls))
        with code.e.when(code.truth(wanted)), code.scope():
            if isinstance(parameter.domain, RecordOf):
                union = variable.domain
                assert isinstance(union, UnionOf)
                value = code.place(build.narrow(variable, union.by_class[parameter.domain.cls]))
            else:
                value = code.materialised(variable, code.layout.shape(parameter.domain))
            with code.binding(node, value):
                inner()

    def _bits(self, parameter: MemberParameter, node: Node, source: Node, inner: Callable[[], None]) -> None:
        """Members of a bit set: a table of the wanted ones with their ranks."""
        code, e = self.code, self.code.e
        member = source.domain.member  # type: ignore[attr-defined]
        wanted = [v for v in member.values() if parameter.kinds is None or type(v) in parameter.kinds]
        shape = code.layout.shape(parameter.domain)
        ranks = code.table([(member.rank(v),) for v in wanted])
        values = code.table([shape.packed(v) for v in wanted])
        with e.loop(e.number(len(wanted))) as (k, _), code.scope():
            with e.when(code._bit_at(source, e.load(ranks, k))), code.scope():
                place = Place(values, e.times(k, shape.words), 0, shape)
                with code.binding(node, code._registered(place, parameter.domain)):
                    inner()


# ---------------------------------------------------------------------- actions


class _Exit(Boundary):
    """A path that leaves the bounds counts a cut, and goes on with the next parameters."""

    def __init__(self, action: _Action, passed: frozenset[str]) -> None:
        self.action, self.passed = action, passed

    def outside(self, condition: Value, bound: str | None) -> None:
        with self.action.code.e.when(condition):
            if bound is None:
                self.action.fail("a value outside its domain")
            else:
                self.action.count("cut", bound, self.passed)
                self.action.code.e.b.branch(self.action.next_block())


class _Variants:
    """The expressions that each field gets in the updates of a tree, and which of them a leaf has chosen."""

    def __init__(self, e: Emitter, layout: Layout, updates: list[Update], behind: Any) -> None:
        self.behind = behind
        shape = layout.state
        assert isinstance(shape, RecordShape)
        self.chosen: dict[str, Value] = {}
        self.choices: dict[str, list[Node]] = {}
        for name in shape.slots:
            given = {u.fields[name].id: u.fields[name] for u in updates if name in u.fields}
            if given:
                self.choices[name] = list(given.values())
                self.chosen[name] = e.scratch(1)

    def note(self, e: Emitter, leaf: Update, build: Builder) -> None:
        """Choose the expressions of one leaf; a field it leaves alone gets none of them."""
        for name, choices in self.choices.items():
            node = leaf.fields.get(name)
            number = len(choices) if node is None else choices.index(node)
            e.store(e.number(number), self.chosen[name])


class _Action:
    """One action as a function (row, out, counts, n) -> n: it appends its successors to `out`."""

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
        self.traced, self.all = traced[rule.name], traced
        kind = ir.FunctionType(I64, [POINTER, POINTER, POINTER, I64])
        self.function = ir.Function(module, kind, f"{prefix}action_{rule.name}")
        self.function.linkage = "internal"
        for argument in self.function.args[:3]:
            argument.add_attribute("noalias")
        self.row, self.out, self.counts, start = self.function.args
        e = Emitter(module, self.function)
        self.code = Writing(e, layout, self.traced.build, {STATE: self.row})
        self.code.lists = lists
        self.layout = layout
        self.written = e.scratch(1)
        e.store(start, self.written)
        self.loops = _Loops(self.code, rule.signature.parameters, self.traced)
        self.most = self.loops.most()
        self._next: list[Any] = []
        self._variants: _Variants | None = None
        self._ended(lambda: self.tree(self.traced.tree, 0))
        e.b.ret(e.load(self.written))

    # ------------------------------------------------------------------ the tree

    def next_block(self) -> Any:
        """Where a path goes that has nothing more to do: behind what is being emitted."""
        return self._next[-1]

    def tree(self, tree: Tree, opened: int) -> None:
        """Emit a tree where the first `opened` parameters are bound; opens loops as decisions need them."""
        needed = self.loops.needed(tree.condition) if isinstance(tree, Branch) else len(self.loops.parameters)
        if opened == len(self.loops.parameters) and self._variants is None and self._many(tree):
            self._with_variants(tree)
        elif needed > opened:
            self.loops.around(opened, lambda: self._ended(lambda: self.tree(tree, opened + 1)))
        elif isinstance(tree, Branch):
            self._branch(tree, opened)
        else:
            self._leaf(tree)

    def _ended(self, code: Callable[[], None]) -> None:
        """Run code with a block behind it that its paths can leave for."""
        e = self.code.e
        behind = e.block("next")
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

        A leaf only notes which expression each field gets; the code behind all leaves copies the row and writes field
        after field.  With one copy of that code for each leaf, Raft's `deliver` would be ten times as long.
        """
        e = self.code.e
        variants = _Variants(e, self.layout, [x for x in leaves(tree) if isinstance(x, Update)], e.block("write"))
        self._variants = variants
        self.tree(tree, len(self.loops.parameters))
        self._variants = None
        e.b.branch(self.next_block())
        e.b.position_at_end(variants.behind)
        self._write(variants)

    def _write(self, variants: _Variants) -> None:
        code, e = self.code, self.code.e
        target, row, state = self._copied()
        code.boundary = _Exit(self, frozenset())
        for name, choices in variants.choices.items():
            slot = row.shape.slots[name]  # type: ignore[attr-defined]
            origin = code.build.field(state, name)
            chosen = e.load(variants.chosen[name])
            for number, node in enumerate(choices):
                if node is not origin:
                    with e.when(e.b.icmp_unsigned("==", chosen, e.number(number))), code.scope():
                        code.put(node, row.part(slot), origin)
        code.boundary = None
        self._finish(target, frozenset())

    # ------------------------------------------------------------------ leaves

    def count(self, kind: str, detail: str, passed: frozenset[str]) -> None:
        """Count that this point was reached."""
        number = len(self.counters)
        self.counters.append(Counter(self.rule, kind, detail, passed))
        self.code.e.increment(self.counts, number)

    def fail(self, message: str) -> None:
        """End the expansion: a rule fails here, and plain Python will say how."""
        number = len(self.counters)
        self.counters.append(Counter(self.rule, "error", message))
        self.code.e.b.ret(self.code.e.number(-1 - number))

    def _leaf(self, leaf: Tree) -> None:
        if isinstance(leaf, Blocked):
            self.count("blocked", leaf.reason, leaf.passed)
        elif isinstance(leaf, Fails):
            self.fail(leaf.message)
        else:
            assert isinstance(leaf, Update)
            self._update(leaf)

    def _update(self, leaf: Update) -> None:
        code, e = self.code, self.code.e
        self.count("fired", "", leaf.passed)
        e.increment(self.counts, ENABLED)
        if self._variants is not None:
            self._variants.note(e, leaf, code.build)
            e.b.branch(self._variants.behind)
            return
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
        """The successor is inside the bounds: keep it, unless a constraint cuts it."""
        e = self.code.e
        for constraint in self.instance.constraints:
            self._constrain(constraint, target, passed)
        e.store(e.b.add(e.load(self.written), e.number(1)), self.written)

    def _constrain(self, rule: Rule, target: Value, passed: frozenset[str]) -> None:
        """A successor for which a constraint is false is cut."""
        e = self.code.e
        violated = _falsified(self.code, self.all[rule.name], rule, {STATE: target}, True, self.fail)
        with e.when(violated):
            self.count("cut", rule.title, passed)
            e.b.branch(self.next_block())


def _expand(module: ir.Module, actions: list[ir.Function], prefix: str) -> None:
    """`expand(row, out, counts)`: every action in the order of the spec."""
    function = ir.Function(module, ir.FunctionType(I64, [POINTER, POINTER, POINTER]), f"{prefix}expand")
    e = Emitter(module, function)
    row, out, counts = function.args
    before = e.load(counts, ENABLED)
    n: Value = e.number(0)
    for action in actions:
        n = e.b.call(action, [row, out, counts, n])
        with e.when(e.b.icmp_signed("<", n, e.number(0))):
            e.b.ret(n)
    with e.when(e.b.icmp_unsigned("==", e.load(counts, ENABLED), before)):
        e.increment(counts, DEADLOCKED)
    e.b.ret(n)


# ---------------------------------------------------------------------- properties


def _checks(
    module: ir.Module,
    layout: Layout,
    lists: ListCode,
    instance: Instance,
    traced: Trace,
    rules: list[Rule],
    name: str,
    states: tuple[str, ...],
) -> None:
    """`check(row, wanted)` or `check_step(before, after, wanted)`: a bit for each property that is hit.

    The top bit says that a property failed while it was evaluated, and those behind it were not.
    """
    function = ir.Function(module, ir.FunctionType(I64, [POINTER] * len(states) + [I64]), name)
    e = Emitter(module, function)
    hit = e.scratch(1)
    e.store(e.number(0), hit)
    wanted = function.args[-1]
    pointers = dict(zip(states, function.args, strict=False))
    for number, rule in enumerate(rules):
        with _naming(rule):
            code = Writing(e, layout, traced[rule.name].build, pointers)
            code.lists = lists
            bit = e.number(1 << number)
            with e.when(e.b.icmp_unsigned("!=", e.b.and_(wanted, bit), e.number(0))), code.scope():
                failing = lambda message: e.b.ret(e.b.or_(e.load(hit), e.number(1 << FAILED)))  # noqa: E731
                goal = rule.kind != "reachable"
                if rule.kind == "implements":
                    found = _not_refined(code, instance, traced[rule.name], rule, pointers, number)
                else:
                    found = _falsified(code, traced[rule.name], rule, pointers, goal, failing)
                with e.when(found):
                    e.store(e.b.or_(e.load(hit), bit), hit)
    e.b.ret(e.load(hit))


def _falsified(
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
    negation).  A part is tested in the outermost loop that binds its parameters.
    """

    def __init__(
        self, code: Writing, traced: TracedRule, rule: Rule, goal: bool, failing: Callable[[str], None]
    ) -> None:
        self.code, self.goal, self.failing = code, goal, failing
        self.loops = _Loops(code, rule.signature.parameters, traced)
        self.tree = traced.tree
        self.hit = code.e.scratch(1)
        self.done = code.e.block("decided")

    def found(self) -> Value:
        """Emit the search; whether it found arguments."""
        e = self.code.e
        e.store(e.number(0), self.hit)
        self.decide(self.tree, 0)
        if not e.b.block.is_terminated:
            e.b.branch(self.done)
        e.b.position_at_end(self.done)
        return e.b.icmp_unsigned("!=", e.load(self.hit), e.number(0))

    def decide(self, tree: Tree, opened: int) -> None:
        """Emit a tree where the first `opened` parameters are bound."""
        if isinstance(tree, Branch):
            if self.loops.needed(tree.condition) > opened:
                self.loops.around(opened, lambda: self.decide(tree, opened + 1))
            else:
                self._branch(tree, opened)
        elif isinstance(tree, Answer):
            self.all_of(_parts(tree.value, not self.goal), opened)
        elif opened < len(self.loops.parameters):
            self.loops.around(opened, lambda: self.decide(tree, opened + 1))
        else:
            assert isinstance(tree, Fails)
            self.failing(tree.message)

    def _branch(self, tree: Branch, opened: int) -> None:
        def side(chosen: Tree) -> None:
            with self.code.scope():
                self.decide(chosen, opened)

        test = self.code.truth(tree.condition)
        self.code.e.either(test, lambda: side(tree.then), lambda: side(tree.otherwise))

    def all_of(self, parts: list[tuple[Node, bool]], opened: int) -> None:
        """Emit a conjunction of expressions, each with the truth it must have."""
        e = self.code.e
        for k, (node, wanted) in enumerate(parts):
            if self.loops.needed(node) <= opened:
                test = self.code.truth(node)
                with e.when(test if wanted else e.b.not_(test)), self.code.scope():
                    self.all_of([*parts[:k], *parts[k + 1 :]], opened)
                return
        if opened < len(self.loops.parameters):
            self.loops.around(opened, lambda: self.all_of(parts, opened + 1))
        else:
            e.store(e.number(1), self.hit)
            e.b.branch(self.done)


def _parts(node: Node, wanted: bool) -> list[tuple[Node, bool]]:
    """The conjuncts of an expression that is wanted to be true, or of the negation of one wanted to be false."""
    if node.op == "not":
        return _parts(node.args[0], not wanted)
    if node.op == ("and" if wanted else "or"):
        return [*_parts(node.args[0], wanted), *_parts(node.args[1], wanted)]
    return [(node, wanted)]


# ---------------------------------------------------------------------- refinement


class _Misfit(Boundary):
    """A mapping that leaves the domain of the other spec fails."""

    def __init__(self, e: Emitter) -> None:
        self.e = e

    def outside(self, condition: Value, bound: str | None) -> None:
        with self.e.when(condition):
            self.e.b.ret(self.e.number(1 << FAILED))


def _not_refined(
    code: Writing, instance: Instance, traced: TracedRule, rule: Rule, pointers: dict[str, Value], number: int
) -> Value:
    """Whether a step maps to no step of the other spec, and not to no change either.

    Both states are mapped to rows of the other spec; if they differ, the other's own `expand` says where its steps lead.
    """
    e = code.e
    other = instance.refinements[rule.name].other
    layout = Layout(other.state_domain)
    counters = [Counter(None, "enabled"), Counter(None, "deadlocked")]
    prefix = f"refined_{number}_"
    most = _lower_actions(e.module, layout, other, trace(other), counters, prefix)
    rows = [_mapped(code, traced, pointers[which], layout) for which in (BEFORE, AFTER)]
    target = Place(rows[1], 0, 0, layout.state)
    verdict = e.scratch(1)
    e.store(e.number(0), verdict)
    with e.when(e.b.not_(code.equal_places(Place(rows[0], 0, 0, layout.state), target))):
        out, counts = e.scratch(layout.words * (most + 1)), e.scratch(len(counters))
        e.store(e.number(1), verdict)
        expand = e.module.get_global(f"{prefix}expand")
        with e.loop(e.b.call(expand, [rows[0], out, counts])) as (k, end):
            reached = Place(out, e.times(k, layout.words), 0, layout.state)
            with e.when(code.equal_places(reached, target)):
                e.store(e.number(0), verdict)
                e.b.branch(end)
    return e.b.icmp_unsigned("!=", e.load(verdict), e.number(0))


def _mapped(code: Writing, traced: TracedRule, row: Value, layout: Layout) -> Value:
    """The row of the other spec that a state maps to."""
    e = code.e
    target = e.scratch(layout.words)
    e.zero(target, 0, layout.words)
    inner = Writing(e, code.layout, traced.build, {STATE: row})
    inner.lists, inner.boundary = code.lists, _Misfit(e)

    def tree(node: Tree) -> None:
        if isinstance(node, Branch):
            test = inner.truth(node.condition)

            def side(chosen: Tree) -> None:
                with inner.scope():
                    tree(chosen)

            e.either(test, lambda: side(node.then), lambda: side(node.otherwise))
        elif isinstance(node, Answer):
            inner.fill(node.value, Place(target, 0, 0, layout.state))
        else:
            with e.when(e.truth(True)):
                e.b.ret(e.number(1 << FAILED))

    tree(traced.tree)
    return target
