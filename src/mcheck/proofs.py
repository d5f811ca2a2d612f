"""From what is typed on the command line to a proof: a name of the registry, or a file."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcheck.models.proofs import PROOFS
from mcheck.protocols import is_file, kebab, load_file, names
from mcheck.spec import UsageError
from mcheck.spec.specification import did_you_mean

if TYPE_CHECKING:
    from mcheck.checker.linking import LinkVerdict
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.checker.symbolic.inference import Inference
    from mcheck.checker.symbolic.parts import Part
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.checker.symbolic.reachability import Reachability
    from mcheck.inference_report import Written
    from mcheck.proof_links import SpecAnswer
    from mcheck.spec.relational import Proof, System


@dataclass(frozen=True)
class ProofSource:
    """A proof that can be checked, and the name it has on the command line."""

    name: str
    cls: type[Proof]

    @property
    def statement(self) -> str:
        """What is proved, in the words of its docstring."""
        return " ".join(inspect.cleandoc(inspect.getmodule(self.cls).__doc__ or "").split("\n\n")[0].split())


def find_proof(typed: str) -> ProofSource:
    """The proof that `typed` names.  UsageError if there is none."""
    if is_file(typed):
        return _from_file(typed)
    name = typed.replace("_", "-").lower()
    if name in PROOFS:
        module, _, class_name = PROOFS[name].partition(":")
        return ProofSource(name, getattr(importlib.import_module(module), class_name))
    what = f"{name} has no proof for any number of nodes" if name in names() else f"no proof {typed!r}"
    raise UsageError(f"{what}{did_you_mean(name, list(PROOFS))}; `mcheck prove` lists the proofs")


def _from_file(typed: str) -> ProofSource:
    from mcheck.spec.relational import Proof

    path_text, class_name = re.fullmatch(r"(.*?)(?::([^:\\/]*))?", typed, re.DOTALL).groups()  # type: ignore[union-attr]
    module = load_file(Path(path_text))
    proofs = {
        n: v
        for n, v in vars(module).items()
        if isinstance(v, type) and issubclass(v, Proof) and v.__module__ == module.__name__
    }
    if not class_name and len(proofs) == 1:
        (class_name,) = proofs
    if class_name not in proofs:
        there = ", ".join(f"{path_text}:{n}" for n in proofs) or "no class derived from Proof"
        raise UsageError(f"{typed}: say which proof: there is {there}")
    return ProofSource(kebab(class_name), proofs[class_name])


@dataclass(frozen=True)
class LeftOut:
    """What is left out of a proof, under the names that it has there."""

    conjuncts: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    guards: tuple[tuple[str, str], ...] = ()
    """(action, reason)."""

    def of(self, system: System) -> System:
        """The system without these parts."""
        from mcheck.spec.relational import without

        return without(system, self.conjuncts, self.axioms, self.guards)

    @property
    def words(self) -> list[str]:
        """One line for each."""
        return [
            *(f"the conjunct {c}" for c in self.conjuncts),
            *(f"the axiom {a}" for a in self.axioms),
            *(f"the guard of {action}: {reason}" for action, reason in self.guards),
        ]

    @property
    def options(self) -> list[str]:
        """The words of a command that leaves out the same."""
        named = (
            *(("--without", c) for c in self.conjuncts),
            *(("--without-axiom", a) for a in self.axioms),
            *(("--without-guard", f"{action}:{reason}") for action, reason in self.guards),
        )
        return [word for pair in named for word in pair]


def left_out(system: System, conjuncts: Iterable[str], axioms: Iterable[str], guards: Iterable[str]) -> LeftOut:
    """What these words name; a guard is `action:reason`, or `action:number`, counted from 1.  UsageError if nothing."""
    from mcheck.spec.relational.system import named

    return LeftOut(
        tuple(named(c, system.conjuncts, lambda s: s.name, f"{system.name} has no conjunct").name for c in conjuncts),
        tuple(named(a, system.axioms, lambda s: s.name, f"{system.name} has no axiom").name for a in axioms),
        tuple(dict.fromkeys(_guard(system, typed) for typed in guards)),
    )


def _guard(system: System, typed: str) -> tuple[str, str]:
    from mcheck.spec.relational.system import named

    action_name, colon, reason = typed.partition(":")
    action = named(action_name, system.actions, lambda a: a.name, f"{system.name} has no action")
    if not colon:
        raise UsageError(f"--without-guard {typed}: write ACTION:GUARD, as in {action.name}:1")
    if reason.strip().isdigit():
        if not 1 <= int(reason) <= len(action.guards):
            raise UsageError(f"--without-guard {typed}: {action.name} has guards 1 to {len(action.guards)}")
        return action.name, action.guards[int(reason) - 1].reason
    return action.name, named(reason.strip(), action.guards, lambda g: g.reason, f"{action.name} has no guard").reason


@contextmanager
def needs_z3() -> Iterator[None]:
    """Within the block, z3 is imported: UsageError if it is not installed."""
    try:
        yield
    except ImportError as error:
        if error.name != "z3":
            raise
        raise UsageError("prove needs z3: pip install 'mcheck-protocols[proofs]'") from None


def check_proof(system: System, seconds: float) -> ProofVerdict:
    """The verdict of z3.  UsageError if it is not installed."""
    with needs_z3():
        from mcheck.checker.symbolic.prove import prove
    return prove(system, seconds)


@dataclass(frozen=True)
class Inferred:
    """The conjuncts that were inferred, and what `prove` says of them: `proved`, or `unknown`."""

    system: System
    inference: Inference
    states_from: str
    result: str
    written: tuple[Written, ...]
    seconds: float


def infer_invariants(source: ProofSource, seconds: float) -> Inferred:
    """Auxiliary invariants from templates; what is found is proved once more.  UsageError if z3 is not installed."""
    with needs_z3():
        from mcheck.checker.symbolic.induction import Deadline, queries
        from mcheck.checker.symbolic.inference import infer
    from mcheck.inference_report import letters_of, written
    from mcheck.proof_links import sampled_structures

    started, deadline, system = time.perf_counter(), Deadline(seconds), source.cls.system()
    structures, states_from = sampled_structures(source, system)
    found = infer(system, structures, deadline)
    result = "unknown"
    texts: list[Written] = []
    if found.result == "inductive":
        goals = tuple(c for c in system.conjuncts if c.kind == "safety")
        whole = dataclasses.replace(system, conjuncts=(*goals, *found.conjuncts))
        result = "proved" if all(q.reply.answer == "unsat" for q in queries(whole, deadline)) else "unknown"
        texts = written(found, letters_of(system))
    return Inferred(system, found, states_from, result, tuple(texts), time.perf_counter() - started)


def inference_document(name: str, inferred: Inferred) -> dict[str, Any]:
    """What was inferred as one JSON document.  Keys are only ever added."""
    from mcheck.checker.symbolic.solver import VERSION

    found = inferred.inference
    return {
        "schema": 1,
        "proof": name,
        "result": inferred.result,
        "seconds": round(inferred.seconds, 3),
        "conjuncts": [{"name": w.name, "sentence": w.words, "source": w.source} for w in inferred.written],
        "grammar": {
            "sentence": found.grammar.words,
            "literals": found.grammar.most,
            "variables": {s.__name__: n for s, n in found.grammar.counts.items()},
            "templates": [t.name for t in inferred.system.templates],
        },
        "states": {"count": found.states, "from": inferred.states_from},
        "clauses": {"looked_at": found.looked, "true_in_the_states": found.candidates, "inductive": found.kept},
        "queries": found.queries,
        "reason": None if found.result == "inductive" else found.result,
        "solver": f"z3 {VERSION}",
    }


def counterexamples_without(verdict: ProofVerdict, seconds: float) -> dict[Part, CounterexampleToInduction | None]:
    """For each essential part of a proof, the smallest counterexample to induction without it; None if the time is over."""
    from mcheck.checker.symbolic.induction import Deadline
    from mcheck.checker.symbolic.parts import counterexample_without

    deadline = Deadline(seconds)
    return {p: counterexample_without(verdict.system, p, deadline) for p in verdict.parts if p.essential}


def proof_document(
    name: str,
    verdict: ProofVerdict,
    dropped: LeftOut,
    linked: LinkVerdict | None = None,
    run: SpecAnswer | None = None,
    shown: Mapping[Part, CounterexampleToInduction | None] | None = None,
) -> dict[str, Any]:
    """The verdict as one JSON document.  Keys are only ever added."""
    from mcheck.checker.symbolic.solver import VERSION

    essential = {p.name: p.essential for p in verdict.parts if p.kind == "invariant"}
    return {
        "schema": 1,
        "proof": name,
        "result": verdict.result,
        "seconds": round(verdict.seconds, 3),
        "conjuncts": [
            {
                "name": c.name,
                "seconds": round(verdict.seconds_of(c.name), 3),
                "essential": {"safety": True, "corollary": False}.get(c.kind, essential.get(c.name)),
                "kind": c.kind,
                "result": verdict.result_of(c.name),
                "sentence": c.words,
            }
            for c in verdict.system.conjuncts
        ],
        "assumed": [{"name": a.name, "kind": a.kind, "sentence": a.words} for a in verdict.system.axioms],
        "sorts": [s.__name__ for s in verdict.system.sorts],
        "parts": [
            {
                "kind": p.kind,
                "name": p.name,
                "action": p.action,
                "essential": p.essential,
                "broken": _broken(p.broken),
                "sizes": _sizes((shown or {}).get(p)),
            }
            for p in verdict.parts
        ],
        "possibly_empty": list(verdict.possibly_empty),
        "queries": [
            {"action": q.action, "conjunct": q.conjunct, "answer": q.reply.answer, "reason": q.reply.reason or None}
            for q in verdict.queries
        ],
        "without": {
            "conjuncts": list(dropped.conjuncts),
            "axioms": list(dropped.axioms),
            "guards": [{"action": a, "guard": g} for a, g in dropped.guards],
        },
        "cti": None if verdict.cti is None else cti_document(verdict.cti),
        "reachability": None if verdict.reachability is None else _reachability(verdict.reachability),
        "run": None if run is None else _run(run),
        "link": None if linked is None else _link(linked),
        "solver": f"z3 {VERSION}",
    }


def _sizes(cti: CounterexampleToInduction | None) -> dict[str, int] | None:
    return None if cti is None else {sort.__name__: len(elements) for sort, elements in cti.before.universe.items()}


def _broken(query: tuple[str, str] | None) -> dict[str, str] | None:
    return None if query is None else {"action": query[0], "conjunct": query[1]}


def _link(linked: LinkVerdict) -> dict[str, Any]:
    return {
        "states": linked.states,
        "steps": linked.edges,
        "stutters": linked.stutters,
        "difference": linked.difference,
        "labels": None if linked.behavior is None else list(linked.behavior.labels),
    }


def _reachability(reached: Reachability) -> dict[str, Any]:
    def steps(found: Any) -> list[dict[str, Any]]:
        return [
            {"action": a.name, "arguments": {p.head.name: v for p, v in zip(a.parameters, values, strict=True)}}
            for a, values in found
        ]

    return {
        "answer": reached.answer,
        "states": reached.states,
        "steps": steps(reached.steps),
        "falsified": None if reached.falsified is None else steps(reached.falsified),
    }


def _run(run: SpecAnswer) -> dict[str, Any]:
    return {
        "spec": run.instance.name,
        "constants": {**run.instance.constants, **run.instance.bounds},
        "states": run.states,
        "complete": run.complete,
        "labels": None if run.behavior is None else list(run.behavior.labels),
    }


def cti_document(cti: CounterexampleToInduction) -> dict[str, Any]:
    """A counterexample to induction as part of a document."""

    def tables(structure: Any) -> dict[str, Any]:
        return {
            symbol.name: [[*row] if symbol.range is None else [*row, value] for row, value in sorted(table.items())]
            for symbol, table in structure.tables.items()
        }

    action, parameters = cti.action, cti.action.parameters if cti.action is not None else ()
    return {
        "action": None if action is None else action.name,
        "arguments": {p.head.name: v for p, v in zip(parameters, cti.values, strict=True)},
        "conjunct": cti.conjunct.name,
        "falsified_by": {p.head.name: v for p, v in zip(cti.conjunct.parameters, cti.falsified_by, strict=True)},
        "universe": {sort.__name__: list(elements) for sort, elements in cti.before.universe.items()},
        "before": tables(cti.before),
        "after": tables(cti.after),
    }
