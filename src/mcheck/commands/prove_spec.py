"""mcheck prove SPEC --depth K, mcheck prove SPEC --inductive: one configuration of a spec that is run, with z3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import (
    CONSTANT,
    Number,
    color_option,
    constants_given,
    json_option,
    option,
    out_option,
    scope_options,
)
from mcheck.protocols import Protocol, instantiate
from mcheck.spec import UsageError

if TYPE_CHECKING:
    from mcheck.checker.smt.induction import Inductive
    from mcheck.checker.smt.reachability import Reachability
    from mcheck.report import Subject
    from mcheck.spec import Behavior, Rule

WAYS = ("--depth", "--inductive")
"""One of these is given; without, `prove` is about any number of nodes."""


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        option("--depth", type=Number(0), help="Look at every behaviour of at most this many steps."),
        option("--inductive", is_flag=True, help="Show that the properties and lemmas hold at first, and that no step breaks them."),
        option("--k", type=Number(1), help="With --inductive: assume them of this many states in a row  [default: 1]"),
        option("--from", "start", metavar="TRACE[:STEP]", help="With --depth: begin in this state of a saved trace, at its end by default."),
        option("--max-states", type=Number(1), help="With --inductive: look for the state of a counterexample among at most so many reachable ones  [default: 1000000]"),
        option("--deadlock", is_flag=True, help="With --depth: treat a state without enabled action as a violation."),
        option("--without", multiple=True, metavar="TITLE", help="With --inductive: leave out a lemma or property, to see what it is for; repeatable."),
        option("--smt2", metavar="DIR", help="Write each question to z3 there, as SMT-LIB."),
        *(o for o in scope_options(protocol) if o.name != "memory_limit"),
        json_option(),
        out_option(),
        color_option(),
    ]  # fmt: skip


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Ask, report, save what was violated; the exit status."""
    from mcheck.saving import failures_saved
    from mcheck.terminal import Terminal

    _refuse_mixtures(values)
    subject, start = _subject(protocol, values)
    terminal = Terminal(values["color"])
    try:
        with failures_saved(subject, values["out"], terminal):
            if values["inductive"]:
                return _inductive(subject, values, terminal)
            return _bounded(subject, start, values, terminal)
    except ImportError as error:
        if error.name != "z3":
            raise
        raise UsageError("prove needs z3: pip install 'mcheck-protocols[proofs]'") from None


def _refuse_mixtures(values: dict[str, Any]) -> None:
    """UsageError for options that do not go together.  What a settings file says of both ways counts for the one it is about."""
    if values["inductive"] and values["depth"] is not None and _typed("depth"):
        raise UsageError("prove: --depth and --inductive are two ways: choose one")
    given = {
        "--k": values["k"] is not None,
        "--without": bool(values["without"]),
        "--max-states": values["max_states"] is not None and _typed("max_states"),
    }
    for name, there in given.items():
        if there and not values["inductive"]:
            raise UsageError(f"prove: {name} goes with --inductive, not with --depth")
    if values["start"] is not None and values["inductive"]:
        raise UsageError("prove: --from goes with --depth; induction is about every state")
    if values["deadlock"] and values["inductive"] and _typed("deadlock"):
        raise UsageError("prove: --deadlock goes with --depth; what induction shows are properties and lemmas")


def _typed(name: str) -> bool:
    """Whether an option stands in the command line."""
    from click.core import ParameterSource

    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _subject(protocol: Protocol, values: dict[str, Any]) -> tuple[Subject, Behavior | None]:
    """What is asked about, and the behaviour at whose end to begin."""
    from mcheck.report import Subject

    if values["start"] is not None:
        return _from_trace(protocol, values)
    tweak = protocol.tweak_named(values["tweak"])
    return Subject(protocol, tweak, instantiate(protocol.tweaked(tweak), constants_given(values))), None


def _from_trace(protocol: Protocol, values: dict[str, Any]) -> tuple[Subject, Behavior]:
    """The spec that a trace was saved with, and the trace up to the step at which to begin."""
    from mcheck.recordings import replayed
    from mcheck.spec import Behavior

    fixed = [
        f"--{k.removeprefix(CONSTANT).replace('_', '-')}"
        for k, v in values.items()
        if k.startswith(CONSTANT) and v is not None
    ]
    fixed += ["--tweak"] if values["tweak"] is not None else []
    if fixed:
        raise UsageError(
            f"prove: --from takes the constants, bounds and tweak of the trace: leave out {', '.join(fixed)}"
        )
    file, step = _step_named(values["start"])
    trace = replayed(file)
    if trace.subject.protocol.name != protocol.name:
        raise UsageError(f"prove {protocol.name}: {file} is a trace of {trace.subject.protocol.name}")
    last = len(trace.behavior.steps)
    if step is not None and step > last:
        raise UsageError(f"--from: {file} has the steps 0 to {last} (got {step})")
    steps = trace.behavior.steps if step is None else trace.behavior.steps[:step]
    return trace.subject, Behavior(trace.behavior.instance, trace.behavior.initial, steps)


def _step_named(typed: str) -> tuple[str, int | None]:
    """(file, step) of `TRACE` or `TRACE:STEP`."""
    file, colon, step = typed.rpartition(":")
    return (file, int(step)) if colon and step.isdecimal() else (typed, None)


# ---------------------------------------------------------------------- the two ways


def _bounded(subject: Subject, start: Behavior | None, values: dict[str, Any], terminal: Any) -> int:
    from mcheck.checker.checks import DEADLOCK_FREEDOM, select
    from mcheck.checker.smt.bounded import check_bounded
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.report_json import as_json
    from mcheck.report_smt import bounded_document, bounded_text
    from mcheck.saving import save_trace
    from mcheck.selection import checked

    rules = select(subject.instance, checked(subject, values["property"]))
    rules += (DEADLOCK_FREEDOM,) if values["deadlock"] else ()
    writer = _writer(values["smt2"])
    found = check_bounded(subject.instance, rules, values["depth"], values["time_limit"], start, writer)
    saved, violation = None, found.violation
    if violation is not None and violation.behavior is not None:
        saved = save_trace(subject, violation.behavior, violation.rule, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(bounded_document(subject, found, saved)))
    else:
        terminal.print(bounded_text(subject, terminal, found, saved))
    if found.result == "violated":
        return VIOLATED
    if found.reason == "interrupted":
        return INTERRUPTED
    return INCONCLUSIVE if found.result == "inconclusive" else 0


def _inductive(subject: Subject, values: dict[str, Any], terminal: Any) -> int:
    from mcheck.checker.smt.induction import check_inductive
    from mcheck.report_json import as_json
    from mcheck.report_smt import inductive_document, inductive_text
    from mcheck.saving import save_trace

    conjuncts, consequences = _conjuncts(subject, values["property"], values["without"])
    writer = _writer(values["smt2"])
    found = check_inductive(subject.instance, conjuncts, consequences, values["k"] or 1, values["time_limit"], writer)
    reached = _reachability(found, values["max_states"], values["time_limit"])
    saved, violation = None, found.base.violation if reached is None else reached.violation
    if violation is not None and violation.behavior is not None:
        saved = save_trace(subject, violation.behavior, violation.rule, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(inductive_document(subject, found, values["without"], saved, reached)))
    else:
        terminal.print(inductive_text(subject, terminal, found, values["without"], saved, reached))
    if reached is not None and reached.failed is not None:
        raise reached.failed
    return _status(found, reached)


def _reachability(found: Inductive, most_states: int | None, time_limit: float | None) -> Reachability | None:
    """Whether the counterexamples are reachable; None where there are none, or no time is left to look."""
    from mcheck.checker.smt.reachability import MOST_SECONDS, MOST_STATES, reachability
    from mcheck.progress import ProgressLine

    seconds = MOST_SECONDS if time_limit is None else time_limit - found.seconds
    if not found.ctis or found.reason == "interrupted" or seconds <= 0:
        return None
    line = ProgressLine()
    try:
        return reachability(found, most_states or MOST_STATES, seconds, progress=line)
    finally:
        line.clear()


def _status(found: Inductive, reached: Reachability | None) -> int:
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED

    if reached is not None and reached.reason == "interrupted":
        return INTERRUPTED
    if found.result in ("violated", "cti"):
        return VIOLATED
    if found.reason == "interrupted":
        return INTERRUPTED
    return INCONCLUSIVE if found.result == "inconclusive" else 0


def _conjuncts(
    subject: Subject, asked: Sequence[str], without: Sequence[str]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """(properties and lemmas of states, properties of steps): those asked for and every lemma, less those left out."""
    from mcheck.checker.checks import select
    from mcheck.selection import checked

    instance = subject.instance
    chosen = {rule.name: rule for rule in (*select(instance, checked(subject, asked)), *instance.lemmas)}
    dropped = {rule.name for rule in select(instance, without)} if without else set()
    kept = [rule for name, rule in chosen.items() if name not in dropped and rule.kind != "reachable"]
    conjuncts = tuple(rule for rule in kept if rule.kind == "always")
    if not kept:
        raise UsageError(f"prove {subject.protocol.name}: nothing is left to prove")
    return conjuncts, tuple(rule for rule in kept if rule.kind != "always")


def _writer(directory: str | None) -> Any:
    """What writes each question into a file of its own; None where nobody asked for it."""
    if directory is None:
        return None
    from pathlib import Path

    from mcheck.counterexamples.store import slug
    from mcheck.files import write_file

    Path(directory).mkdir(parents=True, exist_ok=True)

    def write(name: str, text: str) -> None:
        write_file(str(Path(directory) / f"{slug(name)}.smt2"), text)

    return write


command = ProtocolCommand(
    "prove",
    run,
    options,
    "Check one configuration of PROTOCOL with z3: behaviours of a few steps (--depth), or by induction (--inductive).",
)
