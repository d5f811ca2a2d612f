"""Protocols with extensions: `raft+pre-vote+check-quorum` is one specification, and a name like any other.

In which order the extensions are typed makes no difference: they are put on in the order of `mcheck.models.EXTENSIONS`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.models import APART, EXTENSIONS, TWEAKS
from mcheck.protocols import Protocol, class_at, find, names, plain_name
from mcheck.spec import Spec, UsageError, composed
from mcheck.spec.specification import did_you_mean

SIGN = "+"


@dataclass(frozen=True)
class Extended(Protocol):
    """A protocol with extensions; its tweaks are those of the extensions, and of the protocol with all of them."""

    base: str
    extensions: tuple[str, ...]
    """In the order of the table."""

    def tweaked(self, typed: str | None) -> type[Spec[Any]]:
        name = self.tweak_named(typed)
        return self.cls if name is None else _composed(self.base, self.extensions, self.tweaks[name])

    def source_with(self, tweak: str | None) -> str:
        if len(self.extensions) == 1 or tweak is None:
            return super().source_with(tweak)
        return f"{self.name}:{tweak}"


def extended_protocol(typed: str) -> Protocol:
    """The protocol of a name with `+`.  UsageError for an extension that there is not, and for two that do not go together."""
    base, *words = typed.split(SIGN)
    protocol = find(base)
    known = EXTENSIONS.get(protocol.name, {})
    asked = [_extension(protocol.name, word, known) for word in words]
    twice = next((e for e in asked if asked.count(e) > 1), None)
    if twice is not None:
        raise UsageError(f"{typed}: {twice} stands there twice")
    extensions = tuple(e for e in known if e in asked)
    refuse_apart(typed, extensions)
    name = SIGN.join([protocol.name, *extensions])
    tweaks = {t: s for k in _parts(protocol.name, extensions) for t, s in TWEAKS.get(k, {}).items()}
    source = known[extensions[0]] if len(extensions) == 1 else name
    return Extended(name, source, _composed(protocol.name, extensions, None), tweaks, protocol.name, extensions)


def refuse_apart(typed: str, extensions: Sequence[str]) -> None:
    """UsageError, which says why, for extensions of which two do not go together."""
    for (a, b), why in APART.items():
        if a in extensions and b in extensions:
            raise UsageError(f"{typed}: {a} and {b} do not go together: {why}")


def apart_from(extension: str) -> list[str]:
    """The extensions with which one does not go together."""
    return [b if a == extension else a for a, b in APART if extension in (a, b)]


def extension_rows(protocol: Protocol) -> list[tuple[str, str]]:
    """(`pre-vote`, what it does and what it does not go with) for everything that can be put on a protocol."""
    rows = []
    there = protocol.extensions if isinstance(protocol, Extended) else ()
    base = protocol.base if isinstance(protocol, Extended) else protocol.name
    for name, source in EXTENSIONS.get(base, {}).items():
        if name in there or any(other in there for other in apart_from(name)):
            continue
        first = inspect.cleandoc(class_at(source, f"extension {name}").__doc__ or "").split("\n\n")[0]
        apart = f"  Not with {', '.join(apart_from(name))}." if apart_from(name) else ""
        rows.append((name, " ".join(first.split()) + apart))
    return rows


def all_names() -> Iterator[str]:
    """The names of all protocols, and after each those with one extension."""
    for name in names():
        yield name
        yield from (f"{name}{SIGN}{extension}" for extension in EXTENSIONS.get(name, {}))


def completions(incomplete: str) -> list[str]:
    """The names that begin so; after a `+`, with one extension more."""
    typed, plus, _ = incomplete.rpartition(SIGN)
    if not plus:
        return [name for name in names() if name.startswith(incomplete)]
    base, *there = typed.split(SIGN)
    offered = (f"{typed}{SIGN}{e}" for e in EXTENSIONS.get(base, {}) if e not in there)
    return [name for name in offered if name.startswith(incomplete)]


def _extension(protocol: str, typed: str, known: dict[str, str]) -> str:
    name = plain_name(typed)
    if name not in known:
        raise UsageError(
            f"{protocol} has no extension {typed!r}{did_you_mean(name, known)}; it has {', '.join(known) or 'none'}"
        )
    return name


def _parts(protocol: str, extensions: tuple[str, ...]) -> list[str]:
    """What may have tweaks: each extension, and all of them together."""
    single = [f"{protocol}{SIGN}{e}" for e in extensions]
    return list(dict.fromkeys([*single, SIGN.join([protocol, *extensions])]))


@functools.cache
def _composed(base: str, extensions: tuple[str, ...], tweak: str | None) -> type[Spec[Any]]:
    """The class of a composition; with a tweak, which takes the place of the extension that it changes."""
    protocol = find(base)
    classes = [class_at(EXTENSIONS[base][e], f"extension {e}") for e in extensions]
    if tweak is not None:
        changed = class_at(tweak, "tweak")
        places = [k for k, cls in enumerate(classes) if issubclass(changed, cls)]
        classes = [changed if k in places else cls for k, cls in enumerate(classes)]
    return composed(SIGN.join([base, *extensions]), protocol.cls, tuple(reversed(dict.fromkeys(classes))))
