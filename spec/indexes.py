"""Index: the members of a finite set that can only be told apart (a scalarset, in Murphi's word)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from mcheck.spec.errors import SpecError
from mcheck.spec.scope import current_scope
from mcheck.spec.symbolic import seam

I = TypeVar("I", bound="Index")  # noqa: E741


class IndexType(type):
    """Makes `len(Node)`, `for j in Node` and `isinstance(x, Node)` work on the class itself."""

    _size: int | str
    _interned: list[Any]

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], size: int | str | None = None
    ) -> IndexType:
        namespace.setdefault("__slots__", ())
        cls = super().__new__(mcs, name, bases, namespace)
        if bases and size is None and not hasattr(cls, "_size"):
            raise SpecError(f'class {name}(Index) has no size: write class {name}(Index, size="name of a constant")')
        if size is not None:
            cls._size = size
        cls._interned = []
        return cls

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], size: int | str | None = None
    ) -> None:
        super().__init__(name, bases, namespace)

    def __call__(cls, ordinal: int) -> Any:
        if seam.tracer is not None:
            seam.tracer.name_member(cls)
        if type(ordinal) is not int or ordinal < 0:
            raise SpecError(f"{cls.__name__}: a member is numbered 0, 1, 2, … (got {ordinal!r})")
        return cls.member(ordinal)

    def member(cls, ordinal: int) -> Any:
        """The one object that is member `ordinal`; it is created once, so that equality is identity."""
        known = cls._interned
        while len(known) <= ordinal:
            fresh: Any = object.__new__(cls)  # type: ignore[arg-type]
            object.__setattr__(fresh, "_ordinal", len(known))
            known.append(fresh)
        return known[ordinal]

    def __len__(cls) -> int:
        return current_scope(cls.__name__).size_of(cls)

    def __iter__(cls: type[I]) -> Iterator[I]:  # type: ignore[misc]
        if seam.tracer is not None:
            return seam.tracer.members(cls)  # type: ignore[no-any-return]
        return iter([cls.member(k) for k in range(len(cls))])

    def __bool__(cls) -> bool:
        return True

    def __instancecheck__(cls, value: object) -> bool:
        if type.__instancecheck__(cls, value):
            return True
        return seam.tracer is not None and seam.tracer.isinstance(value, cls)


class Index(metaclass=IndexType):
    """A member of a scalarset, declared as `class Node(Index, size="nodes")`.

    Members can be compared with == and != and used as keys of a Map; there is no order and no arithmetic, so that
    renaming the members changes nothing (which is what symmetry reduction rests on; Ip & Dill 1996).
    """

    __slots__ = ("_ordinal",)
    _ordinal: int

    def __init_subclass__(cls, *, size: int | str | None = None) -> None:
        super().__init_subclass__()

    def __init__(self, ordinal: int) -> None:
        """`Node(2)`: for tests and tools.  A specification quantifies instead."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ordinal})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _member, (type(self), self._ordinal)

    def __copy__(self: I) -> I:
        return self

    def __deepcopy__(self: I, memo: object) -> I:
        return self


def _member(cls: IndexType, ordinal: int) -> Any:
    return cls.member(ordinal)


def ordinal_of(member: Index) -> int:
    """The position of a member in its set, 0-based: for tools that print or store it, never for a specification."""
    return member._ordinal
