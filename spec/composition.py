"""Composition: several extensions of one protocol as one specification, with the states and messages of all of them.

An extension is a subclass that adds fields to the records of the state, kinds to its messages, actions, properties and
constants, and that takes the rules of the protocol over with `super()`.  Each can be run by itself.  Put together, they are
a class that inherits from all of them; what inheritance does not give is made here:

* a record that several of them extend is one with the fields of all;
* a union that several of them extend is one of all kinds, and an action that takes any message takes any of these;
* what an extension adds starts at its defaults, so that the initial states are those of the protocol.

The first of the classes has the last word: what it overrides, it overrides in the others too.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from mcheck.spec.annotations import In
from mcheck.spec.bags import Bag
from mcheck.spec.channels import Channels
from mcheck.spec.declare import declarations_of, declared
from mcheck.spec.domains.resolve import hints_of
from mcheck.spec.errors import SpecError
from mcheck.spec.instance import state_class
from mcheck.spec.maps import Map, make_map, space_of
from mcheck.spec.records import Record, RecordType, make
from mcheck.spec.sets import Set
from mcheck.spec.specification import Spec

R = TypeVar("R", bound=Record)


def composed(name: str, base: type[Spec[Any]], extensions: Iterable[type[Spec[Any]]]) -> type[Spec[Any]]:
    """The specification `name`: `base` with all the extensions, the first of which has the last word.

    SpecError, in one line, for what cannot be put together: a class that does not extend `base`, a field that two of them
    define differently, a property of one that another has under the same title, an initial value that is no default.
    """
    every = tuple(extensions)
    for extension in every:
        if not issubclass(extension, base) or extension is base:
            raise SpecError(f"{name}: {extension.__name__} does not extend {base.__name__}, and cannot be put on it")
    kept = tuple(e for e in every if not any(e is not f and issubclass(f, e) for f in every))
    if len(kept) == 1:
        return kept[0]
    _refuse_namesakes(name, kept)
    state = _merged([state_class(e) for e in kept], name)
    members = {"__module__": base.__module__, "__doc__": _words(base, kept), "init": _init(name, base, kept, state)}
    try:
        cls = typing.cast("type[Spec[Any]]", types.new_class(name, kept, exec_body=lambda body: body.update(members)))
    except TypeError:
        raise SpecError(f"{name}: {_names(kept)} inherit from one another in orders that contradict") from None
    for rule, method in _widened_rules(cls, state).items():
        setattr(cls, rule, method)
    return cls


def _refuse_namesakes(name: str, extensions: tuple[type[Spec[Any]], ...]) -> None:
    """SpecError if two extensions use a name for rules or constants of their own that have nothing to do with each other."""
    for rule in dict.fromkeys(n for e in extensions for b in e.__mro__ for n in (*vars(b), *_constants(b))):
        if rule.startswith("__") or rule in ("_constants", "outcome"):
            continue
        having = {e: [b for b in e.__mro__ if rule in vars(b) or rule in _constants(b)] for e in extensions}
        first = {classes[-1]: extension for extension, classes in having.items() if classes}
        if len(first) > 1:
            raise SpecError(f"{name}: {_names(tuple(first.values()))} each have a {rule} of their own: rename one")


def _constants(cls: type) -> Iterable[str]:
    found: Iterable[str] = vars(cls).get("_constants", ())
    return found


def extended(state: Record, cls: type[R]) -> R:
    """The state as one of a subclass: the fields that it adds, in the state and in the records within, at their defaults.

    SpecError for a field that has no default.
    """
    return typing.cast("R", _extended(state, cls))


# ---------------------------------------------------------------------- initial states


def _init(name: str, base: type[Spec[Any]], extensions: tuple[type[Spec[Any]], ...], state: RecordType) -> Any:
    """The initial states of the protocol, with the fields of all extensions.  An extension that starts elsewhere is refused."""

    def init(self: Spec[Any]) -> Any:
        plain = _states(base.init(self))
        for extension in extensions:
            if list(_states(extension.init(self))) != [_extended(s, state_class(extension)) for s in plain]:
                raise SpecError(
                    f"{name}: {extension.__name__} starts in other states than {base.__name__}, or not with the defaults of "
                    "what it adds, and cannot be put together with others"
                )
        return [_extended(s, state) for s in plain]

    init.__annotations__["return"] = state
    return init


def _states(given: Any) -> list[Any]:
    return [given] if isinstance(given, Record) else list(given)


def _extended(value: Any, annotation: Any) -> Any:
    """The value as one of a domain whose records have more fields."""
    if isinstance(annotation, RecordType) and isinstance(value, Record):
        return _extended_record(value, annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _extended(value, arguments[0])
    if origin is Map:
        return make_map(space_of(value), [_extended(v, arguments[1]) for v in value.values()])
    return value


def _extended_record(value: Record, cls: RecordType) -> Record:
    hints = hints_of(cls)
    values = []
    for field in cls._fields:
        if field in type(value)._fields:
            values.append(_extended(getattr(value, field), hints[field]))
        elif field in cls._defaults:
            values.append(cls._defaults[field])
        else:
            raise SpecError(f"{cls.__name__}.{field} needs a default: what an extension adds starts with it")
    return typing.cast("Record", make(cls, values))


# ---------------------------------------------------------------------- records and messages


def _merged(annotations: list[Any], where: str) -> Any:
    """The one annotation that stands for all of these.  SpecError, naming `where`, if there is none."""
    first = annotations[0]
    if all(a == first for a in annotations):
        return first
    if all(isinstance(a, RecordType) for a in annotations):
        return _merged_records(annotations, where)
    if all(_is_union(a) or isinstance(a, RecordType) or a is type(None) for a in annotations):
        return _merged_unions(annotations, where)
    origins = {typing.get_origin(a) for a in annotations}
    if len(origins) == 1 and origins <= {typing.Annotated, Set, Bag, Map, Channels, tuple}:
        return _merged_parts(first, annotations, where)
    raise SpecError(f"{where}: it cannot be both {' and '.join(dict.fromkeys(map(_text, annotations)))}")


def _merged_parts(first: Any, annotations: list[Any], where: str) -> Any:
    parts = [(a.__origin__, *a.__metadata__) if _is_annotated(a) else typing.get_args(a) for a in annotations]
    if len({len(p) for p in parts}) != 1:
        raise SpecError(f"{where}: it cannot be both {' and '.join(dict.fromkeys(map(_text, annotations)))}")
    merged = tuple(_merged(list(column), where) for column in zip(*parts, strict=True))
    if _is_annotated(first):
        return typing.Annotated[merged]
    return typing.get_origin(first)[merged]


def _merged_records(classes: list[RecordType], where: str) -> RecordType:
    """A record with the fields of all; one of them, if it has them all."""
    distinct = list(dict.fromkeys(classes))
    kept = [c for c in distinct if not any(c is not d and issubclass(d, c) for d in distinct)]
    if len(kept) == 1:
        return kept[0]
    root = next(c for c in kept[0].__mro__ if all(issubclass(k, c) for k in kept))
    if root is Record:
        raise SpecError(f"{where}: it cannot be both {' and '.join(c.__name__ for c in kept)}")
    hints = [hints_of(c) for c in kept]
    fields = dict.fromkeys(f for c in kept for f in c._fields)
    for field in fields:
        first = {
            next(c for c in reversed(k.__mro__) if field in getattr(c, "_fields", ())): k
            for k in kept
            if field in k._fields
        }
        if len(first) > 1:
            raise SpecError(
                f"{where}: {_names(tuple(first.values()))} each have a field {field} of their own: rename one"
            )
    annotations = {f: _merged([h[f] for h in hints if f in h], f"{where}: {root.__name__}.{f}") for f in fields}
    members = {"__annotations__": annotations, "__module__": root.__module__, "__doc__": root.__doc__}
    return typing.cast("RecordType", types.new_class(root.__name__, tuple(kept), exec_body=lambda b: b.update(members)))


def _merged_unions(annotations: list[Any], where: str) -> Any:
    """A union of all kinds; a kind that one of them extends is in it as extended."""
    kinds = list(dict.fromkeys(k for a in annotations for k in (typing.get_args(a) if _is_union(a) else (a,))))
    kept = [k for k in kinds if not any(k is not o and isinstance(o, RecordType) and issubclass(o, k) for o in kinds)]
    return functools.reduce(lambda a, b: a | b, kept)


def _widened_rules(cls: type[Spec[Any]], state: RecordType) -> dict[str, Callable[..., Any]]:
    """The rules that take any member of a field, for the members that this field has now."""
    fields = {f: _members(h) for f, h in hints_of(state).items()}
    found: dict[str, Callable[..., Any]] = {}
    for rule, said in declarations_of(cls).items():
        owner = next(b for b in cls.__mro__ if rule in vars(b))
        own = {f: _members(h) for f, h in hints_of(state_class(owner)).items()}
        hints = hints_of(said.function)
        wider = {
            name: typing.Annotated[fields[mark.field], mark]
            for name, hint in hints.items()
            for mark in getattr(hint, "__metadata__", ())
            if isinstance(mark, In) and mark.field in own and hint.__origin__ == own[mark.field] != fields[mark.field]
        }
        if wider:
            function = _with_annotations(said.function, {**hints, **wider})
            found[rule] = declared(said.kind, said.title, function, said.other, said.renamed)
    return found


def _members(annotation: Any) -> Any:
    """What a field holds, if it is a collection."""
    if _is_annotated(annotation):
        return _members(annotation.__origin__)
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) in (Set, Bag, tuple) else None


def _with_annotations(function: Callable[..., Any], annotations: dict[str, Any]) -> Callable[..., Any]:
    """The same function, of which other things are said."""
    made = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    made.__annotations__, made.__doc__, made.__qualname__ = annotations, function.__doc__, function.__qualname__
    made.__module__, made.__kwdefaults__ = function.__module__, function.__kwdefaults__
    return made


# ---------------------------------------------------------------------- words


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _is_annotated(annotation: Any) -> bool:
    return typing.get_origin(annotation) is typing.Annotated


def _words(base: type, extensions: tuple[type, ...]) -> str:
    return f"{base.__name__} with {_names(extensions)}."


def _names(classes: tuple[type, ...]) -> str:
    *most, last = [c.__name__ for c in classes]
    return f"{', '.join(most)} and {last}" if most else last


def _text(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
