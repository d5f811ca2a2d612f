"""Which instance of a specification is at work: the one that gives domains their sizes.

`len(Node)` and `for j in Node` have a meaning only inside an instance such as `Raft(nodes=3)`.  Engines and decorated
calls set it; the variable is a ContextVar, so that two instances in two threads do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from mcheck.spec.errors import SpecError

if TYPE_CHECKING:
    from mcheck.spec.indexes import IndexType
    from mcheck.spec.maps import KeySpace


class Scope(Protocol):
    """What a domain asks of the instance at work."""

    def size_of(self, cls: IndexType) -> int: ...
    def key_space(self, keys: Any) -> KeySpace: ...


_current: ContextVar[Scope | None] = ContextVar("mcheck_instance", default=None)


def current_scope(asking: str) -> Scope:
    """The instance at work.  SpecError, naming who asks, outside one."""
    scope = _current.get()
    if scope is None:
        raise SpecError(
            f"{asking} has no size outside an instance of a spec: call it from an action, or inside `with instance(spec):`"
        )
    return scope


def at_work(scope: Scope) -> bool:
    """Whether `scope` is the instance at work already."""
    return _current.get() is scope


@contextmanager
def working_on(scope: Scope) -> Iterator[None]:
    """Within the block, `scope` gives the domains their sizes."""
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)
