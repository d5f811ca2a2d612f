"""Quantifiers: a generator expression is taken apart, its body traced once for any element, and merged into one condition.

Without the merge, `any(… for m in s.msgs)` would be a decision for every possible message: Paxos' Phase 2a had over
20,000 paths that way and has a handful this way.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from mcheck.spec.bags import Bag
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.errors import Disabled, LanguageError, McheckError, SpecError, place_of
from mcheck.spec.indexes import IndexType
from mcheck.spec.ir.kinds import Nothing
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import max_size
from mcheck.spec.sets import Set, plain
from mcheck.spec.symbolic import has_symbolic
from mcheck.spec.tracing.forking import fold
from mcheck.spec.tracing.symbols import Quantifiable, SymbolicMembers

if TYPE_CHECKING:
    from mcheck.spec.tracing.tracer import ForkingTracer


LARGEST_LIST = 4096
"""Of how many elements a body is traced one by one."""


class Yielded(NamedTuple):
    """What the body gives for one element on one path: no value (filtered out), one, or several (nested loops)."""

    values: tuple[Any, ...]


class Raised(NamedTuple):
    """The body fails on this path."""

    error: Exception


class Body(NamedTuple):
    """A generator expression taken apart: over what it loops, and a function from one element to its values."""

    source: Node | None
    elements: tuple[Any, ...]
    run: Callable[[Any], tuple[Any, ...]]


RUNTIME_ERRORS = (SpecError, IndexError, ZeroDivisionError, AttributeError)
"""What a specification can raise while it runs: a leaf of the tree, not a mistake in its language."""


def is_runtime_error(error: Exception) -> bool:
    """Whether this is a failure in some state, rather than a line that is wrong wherever it is reached."""
    if isinstance(error, AttributeError):
        return error.obj is None
    return isinstance(error, RUNTIME_ERRORS) and not isinstance(error, LanguageError)


# ---------------------------------------------------------------------- taking a generator apart


def take_apart(tracer: ForkingTracer, generator: types.GeneratorType[Any, None, None]) -> Body:
    """The loop and the body of a generator expression that has not run yet."""
    frame, code = generator.gi_frame, generator.gi_code
    if frame is None or ".0" not in frame.f_locals:
        raise LanguageError("a quantifier takes a generator expression that has not been used yet")
    local = frame.f_locals
    cells = tuple(types.CellType(local[name]) for name in code.co_freevars)
    function = types.FunctionType(code, frame.f_globals, code.co_name, None, cells)

    def run(element: Any) -> tuple[Any, ...]:
        return tuple(function(iter((element,))))

    source, elements = _source(tracer, local[".0"])
    return Body(source, elements, run)


def _source(tracer: ForkingTracer, loop: Any) -> tuple[Node | None, tuple[Any, ...]]:
    """What the first loop of a generator ranges over: an expression, or elements one by one."""
    from mcheck.spec.tracing.tracer import PlainMembers

    build = tracer.build
    if isinstance(loop, SymbolicMembers):
        hollow = isinstance(element_domain(loop.source), Nothing)
        return (None, ()) if hollow else (loop.source, ())
    if isinstance(loop, PlainMembers):
        if isinstance(loop.source, IndexType):
            domain = tracer.resolver.domain(loop.source, loop.source.__name__)
            return build.node("universe", (domain,), domain), ()
        if isinstance(loop.source, Set | Bag) and tuple.__len__(tuple(loop)) > 1:
            return tracer.to_node(loop.source), ()
        return None, tuple(tracer.members(loop.source))
    elements = tuple(islice(loop, LARGEST_LIST + 1))
    if len(elements) > LARGEST_LIST:
        raise LanguageError(
            f"a quantifier over more than {LARGEST_LIST:,} values given one by one: choose smaller constants"
        )
    if (
        len(elements) > 1
        and all(type(x) is int for x in elements)
        and list(elements) == list(range(elements[0], elements[-1] + 1))
    ):
        return build.node("interval", (elements[0], elements[-1]), IntRange(elements[0], elements[-1])), ()
    return None, elements


def element_domain(source: Node) -> Domain:
    """What the elements of a source are."""
    if source.op in ("universe", "interval"):
        return source.domain
    return source.domain.member  # type: ignore[attr-defined,no-any-return]


# ---------------------------------------------------------------------- merging a body


def trace_body(
    tracer: ForkingTracer, run: Callable[[], tuple[Any, ...]], source: Node | None, variable: Node | None
) -> Any:
    """The tree of a body for one element; the element is known to be in the source."""

    def once() -> Yielded | Raised:
        if source is not None and variable is not None:
            assume_element(tracer, variable, source)
        try:
            return Yielded(run())
        except Disabled:
            raise LanguageError("require stands inside a quantifier: a guard is a statement of the action") from None
        except Exception as error:
            if is_runtime_error(error):
                return Raised(error)
            raise

    return tracer.nested(once, "one element of a quantifier")


def assume_element(tracer: ForkingTracer, variable: Node, source: Node) -> None:
    """Take it as known that the variable is an element of the source: of a filtered set, that the filter is true."""
    build = tracer.build
    if source.op == "comprehension" and source.args[3] is source.args[0]:
        opened, (condition, _) = build.open(source)
        assume_element(tracer, variable, source.args[1])
        tracer.facts.assume(build.substitute(condition, opened, variable), True)
    elif source.op in ("inter", "minus", "erase"):
        assume_element(tracer, variable, source.args[0])
    elif source.op not in ("universe", "interval"):
        tracer.facts.assume(build.member(variable, source), True)


def guard_errors(tracer: ForkingTracer, tree: Any, over: Callable[[Node], Node]) -> None:
    """Raise the error of a body if some element meets it; `over` makes the condition of one element that of any."""
    errors: list[Exception] = []

    def failing(leaf: Yielded | Raised) -> Node:
        if isinstance(leaf, Raised):
            errors.append(leaf.error)
        return tracer.build.truth(isinstance(leaf, Raised))

    condition = fold(tree, failing, tracer.build.choice)
    if errors and condition is not None and tracer.decide(over(condition)):
        raise errors[0]


def merged(tracer: ForkingTracer, tree: Any, leaf: Callable[[tuple[Any, ...]], Node | None]) -> Node | None:
    """One expression for all paths of a body, those that fail left out."""
    return fold(tree, lambda end: leaf(end.values) if isinstance(end, Yielded) else None, tracer.build.choice)


def merged_value(tracer: ForkingTracer, run: Callable[[], Any], variable: Node | None) -> Node:
    """The value of a function of one element, all its paths in one expression."""
    tree = trace_body(tracer, lambda: (run(),), None, None)

    def over(condition: Node) -> Node:
        if variable is None:
            return condition
        everywhere = tracer.build.node("universe", (variable.domain,), variable.domain)
        return tracer.build.quantifier("exists", variable, everywhere, condition)

    guard_errors(tracer, tree, over)
    value = merged(tracer, tree, lambda values: tracer.to_node(values[0]))
    if value is None:
        raise LanguageError("the function fails for every element")
    return value


# ---------------------------------------------------------------------- the quantifiers


def quantify(tracer: ForkingTracer, kind: str, items: Any) -> Node:
    """The expression of `any`, `all` or `count` over a generator, or over bools given one by one."""
    build = tracer.build
    if isinstance(items, Quantifiable):
        raise LanguageError(f"{kind}() takes a generator expression: {kind}(… for x in …)")
    if not isinstance(items, types.GeneratorType):
        return combine(tracer, kind, [tracer.truth_node(x) for x in items])
    body = take_apart(tracer, items)
    if body.source is None:
        parts = [_truth_of(tracer, kind, lambda x=x: body.run(x), None, None) for x in body.elements]  # type: ignore[misc]
        return combine(tracer, kind, parts)
    variable = tracer.open_variable(element_domain(body.source))
    # an option is decided where it is wrapped: inside the body, whose facts are those of one element
    condition = _truth_of(tracer, kind, lambda: body.run(tracer.wrap(variable)), body.source, variable)
    op = {"any": "exists", "all": "forall", "count": "number"}[kind]
    return build.quantifier(op, variable, body.source, condition)


def _truth_of(
    tracer: ForkingTracer,
    kind: str,
    run: Callable[[], tuple[Any, ...]],
    source: Node | None,
    variable: Node | None,
) -> Node:
    """For one element: the disjunction (conjunction) of the values its body yields."""
    build = tracer.build
    tree = trace_body(tracer, run, source, variable)
    guard_errors(tracer, tree, _over(tracer, source, variable))

    def of_values(values: tuple[Any, ...]) -> Node:
        if kind == "count" and len(values) > 1:
            raise LanguageError("count takes a generator with one for clause")
        result = build.truth(kind == "all")
        for value in values:
            truth = tracer.truth_node(value)
            result = build.conjunction(result, truth) if kind == "all" else build.disjunction(result, truth)
        return result

    result = merged(tracer, tree, of_values)
    return build.truth(kind == "all") if result is None else result


def _over(tracer: ForkingTracer, source: Node | None, variable: Node | None) -> Callable[[Node], Node]:
    if source is None or variable is None:
        return lambda condition: condition
    return lambda condition: tracer.build.quantifier("exists", variable, source, condition)


def combine(tracer: ForkingTracer, kind: str, parts: Iterable[Node]) -> Node:
    """`any`, `all` or `count` of conditions given one by one."""
    build = tracer.build
    if kind == "count":
        total = build.integer(0)
        for part in parts:
            total = build.sum(total, build.choice(part, build.integer(1), build.integer(0)))
        return total
    join = build.conjunction if kind == "all" else build.disjunction
    row = list(parts)
    while len(row) > 1:  # pair by pair: a chain of a thousand would be too deep to walk
        row = [join(*row[k : k + 2]) if k + 1 < len(row) else row[k] for k in range(0, len(row), 2)]
    return row[0] if row else build.truth(kind == "all")


def extreme(tracer: ForkingTracer, kind: str, items: tuple[Any, ...], default: tuple[Any] | None) -> Node:
    """The expression of `max` or `min` of several numbers, or of a generator of them."""
    build = tracer.build
    better = build.greatest if kind == "max" else build.least
    if len(items) == 1 and isinstance(items[0], types.GeneratorType):
        return _extreme_of(tracer, kind, take_apart(tracer, items[0]), default)
    numbers = [tracer.to_node(x) for x in (items if len(items) > 1 else items[0])]
    if not numbers:
        if default is None:
            raise SpecError(f"{kind} of nothing: give it a default")
        return tracer.to_node(default[0])
    result = numbers[0]
    for number in numbers[1:]:
        result = better(result, number)
    return result


def _extreme_of(tracer: ForkingTracer, kind: str, body: Body, default: tuple[Any] | None) -> Node:
    build = tracer.build
    if body.source is None:
        return extreme(tracer, kind, (tuple(y for x in body.elements for y in body.run(x)),), default)
    variable = tracer.open_variable(element_domain(body.source))
    condition, value = _selected(tracer, body, variable)
    some = build.quantifier("exists", variable, body.source, condition)
    if default is None:
        if not tracer.decide(some):
            raise SpecError(f"{kind} of nothing: give it a default")
        fallback = value
        span = IntRange(value.lo, value.hi, value.unit)
        last = build.integer(value.lo)
    else:
        fallback = last = tracer.to_node(default[0])
        span = IntRange(min(value.lo, fallback.lo), max(value.hi, fallback.hi), value.unit or fallback.unit)
    op = "biggest" if kind == "max" else "smallest"
    return build.bind(op, variable, body.source, (condition, value, last), span)


def _selected(tracer: ForkingTracer, body: Body, variable: Node) -> tuple[Node, Node]:
    """(condition, value) of a generator that yields at most one value for each element."""
    build = tracer.build
    tree = trace_body(tracer, lambda: body.run(tracer.wrap(variable)), body.source, variable)
    guard_errors(tracer, tree, _over(tracer, body.source, variable))

    def taken(values: tuple[Any, ...]) -> Node:
        if len(values) > 1:
            raise LanguageError("one for clause only: nest two quantifiers instead")
        return build.truth(bool(values))

    condition = merged(tracer, tree, taken)
    value = merged(tracer, tree, lambda values: tracer.to_node(values[0]) if values else None)
    return (build.truth(False) if condition is None else condition), (variable if value is None else value)


def set_of(tracer: ForkingTracer, items: Any) -> Any:
    """`Set(…)`: of a generator expression, of another set, or of members given one by one."""
    build = tracer.build
    if isinstance(items, Quantifiable):
        return items
    if isinstance(items, types.GeneratorType):
        body = take_apart(tracer, items)
        if body.source is not None:
            return _comprehension(tracer, body, body.source)
        return _listed_comprehension(tracer, body)
    members = list(items)
    if not any(has_symbolic(x) for x in members):
        return plain(members)
    result = tracer.to_node(plain(()))
    for member in members:
        result = build.insert(result, tracer.to_node(member))
    return tracer.wrap(result)


def _listed_comprehension(tracer: ForkingTracer, body: Body) -> Any:
    """`Set(f(x) for x in … if …)` over elements that are known one by one, such as range(1, 3)."""
    build = tracer.build
    result = tracer.to_node(plain(()))
    for element in body.elements:
        tree = trace_body(tracer, lambda element=element: body.run(element), None, None)  # type: ignore[misc]
        guard_errors(tracer, tree, lambda condition: condition)

        def gathered(values: tuple[Any, ...], before: Node = result) -> Node:
            for value in values:
                before = build.insert(before, tracer.to_node(value))
            return before

        result = merged(tracer, tree, gathered) or result
    return tracer.wrap(result)


def _comprehension(tracer: ForkingTracer, body: Body, source: Node) -> Any:
    build = tracer.build
    variable = tracer.open_variable(element_domain(source))
    condition, value = _selected(tracer, body, variable)
    if condition.is_const and condition.value and value is variable and source.op in ("universe", "interval"):
        return plain(source.domain.values())
    if source.op == "interval" and max_size(source) == 0:
        return plain(())
    return tracer.wrap(build.comprehension(variable, source, condition, value))


def explain_raise(error: BaseException) -> tuple[str, str | None]:
    """(message, place) of a failure met while tracing, as a leaf of the tree keeps it."""
    from mcheck.spec.instance import explain_error

    message = str(error) if isinstance(error, McheckError) else explain_error(error)
    return message, place_of(error)
