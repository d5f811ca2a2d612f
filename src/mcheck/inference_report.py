"""Inferred conjuncts in the language of proofs, ready to be pasted into a file."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.cti_report import plurals
from mcheck.spec.relational.sorts import Variable, sort_of
from mcheck.terminal import Terminal

if TYPE_CHECKING:
    from mcheck.checker.symbolic.inference import Inference
    from mcheck.checker.templates import Atom, Clause, Grammar
    from mcheck.proofs import Inferred
    from mcheck.spec.relational import Action, Sentence, System
    from mcheck.spec.relational.sorts import SortType

Names = Mapping[Variable, str]


@dataclass(frozen=True)
class Written:
    """One inferred conjunct as text."""

    name: str
    source: str
    """A method, as it stands in a file."""
    words: str


def written(inference: Inference, letters: Mapping[SortType, str]) -> list[Written]:
    """The conjuncts in the language of proofs."""
    pairs = zip(inference.conjuncts, inference.clauses, strict=True)
    return [_written(inference.grammar, conjunct, clause, letters) for conjunct, clause in pairs]


def letters_of(system: System) -> dict[SortType, str]:
    """What the file calls a variable of each sort: the name, without a number, of the first parameter of that sort.

    Where two sorts would share it, the name of the sort in small letters.
    """
    found: dict[SortType, str] = {}
    parts: tuple[Sentence | Action, ...] = (*system.conjuncts, *system.actions)
    for part in parts:
        for p in part.parameters:
            found.setdefault(sort_of(p), p.head.name.rstrip("0123456789"))
    taken = list(found.values())
    return {
        s: found[s] if s in found and taken.count(found[s]) == 1 else f"{s.__name__.lower()}_" for s in system.sorts
    }


def inference_lines(name: str, inferred: Inferred, terminal: Terminal) -> list[str]:
    """The grammar, how the clauses became fewer, and the conjuncts."""
    from mcheck import __version__
    from mcheck.checker.symbolic.solver import VERSION

    found, system = inferred.inference, inferred.system
    goals = ", ".join(c.name for c in system.conjuncts if c.kind == "safety")
    lines = [f"mcheck {__version__} · {name} · invariants inferred for {goals} · z3 {VERSION}"]
    lines += _item("grammar", found.grammar.words, terminal)
    lines += [f"  {'':<11}{t.name}: {t.words}" for t in system.templates]
    lines += _item("states", f"{found.states:,} of {inferred.states_from}", terminal)
    if found.result == "too many":
        most = f"this grammar has {found.grammar.size:,} clauses, too many to go through.  Nothing is known."
        return [*lines, *_last("UNKNOWN", most, terminal)]
    lines += _item(
        "clauses",
        f"{found.looked:,} held against the states · {found.candidates} true in all of them · "
        f"{found.kept} left by Houdini after {found.queries:,} queries",
        terminal,
    )
    if found.result != "inductive":
        return [*lines, *_failure(inferred, terminal)]
    for conjunct in inferred.written:
        lines += ["", *textwrap.indent(conjunct.source, "    ").splitlines()]
    return [*lines, "", *_verdict(inferred, terminal)]


def _verdict(inferred: Inferred, terminal: Terminal) -> list[str]:
    """What `prove` says of the conjuncts that were found."""
    count = len(inferred.written)
    few = "no conjunct" if not count else "this conjunct" if count == 1 else f"these {count} conjuncts"
    none = "" if not count else ", which cannot be left out" if count == 1 else ", of which none can be left out"
    if inferred.result == "proved":
        said = f"for any {plurals(inferred.system.sorts)}, with {few} beside what is to be shown{none}.  {inferred.seconds:.1f} s."
        return _last("PROVED", said, terminal)
    return _last("UNKNOWN", f"{few} were found, but not confirmed in the time that was left.", terminal)


def _failure(inferred: Inferred, terminal: Terminal) -> list[str]:
    found = inferred.inference
    if found.result == "unknown":
        return _last("UNKNOWN", f"the time was over after {found.seconds:.1f} s; raise --time-limit.", terminal)
    said = (
        f"with this grammar no inductive invariant was found: the {found.kept} clauses that are left are kept by every "
        "action, and do not suffice.  What is to be shown may be true all the same; a @template adds to the grammar."
    )
    return _last("UNKNOWN", said, terminal)


def _last(head: str, said: str, terminal: Terminal) -> list[str]:
    style = "good" if head == "PROVED" else "doubt"
    separator = " " if head == "PROVED" else ": "
    first, *rest = textwrap.wrap(f"{head}{separator}{said}", terminal.width, subsequent_indent="  ")
    return [terminal.style(head, style) + first.removeprefix(head), *rest]


def _item(head: str, words: str, terminal: Terminal) -> list[str]:
    return textwrap.wrap(words, terminal.width, initial_indent=f"  {head:<11}", subsequent_indent=" " * 13)


# ---------------------------------------------------------------------- clauses as text


def _written(grammar: Grammar, conjunct: Sentence, clause: Clause, letters: Mapping[SortType, str]) -> Written:
    names = _names(conjunct.parameters, letters)
    premises, conclusions = _sides(grammar, clause)
    left = [_literal(a, holds, names) for a, holds in premises]
    right = [_literal(a, holds, names) for a, holds in conclusions]
    parameters = "".join(f", {names[p.head]}: {sort_of(p).__name__}" for p in conjunct.parameters)
    lines = [
        "@invariant",
        f"def {conjunct.name}(self{parameters}) -> Formula:",
        f'    """{_in_words(left, right)}"""',
        f"    return {_expression(left, right)}",
    ]
    return Written(conjunct.name, "\n".join(lines), _in_words(left, right))


def _names(parameters: tuple[Any, ...], letters: Mapping[SortType, str]) -> dict[Variable, str]:
    """`r` for the only variable of a sort, `r1`, `r2` for more."""
    sorts = [sort_of(p) for p in parameters]
    names = {}
    for k, (p, sort) in enumerate(zip(parameters, sorts, strict=True)):
        number = "" if sorts.count(sort) == 1 else str(sorts[: k + 1].count(sort))
        names[p.head] = f"{letters[sort]}{number}".rstrip("_") if number == "" else f"{letters[sort]}{number}"
    return names


def _sides(grammar: Grammar, clause: Clause) -> tuple[list[tuple[Atom, bool]], list[tuple[Atom, bool]]]:
    """The clause as `premises -> conclusions`: what is negated, orders, and equalities beside something else are premises."""
    literals = [(grammar.atoms[k], holds) for k, holds in clause.literals]
    must_hold = [p for p in literals if p[1]]
    relations = [p for p in must_hold if not p[0].is_order and not p[0].is_equality]
    equalities = [p for p in must_hold if p[0].is_equality]
    conclusions = relations or equalities or must_hold
    premises = [(a, not h) for a, h in literals if (a, h) not in conclusions]
    return sorted(premises, key=lambda p: p[0].is_order or p[0].is_equality), conclusions


def _literal(atom: Atom, holds: bool, names: Names) -> str:
    terms = [_term(t, names) for t in atom.terms]
    if atom.is_equality:
        return f"{terms[0]} {'==' if holds else '!='} {terms[1]}"
    if atom.is_order:
        return f"{terms[0]} <= {terms[1]}" if holds else f"{terms[1]} < {terms[0]}"
    return f"{'' if holds else '~'}self.{atom.name}({', '.join(terms)})"


def _term(t: Any, names: Names) -> str:
    if t.head in names:
        return names[t.head]
    inside = f"({', '.join(_term(a, names) for a in t.arguments)})" if t.arguments else ""
    return f"self.{t.head.name}{inside}"


def _expression(premises: list[str], conclusions: list[str]) -> str:
    if not conclusions:
        return f"~{premises[0]}" if len(premises) == 1 else f"~({' & '.join(map(_bracketed, premises))})"
    right = conclusions[0] if len(conclusions) == 1 else " | ".join(map(_bracketed, conclusions))
    if not premises:
        return right
    left = premises[0] if len(premises) == 1 else " & ".join(map(_bracketed, premises))
    return f"implies({left}, {right})"


def _bracketed(text: str) -> str:
    return text if text.startswith(("self.", "~self.")) else f"({text})"


def _in_words(premises: list[str], conclusions: list[str]) -> str:
    """`If proposed(r, v1) and proposed(r, v2), then v1 = v2.`"""

    def words(text: str) -> str:
        plain = text.replace("self.", "").replace("==", "=")
        return plain.replace("~", "not ") if plain.startswith("~") else plain

    left, right = " and ".join(map(words, premises)), " or ".join(map(words, conclusions))
    if not conclusions:
        return f"Not both {left}." if len(premises) == 2 else f"Never {left}."
    return f"If {left}, then {right}." if premises else f"Always {right}."
