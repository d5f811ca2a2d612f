"""The options of the commands, and those that every spec brings with its constants and bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mcheck.protocols import Protocol, option_name
from mcheck.spec.declare import Constant

if TYPE_CHECKING:
    _IntType = click.ParamType[int]
    _FloatType = click.ParamType[float]
    _TextType = click.ParamType[str]
else:  # generic only since click 8.3
    _IntType = click.ParamType
    _FloatType = click.ParamType
    _TextType = click.ParamType

LARGEST = 1_000_000
"""The largest value of a constant or bound: nobody explores more, and a typing error ends here and not in swap space."""


ENGINES = ("auto", "native", "reference")
"""Those of `checker.engines`, known without it: help and completion load no engine."""


class Number(_IntType):
    """An integer of at least `least`."""

    name = "integer"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            if isinstance(value, bool | float):
                raise ValueError
            number = int(value)
        except (ValueError, TypeError):
            refuse(param, ctx, f"must be an integer{self._limits()}", value)
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            refuse(param, ctx, f"must be an integer{self._limits()}", value)
        return number

    def _limits(self) -> str:
        if self.least is None:
            return "" if self.most is None else f" of at most {self.most:,}"
        return f" of at least {self.least}" if self.most is None else f" from {self.least} to {self.most:,}"


class Seconds(_FloatType):
    """A positive number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except (ValueError, TypeError):
            seconds = math.nan
        if not 0 < seconds < math.inf or isinstance(value, bool):
            refuse(param, ctx, "must be a positive number of seconds", value)
        return seconds


class Word(_TextType):
    """One of a few words."""

    name = "word"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.words:
            refuse(param, ctx, f"must be one of {', '.join(self.words)}", value)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.words)


class Title(_TextType):
    """The title of a property; several are separated by commas in a variable."""

    name = "title"
    envvar_list_splitter = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)


def refuse(param: click.Parameter | None, ctx: click.Context | None, rule: str, value: object) -> NoReturn:
    """UsageError: `--depth must be … (got 'x')`, and where the value comes from unless it was typed."""
    subject = param.opts[-1] if param is not None else "the value"
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    raise click.UsageError(f"{subject} {rule} (got {shown})", ctx)


def option(*names: str, **kwargs: Any) -> click.Option:
    """An option that can also be given as MCHECK_NAME."""
    kwargs.setdefault("show_default", kwargs.get("default") is not None and not kwargs.get("is_flag"))
    made = click.Option(list(names), **kwargs)
    made.envvar = f"MCHECK_{(made.name or '').upper()}"
    return made


def color_option() -> click.Option:
    """--color, for everything that prints."""
    return option("--color", type=Word("auto", "always", "never"), default="auto", help="Colours; NO_COLOR counts too.")


def json_option() -> click.Option:
    """--json, for everything that answers."""
    return option("--json", is_flag=True, help="Print one JSON document instead of text.")


def engine_option() -> click.Option:
    """--engine, for everything that explores."""
    return option("--engine", type=Word(*ENGINES), default="auto", help="auto takes the fastest that can run the spec.")


def states_option() -> click.Option:
    """--max-states, for what explores until a limit ends it."""
    return option("--max-states", type=Number(1), help="Stop when more distinct states than this are found.")


def out_option() -> click.Option:
    """--out, for everything that saves traces."""
    return option("--out", metavar="DIR", default="mcheck-out", help="Where traces are saved.")


def scope_options(protocol: Protocol | None) -> list[click.Option]:
    """What is checked, and when to stop: shared by run and simulate."""
    tweaks = list(protocol.tweaks) if protocol is not None else []

    def complete_tweak(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in tweaks if name.startswith(incomplete)]

    return [
        option("--tweak", metavar="NAME", shell_complete=complete_tweak, help="Run the protocol with one rule changed (see mcheck explain PROTOCOL)."),
        option("--property", type=Title(), multiple=True, metavar="TITLE", help="Check only this property; repeatable."),
        option("--time-limit", type=Seconds(), help="Stop after this many seconds."),
        option("--memory-limit", type=Number(1), metavar="MB", help="Stop when the process holds more than this."),
    ]  # fmt: skip


def constant_options(protocol: Protocol, reserved: Sequence[click.Option]) -> list[click.Option]:
    """One option for each constant and bound of a spec; `--spec-depth` where `--depth` is one of mcheck's own."""
    taken = {name for o in reserved for name in (*o.opts, *o.secondary_opts)} | {"--help"}
    return [_constant_option(name, declared, taken) for name, declared in protocol.cls._constants.items()]


def _constant_option(name: str, declared: Constant, taken: set[str]) -> click.Option:
    flag = option_name(name)
    if flag in taken or f"--no-{flag[2:]}" in taken:
        flag = f"--spec-{flag[2:]}"
    words = f"{declared.doc or name} [{declared.kind}; default: {declared.default}]"
    destination = CONSTANT + name
    common: dict[str, Any] = {"help": words, "default": None, "show_default": False}
    if isinstance(declared.default, bool):
        made = click.Option([f"{flag}/--no-{flag[2:]}", destination], **common)
    elif isinstance(declared.default, int):
        least = -LARGEST if declared.least is None else declared.least
        made = click.Option([flag, destination], type=Number(least, LARGEST), **common)
    else:
        made = click.Option([flag, destination], type=_typed(declared.default), **common)
    made.envvar = f"MCHECK_{name.upper()}"
    return made


def _typed(default: Any) -> Callable[[str], Any] | None:
    return float if isinstance(default, float) else str if isinstance(default, str) else None


CONSTANT = "constant_"
"""The prefix of the destinations of constants, so that they cannot collide with mcheck's own."""


def constants_given(parameters: dict[str, Any]) -> dict[str, Any]:
    """Take the constants out of the parameters of a command: those that were given."""
    found = {k: parameters.pop(k) for k in list(parameters) if k.startswith(CONSTANT)}
    return {k.removeprefix(CONSTANT): v for k, v in found.items() if v is not None}
