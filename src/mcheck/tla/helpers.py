"""Helpers: operators that no standard module has, defined in a module that uses them."""

from __future__ import annotations

import re

from mcheck.tla.vocabulary import Vocabulary

_TEXTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # name: (local names, lines); {0}, {1} … are the local names, {none} and other helpers by their names
    "Holds": (("p",), ("Holds({0}) == {0} = TRUE",)),
    "Min": (("a", "b"), ("Min({0}, {1}) == IF {0} < {1} THEN {0} ELSE {1}",)),
    "Max": (("a", "b"), ("Max({0}, {1}) == IF {0} > {1} THEN {0} ELSE {1}",)),
    "Least": (("S", "a", "b"), (r"Least({0}) == CHOOSE {1} \in {0} : \A {2} \in {0} : {1} <= {2}",)),
    "Greatest": (("S", "a", "b"), (r"Greatest({0}) == CHOOSE {1} \in {0} : \A {2} \in {0} : {1} >= {2}",)),
    "Elements": (("seq", "k"), (r"Elements({0}) == {{{0}[{1}] : {1} \in DOMAIN {0}}}",)),
    "Queue": (("net", "i", "j"), ("Queue({0}, {1}, {2}) == IF {0}[{1}, {2}] = {none} THEN <<>> ELSE {0}[{1}, {2}]",)),
    "Send": (
        ("net", "i", "j", "m"),
        (
            "Send({0}, {1}, {2}, {3}) ==",
            "  IF {0}[{1}, {2}] = {none} THEN {0} ELSE [{0} EXCEPT ![{1}, {2}] = Append(@, {3})]",
        ),
    ),
    "Broadcast": (
        ("net", "i", "to", "m", "p"),
        (
            "Broadcast({0}, {1}, {2}, {3}) ==",
            r"  [{4} \in DOMAIN {0} |->",
            r"    IF {4}[1] = {1} /\ {4}[2] \in {2} /\ {0}[{4}] # {none} THEN Append({0}[{4}], {3}) ELSE {0}[{4}]]",
        ),
    ),
    "Receive": (("net", "i", "j"), ("Receive({0}, {1}, {2}) == [{0} EXCEPT ![{1}, {2}] = Tail(@)]",)),
    "Connect": (
        ("net", "i", "j"),
        ("Connect({0}, {1}, {2}) == [{0} EXCEPT ![{1}, {2}] = <<>>, ![{2}, {1}] = <<>>]",),
    ),
    "Disconnect": (
        ("net", "i", "j"),
        ("Disconnect({0}, {1}, {2}) == [{0} EXCEPT ![{1}, {2}] = {none}, ![{2}, {1}] = {none}]",),
    ),
    "DisconnectAll": (
        ("net", "i", "p"),
        (
            "DisconnectAll({0}, {1}) ==",
            r"  [{2} \in DOMAIN {0} |-> IF {1} \in {{{2}[1], {2}[2]}} THEN {none} ELSE {0}[{2}]]",
        ),
    ),
}

_COMMENTS = {
    "Holds": "The condition itself.  TLC would take a step once for each way in which it is true.",
    "Queue": "What i has sent to j and j has not yet received; nothing where they are not connected.",
    "Send": "m put last into the channel from i to j; lost where they are not connected.",
    "Broadcast": "m sent from i to each member of a set that it is connected with.",
    "Receive": "The channel from i to j without its head.",
    "Connect": "A new connection between i and j, with nothing under way.",
    "Disconnect": "The connection between i and j broken; what was under way is lost.",
    "DisconnectAll": "Every connection of i broken.",
}

_SEQUENCES = frozenset(("Send", "Broadcast", "Receive"))


class Helpers:
    """The helpers that one module uses, by the names they have there."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words
        self._names: dict[str, str] = {}

    def named(self, helper: str) -> str:
        """The name of a helper, which is defined from now on."""
        if helper not in self._names:
            self._names[helper] = self.words.names.take(helper)
            if helper in _SEQUENCES:
                self.words.modules.add("Sequences")
            if "{none}" in "".join(_TEXTS[helper][1]):
                self.words.uses_none = True
        return self._names[helper]

    def text(self, body: str) -> list[str]:
        """The definitions of those that `body` uses, in a fixed order."""
        lines: list[str] = []
        for helper in (h for h in _TEXTS if h in self._names and re.search(rf"\b{self._names[h]}\(", body)):
            wanted, template = _TEXTS[helper]
            bound: list[str] = []
            for name in wanted:
                bound.append(self.words.names.local(name, bound))
            if helper in _COMMENTS:
                lines.append(f"\\* {_COMMENTS[helper]}")
            filled = [line.format(*bound, none=self.words.none) for line in template]
            lines += [line.replace(helper, self._names[helper], 1) if n == 0 else line for n, line in enumerate(filled)]
        return lines
