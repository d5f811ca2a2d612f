"""Expressions of the typed IR as expressions of TLA+.

Whatever the IR leaves undefined (a field of None, a position outside a sequence) stands behind the same conditions here, as
TLC too evaluates conjunctions and disjunctions from left to right and only the branch that is taken.  Integers are those of
TLA+; positions, which the IR counts from 0, are counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mcheck.spec import Index, InternalError, Set
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, SequenceOf
from mcheck.spec.domains.products import ChannelsOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange, Members, Scalarset
from mcheck.spec.ir.nodes import Node
from mcheck.tla.helpers import Helpers
from mcheck.tla.layout import (
    ATOM,
    IMPLICATION,
    NEGATION,
    OPERATION,
    QUANTIFIER,
    RELATION,
    Doc,
    atom,
    bracketed,
    called,
    conditional,
    hung,
    infix,
    junction,
    parted,
    prefixed,
    quantified,
    ranging,
    updated,
    within,
)
from mcheck.tla.vocabulary import Vocabulary, number

Writer = Callable[["Expressions", Node], Doc]
Path = tuple[str, Doc]
_LONGEST_RUN = 64


class Expressions:
    """Writes the expressions of one rule.

    `states` gives each state of the rule its suffix, "" or a prime; `named` the expressions that a LET gives a name.
    """

    def __init__(self, words: Vocabulary, helpers: Helpers, states: dict[str, str], parameters: dict[str, str]) -> None:
        self.words, self.helpers, self.states, self.parameters = words, helpers, states, parameters
        self.named: dict[int, str] = {}
        self.locals: list[str] = list(parameters.values())
        """Every name bound around what is being written."""
        self._bound: dict[int, Doc] = {}
        words.scope = lambda: (*self.locals, *self.named.values())

    def doc(self, node: Node) -> Doc:
        """The expression."""
        name = self.named.get(node.id)
        if name is not None:
            return atom(name)
        writer = _WRITERS.get(node.op)
        if writer is None:
            raise InternalError(f"TLA+ export has no operation {node.op!r}")
        return writer(self, node)

    def docs(self, nodes: Iterable[Node]) -> list[Doc]:
        """Several expressions."""
        return [self.doc(n) for n in nodes]

    def use(self, module: str) -> None:
        """Note that a standard module is needed."""
        self.words.modules.add(module)

    def help(self, helper: str, *arguments: Doc) -> Doc:
        """A helper applied."""
        return called(self.helpers.named(helper), arguments)

    # ------------------------------------------------------------------ bound variables

    def fresh(self, wanted: str) -> str:
        """A name that is free here."""
        return self.words.names.local(wanted, (*self.locals, *self.named.values()))

    @contextmanager
    def binding(self, variable: Node, wanted: str | None = None) -> Iterator[str]:
        """A name for the variable of a quantifier, within the block."""
        name = self.fresh(wanted or short_name(variable.domain))
        with self.bound(variable, atom(name)):
            self.locals.append(name)
            yield name
            self.locals.pop()

    @contextmanager
    def bound(self, variable: Node, doc: Doc) -> Iterator[None]:
        """The variable of a quantifier stands for `doc` within the block."""
        key = variable.args[0]
        outer = self._bound.get(key)
        self._bound[key] = doc
        yield
        if outer is None:
            del self._bound[key]
        else:
            self._bound[key] = outer

    def variable(self, node: Node) -> Doc:
        """A bound variable."""
        return self._bound[node.args[0]]

    # ------------------------------------------------------------------ truth values

    def negated(self, node: Node) -> Doc:
        """The negation of a condition, without a `~` where that reads better."""
        op, args = node.op, node.args
        if node.id not in self.named:
            if op == "not":
                return self.doc(args[0])
            if op == "eq":
                return self._relation("#", args[0], args[1])
            if op == "lt":
                return self._relation(">=", args[0], args[1])
            if op == "member":
                return infix("\\notin", self.doc(args[0]), self.members(args[1]), RELATION)
            if op == "present":
                return self._compared(args[0], "=")
            if op == "is_kind":
                return self._kind(node, "#")
            if op == "or":
                return junction("/\\", [self.negated(x) for x in flattened("or", node)])
            if op == "and":
                *premises, goal = flattened("and", node)
                if goal.op == "not":
                    return infix("=>", junction("/\\", self.docs(premises)), self.doc(goal.args[0]), IMPLICATION)
            if op == "exists":
                return self._universal(node)
            if op == "const":
                return self.words.value(not args[0])
        return prefixed("~", self.doc(node), NEGATION)

    def _universal(self, node: Node) -> Doc:
        """No element satisfies the body: all satisfy its negation, where that reads well."""
        variable, source, body = node.args
        parts = flattened("and", body)
        positive = [p for p in parts if p.op != "not"]
        rest = [p for p in parts if p.op == "not"]
        if not rest:
            return prefixed("~", self.doc(node), NEGATION)
        with self._quantifier("\\A ", variable, source) as head:
            goal = junction("\\/", [self.doc(p.args[0]) for p in rest])
            if positive:
                goal = infix("=>", junction("/\\", self.docs(positive)), goal, IMPLICATION)
            return quantified(head, goal)

    @contextmanager
    def _quantifier(self, sign: str, variable: Node, source: Node) -> Iterator[Doc]:
        over = self.members(source)
        with self.binding(variable) as name:
            yield ranging(sign, name, over)

    def _compared(self, option: Node, relation: str) -> Doc:
        self.words.uses_none = True
        return infix(relation, self.doc(option), atom(self.words.none), RELATION)

    def _kind(self, node: Node, relation: str) -> Doc:
        union, cls = node.args
        return infix(relation, dotted(self.doc(union), self.words.tag), atom(f'"{cls.__name__}"'), RELATION)

    def _relation(self, relation: str, x: Node, y: Node) -> Doc:
        return infix(relation, self.doc(x), self.doc(y), RELATION)

    def conjunction(self, node: Node) -> Doc:
        """x /\\ y /\\ …"""
        return self._junction("and", "/\\", node)

    def disjunction(self, node: Node) -> Doc:
        """x \\/ y \\/ …, or an implication."""
        parts = flattened("or", node)
        first = parts[0]
        if (
            len(parts) >= 2
            and first.op == "not"
            and first.args[0].op in ("and", "exists", "is_kind", "member", "field", "select")
        ):
            guards = [p.args[0] for p in parts if p.op == "not"]
            goals = [p for p in parts if p.op != "not"]
            if goals and parts[: len(guards)] == [p for p in parts if p.op == "not"]:
                premise = junction("/\\", [d for g in guards for d in self.docs(flattened("and", g))])
                return infix("=>", premise, self._listed("\\/", goals), IMPLICATION)
        return self._junction("or", "\\/", node)

    def _junction(self, op: str, sign: str, node: Node) -> Doc:
        return self._listed(sign, flattened(op, node))

    def _listed(self, sign: str, parts: list[Node]) -> Doc:
        """A junction; a part of it that says the same of each of several values is written as a quantifier."""
        docs: list[Doc] = []
        first = 0
        while first < len(parts):
            run = self._alike(parts[first : first + _LONGEST_RUN])
            docs.append(self.doc(parts[first]) if run == 1 else self._rolled(sign, parts[first : first + run]))
            first += run
        return junction(sign, docs)

    def _alike(self, parts: list[Node]) -> int:
        """How many of the first parts differ in one value only."""
        return next((n for n in range(len(parts), 1, -1) if differing(parts[:n]) is not None), 1)

    def _rolled(self, sign: str, parts: list[Node]) -> Doc:
        """Parts that differ in one value, as one that is said of all or some of these values."""
        values = differing(parts)
        assert values is not None
        name = self.fresh("q" if isinstance(values[0].value, Set) else short_name(values[0].domain))
        over = self.words.listed(tuple(v.value for v in values))
        outer = self.named
        # a name stands for what is said of the first value, and would say it of all
        self.named = {k: v for k, v in outer.items() if k not in containing(parts[0], values[0])}
        self.named[values[0].id] = name
        inner = self.doc(parts[0])
        self.named = outer
        return quantified(ranging("\\E " if sign == "\\/" else "\\A ", name, over), inner)

    # ------------------------------------------------------------------ sets and the like

    def members(self, source: Node) -> Doc:
        """The set that a quantifier ranges over, or that something is a member of."""
        if source.op == "universe":
            return self.words.domain(source.domain, exact=True)
        if source.op == "interval":
            return infix("..", number(source.args[0]), number(source.args[1]), OPERATION)
        if isinstance(source.domain, BagOf):
            self.use("Bags")
            return called("BagToSet", [self.doc(source)])
        if isinstance(source.domain, SequenceOf):
            return self.help("Elements", self.doc(source))
        return self.doc(source)

    def chosen(self, variable: Node, source: Node, condition: Node, value: Node | None) -> Doc:
        """The set of `value`, or of the elements, for the elements that satisfy a condition."""
        over = self.members(source)
        everything = condition.is_const and bool(condition.value)
        with self.binding(variable) as name:
            some = over if everything else parted("{", ranging("", name, over), ":", self.doc(condition), "}")
            if value is None or value is variable:
                return some
        with self.binding(variable) as name:
            return parted("{", self.doc(value), ":", ranging("", name, some), "}")

    def count(self, node: Node) -> Doc:
        """How many elements satisfy a condition; of a sequence, how many positions."""
        variable, source, body = node.args
        self.use("FiniteSets")
        if isinstance(source.domain, SequenceOf):
            sequence = self.doc(source)
            k = self.fresh("k")
            with self.bound(variable, indexed(sequence, [atom(k)])):
                self.locals.append(k)
                positions = ranging("", k, Doc(f"DOMAIN {within(sequence, ATOM).flat}", OPERATION))
                inside = parted("{", positions, ":", self.doc(body), "}")
                self.locals.pop()
            return called("Cardinality", [inside])
        return called("Cardinality", [self.chosen(variable, source, body, None)])

    def extreme(self, node: Node, helper: str) -> Doc:
        """The largest or smallest of some numbers; another where there are none."""
        variable, source, condition, value, default = node.args
        numbers = self.chosen(variable, source, condition, value)
        name = self.fresh("numbers")
        self.locals.append(name)
        least = infix("=", atom(name), atom("{}"), RELATION)
        body = conditional(least, self.doc(default), self.help(helper, atom(name)))
        self.locals.pop()
        return let([(name, numbers)], body)

    # ------------------------------------------------------------------ updates

    def changed(self, node: Node) -> Doc:
        """A record or function in which something is different: [f EXCEPT ![i].a = x]."""
        base, changes = self.changes(node)
        return updated(self.doc(base), changes)

    def changes(self, node: Node) -> tuple[Node, list[Path]]:
        """What is changed, and where, in the order in which it is."""
        if node.op == "update":
            base, names, *values = node.args
            return base, [p for n, v in zip(names, values, strict=True) for p in self._inner(f".{n}", v, base, n)]
        family, value, *keys = node.args
        base, before = self.changes(family) if family.op == "store" and family.id not in self.named else (family, [])
        at = "[" + ", ".join(self.doc(k).flat for k in keys) + "]"
        return base, [*before, *self._inner(at, value, family, tuple(keys))]

    def _inner(self, step: str, value: Node, holder: Node, key: Any) -> list[Path]:
        """The changes of one part; those inside it, where it is itself a change of the part that was there."""
        if value.op in ("update", "store") and value.id not in self.named:
            base, inside = self.changes(value)
            if _reads(base, holder, key):
                return [(f"!{step}{path[1:]}", doc) for path, doc in inside]
        return [(f"!{step}", self.doc(value))]

    # ------------------------------------------------------------------ sequences

    def at(self, node: Node) -> Doc:
        """A member of a sequence."""
        sequence, position = node.args
        return indexed(self.doc(sequence), [self.shifted(position, 1)])

    def shifted(self, node: Node, by: int) -> Doc:
        """A number, and so much more."""
        if node.is_const:
            return number(node.value + by)
        if node.op == "add" and node.args[1].is_const and node.id not in self.named:
            base, offset = node.args[0], node.args[1].value + by
        else:
            base, offset = node, by
        if offset == 0:
            return self.doc(base)
        return infix("+" if offset > 0 else "-", self.doc(base), number(abs(offset)), 10)

    def slice(self, node: Node) -> Doc:
        """Part of a sequence; a limit beyond the end counts as the end."""
        sequence, start, stop = node.args
        self.use("Sequences")
        text = self.doc(sequence)
        whole = called("Len", [text])
        end = self.doc(stop)
        if end.flat != whole.flat:
            end = self.help("Min", end, whole)
        return called("SubSeq", [text, self.shifted(start, 1), end])

    def joined(self, node: Node) -> Doc:
        """One sequence after another."""
        first, second = node.args
        self.use("Sequences")
        if second.op == "sequence" and len(second.args) == 1 and second.id not in self.named:
            return called("Append", [self.doc(first), self.doc(second.args[0])])
        return infix("\\o", self.doc(first), self.doc(second), 13)


# ---------------------------------------------------------------------- alternatives that differ in one value


def differing(parts: list[Node]) -> tuple[Node, ...] | None:
    """The constants in which several expressions differ, one in each of them, if they differ in nothing else.

    Only sets and members of scalarsets: what an expression says of a number may rest on what those before it say.
    """
    columns: set[tuple[Node, ...]] = set()
    common: set[Node] = set()
    if not _aligned(tuple(parts), columns, common) or len(columns) != 1:
        return None
    (column,) = columns
    return column if len(set(column)) == len(column) and column[0] not in common else None


def _aligned(parts: tuple[Node, ...], columns: set[tuple[Node, ...]], common: set[Node]) -> bool:
    first = parts[0]
    if all(p is first for p in parts):
        common.update(_constants(first))
        return True
    if all(p.op == "const" for p in parts):
        columns.add(parts)
        return all(isinstance(p.value, Set | Index) for p in parts)
    if any(p.op != first.op or len(p.args) != len(first.args) for p in parts) or not first.args:
        return False
    return all(
        _aligned(arguments, columns, common)
        if all(isinstance(a, Node) for a in arguments)
        else all(a is arguments[0] or a == arguments[0] for a in arguments)
        for arguments in zip(*(p.args for p in parts), strict=True)
    )


def containing(node: Node, part: Node) -> set[int]:
    """The numbers of the expressions inside `node` that `part` is a part of."""
    found = {node.id} if node is part else set()
    for argument in node.args:
        if isinstance(argument, Node):
            found |= containing(argument, part)
    return found | {node.id} if found else found


def _constants(node: Node) -> Iterator[Node]:
    if node.op == "const":
        yield node
    for argument in node.args:
        if isinstance(argument, Node):
            yield from _constants(argument)


# ---------------------------------------------------------------------- pieces


def let(definitions: list[tuple[str, Doc]], body: Doc) -> Doc:
    """LET definitions IN body, each definition on a line of its own."""
    flat = "LET " + " ".join(f"{n} == {d.flat}" for n, d in definitions) + f" IN {body.flat}"

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for k, (name, doc) in enumerate(definitions):
            lead = "LET " if k == 0 else "    "
            part = hung(f"{name} == ", doc, width - 4)
            lines += [lead + part[0], *("    " + line for line in part[1:])]
        return [*lines, *hung("IN ", body, width)]

    return Doc(flat if len(definitions) == 1 else flat + "\n", QUANTIFIER, broken)


def dotted(record: Doc, field: str) -> Doc:
    """`record.field`."""
    return atom(f"{within(record, ATOM).flat}.{field}")


def indexed(function: Doc, keys: list[Doc]) -> Doc:
    """`f[i, j]`."""
    return atom(f"{within(function, ATOM).flat}[{', '.join(k.flat for k in keys)}]")


def flattened(op: str, node: Node) -> list[Node]:
    """The operands of a chain of one operation, from left to right."""
    if node.op != op:
        return [node]
    return [part for x in node.args for part in flattened(op, x)]


def short_name(domain: Domain) -> str:
    """What to call a value of a domain where nothing else gives it a name."""
    if isinstance(domain, Scalarset | Members | RecordOf):
        return domain.cls.__name__[0].lower()
    if isinstance(domain, UnionOf):
        return "m"
    return "k" if isinstance(domain, IntRange) else "p" if isinstance(domain, ProductOf) else "e"


def _reads(node: Node, holder: Node, key: Any) -> bool:
    """Whether an expression is the part of `holder` at that field or key."""
    if isinstance(key, str):
        return node.op == "field" and node.args[0] is holder and node.args[1] == key
    return node.op == "select" and node.args[0] is holder and tuple(node.args[1:]) == key


# ---------------------------------------------------------------------- operations


def _binary(sign: str, level: int) -> Writer:
    return lambda e, n: infix(sign, e.doc(n.args[0]), e.doc(n.args[1]), level)


def _field(e: Expressions, n: Node) -> Doc:
    record, name = n.args
    if record.op == "state":
        return atom(e.words.variables[name] + e.states[record.args[0]])
    return dotted(e.doc(record), name)


def _make(e: Expressions, n: Node) -> Doc:
    cls, *values = n.args
    return e.words.record(cls, zip(n.domain.fields, e.docs(values), strict=True))  # type: ignore[attr-defined]


def _select(e: Expressions, n: Node) -> Doc:
    family, *keys = n.args
    if isinstance(family.domain, ChannelsOf):
        return e.help("Queue", e.doc(family), *e.docs(keys))
    return indexed(e.doc(family), e.docs(keys))


def _family(e: Expressions, n: Node) -> Doc:
    variable, source, body = n.args
    over = e.members(source)
    with e.binding(variable) as name:
        return parted("[", ranging("", name, over), "|->", e.doc(body), "]")


def _member(e: Expressions, n: Node) -> Doc:
    return infix("\\in", e.doc(n.args[0]), e.members(n.args[1]), RELATION)


def _sent(e: Expressions, n: Node) -> Doc:
    message, held, excuse = n.args
    domain = held.domain.member
    possible = infix("\\in", e.doc(message), e.words.domain(domain, exact=True), RELATION)
    return junction(
        "\\/", [infix("\\in", e.doc(message), e.doc(held), RELATION), junction("/\\", [e.doc(excuse), possible])]
    )


def _insert(e: Expressions, n: Node) -> Doc:
    members: list[Node] = []
    while n.op == "insert" and (not members or n.id not in e.named):
        members.insert(0, n.args[1])
        n = n.args[0]
    added = bracketed("{", e.docs(members), "}")
    if n.is_const and not n.value:
        return added
    return infix("\\union", e.doc(n), added, OPERATION)


def _erase(e: Expressions, n: Node) -> Doc:
    return infix("\\", e.doc(n.args[0]), bracketed("{", [e.doc(n.args[1])], "}"), OPERATION)


def _size(e: Expressions, n: Node) -> Doc:
    e.use("FiniteSets")
    return called("Cardinality", [e.members(n.args[0])])


def _exists(e: Expressions, n: Node) -> Doc:
    variable, source, body = n.args
    with e._quantifier("\\E ", variable, source) as head:
        return quantified(head, e.doc(body))


def _standard(module: str, operator: str) -> Writer:
    def write(e: Expressions, n: Node) -> Doc:
        e.use(module)
        return called(operator, e.docs(n.args))

    return write


def _bag(sign: str) -> Writer:
    def write(e: Expressions, n: Node) -> Doc:
        e.use("Bags")
        return infix(sign, e.doc(n.args[0]), called("SetToBag", [bracketed("{", [e.doc(n.args[1])], "}")]), OPERATION)

    return write


def _copies(e: Expressions, n: Node) -> Doc:
    e.use("Bags")
    return called("CopiesIn", [e.doc(n.args[1]), e.doc(n.args[0])])


def _helped(helper: str) -> Writer:
    return lambda e, n: e.help(helper, *e.docs(n.args))


def _disconnected(e: Expressions, n: Node) -> Doc:
    return e.help("Disconnect" if len(n.args) == 3 else "DisconnectAll", *e.docs(n.args))


def _connected(e: Expressions, n: Node) -> Doc:
    channels, i, j = n.args
    e.words.uses_none = True
    return infix("#", indexed(e.doc(channels), e.docs((i, j))), atom(e.words.none), RELATION)


def _add(e: Expressions, n: Node) -> Doc:
    x, y = n.args
    if y.is_const and isinstance(y.value, int):
        return e.shifted(x, y.value)
    return infix("+", e.doc(x), e.doc(y), 10)


def _conditional(e: Expressions, n: Node) -> Doc:
    condition, then, otherwise = n.args
    return conditional(e.doc(condition), e.doc(then), e.doc(otherwise))


_WRITERS: dict[str, Writer] = {
    "const": lambda e, n: e.words.value(n.args[0]),
    "param": lambda e, n: atom(e.parameters[n.args[0]]),
    "var": Expressions.variable,
    "field": _field,
    "common": lambda e, n: dotted(e.doc(n.args[0]), n.args[1]),
    "narrow": lambda e, n: e.doc(n.args[0]),
    "is_kind": lambda e, n: e._kind(n, "="),
    "make": _make,
    "update": Expressions.changed,
    "store": Expressions.changed,
    "present": lambda e, n: e._compared(n.args[0], "#"),
    "the": lambda e, n: e.doc(n.args[0]),
    "select": _select,
    "family": _family,
    "member": _member,
    "sent": _sent,
    "insert": _insert,
    "erase": _erase,
    "union": _binary("\\union", OPERATION),
    "inter": _binary("\\intersect", OPERATION),
    "minus": _binary("\\", OPERATION),
    "subset": _binary("\\subseteq", RELATION),
    "size": _size,
    "bag_size": _standard("Bags", "BagCardinality"),
    "comprehension": lambda e, n: e.chosen(*n.args),
    "exists": _exists,
    "number": Expressions.count,
    "biggest": lambda e, n: e.extreme(n, "Greatest"),
    "smallest": lambda e, n: e.extreme(n, "Least"),
    "universe": lambda e, n: e.members(n),
    "interval": lambda e, n: e.members(n),
    "sequence": lambda e, n: bracketed("<<", e.docs(n.args), ">>"),
    "length": _standard("Sequences", "Len"),
    "at": Expressions.at,
    "slice": Expressions.slice,
    "concat": Expressions.joined,
    "copies": _copies,
    "bag_add": _bag("(+)"),
    "bag_remove": _bag("(-)"),
    "send": _helped("Send"),
    "receive": _helped("Receive"),
    "broadcast": _helped("Broadcast"),
    "connect": _helped("Connect"),
    "disconnect": _disconnected,
    "connected": _connected,
    "add": _add,
    "sub": _binary("-", 10),
    "mul": _binary("*", 10),
    "div": _binary("\\div", 10),
    "mod": _binary("%", 10),
    "minimum": _helped("Min"),
    "maximum": _helped("Max"),
    "lt": _binary("<", RELATION),
    "eq": _binary("=", RELATION),
    "not": lambda e, n: e.negated(n.args[0]),
    "and": Expressions.conjunction,
    "or": Expressions.disjunction,
    "ite": _conditional,
}
