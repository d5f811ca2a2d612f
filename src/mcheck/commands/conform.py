"""mcheck conform: a real implementation, or its log, held against what it implements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.conform_adapter import adapter_options, drive, given_options, shared_options
from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Number, constants_given, option
from mcheck.protocols import Protocol, is_file

if TYPE_CHECKING:
    from mcheck.conformance.cases import Cases
    from mcheck.terminal import Terminal


def protocol_options() -> list[click.Option]:
    """What is done with a specification."""
    return [
        option("--log", metavar="FILE", multiple=True, help="Explain the events of this log; repeatable."),
        option("--silent", metavar="ACTION", multiple=True, help="Steps of this action are not logged; repeatable."),
        option("--cases", metavar="FILE", help="Write test cases: paths that take every kind of step."),
        option("--against", metavar="ADAPTER", help="Have this implementation take the steps of the cases."),
        option("--exec", metavar="COMMAND", help="The same with the adapter behind a command."),
        option("--max-states", type=Number(1), default=20_000, help="States that are searched for test cases."),
        option("--tweak", metavar="NAME", help="The protocol with one rule changed."),
        *shared_options(),
    ]


def hold(protocol: Protocol, values: dict[str, Any]) -> int:
    """Explain logs, write cases, or have an implementation follow them; the exit status."""
    from mcheck.spec import UsageError
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    terminal = Terminal(values["color"])
    asked = [name for name in ("log", "cases", "against", "exec") if values[name]]
    if not asked:
        raise UsageError(
            f"conform {protocol.name}: say what is held against it: --log FILE, --against ADAPTER, or --cases FILE to write test cases"
        )
    if values["log"]:
        if len(asked) > 1:
            raise UsageError(f"--log and --{asked[1]} are two commands: give one of them")
        return _explain(protocol, constants, values, terminal)
    return _follow(protocol, constants, values, terminal)


def _explain(protocol: Protocol, constants: dict[str, Any], values: dict[str, Any], terminal: Terminal) -> int:
    """Explain the runs of the logs: 0 all, 1 a mismatch, 3 something else."""
    import time

    from mcheck.cli import INCONCLUSIVE, VIOLATED
    from mcheck.conformance.explained_report import validated_document, validated_lines
    from mcheck.conformance.explaining import Explained, explain
    from mcheck.conformance.logs import runs_in
    from mcheck.report_json import as_json
    from mcheck.spec import UsageError

    started = time.monotonic()
    tweak = protocol.tweak_named(values["tweak"])
    runs = [run for file in values["log"] for run in runs_in(file)]
    empty = next((run.file for run in runs if not run.lines), None)
    if empty is not None:
        raise UsageError(f"{empty}: there is no event in this log, and nothing to explain")
    typed = protocol.source if is_file(protocol.source) else protocol.name
    found = explain(Explained(typed, tweak, constants, values["silent"]), runs)
    seconds = time.monotonic() - started
    if values["json"]:
        terminal.print(as_json(validated_document(protocol.name, tweak, found, seconds)))
    else:
        terminal.print("\n".join(validated_lines(_header(protocol, tweak, constants), found, seconds, terminal)))
    results = {v.result for v in found}
    return VIOLATED if "mismatch" in results else INCONCLUSIVE if "inconclusive" in results else 0


def _header(protocol: Protocol, tweak: str | None, constants: dict[str, Any]) -> str:
    from mcheck import __version__
    from mcheck.protocols import instantiate
    from mcheck.scope import bounds_text, constants_text

    instance = instantiate(protocol.tweaked(tweak), constants)
    name = protocol.name + (f" + {tweak}" if tweak else "")
    bounds = bounds_text(instance)
    return " · ".join([f"mcheck {__version__}", name, *constants_text(instance), *([bounds] if bounds else [])])


def _follow(protocol: Protocol, constants: dict[str, Any], values: dict[str, Any], terminal: Terminal) -> int:
    """Write the cases, and have an implementation take them: 0 it agrees, 1 it diverges, 3 it failed."""
    from mcheck.cli import INCONCLUSIVE, VIOLATED
    from mcheck.conformance.cases import cases_of
    from mcheck.conformance.explained_report import followed_document, followed_lines
    from mcheck.conformance.following import Follower
    from mcheck.files import refuse_bad_path
    from mcheck.protocols import instantiate
    from mcheck.report_json import as_json

    refuse_bad_path(values["cases"])
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    header = _header(protocol, tweak, constants)
    with _performer(values["against"], values["exec"]) as performer:
        follower = None if performer is None else Follower(instance, performer, given_options(values["options"]))
        cases = cases_of(instance, values["max_states"])
        if values["cases"]:
            _write_cases(cases, values["cases"])
        if follower is None:
            terminal.print(_cases_said(protocol, tweak, cases, values, header))
            return 0
        found = follower.follow(cases.behaviors)
    if values["json"]:
        terminal.print(as_json(followed_document(protocol.name, tweak, cases, found)))
    else:
        terminal.print("\n".join(followed_lines(header, cases, found, follower.compared.values(), terminal)))
    if any(f.differences for f in found):
        return VIOLATED
    return INCONCLUSIVE if any(f.failure for f in found) else 0


def _write_cases(cases: Cases, file: str) -> None:
    from mcheck.conformance.cases import cases_lines
    from mcheck.files import write_file

    write_file(file, "\n".join(cases_lines(cases.behaviors)) + "\n")


def _cases_said(protocol: Protocol, tweak: str | None, cases: Cases, values: Mapping[str, Any], header: str) -> str:
    """What is said of cases that were only written."""
    from mcheck.conformance.explained_report import cases_document, cases_text
    from mcheck.report_json import as_json

    file = values["cases"]
    if values["json"]:
        return as_json({"schema": 1, "protocol": protocol.name, "tweak": tweak, **cases_document(cases), "file": file})
    wrote = f"wrote {file}: each case a run of events, with the whole state after each step"
    return "\n".join([header, *cases_text(cases), wrote])


@contextmanager
def _performer(adapter: str | None, command: str | None) -> Iterator[Any]:
    """The adapter that takes the steps; None if none was asked for.  Its process ends with the block."""
    from mcheck.conformance.loading import adapter_from, require_performing
    from mcheck.conformance.process import ProcessAdapter
    from mcheck.spec import UsageError

    if adapter is not None and command is not None:
        raise UsageError("--against and --exec both name an adapter: give one of the two")
    if command is None:
        yield None if adapter is None else require_performing(adapter_from(adapter), adapter)
        return
    with closing(ProcessAdapter(command)) as served:
        yield served


# ---------------------------------------------------------------------- which of the two


class ConformCommand(ProtocolCommand):
    """`conform ADAPTER`, `conform --exec COMMAND`, or `conform PROTOCOL`: what is given decides on the options."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from mcheck.conformance.loading import is_adapter

        typed = self.protocol_in(args)
        wanted = typed is None and any(word.partition("=")[0] == "--exec" for word in args)
        if not wanted and (typed is None or not is_adapter(typed)):
            return super().make_context(info_name, args, parent, **extra)
        command = click.Command(
            "conform",
            params=[click.Argument(["adapter"], metavar="[ADAPTER]", required=False), *adapter_options()],
            callback=drive,
            help="Drive an implementation by random schedules, and watch what it shows.",
        )
        return command.make_context(info_name, args, parent, **extra)


def _both(protocol: Protocol | None) -> list[click.Option]:
    """The options of a specification; before it is known, those of an adapter too."""
    own = protocol_options()
    if protocol is not None:
        return own
    names = {o.name for o in own}
    return [*own, *(o for o in adapter_options() if o.name not in names)]


command = ConformCommand(
    "conform",
    hold,
    _both,
    "Hold a real implementation, or its log, against PROTOCOL.",
)
command.help = """Hold a real implementation, or its log, against what it implements.

\b
conform ADAPTER.py          drive it by random schedules, and watch what it shows
conform --exec COMMAND      the same with an adapter in another process
conform PROTOCOL --log FILE         explain a log of it
conform PROTOCOL --against ADAPTER  have it take the steps of the specification
conform PROTOCOL --cases FILE       write those steps down
"""
