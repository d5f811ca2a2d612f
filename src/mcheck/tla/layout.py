r"""Layout: TLA+ expressions as lines of text, on one line where they fit, with the alignment that TLA+ gives a meaning to.

A list of `/\` or `\/` ends where something stands left of its bullets, so whatever belongs to an item stands right of them.
Source: L. Lamport, Specifying Systems (2002), section 15.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH = 100
QUANTIFIER, IMPLICATION, JUNCTION, NEGATION, RELATION, OPERATION, ATOM = 0, 1, 3, 4, 5, 8, 17
"""How tightly an expression is bound; an operand that binds less tightly than its operator stands in parentheses."""

_LONGEST_PREFIX = 24


@dataclass(frozen=True)
class Doc:
    """An expression: its text on one line, how tightly it binds, and its lines where one is too long.

    A line break in `flat` says that it never stands on one line, nor does anything that it is a part of.
    """

    flat: str
    binds: int
    broken: Callable[[int], list[str]] | None = None
    junction: tuple[str, tuple[Doc, ...]] | None = None
    """Of a conjunction or disjunction: its sign and its items."""
    arms: tuple[tuple[Doc, Doc], ...] = ()
    """Of IF THEN ELSE IF …: each condition and what follows it; what follows otherwise is `last`."""
    last: Doc | None = None


def lines_of(doc: Doc, width: int = WIDTH) -> list[str]:
    """The text of an expression in lines of at most `width` where that is possible."""
    if fits(doc, width):
        return [doc.flat]
    assert doc.broken is not None
    return doc.broken(max(width, 20))


def fits(doc: Doc, width: int) -> bool:
    """Whether an expression stands on one line."""
    return doc.broken is None or (len(doc.flat) <= width and "\n" not in doc.flat)


def hung(prefix: str, doc: Doc, width: int) -> list[str]:
    """`prefix` and the expression behind it, its further lines below its first; below the prefix where that is long."""
    if fits(doc, width - len(prefix)):
        return [prefix + doc.flat]
    if len(prefix) <= _LONGEST_PREFIX:
        return behind(prefix, lines_of(doc, width - len(prefix)))
    return [prefix.rstrip(), *indented(lines_of(doc, width - 2), 2)]


def behind(prefix: str, lines: Sequence[str]) -> list[str]:
    """The lines with `prefix` before the first, and as much space before the others."""
    return [prefix + lines[0], *indented(lines[1:], len(prefix))]


def indented(lines: Sequence[str], by: int) -> list[str]:
    """The lines moved to the right."""
    return [" " * by + line for line in lines]


def atom(text: str) -> Doc:
    """A name, a number, a string."""
    return Doc(text, ATOM)


def within(doc: Doc, level: int) -> Doc:
    """The expression as an operand of something that binds as tightly as `level`."""
    if doc.binds >= level:
        return doc

    def broken(width: int) -> list[str]:
        lines = behind("(", lines_of(doc, width - 2))
        lines[-1] += ")"
        return lines

    return Doc(f"({doc.flat})", ATOM, broken)


def prefixed(operator: str, doc: Doc, level: int) -> Doc:
    """A prefix operator and its operand."""
    operand = within(doc, level)
    return Doc(operator + operand.flat, level, lambda width: hung(operator, operand, width))


def infix(operator: str, left: Doc, right: Doc, level: int) -> Doc:
    """An operator between its operands, each of which binds more tightly, so that no precedence need be remembered."""
    a, b = within(left, level + 1), within(right, level + 1)

    def broken(width: int) -> list[str]:
        first = lines_of(a, width - len(operator) - 1)
        if len(first) > 1 and a.binds <= JUNCTION:  # else what follows would belong to its last item
            first = lines_of(within(a, ATOM), width - len(operator) - 1)
        if len(first) == 1 and len(first[0]) <= _LONGEST_PREFIX:
            return hung(f"{first[0]} {operator} ", b, width)
        return [*first[:-1], f"{first[-1]} {operator}", *indented(lines_of(b, width - 2), 2)]

    return Doc(f"{a.flat} {operator} {b.flat}", level, broken)


def junction(operator: str, items: Sequence[Doc]) -> Doc:
    """A conjunction or disjunction: bullets where it takes more than one line."""
    every = [
        part
        for item in items
        for part in (item.junction[1] if item.junction and item.junction[0] == operator else (item,))
    ]
    if len(every) == 1:
        return every[0]
    flat = f" {operator} ".join(within(item, JUNCTION + 1).flat for item in every)

    def broken(width: int) -> list[str]:
        return [line for item in every for line in hung(f"{operator} ", item, width)]

    return Doc(flat, JUNCTION, broken, (operator, tuple(every)))


def conditional(condition: Doc, then: Doc, otherwise: Doc) -> Doc:
    """IF THEN ELSE; one that stands in the ELSE of another goes on below it."""
    arms = ((condition, then), *otherwise.arms)
    last = otherwise.last or otherwise

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for number, (question, answer) in enumerate(arms):
            lines += hung("IF " if number == 0 else "ELSE IF ", question, width) + hung("THEN ", answer, width)
        return [*lines, *hung("ELSE ", last, width)]

    flat = f"IF {condition.flat} THEN {then.flat} ELSE {otherwise.flat}"
    return Doc(flat, QUANTIFIER, broken, arms=arms, last=last)


def quantified(head: Doc, body: Doc) -> Doc:
    r"""`\E x \in S : body`, where `head` is all before the colon."""

    def broken(width: int) -> list[str]:
        top = lines_of(head, width - 2)
        top[-1] += " :"
        return [*top, *indented(lines_of(body, width - 2), 2)]

    return Doc(f"{head.flat} : {body.flat}", QUANTIFIER, broken)


def ranging(prefix: str, name: str, source: Doc) -> Doc:
    r"""`\E x \in S`, or without a prefix what a set or function ranges over."""
    inside = within(source, OPERATION)
    start = f"{prefix}{name} \\in "
    return Doc(start + inside.flat, QUANTIFIER, lambda width: hung(start, inside, width))


def bracketed(opening: str, items: Sequence[Doc], closing: str) -> Doc:
    """Items with commas between them, inside some kind of brackets."""
    flat = opening + ", ".join(item.flat for item in items) + closing

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for number, item in enumerate(items):
            part = lines_of(item, width - len(opening) - 1)
            part[-1] += "," if number < len(items) - 1 else closing
            lines += part
        return behind(opening, lines)

    return Doc(flat, ATOM, broken if items else None)


def mapped(name: str, doc: Doc, arrow: str = "|->") -> Doc:
    """`name |-> expression`, in a record or function."""
    return Doc(f"{name} {arrow} {doc.flat}", QUANTIFIER, lambda width: hung(f"{name} {arrow} ", doc, width))


def parted(opening: str, first: Doc, divider: str, second: Doc, closing: str) -> Doc:
    r"""Two parts inside brackets: `{x \in S : P}`, `[x \in S |-> e]`, `{e : x \in S}`."""

    def broken(width: int) -> list[str]:
        top = behind(opening, lines_of(first, width - len(opening) - 4))
        top[-1] += f" {divider}"
        rest = indented(lines_of(second, width - 3), 2)
        rest[-1] += closing
        return [*top, *rest]

    return Doc(f"{opening}{first.flat} {divider} {second.flat}{closing}", ATOM, broken)


def updated(base: Doc, changes: Sequence[tuple[str, Doc]]) -> Doc:
    """`[f EXCEPT !a = x, !b = y]`."""
    items = [mapped(path, value, "=") for path, value in changes]
    head = f"[{base.flat} EXCEPT "
    flat = head + ", ".join(item.flat for item in items) + "]"

    def broken(width: int) -> list[str]:
        top = behind("[", lines_of(base, width - 8))
        top[-1] += " EXCEPT"
        lines = []
        for number, item in enumerate(items):
            part = lines_of(item, width - 3)
            part[-1] += "," if number < len(items) - 1 else "]"
            lines += part
        return [*top, *indented(lines, 2)]

    return Doc(flat, ATOM, broken)


def called(name: str, arguments: Sequence[Doc]) -> Doc:
    """An operator and its arguments."""
    return bracketed(f"{name}(", arguments, ")") if arguments else atom(name)


def bullets(items: Sequence[tuple[Doc, str]], width: int) -> list[str]:
    r"""A conjunction of items, each with a comment or none: `/\ x = 1  \* the lock is free`."""
    lines: list[str] = []
    for item, comment in items:
        part = hung("/\\ ", item, width)
        if comment and len(part) == 1 and len(part[0]) + len(comment) + 5 <= WIDTH:
            part[0] += f"  \\* {comment}"
        elif comment:
            part.insert(0, f"\\* {comment}")
        lines += part
    return lines


def conjunction_of(items: Sequence[tuple[Doc, str]]) -> Doc:
    """A conjunction whose items may have comments, so that it stands on one line only where none has."""
    if not items:
        return atom("TRUE")
    if len(items) == 1 and not items[0][1]:
        return items[0][0]
    flat = " /\\ ".join(within(item, JUNCTION + 1).flat for item, _ in items)
    if any(comment for _, comment in items):
        flat += "\n"
    return Doc(flat, JUNCTION, lambda width: bullets(items, width))
