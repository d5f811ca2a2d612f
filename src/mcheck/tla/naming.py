"""Names: those of a specification as TLA+ can have them, each for one thing."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

RESERVED = frozenset(
    [
        "ASSUME",
        "ASSUMPTION",
        "AXIOM",
        "BOOLEAN",
        "CASE",
        "CHOOSE",
        "CONSTANT",
        "CONSTANTS",
        "DOMAIN",
        "ELSE",
        "ENABLED",
        "EXCEPT",
        "EXTENDS",
        "FALSE",
        "IF",
        "IN",
        "INSTANCE",
        "LAMBDA",
        "LEMMA",
        "LET",
        "LOCAL",
        "MODULE",
        "OTHER",
        "PROPOSITION",
        "RECURSIVE",
        "SF_",
        "STRING",
        "SUBSET",
        "THEN",
        "THEOREM",
        "TRUE",
        "UNCHANGED",
        "UNION",
        "VARIABLE",
        "VARIABLES",
        "WF_",
        "WITH",
        "PROOF",
        "PROVE",
        "BY",
        "OBVIOUS",
        "OMITTED",
        "QED",
        "TAKE",
        "HAVE",
        "PICK",
        "USE",
        "HIDE",
        "DEF",
        "DEFS",
        "DEFINE",
        "WITNESS",
        "NEW",
        "SUFFICES",
        "STATE",
        "ACTION",
        "TEMPORAL",
        "ONLY",
        "Nat",
        "Int",
        "Real",
        "Seq",
        "Len",
        "Append",
        "Head",
        "Tail",
        "SubSeq",
        "SelectSeq",
        "IsFiniteSet",
        "Cardinality",
        "Infinity",
        "IsABag",
        "BagToSet",
        "SetToBag",
        "BagIn",
        "EmptyBag",
        "CopiesIn",
        "BagUnion",
        "SubBag",
        "BagOfAll",
        "BagCardinality",
        "Sum",
        "Print",
        "PrintT",
        "Assert",
        "JavaTime",
        "TLCGet",
        "TLCSet",
        "Permutations",
        "SortSeq",
        "RandomElement",
        "Any",
        "ToString",
        "TLCEval",
        "Init",
        "Next",
        "Spec",
        "FairSpec",
        "Fairness",
        "Symmetry",
        "vars",
    ]
)
"""Words of the language, what the standard modules define, and what every exported module defines."""


class Names:
    """The names of one module."""

    def __init__(self) -> None:
        self._taken: set[str] = set(RESERVED)

    def take(self, wanted: str, *others: str) -> str:
        """The first of these names that is free, or the first with a number behind it; taken from now on."""
        candidates = [identifier(name) for name in (wanted, *others)]
        name = next(n for n in chain(candidates, _numbered(candidates[0])) if n not in self._taken)
        self._taken.add(name)
        return name

    def is_taken(self, name: str) -> bool:
        """Whether the name has a meaning already."""
        return name in self._taken

    def local(self, wanted: str, inside: Iterable[str]) -> str:
        """A name for something bound: TLA+ gives none that has a meaning already, here or `inside` the same operator."""
        used = set(inside)
        base = identifier(wanted)
        return next(n for n in chain([base], _numbered(base)) if n not in self._taken and n not in used)


def _numbered(name: str) -> Iterator[str]:
    number = 2
    while True:
        yield f"{name}{number}"
        number += 1


def identifier(name: str) -> str:
    """The name with nothing in it but letters, digits and `_`, and at least one letter."""
    plain = re.sub(r"\W", "_", ascii_text(name), flags=re.ASCII)
    if not re.search(r"[A-Za-z]", plain) or plain.startswith(("WF_", "SF_")):
        plain = f"x_{plain}"
    return plain


def operator_name(words: str) -> str:
    """`Election Safety` and `election_safety` as ElectionSafety."""
    parts = re.findall(r"[A-Za-z0-9]+", ascii_text(words))
    return "".join(part[0].upper() + part[1:] for part in parts) or "Unnamed"


def snake(name: str) -> str:
    """`AppendEntries` as append_entries."""
    made = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return f"{made}_" if keyword.iskeyword(made) else made


_SIGNS = {
    "§": "section ", "→": "->", "←": "<-", "↝": "~>", "◇": "<>", "□": "[]", "≤": "<=", "≥": ">=", "≠": "#", "·": "-",
    "…": "...", "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "×": "x", "÷": "/", "∈": "in",
}  # fmt: skip


def ascii_text(text: str) -> str:
    """The text in the characters that every TLA+ tool reads."""
    spelt = "".join(_SIGNS.get(c, c) for c in text)
    plain = unicodedata.normalize("NFKD", spelt)
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


def comment_text(text: str) -> str:
    """The text as it may stand in a comment, which it neither ends nor opens."""
    return ascii_text(text).replace("(*", "( *").replace("*)", "* )")


def string_text(text: str) -> str:
    """A string of TLA+ with this text."""
    return '"' + ascii_text(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
