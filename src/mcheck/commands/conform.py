"""mcheck conform: a real implementation, or its log, held against what it implements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Number, Seconds, Title, color_option, constants_given, json_option, option, out_option
from mcheck.protocols import Protocol, is_file

if TYPE_CHECKING:
    from mcheck.conformance.cases import Cases
    from mcheck.conformance.schedules import Explored
    from mcheck.terminal import Terminal


def adapter_options() -> list[click.Option]:
    """What is done with an adapter."""
    return [
        option("--exec", metavar="COMMAND", help="The adapter is this command, which speaks lines of JSON."),
        option("--nodes", type=Number(1, 64), default=3, help="Nodes of the cluster."),
        option("--schedules", type=Number(1), default=100, help="Random schedules."),
        option("--steps", type=Number(1), default=300, help="Operations of a schedule, at most."),
        option("--seed", type=Number(0), default=0, help="The same seed takes the same schedules."),
        option("--reorder", is_flag=True, help="Messages overtake each other; without it each link keeps their order."),
        option("--lose", is_flag=True, help="Messages get lost."),
        option("--duplicate", is_flag=True, help="Messages arrive more than once."),
        option("--restart", is_flag=True, help="Nodes crash, and come back with what they have persisted."),
        option("--property", type=Title(), multiple=True, metavar="TITLE", help="Watch only this property; repeatable."),
        option("--replay", metavar="RUN", help="Do the operations of a saved run again, and nothing else."),
        option("--shrink/--no-shrink", default=True, help="Make a run that violates something small before it is shown."),
        option("--time-limit", type=Seconds(), help="Stop after this many seconds."),
        out_option(),
        *_shared(),
    ]  # fmt: skip


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
        *_shared(),
    ]


def _shared() -> list[click.Option]:
    return [
        option("--option", "options", metavar="NAME=VALUE", multiple=True, help="Told to the adapter; repeatable."),
        json_option(),
        color_option(),
    ]


# ---------------------------------------------------------------------- an adapter


def drive(adapter: str | None, **values: Any) -> int:
    """Random schedules, or a saved run; the exit status."""
    from mcheck.terminal import Terminal

    name = adapter or values["exec"]
    terminal = Terminal(values["color"])
    with _driven(adapter, values["exec"]) as driven:
        if values["replay"] is not None:
            return _again(driven, name, values, terminal)
        return _explored(driven, adapter, name, values, terminal)


def _explored(driven: Any, adapter: str | None, name: str, values: Mapping[str, Any], terminal: Terminal) -> int:
    """Random schedules; report, save what was violated; the exit status."""
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.conformance.cluster import Setting
    from mcheck.conformance.minimising import Minimised, minimise
    from mcheck.conformance.network import Faults
    from mcheck.conformance.report import explored_document, explored_lines, finding_lines, verdict_lines
    from mcheck.conformance.schedules import explore
    from mcheck.report_json import as_json

    faults = Faults(values["reorder"], values["lose"], values["duplicate"], values["restart"])
    setting = Setting(values["nodes"], faults, _options(values["options"]), _watched(values["property"]))
    found = explore(driven, setting, values["seed"], values["schedules"], values["steps"], values["time_limit"])
    shrunk: Minimised | None = None
    if found.run is not None and found.run.finding is not None:
        left = None if values["time_limit"] is None else max(1.0, values["time_limit"] - found.seconds)
        shrunk = minimise(driven, found.run, left) if values["shrink"] else Minimised(found.run, found.run)
    saved = _saved(found, shrunk, name, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(explored_document(name, found, shrunk, saved)))
    else:
        lines = explored_lines(name, found, terminal)
        if shrunk is None:
            lines += verdict_lines(found, terminal)
        else:
            lines += ["", *finding_lines(shrunk, _drawn(shrunk, name, values["out"], saved, terminal), terminal)]
        terminal.print("\n".join([*lines, *_commands(saved, adapter, values)]))
    if shrunk is not None:
        return VIOLATED
    if found.reason == "interrupted":
        return INTERRUPTED
    return INCONCLUSIVE if found.reason is not None else 0


@contextmanager
def _driven(adapter: str | None, command: str | None) -> Iterator[Any]:
    """The adapter that is meant; its process ends with the block.  UsageError for none, and for two."""
    from mcheck.conformance.loading import adapter_from, require_driven
    from mcheck.conformance.process import ProcessAdapter
    from mcheck.spec import UsageError

    if (adapter is None) == (command is None):
        raise UsageError(
            "conform: an adapter is a file, path/to/file.py:Class, or a command, --exec COMMAND: give one of the two"
        )
    if command is None:
        yield require_driven(adapter_from(adapter or ""), adapter or "")
        return
    with closing(ProcessAdapter(command)) as served:
        yield served


def _watched(given: tuple[str, ...]) -> tuple[str, ...]:
    """The monitored properties that are meant, all of them if none is named.  UsageError for another title."""
    from mcheck.conformance.monitors import TITLES
    from mcheck.spec import UsageError
    from mcheck.spec.specification import did_you_mean

    for title in given:
        if title not in TITLES:
            raise UsageError(
                f"--property: no monitor {title!r}{did_you_mean(title, TITLES)}; there are {', '.join(TITLES)}"
            )
    return tuple(title for title in TITLES if title in given) or TITLES


def _options(given: tuple[str, ...]) -> Mapping[str, str]:
    """`name=value` as a dictionary."""
    from mcheck.spec import UsageError

    for pair in given:
        if "=" not in pair:
            raise UsageError(f"--option: write NAME=VALUE (got {pair!r})")
    return dict(pair.split("=", 1) for pair in given)


def _saved(found: Explored, shrunk: Any, name: str, out: str, terminal: Terminal) -> str | None:
    """Where the run is saved that ended with a finding or a failure; None, and a warning, where it cannot be."""
    from mcheck.conformance.runs import save_run

    run = shrunk.run if shrunk is not None else found.run
    if run is None:
        return None
    try:
        return save_run(run, name, _stem(name), out).as_posix()
    except OSError as error:
        terminal.warn(f"the run could not be saved in {out}: {error.strerror or error}; choose another --out")
        return None


def _stem(name: str) -> str:
    """`pysyncobj_adapter` for its path."""
    return name.rpartition("/")[2].partition(".py")[0]


def _drawn(shrunk: Any, name: str, out: str, saved: str | None, terminal: Terminal) -> Any:
    """The run as a behaviour; its picture is written beside the saved run."""
    from mcheck.conformance.recorded import drawn
    from mcheck.conformance.runs import ENDING
    from mcheck.counterexamples.counterexample import Caption, Counterexample
    from mcheck.counterexamples.picture.svg import svg_document
    from mcheck.files import write_file
    from mcheck.terminal import OutputError

    picture = drawn(shrunk.run)
    if saved is not None:
        setting = shrunk.run.setting
        caption = Caption(
            _stem(name),
            f"{setting.nodes} nodes · {setting.faults}",
            "observed",
            f"mcheck conform {name} --replay {saved}",
        )
        violated = picture.arguments is not None
        counterexample = Counterexample(picture.behavior, picture.rule, picture.arguments or (), violated, caption)
        try:
            write_file(saved.removesuffix(ENDING) + ".svg", svg_document(counterexample))
        except OutputError as error:
            terminal.warn(f"the picture could not be written: {error}")
    return picture


def _commands(saved: str | None, adapter: str | None, values: Mapping[str, Any]) -> list[str]:
    """Where the run is, and how to do it again."""
    from mcheck.conformance.runs import ENDING

    if saved is None:
        return []
    typed = adapter if adapter is not None else f'--exec "{values["exec"]}"'
    lines = [f"  saved   {saved}", f"  replay  mcheck conform {typed} --replay {saved}"]
    picture = saved.removesuffix(ENDING) + ".svg"
    return [*lines, f"  look    {picture}"] if Path(picture).exists() else lines


def _again(driven: Any, name: str, values: Mapping[str, Any], terminal: Terminal) -> int:
    """Do a saved run again: 1 if it still violates something, 0 if not."""
    from mcheck.cli import VIOLATED
    from mcheck.conformance.cluster import repeated
    from mcheck.conformance.report import operation_lines
    from mcheck.conformance.runs import load_run, run_document
    from mcheck.report import CIRCLED
    from mcheck.report_json import as_json
    from mcheck.scope import counted

    setting, seed, operations = load_run(values["replay"])
    run = repeated(driven, setting, seed, operations)
    head = f"{values['replay']}: {counted(len(run.taken), 'operation')} of {len(operations)}"
    violated = f"{terminal.style('VIOLATED', 'bad')} {run.finding.title}" if run.finding else "nothing is violated"
    lines = [f"{head}: {violated}", *operation_lines(run.taken, terminal)]
    lines[1:1] = [
        f"  {mark} {fact}" for mark, fact in zip(CIRCLED, run.finding.facts if run.finding else (), strict=False)
    ]
    terminal.print(as_json(run_document(run, name)) if values["json"] else "\n".join(lines))
    return 0 if run.finding is None else VIOLATED


# ---------------------------------------------------------------------- a specification


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
        follower = None if performer is None else Follower(instance, performer, _options(values["options"]))
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
