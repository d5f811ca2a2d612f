"""Whether states of one view behave alike, tried on states that are reached, on copies with other ranks, and on their views.

What is asked is a bisimulation: from two states of one view the same steps are possible, those with the same arguments (ranks
aside) lead to states of the same view, and every temporal property and exemption of fairness says the same.  A spec that compares a
ballot with a number, or subtracts two of them, fails it as soon as ranks are moved apart; a `view` that forgets what still
matters, as soon as a state is reached in which it does.  This is a test and no proof: it looks at some hundred states.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from mcheck.spec import Cut, Fairness, Instance, Rule, SpecError, text
from mcheck.spec.labels import label_text
from mcheck.spec.temporal import truth
from mcheck.spec.views import Quotient, View, with_bounds

_WALKS, _STEPS, _SECONDS = 16, 24, 2.0
_WIDEST_GAP = 3

Answers = dict[tuple[Any, ...], str]
"""What can be told of a state without naming ranks, and how to say it."""


def check_view(viewed: Quotient, rules: Sequence[Rule], fairness: Sequence[Fairness]) -> int:
    """How many pairs were compared: states with their views, and with copies whose ranks are moved apart.

    SpecError, with two states, where one behaves differently.  States are reached by random walks, the same in every run, for
    2 s at most; at least two walks are made.
    """
    wide = _wide(viewed)
    comparison = _Comparison(wide, rules, fairness)
    rng, pairs, end = random.Random(0), 0, time.monotonic() + _SECONDS
    with wide.active():
        for number in range(_WALKS):
            for state in _walk(wide, rng, rng.choice(wide.initial)):
                view = comparison.view.of(state)
                for other in dict.fromkeys((view, comparison.moved_apart(view, rng))):
                    if other != state:
                        comparison.compare(state, other)
                        pairs += 1
            if number and time.monotonic() > end:
                break
    return pairs


def _wide(viewed: Quotient) -> Instance:
    """The spec with room for ranks that are wide apart, as much as it can be given."""
    sizes = {unit: viewed.bounds[unit] - least for unit, least in viewed.ranks.least.items()}
    for times, more in ((_WIDEST_GAP, 2 * _STEPS), (_WIDEST_GAP, 0), (1, 2)):
        try:
            return with_bounds(viewed, {u: viewed.ranks.least[u] + times * n + more for u, n in sizes.items()})
        except SpecError as error:
            refusal = error
    raise SpecError(f"{viewed.name}: its view cannot be tested with larger ranks: {refusal}")


def _walk(wide: Instance, rng: random.Random, state: Any) -> Iterator[Any]:
    """The states of a random walk."""
    for _ in range(_STEPS):
        yield state
        following = [t for _, _, t in wide.transitions(state) if not isinstance(t, Cut) and t != state]
        if not following:
            return
        state = rng.choice(following)


class _Comparison:
    """Compares two states of one view, in an instance with room for their ranks."""

    def __init__(self, wide: Instance, rules: Sequence[Rule], fairness: Sequence[Fairness]) -> None:
        self.wide, self.rules = wide, rules
        self.view = View(wide)
        self.exempting = [one for one in fairness if one.unless is not None]

    def moved_apart(self, view: Any, rng: random.Random) -> Any:
        """The view with gaps between its ranks, and before the first."""
        domain, ranks = self.wide.state_domain, self.view.ranks
        images: dict[str, dict[int, int]] = {}
        for unit, least in ranks.least.items():
            met = sorted({rank for of, rank in ranks.occurring(domain, view) if of == unit and rank > least})
            image, place = {least: least}, least
            for rank in met:
                place += rng.randint(1, _WIDEST_GAP)
                image[rank] = place
            images[unit] = image
        return ranks.renamed(domain, view, {unit: image.__getitem__ for unit, image in images.items()})

    def compare(self, state: Any, other: Any) -> None:
        """SpecError if the two behave differently.

        Of a step that a bound cuts nothing is known: messages that cannot matter again take up room in one state alone.
        """
        one, two = self.answers(state), self.answers(other)
        cut = {key[1:] for key in (*one, *two) if key[0] == "cut"}
        one, two = ({k: said for k, said in a.items() if k[1:3] not in cut and k[0] != "cut"} for a in (one, two))
        if one.keys() == two.keys():
            return
        only = next((said for key, said in one.items() if key not in two), None)
        a, b = (state, other) if only is not None else (other, state)
        said = only or next(said for key, said in two.items() if key not in one)
        raise SpecError(
            f"{self.wide.name}: the view takes states for alike that are not: {said} in {text(a)}, and not in {text(b)}; "
            "ranks may only be compared with each other, a fresh one is larger than all, and what `view` takes away may never matter again"
        )

    def answers(self, state: Any) -> Answers:
        """The steps that change the state, and what the properties and exemptions say."""
        found: Answers = {}
        for action, arguments, after in self.wide.transitions(state):
            of = action.name, self.view.unnamed(action, arguments)
            if isinstance(after, Cut):
                key: tuple[Any, ...] = ("cut", *of)
            elif after != state:
                key = ("step", *of, self.view.of(after))
            else:
                continue
            found.setdefault(key, f"{label_text(action.name, action.signature.names, arguments)} is possible")
        for rule in self.rules:
            for arguments in rule.signature.arguments(None):
                answer = truth(self.wide, rule, state, arguments)
                found[rule.name, arguments, answer] = (
                    f"{rule.title} is {' and '.join(map(str, answer[rule.kind != 'leads_to' :]))}"
                )
        for one in self.exempting:
            for key in self._keys(one, state):
                exempt = one.waived(self.wide, state, key)
                found["exemption", str(one), key, exempt] = f"{one.unless} is {exempt}"
        return found

    def _keys(self, one: Fairness, state: Any) -> Iterator[tuple[Any, ...]]:
        """For which values a condition of fairness is asked."""
        for action in self.wide.actions:
            if action.name in one.actions:
                for arguments in action.signature.arguments(state):
                    key = one.key(action, dict(zip(action.signature.names, arguments, strict=True)))
                    if key is not None:
                        yield key
