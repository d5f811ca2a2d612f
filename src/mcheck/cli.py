"""The command `mcheck`: which verb, and how every error ends: one line on standard error and a status."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from mcheck.terminal import OutputError, complain, discard

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS: dict[str, tuple[str, str]] = {
    "run": ("mcheck.commands.run:command", "Search every reachable state, breadth first."),
    "liveness": ("mcheck.commands.liveness:command", "Check what every fair behaviour must come to."),
    "valency": ("mcheck.commands.valency:command", "Compute which decisions are still open; the FLP theorem at work."),
    "simulate": ("mcheck.commands.simulate:command", "Take seeded random walks."),
    "compare": ("mcheck.commands.compare:command", "Search a protocol and its tweaks; a table of what was found."),
    "prove": ("mcheck.commands.prove:command", "Prove safety for any number of nodes, by induction."),
    "conform": ("mcheck.commands.conform:command", "Hold a real implementation, or its log, against a protocol."),
    "replay": ("mcheck.commands.replay:command", "Execute a saved trace again under today's spec."),
    "shrink": ("mcheck.commands.shrink:command", "Make a saved trace as small as it can be."),
    "render": ("mcheck.commands.render:command", "Draw a saved trace: text, SVG, PNG, HTML, Mermaid, DOT."),
    "graph": ("mcheck.commands.graph:command", "Draw the states of a protocol, or the steps of a trace."),
    "export": ("mcheck.commands.export:command", "Write a trace as a test or as ITF, a protocol as TLA+."),
    "lab": ("mcheck.commands.lab:command", "Check claims about consensus protocols, question by question."),
    "list": ("mcheck.commands.listing:command", "List the protocols that can be run by name."),
    "explain": ("mcheck.commands.explain:command", "Explain a protocol, a property, or a saved trace."),
    "gallery": ("mcheck.commands.gallery:command", "Write all known violations, with pictures, into a folder."),
    "bench": ("mcheck.commands.bench:command", "Time the engines, and other checkers, on the same models."),
    "doctor": ("mcheck.commands.doctor:command", "Show versions, optional programs and the terminal."),
    "completion": ("mcheck.commands.completion:command", "Print the completion script of a shell."),
}
"""What can be done: verb -> ("module:OBJECT", one line of help)."""

VIOLATED, USAGE, INCONCLUSIVE, BROKEN, INTERRUPTED = 1, 2, 3, 4, 130
"""The exit statuses other than 0.  BROKEN: an error in the spec, or inside mcheck."""


class Mcheck(click.Group):
    """Verbs are imported when called; a first word that is no verb is the protocol of `run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in VERBS:
            return args[0], self.get_command(ctx, args[0]), args[1:]
        if args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.NoSuchOption(args[0], ctx=ctx)
        if not ctx.resilient_parsing:
            _refuse_near_verb(args[0])
        return "run", self.get_command(ctx, "run"), args

    def invoke(self, ctx: click.Context) -> Any:
        """The verb's result; an interrupt before there is one to report is one line, and not click's two."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("interrupted")
            return INTERRUPTED

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, words) for verb, (_, words) in VERBS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from mcheck.extensions import completions

        completed = super().shell_complete(ctx, incomplete)
        return [*completed, *map(CompletionItem, completions(incomplete))]


def _refuse_near_verb(word: str) -> None:
    """UsageError for what is neither verb nor protocol nor file, with the nearest of both in mind."""
    from mcheck.protocols import is_file, is_name, names
    from mcheck.spec import UsageError
    from mcheck.spec.specification import did_you_mean

    known = names()
    if not is_file(word) and not is_name(word):
        raise UsageError(
            f"no command or protocol {word!r}{did_you_mean(word.partition('+')[0].lower(), [*VERBS, *known, '--help', '--version'])}; "
            "see mcheck --help and mcheck list"
        )


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from mcheck import __version__

        click.echo(f"mcheck {__version__}")
        ctx.exit()


command = Mcheck(
    "mcheck",
    help="Model checker for consensus protocols.  `mcheck raft --depth 12` is `mcheck run raft --depth 12`.",
    epilog="Exit status: 0 nothing violated in the asked scope; 1 violated; 2 usage; 3 inconclusive; 4 error in the spec; "
    "130 interrupted.",
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version.",
        )
    ],
    callback=lambda: None,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with its status."""
    sys.exit(status_of(sys.argv[1:] if arguments is None else arguments))


def status_of(arguments: Sequence[str]) -> int:
    """Run the command; its exit status.  Every error is one line; MCHECK_DEBUG=1 shows where it comes from."""
    try:
        result: Any = command.main(args=list(arguments) or ["--help"], prog_name="mcheck", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives as long as the process
        return 0
    except Exception as error:
        if os.environ.get("MCHECK_DEBUG"):
            raise
        return _ended_by(error)
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _ended_by(error: Exception) -> int:
    """Say what went wrong; the status."""
    from mcheck.spec import InternalError, McheckError

    if isinstance(error, InternalError):
        complain(f"internal error: {error}")
        return BROKEN
    if isinstance(error, McheckError):
        complain(str(error))
        return error.status
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        complain("interrupted")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        complain(_usage(error))
        return USAGE
    if isinstance(error, OutputError):
        complain(f"the result cannot be written: {error}")
        return BROKEN
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
        discard(sys.stdout)
        complain(f"the result cannot be written: {error.strerror}")
        return BROKEN
    if isinstance(error, MemoryError):
        complain("out of memory: lower a bound, or set --max-states or --memory-limit")
        return INCONCLUSIVE
    complain(f"internal error: {type(error).__name__}: {error} ({_where(error)}; MCHECK_DEBUG=1 shows the traceback)")
    return BROKEN


def _usage(error: click.ClickException) -> str:
    """What click found wrong, in our words where its own are vague."""
    words = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        near = get_close_matches(error.option_name, error.possibilities or [], n=1, cutoff=0.75)
        words = f"no option {error.option_name}{f' (did you mean {near[0]}?)' if near else ''}"
    elif isinstance(error, click.BadOptionUsage):
        words = words.removeprefix("Option ").replace(f"'{error.option_name}'", error.option_name, 1)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "mcheck"
    return words if "mcheck list" in words else f"{words}; see {path} --help"


def _where(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
