"""The very specs that run, asked of z3: the typed IR as terms over bits, bounded checking, and induction."""
