"""Proofs by z3: whether the invariant of a Proof is inductive, and what breaks it if it is not."""
