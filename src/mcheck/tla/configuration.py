"""The configurations of a module: what `mcheck run` checks, and what `mcheck liveness` checks, as TLC is asked for it.

Source: L. Lamport, Specifying Systems (2002), section 14.7.1; CHECK_DEADLOCK is newer, and of TLC 1.7 and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcheck.tla.module import Module


def safety(module: Module, symmetric: bool) -> str:
    """Invariants, properties of steps and refinements; a deadlock is no error, as in mcheck."""
    lines = [
        *_head("Spec", module),
        *_one("SYMMETRY", "Symmetry" if symmetric and module.symmetry else None),
        *_several("INVARIANT", module.asked_invariants),
        *_several("PROPERTY", module.asked_properties),
        "CHECK_DEADLOCK FALSE",
        *_witnesses(module),
    ]
    return "\n".join(lines) + "\n"


def liveness(module: Module) -> str | None:
    """The temporal properties under the fairness that is stated; None where there are none.  Without symmetry, which TLC
    does not take for these."""
    if not module.temporal:
        return None
    lines = [
        *_head("FairSpec", module),
        *_several("PROPERTY", [o.name for o in module.temporal]),
        "CHECK_DEADLOCK FALSE",
    ]
    return "\n".join(lines) + "\n"


def _head(specification: str, module: Module) -> Iterator[str]:
    yield f"SPECIFICATION {specification}"
    constants = module.constants()
    if constants:
        yield "CONSTANTS"
        yield from (f"  {name} = {value}" for name, value, _ in constants)
    yield from _one("CONSTRAINT", module.within)


def _one(word: str, name: str | None) -> Iterator[str]:
    if name is not None:
        yield f"{word} {name}"


def _several(word: str, names: Iterable[str]) -> Iterator[str]:
    yield from (f"{word} {name}" for name in names)


def _witnesses(module: Module) -> Iterator[str]:
    """What must be reachable: put one of these in, and TLC shows how."""
    if module.asked_witnesses:
        yield "\\* Each of these must be violated: TLC shows how to get there."
    for name in module.asked_witnesses:
        yield f"\\* INVARIANT {name}"
