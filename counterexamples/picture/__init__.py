"""The picture of a counterexample: one lane for each node, time downwards, messages as arrows.

`story` says what there is to see, `layout` where, and `svg`, `page`, `mermaid` and `png` write it down.
"""
