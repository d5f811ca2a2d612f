"""mcheck explain: a protocol, a property and what breaks it, or a saved trace and why it violates what it does."""

from __future__ import annotations

import inspect
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcheck.extensions import Extended, all_names, completions, extension_rows
from mcheck.options import color_option, json_option
from mcheck.protocols import Protocol, faults_text, find, is_file, is_name, names, option_name, source_of
from mcheck.spec import McheckError, UsageError
from mcheck.spec.declare import Declaration, declarations_of
from mcheck.spec.specification import did_you_mean
from mcheck.tweaks import Expectation, breaking, expectations

if TYPE_CHECKING:
    from mcheck.terminal import Terminal


def run(subject: tuple[str, ...], json: bool, color: str) -> int:
    """Print what is known of a protocol, of a property of any of them, or of a trace."""
    from mcheck.terminal import Terminal

    terminal = Terminal(color)
    words = " ".join(subject)
    if _is_trace(words):
        return _trace(words, json, terminal)
    if json:
        raise UsageError(f"--json explains a trace: write mcheck explain TRACE --json (got {words!r})")
    if is_file(words) or is_name(words):
        terminal.print("\n".join(_protocol(find(words), terminal.width)))
    else:
        terminal.print("\n".join(_property(words, terminal.width)))
    return 0


# ---------------------------------------------------------------------- a trace


def _is_trace(words: str) -> bool:
    """Whether what was typed is meant to be a saved trace: it ends like one, or is a file that is no spec."""
    return words.endswith(".json") or (Path(words).is_file() and not words.endswith(".py"))


def _trace(file: str, json: bool, terminal: Terminal) -> int:
    """Why the trace violates its property; 1 if it does not any more."""
    from mcheck.cli import VIOLATED
    from mcheck.counterexamples.explanation import Explanation
    from mcheck.explained import Narrative, explanation_document, good_spec
    from mcheck.explained_lasso import lasso_explained, lasso_explanation, lasso_explanation_document
    from mcheck.recordings import replayed
    from mcheck.report import Report
    from mcheck.report_json import as_json

    trace = replayed(file)
    if trace.rule is None:
        raise UsageError(f"{file}: was not saved for a property that it violates: see mcheck replay {file}")
    if trace.arguments is None:
        terminal.warn(f"{file}: {trace.rule.title} is no longer violated {trace.where}: see mcheck replay {file}")
        return VIOLATED
    told = Explanation(trace.behavior, trace.rule, trace.arguments, good_spec(trace))
    report = Report(trace.subject, terminal)
    if trace.lasso is not None:
        goes_on = lasso_explanation(trace, trace.rule, trace.arguments, trace.lasso)
        narrative = Narrative(trace, trace.rule, told, report)
        document = lasso_explanation_document(file, trace, goes_on)
        terminal.print(as_json(document) if json else lasso_explained(goes_on, narrative, report))
    elif json:
        terminal.print(as_json(explanation_document(file, trace, trace.rule, told, report)))
    else:
        terminal.print("\n".join(Narrative(trace, trace.rule, told, report).lines()))
    return 0


# ---------------------------------------------------------------------- a protocol


def _protocol(protocol: Protocol, width: int) -> list[str]:
    cls = protocol.cls
    lines = [f"{protocol.name}: {_first_sentence(cls.__doc__)}".removesuffix(": ")]
    source = source_of(cls)
    lines += _wrapped(f"source: {source}", width, "") if source else []
    faults = faults_text(cls.fault_model, cls.resilience)
    lines += [f"faults: {faults}"] if faults else []
    for own in (e for e in expectations(protocol) if e.tweak is None):
        lines += _wrapped(f"declared: {_declared(own)}", width, "")
    rules = list(declarations_of(cls).items())
    for title, kinds in (("actions", ("action",)), ("constraints", ("constraint",))):
        rows = [(name, _first_sentence(d.function.__doc__)) for name, d in rules if d.kind in kinds]
        lines += _section(title, rows, width)
    properties = [
        (f"{d.title} ({d.kind})", _first_sentence(d.function.__doc__))
        for _, d in rules
        if d.kind not in ("action", "constraint")
    ]
    lines += _section("properties", properties, width)
    for title, kind in (("constants", "constant"), ("bounds", "bound")):
        declared = [(f"{option_name(n)} {c.default}", c.doc) for n, c in cls._constants.items() if c.kind == kind]
        lines += _section(title, declared, width)
    tweaks = {name: _all_words(protocol.tweaked(name).__doc__) for name in protocol.tweaks}
    for expectation in expectations(protocol):
        if expectation.tweak is not None:
            tweaks[expectation.tweak] = f"{tweaks[expectation.tweak]} {_declared(expectation)}".strip()
    lines += _section("tweaks", list(tweaks.items()), width)
    return lines + _section("extensions", [(f"+{name}", words) for name, words in extension_rows(protocol)], width)


def _declared(expectation: Expectation) -> str:
    """`Breaks Election Safety in 7 steps with --nodes 3 ….  Source: ….`: one declared outcome as sentences."""
    outcome, words, scope = expectation.outcome, expectation.words, shlex.join(expectation.scope)
    if outcome is None:
        return ""
    sentences = [f"{words[0].upper()}{words[1:]}{f' with {scope}' if scope else ''}."]
    sentences += [outcome.note] if outcome.note else []
    sentences += [f"Source: {outcome.source.rstrip('.')}."] if outcome.source else []
    return " ".join(sentences)


def _section(title: str, rows: list[tuple[str, str]], width: int) -> list[str]:
    if not rows:
        return []
    column = min(max(len(name) for name, _ in rows), 34) + 4
    lines = [title]
    for name, words in rows:
        head = f"  {name}".ljust(column)
        lines += textwrap.wrap(
            f"{head}{'  ' if len(head) > column else ''}{words}",
            width,
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
    return lines


# ---------------------------------------------------------------------- a property


def _property(words: str, width: int) -> list[str]:
    """The property of that title or method name, in every protocol that states it."""
    loaded = list(_loaded())
    stated = [(p, name, d) for p in loaded for name, d in _own(p).items() if d.kind not in ("action", "constraint")]
    found = [(p, d) for p, name, d in stated if _same(words, d.title) or _same(words, name)]
    if not found:
        titles = list(dict.fromkeys(d.title for _, _, d in stated))
        near = did_you_mean(words.title(), [*titles, *names()])
        raise UsageError(
            f"no property or protocol {words!r}{near}; `mcheck explain PROTOCOL` lists the properties of one"
        )
    lines = []
    for protocol, declaration in found:
        lines.append(f"{declaration.title} ({declaration.kind}), in {protocol.name}")
        lines += _wrapped(_all_words(declaration.function.__doc__), width, "  ")
        for expectation in breaking(protocol, declaration.title):
            doc = _all_words(protocol.tweaked(expectation.tweak).__doc__)
            who = "the protocol itself." if expectation.tweak is None else f"the tweak {expectation.tweak}: {doc}"
            lines += _wrapped(f"broken by {who} {_declared(expectation)}", width, "  ")
    return lines


def _own(protocol: Protocol) -> dict[str, Declaration]:
    """What a protocol states; of one with an extension, what it states for the first time."""
    stated = declarations_of(protocol.cls)
    known = declarations_of(find(protocol.base).cls) if isinstance(protocol, Extended) else {}
    return {name: d for name, d in stated.items() if name not in known}


def _loaded() -> Iterator[Protocol]:
    """Every protocol that can be loaded, and with each extension."""
    for name in all_names():
        try:
            yield find(name)
        except McheckError:
            continue


def _same(a: str, b: str) -> bool:
    """Whether two names of a property are the same but for case, hyphens and underscores."""
    return _plain(a) == _plain(b)


def _plain(words: str) -> str:
    return re.sub(r"[\W_]+", " ", words).casefold().strip()


def _all_words(doc: str | None) -> str:
    return " ".join(inspect.cleandoc(doc or "").split())


def _first_sentence(doc: str | None) -> str:
    return inspect.cleandoc(doc or "").split("\n")[0].strip()


def _wrapped(words: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(words, width, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    return completions(incomplete)


command = click.Command(
    "explain",
    params=[
        click.Argument(
            ["subject"], metavar="PROTOCOL|PROPERTY|TRACE", nargs=-1, required=True, shell_complete=_complete
        ),
        json_option(),
        color_option(),
    ],
    callback=run,
    help="Explain a protocol (its actions, properties, options and tweaks), a property and what breaks it, or a saved "
    "trace: what is wrong at its end, what made it so, and where the good spec would have gone another way.",
)
