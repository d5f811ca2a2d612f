"""What is wrong in the text of a spec before anything runs: read from its bytecode, with file and line."""

from __future__ import annotations

import builtins
import dis
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

from mcheck.spec.declare import declaration_of
from mcheck.spec.errors import LanguageError, in_kernel
from mcheck.spec.records import RecordType
from mcheck.spec.specification import Spec

_OURS = ("any", "all", "len", "max", "min")
_FOREIGN = {
    "sum": "count(…) or max(…)",
    "sorted": "a quantifier",
    "set": "Set(…)",
    "frozenset": "Set(…)",
    "dict": "Map",
    "hash": "==",
}


def lint(spec: type) -> None:
    """Return if the bytecode of a spec breaks no rule; else LanguageError with the first line that does, in file order."""
    found = sorted(set(_complaints(spec)))
    if found:
        place, message = found[0][2], found[0][3]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise LanguageError(f"{place}: {message}{more}")


Complaint = tuple[str, int, str, str]


def _complaints(spec: type) -> Iterator[Complaint]:
    seen: set[types.CodeType] = set()
    for base in spec.__mro__:
        if base in (Spec, object) or in_kernel(getattr(sys.modules.get(base.__module__), "__file__", None) or ""):
            continue
        for name, member in vars(base).items():
            declaration = declaration_of(member)
            function = declaration.function if declaration else member
            if isinstance(function, types.FunctionType) and name != "init":
                yield from _of_function(function, seen)


def _of_function(function: types.FunctionType, seen: set[types.CodeType]) -> Iterator[Complaint]:
    code = function.__code__
    if code in seen or in_kernel(code.co_filename):
        return
    yield from _of_code(code, function.__globals__, seen)


def _of_code(code: types.CodeType, scope: dict[str, Any], seen: set[types.CodeType]) -> Iterator[Complaint]:
    seen.add(code)
    yield from _of_instructions(code, scope)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and constant not in seen:
            yield from _of_code(constant, scope, seen)
    for name in code.co_names:
        used = scope.get(name)
        if isinstance(used, types.FunctionType):
            yield from _of_function(used, seen)
        elif isinstance(used, RecordType):
            for member in vars(used).values():
                method = member.fget if isinstance(member, property) else member
                if isinstance(method, types.FunctionType):
                    yield from _of_function(method, seen)


def _of_instructions(code: types.CodeType, scope: dict[str, Any]) -> Iterator[Complaint]:
    line = code.co_firstlineno
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        position = instruction.positions
        if position is not None and position.lineno is not None:
            line = position.lineno
        message = _wrong(instruction, before, scope, code)
        if message:
            place = f"{os.path.basename(code.co_filename)}:{line}"
            yield code.co_filename, line, place, message
        before = instruction


def _wrong(
    instruction: dis.Instruction, before: dis.Instruction | None, scope: dict[str, Any], code: types.CodeType
) -> str | None:
    op, argument = instruction.opname, instruction.argval
    if op == "IS_OP" and not (before is not None and before.opname == "LOAD_CONST" and before.argval is None):
        return "`is` cannot be traced: write == (only `is None` is allowed)"
    if op == "LOAD_GLOBAL" and argument not in scope and hasattr(builtins, str(argument)):
        if argument in _OURS:
            return f"builtin {argument}() cannot be traced: add `from mcheck import {argument}`"
        if argument in _FOREIGN:
            return f"builtin {argument}() cannot be traced: use {_FOREIGN[argument]}"
    if op == "STORE_ATTR":
        return f"assignment to .{argument}: values are immutable, write .replace({argument}=…)"
    if op == "STORE_SUBSCR" and not code.co_name.startswith("<"):
        return "assignment to an item: values are immutable, write .set(key, value)"
    if op in ("STORE_GLOBAL", "DELETE_GLOBAL"):
        return f"assignment to the global {argument}: a transition is a function of the state"
    if op in ("BUILD_SET", "SET_ADD"):
        return "a {…} set display hashes its members: write Set.of(…) or Set(… for …)"
    return None
