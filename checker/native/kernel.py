"""The kernel language: functions over 64-bit integers and flat memory that run as plain Python and compile to machine code.

A kernel is an ordinary function under `@kernel` whose annotations are the types of this file.  Called from Python it
runs as it stands, on memoryviews (`words(n)` makes one); `compiler.Build` turns it into LLVM IR.  The language:

- scalars `I64`, `U64`, `bool`; memory `Words`, `U32s`, `U16s`, `Bytes`.  `memory[k]` loads and stores, `memory[k:]` is
  the memory from element k on.  An element of `Words` is a U64, one of the narrower kinds an I64;
- `while`, `for … in range(…)`, `if`, `break`, `continue`, `return`; local variables, of one type each;
- `+ - * & | ^ << >> // % ~`, comparisons, `and or not`, `a if c else b`, `min`, `max`, other kernels, the functions below;
- parameters annotated `Fixed` (or a callable that is) are known when the kernel is compiled: a width, or another
  function.  A test of what is fixed is decided then, and the other branch is not compiled.

Python's integers do not wrap.  What may pass 64 bits is written `u64(a * b)`: the low 64 bits, in both worlds.  Signed
and unsigned integers do not mix unless `i64` or `u64` says which is meant.  An index outside its memory, a division by
zero and a signed overflow raise in Python and are undefined in machine code.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, ParamSpec, TypeVar

_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Scalar:
    """A value in a register: `bits` wide, compared and divided as signed or not."""

    name: str
    bits: int
    signed: bool


@dataclass(frozen=True)
class Pointer:
    """Memory of elements `bits` wide; an element is loaded as `element`."""

    name: str
    bits: int
    element: Scalar


@dataclass(frozen=True)
class Known:
    """Marks a parameter whose value is known when the kernel is compiled."""


Kind = Scalar | Pointer

SIGNED, UNSIGNED, BOOL = Scalar("I64", 64, True), Scalar("U64", 64, False), Scalar("bool", 1, False)
KNOWN = Known()

I64 = Annotated[int, SIGNED]
U64 = Annotated[int, UNSIGNED]
Words = Annotated[memoryview, Pointer("Words", 64, UNSIGNED)]
U32s = Annotated[memoryview, Pointer("U32s", 32, SIGNED)]
U16s = Annotated[memoryview, Pointer("U16s", 16, SIGNED)]
Bytes = Annotated[memoryview, Pointer("Bytes", 8, SIGNED)]
Fixed = Annotated[int, KNOWN]

P = ParamSpec("P")
R = TypeVar("R")


class Kernel(Generic[P, R]):
    """A function of the kernel language.  Calling it runs the Python function."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"

    @cached_property
    def hints(self) -> dict[str, Kind | Known | None]:
        """The types of the parameters and of `return`.  KernelError for an annotation outside the language."""
        annotated = typing.get_type_hints(self.function, include_extras=True)
        return {name: self._kind(name, hint) for name, hint in annotated.items()}

    def _kind(self, name: str, hint: Any) -> Kind | Known | None:
        if hint is type(None):
            return None
        if hint is bool:
            return BOOL
        for mark in (*getattr(hint, "__metadata__", ()), *_marks_of_members(hint)):
            if isinstance(mark, Scalar | Pointer | Known):
                return mark
        code = self.function.__code__
        raise KernelError(
            f"{code.co_filename}:{code.co_firstlineno}: {name} of kernel {self.name} has no kernel type (got {hint})"
        )

    @property
    def parameters(self) -> dict[str, Kind | Known]:
        """The types of the parameters, in order."""
        return {name: kind for name, kind in self.hints.items() if name != "return" and kind is not None}

    @property
    def result(self) -> Kind | None:
        """The type of what is returned; None for nothing."""
        kind = self.hints["return"]
        assert not isinstance(kind, Known)
        return kind


def _marks_of_members(hint: Any) -> list[Any]:
    """The marks of `Fixed callable | None`."""
    return [mark for member in typing.get_args(hint) for mark in getattr(member, "__metadata__", ())]


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """A function of the kernel language."""
    return Kernel(function)


@dataclass(frozen=True)
class External:
    """A function that is defined elsewhere, in the same LLVM module or in one linked with it, under `name`."""

    name: str
    parameters: tuple[Kind, ...]
    result: Kind | None


def external(name: str, like: Any) -> External:
    """The external function `name` with the type of the annotation `like`, an annotated callable."""
    arguments, result = typing.get_args(typing.get_args(like)[0])
    kinds = tuple(argument.__metadata__[0] for argument in arguments)
    return External(name, kinds, None if result in (None, type(None)) else result.__metadata__[0])


class KernelError(Exception):
    """A kernel uses something outside the language.  The message begins with file and line."""


# ---------------------------------------------------------------------- the functions that kernels may call


def u64(value: int) -> U64:
    """The low 64 bits of `value`, unsigned."""
    return value & _MASK


def i64(value: int) -> I64:
    """The low 64 bits of `value`, signed."""
    return ((value & _MASK) ^ 1 << 63) - (1 << 63)


def popcount(value: U64) -> I64:
    """How many bits of `value` are set."""
    return value.bit_count()


def trailing_zeros(value: U64) -> I64:
    """The position of the lowest bit set; 64 if none is."""
    return (value & -value).bit_length() - 1 if value else 64


def high_product(a: U64, b: U64) -> U64:
    """The upper 64 bits of the 128-bit product."""
    return a * b >> 64


def prefetch(memory: memoryview, index: I64) -> None:
    """Ask for the line of memory that holds an element; it is about to be written.  No effect on any value."""


def copy(target: memoryview, source: memoryview, count: I64) -> None:
    """Copy `count` elements between memories of one kind that do not overlap."""
    target[:count] = source[:count]


INTRINSICS: dict[Any, str] = {
    function: function.__name__ for function in (u64, i64, popcount, trailing_zeros, high_product, prefetch, copy)
} | {min: "least", max: "greatest"}
"""The functions that are compiled to instructions."""


def words(count: int) -> memoryview:
    """Fresh memory of `count` zero words, for kernels that run as Python."""
    return memoryview(bytearray(8 * count)).cast("Q")
