"""mcheck render: a saved trace as a picture."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcheck.commands.export import format_option, output_option
from mcheck.options import color_option

if TYPE_CHECKING:
    from mcheck.counterexamples.counterexample import Counterexample
    from mcheck.recordings import Replayed

FORMATS: dict[str, str] = {
    "txt": "mcheck.counterexamples.picture.text:text_document",
    "svg": "mcheck.counterexamples.picture.svg:svg_document",
    "png": "mcheck.counterexamples.picture.png:png_document",
    "html": "mcheck.counterexamples.picture.page:html_document",
    "mermaid": "mcheck.counterexamples.picture.mermaid:mermaid_document",
    "dot": "mcheck.counterexamples.graphs.cause_figure:dot_document",
}
"""What a counterexample can be written as: name -> "module:function", a function from a Counterexample to text or bytes."""

_ENDINGS = {"mermaid": (".mmd", ".mermaid"), "html": (".html", ".htm")}
"""How the names of files end where that is not the name of the format."""
_PRINTED = ("txt", "mermaid", "dot")
"""What goes to standard output unless a file is named; the others go to a file beside the trace."""
_TRACE_ENDING = ".itf.json"


def run(file: str, format: str | None, output: str | None, color: str) -> int:
    """Write the picture; 0 if that is done."""
    from mcheck.files import refuse_bad_path, write_file
    from mcheck.recordings import replayed
    from mcheck.scope import counted
    from mcheck.terminal import Terminal

    chosen = format or _named_by(output)
    target = _target(file, chosen, output)
    refuse_bad_path(target)
    trace = replayed(file)
    counterexample = counterexample_of(trace, file)
    document = _writer(chosen)(counterexample)
    terminal = Terminal(color)
    if trace.rule is not None and not trace.violates:
        terminal.warn(f"{trace.rule.title} is no longer violated {trace.where}, and the picture says so")
    if target is None:
        assert isinstance(document, str)
        terminal.print(document.rstrip("\n"))
    else:
        write_file(target, document)
        hint = "; open it in a browser" if chosen == "html" else ""
        terminal.print(f"wrote {target}: {counted(len(trace.behavior.steps), 'step')}{hint}")
    return 0


def counterexample_of(trace: Replayed, file: str) -> Counterexample:
    """The trace as what pictures are made of."""
    from mcheck.counterexamples.counterexample import Caption, Counterexample
    from mcheck.counterexamples.store import fingerprint
    from mcheck.scope import configuration

    subject = trace.subject
    caption = Caption(
        subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else ""),
        configuration(subject.instance),
        fingerprint(type(subject.instance.spec)),
        f"mcheck replay {_quoted(file)}",
    )
    return Counterexample(
        trace.behavior, trace.rule, trace.arguments or (), trace.violates, caption, trace.recorded.loop
    )


def _named_by(output: str | None) -> str:
    """The format that the name of a file says; txt where there is none."""
    from mcheck.spec import UsageError

    if output in (None, "-"):
        return "txt"
    name = Path(output or "").name.lower()
    for format in FORMATS:
        if name.endswith(_endings(format)):
            return format
    raise UsageError(f"{output}: say which format: {', '.join(f'-f {name}' for name in FORMATS)}")


def _target(file: str, format: str, output: str | None) -> str | None:
    """The file to write; None for standard output."""
    from mcheck.spec import UsageError

    if output == "-" and format == "png":
        raise UsageError("a PNG is not text: -o picture.png")
    if output == "-" or (output is None and format in _PRINTED):
        return None
    trace = Path(file)
    if output is None:
        stem = trace.name.removesuffix(_TRACE_ENDING) if trace.name.endswith(_TRACE_ENDING) else trace.stem
        return (trace.parent / f"{stem}{_endings(format)[0]}").as_posix()
    if Path(output).exists() and trace.exists() and Path(output).samefile(trace):
        raise UsageError(f"-o {output}: that is the trace itself: name another file")
    return output


def _endings(format: str) -> tuple[str, ...]:
    return _ENDINGS.get(format, (f".{format}",))


def _writer(format: str) -> Callable[[Counterexample], str | bytes]:
    module, _, name = FORMATS[format].partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def _quoted(file: str) -> str:
    return f"'{file}'" if " " in file else file


def _output_option() -> click.Option:
    made = output_option()
    made.help = "The file to write, - for standard output [default: txt, mermaid and dot are printed, others go beside the trace]."
    return made


command = click.Command(
    "render",
    params=[click.Argument(["file"], metavar="TRACE"), format_option(FORMATS), _output_option(), color_option()],
    callback=run,
    help="Draw a saved trace: one lane for each node, time downwards, messages as arrows.  What the violation does not "
    "follow from is faint.",
)
