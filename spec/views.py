"""Views: states that behave alike are one, so that what grows without bound has finitely many states.

A spec says two things.  An integer that is a `Rank` matters by its order alone: ballots 3 < 7 do what 0 < 1 do.  And its method

    def view(self, s: State) -> State:

returns a state that behaves as s does, without what can never matter again: a message that nobody will accept.  The view of a
state is what `view` returns, with the smallest ranks that are ordered alike.  Both are claims: that a state and its view allow the
same steps, to states of the same view.  `mcheck.checker.liveness.bisimulation` tests them.

Source: C. N. Ip and D. L. Dill, Better verification through symmetry, FMSD 9 (1996), of which ranks are the ordered kind; for
what is claimed, R. Milner, Communication and Concurrency (1989), chapter 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import MapOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.errors import Cut, SpecError
from mcheck.spec.fairness import Fairness
from mcheck.spec.instance import Instance, Outcome, Rule
from mcheck.spec.order import order_key
from mcheck.spec.ranks import Ranks
from mcheck.spec.specification import Spec


def has_view(instance: Instance) -> bool:
    """Whether the spec says of different states that they behave alike."""
    return bool(instance.resolver.ranks) or forgets(instance)


def forgets(instance: Instance) -> bool:
    """Whether the spec has a method `view`."""
    return type(instance.spec).view is not Spec.view


def ranks_of(instance: Instance) -> Ranks:
    """The ranks of a spec.  SpecError where they cannot be renamed."""
    ranks = Ranks(instance.resolver.ranks)
    domains = [instance.state_domain, *(p.domain for a in instance.actions for p in a.signature.parameters)]
    for part in (part for domain in domains for part in _all_parts(domain)):
        if isinstance(part, MapOf) and ranks.bears(part.keys):
            raise SpecError(
                f"{instance.name}: the keys of {part.describe()} are ranks, and cannot be renamed: keep a set of pairs"
            )
        if isinstance(part, IntRange) and part.unit is not None and part.unit in ranks.least:
            least, most = ranks.least[part.unit], instance.bounds[part.unit]
            if (part.lo, part.hi) != (least, most):
                raise SpecError(
                    f"{instance.name}: {part.describe()} is limited by {part.unit}, and ranks are {least}..{most}: "
                    f"write Rank({least}, {part.unit!r})"
                )
    return ranks


class View:
    """The view of the states of an instance.  SpecError for ranks that cannot be renamed."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.ranks = instance, ranks_of(instance)

    def of(self, state: Any) -> Any:
        """The same state for all that are said to behave alike.  Inside `instance.active()`; any error of the spec's method."""
        kept = type(self.instance.spec).view(self.instance.spec, state)
        return self.ranks.compressed(self.instance.state_domain, kept)

    def unnamed(self, action: Rule, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments that have no ranks in them: they are the same from every state of one view."""
        pairs = zip(action.signature.parameters, arguments, strict=True)
        return tuple(value for p, value in pairs if not self.ranks.bears(p.domain))


class Quotient(Instance):
    """An instance whose states are views: each step ends in the view of where it ends in the spec.

    A step that changes the state but not its view ends where it ends in the spec: a step is a change here if and only if it
    is one there.  `unbounded`: the bounds that limit nothing here, as a view has no more ranks than fit.
    """

    def __init__(self, spec: Spec[Any], unbounded: Iterable[str]) -> None:
        super().__init__(spec)
        vars(spec)["instance"] = self
        self.view, self.unbounded = View(self), tuple(unbounded)
        self.ranks = self.view.ranks
        with self.active():
            self.initial = tuple(sorted({self.view.of(state) for state in self.initial}, key=order_key))

    def apply(self, action: Rule, state: Any, arguments: tuple[Any, ...]) -> Any:
        """The same as of the spec, and the successor is a view."""
        after = super().apply(action, state, arguments)
        if after is None or isinstance(after, Cut) or after == state:
            return after
        try:
            seen = self._seen(after)
        except Exception as error:
            raise self.failure(action, arguments, state, error) from error
        return after if seen == state else seen

    def landed(self, result: Any, state: Any) -> Outcome:
        """The same as of the spec, and the successor is a view."""
        outcome = super().landed(result, state)
        if outcome.successor is None or result == state:
            return outcome
        seen = self._seen(result)
        return outcome if seen == state else Outcome(successor=seen)

    def _seen(self, state: Any) -> Any:
        seen = self.view.of(state)
        try:
            self.state_domain.admit(seen, state)
        except Cut as cut:
            raise SpecError(f"view: returns a state outside the bound {cut.bound}") from None
        return seen


def quotient(instance: Instance) -> Quotient:
    """The views of an instance, which has one.  SpecError for ranks that cannot be renamed.

    A bound that limits ranks has room for as many different ranks as a view can have, where the types say how many that may be,
    and for two fresh ones: a step may leave one behind that is in no view.  Then no step is cut by it.
    """
    ranks = ranks_of(instance)
    places = {unit: ranks.places(instance.state_domain, unit) for unit in ranks.least}
    room = {unit: ranks.least[unit] + known + 2 for unit, known in places.items() if known is not None}
    return Quotient(_spec_with(instance, room), room)


def with_bounds(instance: Instance, bounds: Mapping[str, int]) -> Instance:
    """The same spec with other bounds."""
    return _spec_with(instance, bounds).instance


def _spec_with(instance: Instance, bounds: Mapping[str, int]) -> Spec[Any]:
    return type(instance.spec)(**{**instance.spec.constants, **bounds})


def refuse_ranks(instance: Instance, rules: Iterable[Rule], fairness: Iterable[Fairness]) -> None:
    """SpecError for a temporal property or a condition of fairness that is about one rank, which has another name in each view."""
    ranks = Ranks(instance.resolver.ranks)
    for rule in rules:
        for p in rule.signature.parameters:
            if ranks.bears(p.domain):
                raise SpecError(
                    f"{instance.name}.{rule.name}: parameter {p.name} is or has a rank, and ranks are renamed: quantify inside"
                )
    for one in fairness:
        for action in instance.actions:
            named = {p.name for p in action.signature.parameters if ranks.bears(p.domain)}
            about = [name for name in (*one.each, *one.chosen) if action.name in one.actions and name in named]
            if about:
                raise SpecError(
                    f"{instance.name}: {one}: {about[0]} of {action.name} is or has a rank, and ranks are renamed: leave it out"
                )


def _all_parts(domain: Domain) -> Iterator[Domain]:
    yield domain
    for part in domain.parts():
        yield from _all_parts(part)
