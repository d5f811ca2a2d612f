"""The seam between plain values and traced ones.

Plain values never import the tracer.  While a function is being traced, `tracer` holds the one at work, and the few
operations whose meaning changes (a constructor, a quantifier, `len`) ask it; otherwise it is None and they do not.
"""

from __future__ import annotations

from typing import Any, Protocol


class Symbolic:
    """Base of every traced value: it stands for any member of its domain."""

    __slots__ = ()
    is_truth_value = False


class Tracer(Protocol):
    """What plain values may ask of the tracer at work."""

    def record(self, cls: type, values: tuple[Any, ...]) -> Any: ...
    def lift(self, value: Any) -> Any: ...
    def quantify(self, kind: str, items: Any) -> Any: ...
    def extreme(self, kind: str, items: tuple[Any, ...], default: Any) -> Any: ...
    def set_of(self, items: Any) -> Any: ...
    def map_of(self, keys: Any, value: Any) -> Any: ...
    def length(self, value: Any) -> Any: ...
    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any: ...
    def isinstance(self, value: Any, cls: type) -> bool: ...
    def members(self, holder: Any) -> Any: ...
    def name_member(self, cls: type) -> None: ...
    def sent(self, state: Any, message: Any, signer: Any) -> Any: ...


class Seam:
    """Holder of the tracer at work; one attribute, so that the question costs one look-up."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


seam = Seam()


def has_symbolic(value: object) -> bool:
    """Whether a traced value hides in `value`: itself, or a member of a tuple (a sequence under construction)."""
    if isinstance(value, Symbolic):
        return True
    return type(value) is tuple and any(has_symbolic(x) for x in value)
