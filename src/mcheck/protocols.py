"""From what is typed on the command line to a specification: a name of the registry, an entry point, or a file."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.spec import Instance, McheckError, Spec, SpecError, UsageError
from mcheck.spec.declare import declaration_of
from mcheck.spec.specification import did_you_mean

ENTRY_POINTS = "mcheck.protocols"


@dataclass(frozen=True)
class Protocol:
    """A specification that can be run, and the tweaks of it that are known."""

    name: str
    source: str
    """`module:Class` or `path/to/file.py:Class`."""
    cls: type[Spec[Any]]
    tweaks: dict[str, str]
    """The sources of its tweaks by name."""

    def tweak_named(self, typed: str | None) -> str | None:
        """The name of a tweak from that name or the name of its class; None for None.  UsageError for an unknown name."""
        if typed is None:
            return None
        wanted = plain_name(typed)
        by_class = {kebab(source.rpartition(":")[2]): name for name, source in self.tweaks.items()}
        name = wanted if wanted in self.tweaks else by_class.get(kebab(typed)) or by_class.get(wanted)
        if name is None:
            raise UsageError(
                f"{self.name} has no tweak {typed!r}{did_you_mean(typed, self.tweaks)}; it has {', '.join(self.tweaks) or 'none'}"
            )
        return name

    def tweaked(self, typed: str | None) -> type[Spec[Any]]:
        """The class of a tweak; the good spec for None.  UsageError for an unknown name."""
        name = self.tweak_named(typed)
        if name is None:
            return self.cls
        source = self.tweaks[name]
        if is_file(source):
            return getattr(inspect.getmodule(self.cls) or sys.modules[self.cls.__module__], source.rpartition(":")[2])  # type: ignore[no-any-return]
        return class_at(source, f"tweak {name}")

    def source_with(self, tweak: str | None) -> str:
        """Where the class is found that runs with a tweak; or, of several extensions, their name and that of the tweak."""
        return self.source if tweak is None else self.tweaks.get(tweak, self.source)


def names() -> tuple[str, ...]:
    """The names of all protocols that can be run by name, the shipped ones first."""
    return tuple(dict.fromkeys((*PROTOCOLS, *_entry_points())))


def find(typed: str) -> Protocol:
    """The protocol that `typed` names.  UsageError if there is none, SpecError if it cannot be loaded."""
    if is_file(typed):
        return _from_file(typed)
    if "+" in typed:
        from mcheck.extensions import extended_protocol

        return extended_protocol(typed)
    name = typed if typed in PROTOCOLS else plain_name(typed)
    source = PROTOCOLS.get(name)
    if source is None:
        name, source = typed, _entry_points().get(typed)
    if source is None:
        raise UsageError(
            f"no protocol {typed!r}{did_you_mean(typed.lower(), names())}; `mcheck list` shows all, path/to/file.py:Class runs your own"
        )
    return Protocol(name, source, class_at(source, f"protocol {name}"), TWEAKS.get(name, {}))


def is_name(typed: str) -> bool:
    """Whether what was typed is the name of a protocol, with or without extensions."""
    base = typed.partition("+")[0]
    return base in names() or plain_name(base) in names()


def plain_name(typed: str) -> str:
    """A name as the registry has it: `Pre_Vote` is pre-vote."""
    return typed.replace("_", "-").lower()


def instantiate(cls: type[Spec[Any]], constants: dict[str, Any]) -> Instance:
    """The instance with these constants, every path of its rules visited.

    A spec that is in order with its defaults and not with these constants is the caller's mistake: UsageError.
    """
    return _in_order(cls, constants, _visited)


def executable(cls: type[Spec[Any]], constants: dict[str, Any]) -> Instance:
    """The instance with these constants, for steps that are given: the plain functions say what breaks on their way.

    Errors as of `instantiate`.  Cost: none of tracing.
    """
    return _in_order(cls, constants, _made)


Making = Callable[[type[Spec[Any]], dict[str, Any]], Instance]


def _in_order(cls: type[Spec[Any]], constants: dict[str, Any], make: Making) -> Instance:
    try:
        return _placed(cls, constants, make)
    except UsageError:
        raise
    except SpecError as error:
        if constants:
            try:
                _placed(cls, {}, make)
            except McheckError:
                raise error from None
            given = ", ".join(f"{option_name(n)} {v}" for n, v in constants.items())
            raise UsageError(f"{error} (with {given}; the defaults are in order)") from None
        raise


def _placed(cls: type[Spec[Any]], constants: dict[str, Any], make: Making) -> Instance:
    """What `make` makes; an error of the author's own code with its place."""
    try:
        return make(cls, constants)
    except McheckError:
        raise
    except Exception as error:
        place = _place_in(error, {inspect.getsourcefile(c) for c in cls.__mro__ if c.__module__ != "builtins"})
        if place is None:
            raise
        raise SpecError(f"{place}: {cls.__name__}: {type(error).__name__}: {error}") from error


def _made(cls: type[Spec[Any]], constants: dict[str, Any]) -> Instance:
    return cls(**constants).instance


def _visited(cls: type[Spec[Any]], constants: dict[str, Any]) -> Instance:
    instance = _made(cls, constants)
    _traced(instance)
    return instance


def _traced(instance: Instance) -> None:
    """Visit every path of every rule, so that what breaks the language is said before any search; once for each text."""
    from mcheck.checker.known import known_of
    from mcheck.spec.tracing.trace import trace

    known = known_of(instance)
    if known.recall("in order") is None:
        trace(instance)
        known.remember(True, "in order")


def option_name(constant: str) -> str:
    """`--max-term` for max_term."""
    return "--" + constant.replace("_", "-")


def kebab(name: str) -> str:
    """`ForgetsVote` as the name of a tweak: `forgets-vote`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def source_of(cls: type) -> str:
    """The literature a spec models: what stands after `Source:` in the docstring of its module, up to the full stop."""
    module = inspect.getmodule(cls)
    text = inspect.cleandoc((module and module.__doc__) or cls.__doc__ or "")
    match = re.search(r"^Source:\s*(.+?)(?:\n\s*\n|\.\s*\n|\.\s{2}|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(match.group(1).split()).rstrip(".") if match else ""


def faults_text(fault_model: str | None, resilience: str | None) -> str:
    """`crash-recovery, n >= 2f + 1`: what a spec says of faults; nothing where it says nothing."""
    return ", ".join(words for words in (fault_model, resilience) if words is not None)


# ---------------------------------------------------------------------- modules and files


def is_file(typed: str) -> bool:
    """Whether what was typed is a path and not a name."""
    return bool(re.search(r"\.py(:|$)", typed)) or "/" in typed or "\\" in typed


def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def class_at(source: str, what: str) -> type[Spec[Any]]:
    """The class of `module:Class`.  SpecError, which names `what`, if it cannot be loaded."""
    module_name, _, class_name = source.partition(":")
    try:
        module = importlib.import_module(module_name)
    except McheckError as error:
        raise SpecError(f"{what} ({source}): {error}") from error
    except Exception as error:
        place = _last_place(error)
        raise SpecError(
            f"{what} ({source}) cannot be loaded: {place}: {type(error).__name__}: {_words(error)}"
        ) from error
    return _class_in(module, class_name, source)


def _from_file(typed: str) -> Protocol:
    path_text, class_name = re.fullmatch(r"(.*?)(?::([^:\\/]*))?", typed, re.DOTALL).groups()  # type: ignore[union-attr]
    path = Path(path_text)
    module = load_file(path)
    cls = _class_in(module, class_name, typed) if class_name else _only_spec(module, path_text)
    tweaks = {
        kebab(c.__name__): f"{path_text}:{c.__name__}"
        for c in _specs_of(module)
        if issubclass(c, cls) and c is not cls and not _extends(c, cls)
    }
    return Protocol(kebab(cls.__name__), f"{path_text}:{cls.__name__}", cls, tweaks)


def _extends(cls: type, base: type) -> bool:
    """Whether a subclass has constants of its own, and so is a protocol rather than a tweak."""
    return set(cls._constants) != set(base._constants)  # type: ignore[attr-defined]


_loaded: dict[Path, ModuleType] = {}


class _FromText(SourceFileLoader):
    """Compiles a file as it stands.

    Python takes compiled code from its cache if the size of a file and the second of its last change are the same: two quick
    edits of one length, and the verdict would be about the former text.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """What a file imports from beside it leaves no compiled code there either."""
    former, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = former


def load_file(path: Path) -> ModuleType:
    """The module in a file, loaded once.  UsageError if there is none, SpecError if it cannot be loaded."""
    if not path.exists():
        near = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise UsageError(f"{path}: no such file{did_you_mean(path.name, near)}")
    if path.is_dir() or path.suffix != ".py":
        raise UsageError(f"{path}: not a Python file: write path/to/file.py:Class")
    known = _loaded.get(path.resolve())
    if known is not None:
        return known
    name = f"mcheck_file_{len(_loaded)}_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path, loader=_FromText(name, str(path)))
    if specification is None or specification.loader is None:
        raise UsageError(f"{path}: not a Python file: write path/to/file.py:Class")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            _no_bytecode(),
        ):  # a warning would be a second line beside the result
            specification.loader.exec_module(module)
    except SyntaxError as error:
        raise SpecError(f"{Path(error.filename or path).name}:{error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        place = _place_in(error, {str(path), str(path.resolve())}) or path.name
        kind = "" if isinstance(error, McheckError) else f"{type(error).__name__}: "
        raise SpecError(f"{place}: {kind}{_words(error)}") from error
    _loaded[path.resolve()] = module
    return module


def _specs_of(module: ModuleType) -> Iterator[type[Spec[Any]]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Spec) and value.__module__ == module.__name__:
            yield value


def _only_spec(module: ModuleType, path: str) -> type[Spec[Any]]:
    """The spec with actions that all others in the file derive from."""
    every = list(_specs_of(module))
    found = [c for c in every if any(_is_action(m) for b in c.__mro__ for m in vars(b).values())] or every
    roots = [c for c in found if not any(c is not d and issubclass(c, d) for d in found)]
    if not found:
        raise UsageError(f"{path}: no specification in this file: define class Name(Spec[State])")
    if len(roots) > 1:
        choices = ", ".join(f"{path}:{c.__name__}" for c in roots)
        raise UsageError(f"{path}: several specifications in this file: say which, {choices}")
    return roots[0]


def _is_action(member: object) -> bool:
    declaration = declaration_of(member)
    return declaration is not None and declaration.kind == "action"


def _class_in(module: ModuleType, name: str, source: str) -> type[Spec[Any]]:
    specs = [c.__name__ for c in _specs_of(module)]
    value = getattr(module, name, None)
    if value is None:
        raise UsageError(
            f"{source}: no class {name!r}{did_you_mean(name, specs)}; there is {', '.join(specs) or 'no Spec'}"
        )
    if not isinstance(value, type) or not issubclass(value, Spec) or value is Spec:
        raise UsageError(f"{source}: {name} is not a specification: derive it from Spec[State]")
    return value


def _place_in(error: BaseException, files: set[str | None]) -> str | None:
    """`file.py:line` of the innermost frame of an error that lies in one of these files."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            return f"{Path(frame.filename).name}:{frame.lineno}"
    return None


def _last_place(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '?').name}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no message"
