"""mcheck conform ADAPTER: random schedules for an implementation, and what they find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcheck.options import Number, Seconds, Title, color_option, json_option, option, out_option

if TYPE_CHECKING:
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
        *shared_options(),
    ]  # fmt: skip


def shared_options() -> list[click.Option]:
    """What adapters and specifications have in common."""
    return [
        option("--option", "options", metavar="NAME=VALUE", multiple=True, help="Told to the adapter; repeatable."),
        json_option(),
        color_option(),
    ]


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
    setting = Setting(values["nodes"], faults, given_options(values["options"]), _watched(values["property"]))
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


def given_options(given: tuple[str, ...]) -> Mapping[str, str]:
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
