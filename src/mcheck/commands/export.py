"""mcheck export: a saved trace as a regression test, or as plain ITF for other tools; a specification as TLA+."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Word, color_option, constants_given, option, scope_options
from mcheck.protocols import Protocol, instantiate, is_name

if TYPE_CHECKING:
    from mcheck.counterexamples.pytest_text import Claim
    from mcheck.report import Subject

FORMATS = {"pytest": (".py",), "itf": (".itf.json", ".json")}
"""The formats of a trace, and how the names of such files end."""
TLA = "tla"
"""The format of a specification."""


def run(file: str, format: str | None, output: str | None, color: str) -> int:
    """Write the trace in the format asked for, to a file or to standard output."""
    from mcheck.files import refuse_bad_path, write_file
    from mcheck.spec import UsageError
    from mcheck.terminal import Terminal

    refuse_bad_path(output)
    chosen = format or next((f for f, ends in FORMATS.items() if output and output.endswith(ends)), None)
    if chosen is None:
        raise UsageError(f"say which format: {', '.join(f'-f {name}' for name in FORMATS)}")
    if chosen == TLA:
        raise UsageError("-f tla writes a specification, not a trace: mcheck export PROTOCOL -f tla -o DIR")
    folder = Path(output).absolute().parent if output else Path.cwd()
    text, words = _as_pytest(file, folder) if chosen == "pytest" else _as_itf(file)
    terminal = Terminal(color)
    if output is None:
        terminal.print(text.rstrip("\n"))
    else:
        write_file(output, text)
        terminal.print(f"wrote {output}: {words}")
    return 0


# ---------------------------------------------------------------------- ITF


def _as_itf(file: str) -> tuple[str, str]:
    """The behaviour as today's spec executes it, with nothing in it that only mcheck reads."""
    from mcheck.counterexamples.itf import itf_document
    from mcheck.recordings import replayed
    from mcheck.scope import counted

    trace = replayed(file)
    recorded = trace.recorded
    name = f"{recorded.protocol} with the tweak {recorded.tweak}" if recorded.tweak else recorded.protocol
    status = f"violates {recorded.property}" if trace.violates else "violates nothing"
    document = itf_document(
        trace.behavior, {"description": f"Behaviour of {name}: {status}", "source": recorded.source}, recorded.loop
    )
    states = counted(len(trace.behavior.states), "state")
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n", f"{states}, {status}"


# ---------------------------------------------------------------------- pytest


def _as_pytest(file: str, folder: Path) -> tuple[str, str]:
    """A test file, and what it asserts in a few words."""
    from mcheck.counterexamples import load
    from mcheck.counterexamples.pytest_text import RegressionTest, claims_text, docstring
    from mcheck.counterexamples.store import StaleLabel
    from mcheck.protocols import instantiate
    from mcheck.recordings import property_titled, subject_of
    from mcheck.report import Subject
    from mcheck.scope import counted
    from mcheck.spec import ReplayMismatch, UsageError

    recorded = load(Path(file))
    if recorded.loop is not None:
        raise UsageError(f"{file}: a lasso is no regression test yet: mcheck replay executes it, -f itf writes it")
    subject = subject_of(recorded)
    rule = None if recorded.property is None else property_titled(subject.instance, recorded.property)
    if recorded.property is not None and rule is None:
        raise ReplayMismatch(
            len(recorded.labels), "the end", f"the spec no longer has a property {recorded.property!r}"
        )
    start = recorded.initial if len(subject.instance.initial) > 1 else None
    claims = [_claim(subject, recorded.property, recorded.labels, start)]
    if subject.tweak is not None and claims[0].word == "violates":
        constants = {n: v for n, v in claims[0].spec.constants.items() if n in subject.protocol.cls._constants}
        good = Subject(subject.protocol, None, instantiate(subject.protocol.cls, constants))
        with suppress(StaleLabel):  # the tweak brings an action of its own
            claims.append(_claim(good, recorded.property, recorded.labels, start))
    named = f"{subject.protocol.name} with the tweak {subject.tweak}" if subject.tweak else subject.protocol.name
    what = f"to a violation of {recorded.property}" if recorded.property else "of a behaviour"
    test = RegressionTest(
        docstring(f"{named}: {counted(len(recorded.labels), 'step')} {what}."),
        docstring(rule.sentence.partition("  Source:")[0]) if rule else "",
        recorded.property,
        start,
        recorded.labels,
        tuple(claims),
    )
    return test.text(folder), claims_text(claims)


def _claim(subject: Subject, title: str | None, steps: tuple[str, ...], start: str | None) -> Claim:
    """What is so today: the steps are refused, or lead to a violation, or do not.  StaleLabel if they mean nothing."""
    from mcheck.counterexamples.pytest_text import Claim, SpecUse, docstring
    from mcheck.counterexamples.store import StaleLabel
    from mcheck.regression import assert_violates, refusal

    instance = subject.instance
    use = SpecUse(subject.source, {**instance.constants, **instance.bounds})
    refused = refusal(instance, steps, start)
    if isinstance(refused, StaleLabel):
        raise refused
    if refused is not None:
        why = (
            f"Step {refused.step} is not possible: {refused.why}." if refused.step else f"Not possible: {refused.why}."
        )
        return Claim(use, "refuses", refused.step, docstring(why))
    if title is None:
        return Claim(use, "possible", None, "Every step is possible.")
    try:
        assert_violates(instance.spec, title, steps, start)
    except AssertionError:
        return Claim(use, "satisfies", None, docstring(f"The steps are possible, and {title} holds at their end."))
    return Claim(use, "violates", None, docstring(f"The steps are possible, and {title} is violated at their end."))


def format_option(formats: dict[str, Any]) -> click.Option:
    """-f, one of these formats."""
    return click.Option(
        ["-f", "--format", "format"], type=Word(*formats), help="Format; by default what the name of the file says."
    )


def output_option() -> click.Option:
    """-o, the file to write."""
    return click.Option(
        ["-o", "--output", "output"], metavar="FILE", help="The file to write [default: standard output]."
    )


# ---------------------------------------------------------------------- TLA+


def options(protocol: Protocol | None) -> list[click.Option]:
    """The options of the export of a specification, besides its constants."""
    tweak, *_ = scope_options(protocol)
    return [
        click.Option(["-f", "--format", "format"], type=Word(*FORMATS, TLA), help="tla, of a specification."),
        click.Option(["-o", "--output", "output"], metavar="DIR", help="The folder to write into."),
        tweak,
        option("--no-symmetry", is_flag=True, help="Without SYMMETRY: TLC counts states, and not orbits."),
        color_option(),
    ]


def run_protocol(protocol: Protocol, values: dict[str, Any]) -> int:
    """Write the modules and configurations of a specification, and say how to check them."""
    from mcheck.spec import UsageError
    from mcheck.terminal import Terminal
    from mcheck.tla.folder import exported, write

    format, folder = values["format"], values["output"]
    if format not in (None, TLA):
        raise UsageError(
            f"-f {format} is the format of a trace: mcheck export TRACE -f {format}; a specification is -f tla"
        )
    if folder is None:
        raise UsageError(f"say where to: mcheck export {protocol.name} -f tla -o DIR")
    tweak = protocol.tweak_named(values["tweak"])
    files = exported(instantiate(protocol.tweaked(tweak), constants_given(values)), not values["no_symmetry"])
    write(files, folder)
    terminal = Terminal(values["color"])
    for name in files:
        terminal.print(f"wrote {(Path(folder) / name).as_posix()}")
    module = next(iter(files)).removesuffix(".tla")
    terminal.print(f"check   cd {Path(folder).as_posix()} && java -cp tla2tools.jar tlc2.TLC {module}")
    return 0


class ExportCommand(ProtocolCommand):
    """`export PROTOCOL`, with the constants of the protocol, or `export TRACE`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        typed = self.protocol_in(args)
        asked = "tla" in args or "--format=tla" in args or "-ftla" in args
        if typed is not None and (
            is_name(typed) or ".py" in Path(typed).name or (asked and not typed.endswith(".json"))
        ):
            return super().make_context(info_name, args, parent, **extra)
        return _of_trace.make_context(info_name, args, parent, **extra)


_of_trace = click.Command(
    "export",
    params=[
        click.Argument(["file"], metavar="TRACE"),
        format_option({**FORMATS, TLA: ()}),
        output_option(),
        color_option(),
    ],
    callback=run,
    help="Write a saved trace as a regression test (pytest), which pins what the trace does under today's spec, or as "
    "plain ITF, which other tools read.  `mcheck export PROTOCOL -f tla -o DIR` writes a specification as TLA+ modules, with "
    "what TLC is to check.",
)

command = ExportCommand("export", run_protocol, options, "Write PROTOCOL as TLA+ modules, with what TLC is to check.")
