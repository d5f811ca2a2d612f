"""The step that a refined specification does not allow, as that specification sees it."""

from __future__ import annotations

from mcheck.counterexamples.lanes import leaf_changes
from mcheck.counterexamples.notation import Notation
from mcheck.spec import Behavior, Rule
from mcheck.spec.records import fields_of


def mapped_step(behavior: Behavior, rule: Rule) -> str:
    """`seen as TCommit: rm_state[r0] COMMITTED, which is no step of TCommit` for the last step of the behaviour."""
    refinement = behavior.instance.refinements[rule.name]
    notation = Notation(refinement.other)
    with behavior.instance.active():
        images = [refinement.image(state) for state in behavior.states[-2:]]
    if len(images) == 1:
        return f"seen as {refinement.other.name}: {notation.value(images[0])}, which is no initial state there"
    changed = [
        c
        for (name, after), (_, before) in zip(fields_of(images[1]), fields_of(images[0]), strict=True)
        for c in leaf_changes(name, before, after, notation.key)
    ]
    seen = ", ".join(
        f"{c.field} {' '.join('+' + notation.value(m) for m, _ in c.added) if c.partial and c.added else notation.value(c.value)}"
        for c in changed
    )
    return f"seen as {refinement.other.name}: {seen}, which is no step of {refinement.other.name}"
