"""The language of proofs: protocols as relations over sorts of any size, in first-order logic.

A file in this language says for *any* number of nodes what a Spec says for a few.  Imports the standard library only.
"""

from mcheck.spec.relational.formulas import Formula, all, any, iff, implies
from mcheck.spec.relational.link import Link, Mistake
from mcheck.spec.relational.proof import (
    Proof,
    action,
    axiom,
    corollary,
    initially,
    invariant,
    require,
    safety,
    template,
)
from mcheck.spec.relational.sorts import Sort
from mcheck.spec.relational.structures import Structure, truth
from mcheck.spec.relational.symbols import Update, fixed, function, individual, nothing, relation
from mcheck.spec.relational.system import Action, Guard, Sentence, System, without

__all__ = [
    "Action", "Formula", "Guard", "Link", "Mistake", "Proof", "Sentence", "Sort", "Structure", "System", "Update", "action", "all",
    "any", "axiom", "corollary", "fixed", "function", "iff", "implies", "individual", "initially", "invariant", "nothing", "relation",
    "require", "safety", "template", "truth", "without",
]  # fmt: skip
