"""The machine: LLVM modules become functions that Python can call, by way of a cache of object code.

The only file that imports llvmlite.binding.  Everything loaded stays loaded for the life of the process.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import llvmlite  # type: ignore[import-untyped, unused-ignore]
from llvmlite import binding  # type: ignore[import-untyped, unused-ignore]

from mcheck.checker.native.cache import Cache
from mcheck.checker.native.kernel import Kernel, Kind, Known, Pointer

__all__ = ["Library", "compiled", "identity", "load", "new_module", "object_code", "object_key"]

_CODE_LEVEL = 1
_LONGEST_COMBINED = 3000
"""Instructions are combined in functions of up to so many lines of assembly.  In longer ones, as for Raft's deliver, it makes
code generation slower, and what is generated no faster."""
_PASSES = f"inline, sroa, combine up to {_LONGEST_COMBINED}, simplify, dce"
"""The optimisations that pay: LLVM's O1 takes more than twice as long, and what it makes is not reliably faster."""


# ---------------------------------------------------------------------- from text to object code


@functools.cache
def _target() -> Any:
    """The processor of this machine as a target of compilation."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=_CODE_LEVEL,
        reloc="pic",
        codemodel="default",
        jit=True,
    )


@functools.cache
def _jit() -> Any:
    """The one linker of the process."""
    return binding.create_lljit_compiler(_target(), use_jit_link=True)


def new_module(name: str) -> Any:
    """An empty llvmlite.ir.Module for this machine."""
    from llvmlite import ir

    module = ir.Module(name)
    module.triple = binding.get_default_triple()
    module.data_layout = str(_target().target_data)
    return module


@functools.cache
def identity() -> str:
    """What besides its text decides the object code of a module: versions, passes and the processor."""
    llvm = ".".join(map(str, binding.llvm_version_info))
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    return f"{llvmlite.__version__} {llvm} {processor} {_PASSES} {_CODE_LEVEL}"


def object_code(text: str) -> bytes:
    """The LLVM assembly `text` as an object file for this machine.  RuntimeError where it is not valid."""
    target = _target()
    module = binding.parse_assembly(text)
    module.verify()
    builder = binding.create_pass_builder(target, binding.create_pipeline_tuning_options(speed_level=1))
    whole = binding.create_new_module_pass_manager()
    whole.add_always_inliner_pass()
    whole.add_sroa_pass()
    whole.run(module, builder)
    for function in module.functions:
        if not function.is_declaration:
            _simplify(function, builder)
    last = binding.create_new_module_pass_manager()
    last.add_global_dead_code_eliminate_pass()
    last.run(module, builder)
    code: bytes = target.emit_object(module)
    return code


def _simplify(function: Any, builder: Any) -> None:
    passes = binding.create_new_function_pass_manager()
    if str(function).count("\n") <= _LONGEST_COMBINED:  # to print it is six times as fast as to visit its instructions
        passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(function, builder)


# ---------------------------------------------------------------------- from object code to functions


class Library:
    """Functions loaded into this process."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def address(self, symbol: str) -> int:
        """Where an exported function begins."""
        found: int = self._tracker[symbol]
        return found

    def function(self, symbol: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        """An exported function with these ctypes; a call releases the interpreter lock."""
        return ctypes.CFUNCTYPE(result, *arguments)(self.address(symbol))

    def kernel(self, kernel: Kernel[..., Any], symbol: str | None = None) -> Callable[..., Any]:
        """An exported kernel, without its fixed parameters; memory is passed as its address."""
        kinds = [kind for kind in kernel.parameters.values() if not isinstance(kind, Known)]
        return self.function(symbol or kernel.name, _ctype(kernel.result), *map(_ctype, kinds))


def _ctype(kind: Kind | None) -> Any:
    if kind is None:
        return None
    if isinstance(kind, Pointer):
        return ctypes.c_void_p
    return ctypes.c_bool if kind.bits == 1 else ctypes.c_int64 if kind.signed else ctypes.c_uint64


_loaded: dict[bytes, Library] = {}


def load(code: bytes, symbols: Iterable[str]) -> Library:
    """The functions `symbols` of an object file.  RuntimeError where one is missing."""
    wanted = sorted(symbols)
    digest = hashlib.sha256(code + repr(wanted).encode()).digest()
    if digest not in _loaded:
        linking = binding.JITLibraryBuilder().add_object_img(code).add_current_process()
        for symbol in wanted:
            linking = linking.export_symbol(symbol)
        _loaded[digest] = Library(linking.link(_jit(), digest.hex()))
    return _loaded[digest]


def compiled(text: str, symbols: Iterable[str], cache: Cache | None = None) -> Library:
    """The functions `symbols` of LLVM assembly, compiled now or at an earlier time."""
    cache = cache or Cache()
    key = object_key(text)
    code = cache.load(key)
    if code is None:
        code = object_code(text)
        cache.store(key, code)
    return load(code, symbols)


def object_key(text: str) -> str:
    """Under which key the object code of LLVM assembly is kept on this machine."""
    return Cache.key(identity(), text)
