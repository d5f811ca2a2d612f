"""Record: an immutable value with named fields; equality, hash, order and text come from the declaration."""

from __future__ import annotations

import collections
import itertools
import keyword
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, Self, dataclass_transform

from mcheck.spec.errors import LanguageError, SpecError
from mcheck.spec.symbolic import has_symbolic, seam

_definitions = itertools.count()
_new_tuple: Callable[..., Any] = tuple.__new__
_items: Callable[[Any], Iterator[Any]] = tuple.__iter__
_getter: Callable[[int, str | None], Any] = vars(collections)["_tuplegetter"]  # the C accessor behind namedtuple


@dataclass_transform(frozen_default=True, kw_only_default=True)
class RecordType(type):
    """Turns annotated fields into a constructor, accessors and a table of defaults.

    A record is a tuple whose element 0 is its class: equality and hash run at C speed, and two kinds of message with
    equal fields are still different.
    """

    _fields: tuple[str, ...]
    _defaults: dict[str, Any]
    _position: dict[str, int]
    _definition: int
    _ordered: bool

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], order: bool = False) -> RecordType:
        inherited: dict[str, None] = {}
        defaults: dict[str, Any] = {}
        for base in reversed(bases):
            inherited.update(dict.fromkeys(getattr(base, "_fields", ())))
            defaults.update(getattr(base, "_defaults", {}))
        own = [f for f in _own_annotations(namespace) if not f.startswith("__")]
        for field in own:
            if field.startswith("_") or keyword.iskeyword(field) or field in ("replace",):
                raise SpecError(f"{name}: a field cannot be called {field!r}")
            if field in namespace:
                defaults[field] = namespace.pop(field)
        fields = tuple(inherited | dict.fromkeys(own))
        namespace.setdefault("__slots__", ())
        namespace.setdefault("__match_args__", ())
        for position, field in enumerate(fields, start=1):
            namespace[field] = _getter(position, None)
        namespace["__new__"] = _constructor(name, fields, defaults)
        cls = super().__new__(mcs, name, bases, namespace)
        cls._fields, cls._defaults = fields, defaults
        cls._position = {field: k for k, field in enumerate(fields, start=1)}
        cls._definition = next(_definitions)
        cls._ordered = order or any(getattr(base, "_ordered", False) for base in bases)
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], order: bool = False) -> None:
        super().__init__(name, bases, namespace)

    def __instancecheck__(cls, value: object) -> bool:
        if type.__instancecheck__(cls, value):
            return True
        return seam.tracer is not None and seam.tracer.isinstance(value, cls)


def _own_annotations(namespace: dict[str, Any]) -> dict[str, Any]:
    """The names annotated in a class body.  Python 3.14 keeps them behind a function."""
    if "__annotations__" in namespace:
        return dict(namespace["__annotations__"])
    try:
        import annotationlib  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return {}
    annotate = annotationlib.get_annotate_from_class_namespace(namespace)
    if annotate is None:
        return {}
    return dict(annotationlib.call_annotate_function(annotate, annotationlib.Format.FORWARDREF))


def _constructor(name: str, fields: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
    """A `__new__` with one keyword per field, compiled once: construction is the hot path of plain execution."""
    parameters = ", ".join(f"{f}=_default_{f}" if f in defaults else f for f in fields)
    values = ", ".join(("cls", *fields))
    source = (
        f"def __new__(cls, {'*, ' + parameters + ', ' if parameters else ''}**_unknown):\n"
        f"    if _unknown: _refuse(cls, _unknown)\n"
        f"    if _seam.tracer is not None: return _trace(cls, ({values},))\n"
        f"    return _new(cls, ({values},))\n"
    )
    scope: dict[str, Any] = {f"_default_{f}": v for f, v in defaults.items()}
    scope.update(_seam=seam, _new=_new_tuple, _refuse=_refuse_fields, _trace=_construct_traced)
    exec(compile(source, f"<{name}>", "exec"), scope)
    made = scope["__new__"]
    made.__qualname__ = name
    return made  # type: ignore[no-any-return]


def _construct_traced(cls: type, values: tuple[Any, ...]) -> Any:
    if seam.tracer is not None and any(has_symbolic(v) for v in values[1:]):
        return seam.tracer.record(cls, values[1:])
    return _new_tuple(cls, values)


def _refuse_fields(cls: RecordType, unknown: dict[str, Any]) -> NoReturn:
    names = ", ".join(repr(f) for f in unknown)
    raise LanguageError(f"{cls.__name__} has no field {names}; it has {', '.join(cls._fields) or 'none'}")


if TYPE_CHECKING:
    _Tuple = object  # a type checker would have the comparisons of order=True agree with those of tuples
else:
    _Tuple = tuple


class Record(_Tuple, metaclass=RecordType):
    """Base of states, messages and every other structured value.

    Fields are declared by annotation, may have defaults, and are given by keyword.  `replace` returns a changed copy.
    A record declared with `order=True` compares lexicographically in field order; others have no order.
    """

    __slots__ = ()

    def replace(self, **changes: Any) -> Self:
        """A copy in which the named fields have new values.  O(fields)."""
        if seam.tracer is not None and any(has_symbolic(v) for v in changes.values()):
            return seam.tracer.lift(self).replace(**changes)  # type: ignore[no-any-return]
        values = list(_items(self))
        position = type(self)._position
        try:
            for field, value in changes.items():
                values[position[field]] = value
        except KeyError:
            _refuse_fields(type(self), {f: v for f, v in changes.items() if f not in position})
        return _new_tuple(type(self), values)  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        inside = ", ".join(f"{f}={v!r}" for f, v in fields_of(self))
        return f"{type(self).__name__}({inside})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), tuple(_items(self))[1:])

    def _not_a_sequence(self, *_: object) -> NoReturn:
        raise LanguageError(
            f"{type(self).__name__} is a record, not a sequence: read its fields by name ({', '.join(type(self)._fields)})"
        )

    __len__ = __iter__ = __getitem__ = __contains__ = __add__ = __mul__ = __rmul__ = _not_a_sequence

    if not TYPE_CHECKING:  # to a type checker, order=True is what brings the comparisons

        def _compared(self, other: object, outcome: Callable[[Any, Any], bool]) -> Any:
            if seam.tracer is not None and has_symbolic(other):
                return NotImplemented
            if type(other) is not type(self) or not type(self)._ordered:
                raise SpecError(
                    f"{type(self).__name__} has no order: declare it as class {type(self).__name__}(Record, order=True) to compare with <"
                )
            return outcome(tuple(_items(self))[1:], tuple(_items(other))[1:])

        def __lt__(self, other: object) -> bool:
            return self._compared(other, lambda a, b: a < b)  # type: ignore[no-any-return]

        def __le__(self, other: object) -> bool:
            return self._compared(other, lambda a, b: a <= b)  # type: ignore[no-any-return]

        def __gt__(self, other: object) -> bool:
            return self._compared(other, lambda a, b: a > b)  # type: ignore[no-any-return]

        def __ge__(self, other: object) -> bool:
            return self._compared(other, lambda a, b: a >= b)  # type: ignore[no-any-return]


def _rebuild(cls: RecordType, values: tuple[Any, ...]) -> Any:
    return make(cls, values)


def make(cls: type, values: tuple[Any, ...] | list[Any]) -> Any:
    """The record of class `cls` with these values in field order; no check, no tracing."""
    return _new_tuple(cls, (cls, *values))


def field_values(record: Record) -> tuple[Any, ...]:
    """The values in field order."""
    return tuple(_items(record))[1:]


def fields_of(record: Record) -> Iterator[tuple[str, Any]]:
    """(name, value) in field order."""
    return zip(type(record)._fields, field_values(record), strict=True)


def field_names(cls: type) -> tuple[str, ...]:
    """The declared fields of a record class, inherited ones first."""
    return cls._fields  # type: ignore[attr-defined,no-any-return]
