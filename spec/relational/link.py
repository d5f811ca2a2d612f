"""Link: how the states of a Spec are structures of a Proof, so that the one can be held against the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mcheck.spec.relational.proof import Proof
from mcheck.spec.relational.sorts import SortType, Symbol
from mcheck.spec.relational.structures import Element, Structure, Table
from mcheck.spec.specification import Spec


class Link:
    """A refinement mapping from a Spec to a Proof.

    Claimed is: every reachable state maps to a structure in which axioms and conjuncts are true, and every step to a step
    of the named action of the proof, or to no change.  Then what the proof shows for any number of nodes is true of the
    Spec, as far as it was explored.
    """

    spec: ClassVar[type[Spec[Any]]]
    proof: ClassVar[type[Proof]]
    scope: ClassVar[Mapping[str, Any]]
    """Constants of the spec with which all its states are looked at in seconds."""
    steps: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    """For an action of the spec, the action of the proof that its steps are, unless it has the same name.

    Each step must be one of one of several; of none, if its steps must change nothing.
    """

    wide: ClassVar[Mapping[str, Any]] = {}
    """Constants of which the first states tell a clause that is true from one that is false: more elements, more states."""
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = ()
    """Specs with one rule changed; each makes some conjunct false in `scope_of_tweaks`."""
    lacking: ClassVar[Mapping[tuple[str, str], type[Spec[Any]]]] = {}
    """For (action, guard) of the proof, the tweak that does not ask for it, or for less."""

    def universe(self, spec: Any) -> dict[SortType, tuple[Element, ...]]:
        """The elements of each sort, in order where it has one; the same in all states."""
        raise NotImplementedError

    def fixed_tables(self, spec: Any) -> dict[Symbol, Table]:
        """The tables that no action changes, as far as they are the same in all behaviours; the others are in `tables`."""
        return {}

    def scope_of(self, sizes: Mapping[SortType, int]) -> Mapping[str, Any]:
        """Constants with which the sorts have these sizes, or are a little larger, if a spec can be had with fewer."""
        return self.scope

    @property
    def scope_of_tweaks(self) -> Mapping[str, Any]:
        """Constants with which the tweaks soon make something false."""
        return self.scope

    def tables(self, spec: Any, state: Any) -> dict[Symbol, Table]:
        """The tables of the relations and functions in a state."""
        raise NotImplementedError

    def steps_of(self, name: str) -> tuple[str, ...]:
        """The actions of the proof that a step of this action of the spec may be one of."""
        named = self.steps.get(name, name)
        return (named,) if isinstance(named, str) else named

    def structure(self, spec: Any, state: Any) -> Structure:
        """The state as a structure.  Must be called while the instance of `spec` is active."""
        return Structure(self.universe(spec), {**self.fixed_tables(spec), **self.tables(spec, state)})
