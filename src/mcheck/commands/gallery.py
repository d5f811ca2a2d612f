"""mcheck gallery: every known violation as a folder with its trace, picture and page."""

from __future__ import annotations

from pathlib import Path

import click

from mcheck.options import Number, Seconds, color_option, option


def run(out: str, time_limit: float, memory_limit: int | None, color: str) -> int:
    """Renew what is stale; 1 if a tweak does not do what it declares."""
    from mcheck.checker.verdict import Limits
    from mcheck.cli import VIOLATED
    from mcheck.gallery.exhibits import exhibits
    from mcheck.gallery.folder import Gallery
    from mcheck.gallery.traces import NotAsDeclared
    from mcheck.scope import counted
    from mcheck.spec import UsageError
    from mcheck.terminal import OutputError, Terminal

    terminal, gallery = Terminal(color), Gallery(Path(out))
    if gallery.root.exists() and not gallery.root.is_dir():
        raise UsageError(f"--out {out}: is a file: the gallery is a folder")
    limits = Limits(seconds=time_limit, memory_mb=memory_limit)
    shown, wrong = list(exhibits()), 0
    for exhibit in shown:
        try:
            written = gallery.renew(exhibit, limits)
        except NotAsDeclared as error:
            wrong += 1
            terminal.warn(f"{exhibit.name}: {error}")
            continue
        except OSError as error:
            raise OutputError(f"{gallery.folder(exhibit)}: {error.strerror or error}") from None
        for file in written:
            terminal.print(f"wrote {file.as_posix()}")
        fault = gallery.story_fault(exhibit, gallery.shown(exhibit))
        if fault is not None:
            terminal.warn(f"{exhibit.name}: {fault}")
    for file in gallery.renew_index(shown):
        terminal.print(f"wrote {file.as_posix()}")
    for stranger in gallery.strangers(shown):
        terminal.warn(f"{(gallery.root / stranger).as_posix()}: belongs to no tweak that breaks anything: remove it")
    violations = sum(len(exhibit.violations) for exhibit in shown)
    tweaks = sum(exhibit.tweak is not None for exhibit in shown)
    themselves = f" and {counted(len(shown) - tweaks, 'protocol')}" if tweaks < len(shown) else ""
    terminal.print(f"{counted(violations, 'violation')} of {counted(tweaks, 'tweak')}{themselves} in {out}")
    return VIOLATED if wrong else 0


command = click.Command(
    "gallery",
    params=[
        click.Option(["--out"], metavar="DIR", required=True, help="The folder of the gallery."),
        option("--time-limit", type=Seconds(), default=600.0, help="Seconds for each search."),
        option(
            "--memory-limit", type=Number(1), metavar="MB", help="Stop a search when the process holds more than this."
        ),
        color_option(),
    ],
    callback=run,
    help="Write every known violation of the shipped protocols, with trace, picture and page, into a folder; or renew what "
    "is stale there.  Stories, which people write, are left alone.",
)
