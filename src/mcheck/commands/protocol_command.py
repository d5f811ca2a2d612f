"""A command on a protocol: its options depend on the spec, so it is made anew for each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mcheck.options import constant_options
from mcheck.protocols import Protocol, find
from mcheck.settings import from_file

Work = Callable[[Protocol, dict[str, Any]], int]
"""What a command does with the protocol and the values of its options; the exit status."""

Options = Callable[[Protocol | None], list[click.Option]]
"""The options of a command that do not come from the constants of a spec."""


class ProtocolCommand(click.Command):
    """`run` and `simulate`: `PROTOCOL [options]`, with one option for each constant and bound of the protocol."""

    def __init__(self, name: str, work: Work, options: Options, words: str) -> None:
        super().__init__(name, params=[_protocol_argument(), *options(None)], help=words, callback=lambda **_: 0)
        self.work, self.options, self.words = work, options, words

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        make_plain = super().make_context
        typed = self.protocol_in(args)
        if typed is None:
            return _in_context(self, info_name, parent, lambda: make_plain(info_name, args, parent, **extra))
        try:
            protocol = find(typed)
        except Exception:
            if extra.get("resilient_parsing"):
                return make_plain(info_name, args, parent, **extra)
            raise
        made = self.made_for(protocol)
        settings = from_file(protocol.name, [o.name or "" for o in self.options(None)], protocol.cls._constants)
        defaults = {
            p.name: _given(p, settings[k]) for p in made.params for k in (_setting(p),) if k in settings and p.name
        }
        name = f"{info_name} {typed}"
        return _in_context(
            made, name, parent, lambda: made.make_context(name, args, parent, default_map=defaults, **extra)
        )

    def made_for(self, protocol: Protocol) -> click.Command:
        """The command with the options of this protocol."""
        options = self.options(protocol)
        own = constant_options(protocol, options)

        def call(**values: Any) -> int:
            values.pop("protocol")
            return self.work(protocol, values)

        doc = (protocol.cls.__doc__ or "").strip().split("\n")[0]
        sentence = self.words.replace("PROTOCOL", protocol.name)
        words = f"{sentence}\n\n{protocol.name}: {doc}" if doc else sentence
        argument = _protocol_argument()
        argument.metavar = ""  # it stands in the name of the context, before the options
        return click.Command(self.name, params=[argument, *own, *options], help=words, callback=call)

    def protocol_in(self, args: list[str]) -> str | None:
        """The first word that is neither an option nor the value of one."""
        flags = {n for o in self.options(None) if o.is_flag for n in (*o.opts, *o.secondary_opts)} | {"-h", "--help"}
        rest = iter(args)
        for word in rest:
            if not word.startswith("-"):
                return word
            if word == "--":
                return next(rest, None)
            if "=" not in word and word not in flags and not word.startswith("--no-"):
                next(rest, None)
        return None


def _in_context(
    command: click.Command, name: str | None, parent: click.Context | None, make: Callable[[], click.Context]
) -> click.Context:
    """The context made; an error of usage that does not know its command is told it."""
    try:
        return make()
    except click.UsageError as error:
        if error.ctx is None:
            error.ctx = click.Context(command, parent, name)
        raise


def _setting(parameter: click.Parameter) -> str:
    """The name under which the settings file has a parameter."""
    from mcheck.options import CONSTANT

    return (parameter.name or "").removeprefix(CONSTANT)


def _given(parameter: click.Parameter, value: Any) -> Any:
    """A setting as a parameter takes it: one that may be repeated takes a list."""
    return [value] if getattr(parameter, "multiple", False) and not isinstance(value, list) else value


def _protocol_argument() -> click.Argument:
    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        from mcheck.extensions import completions

        return completions(incomplete)

    return click.Argument(["protocol"], metavar="PROTOCOL", shell_complete=complete)
