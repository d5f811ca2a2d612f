"""Whatever is wrong with what is typed, or with a spec: one line, the right status, and never a traceback."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Call

HEAD = """
from enum import Enum, auto
from typing import Annotated
from mcheck.spec import (
    GHOST, AtMost, In, Index, Map, OneOf, Range, Record, Set, Spec, Where,
    action, always, any, bound, constant, max, reachable, require, step,
)

class Node(Index, size="nodes"):
    pass

class Small(Record):
    x: Annotated[int, Range(0, "top")] = 0
    held: Node | None = None

class Base(Spec[Small]):
    nodes: int = constant(2, "nodes", least=1)
    top: int = bound(2, "highest x")

    def init(self) -> Small:
        return Small()

"""
COUNT = """
    @action
    def count(self, s: Small) -> Small:
        return s.replace(x=s.x + 1)
"""


def spec(body: str, head: str = HEAD) -> str:
    """A file with one specification, whose class body is `body`."""
    return head + "class Toy(Base):\n" + (body if body.strip() else COUNT)


@dataclasses.dataclass(frozen=True)
class Row:
    """One mistake: what is typed (`{file}` is a spec with `text`), and what must be said about it."""

    name: str
    arguments: str
    status: int
    says: tuple[str, ...]
    text: str = ""
    prepare: Callable[[Path], None] | None = None


def row(
    name: str, arguments: str, status: int, *says: str, text: str = "", prepare: Callable[[Path], None] | None = None
) -> Row:
    """A row, with what must be said as the last arguments."""
    return Row(name, arguments, status, says, text, prepare)


def writes(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Prepares a file of that name."""
    data = content.encode() if isinstance(content, str) else content

    def prepare(directory: Path) -> None:
        (directory / name).write_bytes(data)

    return prepare


def trace(**changes: object) -> Callable[[Path], None]:
    """Prepares t.json: a trace of the toy jugs, two steps long, with changes to its header."""
    header = {
        "schema": 1, "protocol": "two-jugs", "tweak": None, "source": "toys.py:TwoJugs", "fingerprint": "0",
        "constants": {}, "bounds": {}, "property": "Not four gallons", "initial": "Jugs(small=0, big=0)",
        "labels": ["fill_big()", "big_to_small()"], **changes,
    }  # fmt: skip
    states = [{"small": {"#bigint": str(a)}, "big": {"#bigint": str(b)}} for a, b in ((0, 0), (0, 5), (3, 2))]
    document = {"#meta": {"mcheck": header}, "vars": ["small", "big"], "states": states}
    return writes("t.json", json.dumps(document))


USAGE = [
    row("unknown protocol", "raff", 2, "'raff'", "did you mean 'raft'?", "mcheck list"),
    row("unknown verb", "simulat", 2, "'simulat'", "did you mean 'simulate'?"),
    row("nothing like it", "xyzzy --depth 3", 2, "'xyzzy'", "mcheck list"),
    row("unknown protocol after run", "run paxoss", 2, "'paxoss'", "did you mean 'paxos'?"),
    row("unknown tweak", "toys.py:Lock --tweak grant-twice", 2, "'grant-twice'", "did you mean 'grants-twice'?"),
    row("tweak of a spec without", "toys.py:TwoJugs --tweak x", 2, "no tweak 'x'", "it has none"),
    row("unknown option", "toys.py:Lock --dept 3", 2, "--dept", "--depth"),
    row("option of another spec", "toys.py:TwoJugs --nodes 3", 2, "--nodes"),
    row("help as a verb", "help", 2, "did you mean '--help'?"),
    row("version as a verb", "version", 2, "did you mean '--version'?"),
    row("where the options are listed", "paxos --nodes 3", 2, "no option --nodes; see mcheck run paxos --help"),
    row("option before the command", "--depth 3 die-hard", 2, "--depth"),
    row("no protocol", "run", 2, "PROTOCOL"),
    row("two protocols", "toys.py:Lock paxos", 2, "paxos"),
    row("option without value", "toys.py:Lock --depth", 2, "--depth requires an argument; see mcheck run toys.py:Lock --help"),
    row("unknown property", "toys.py:Lock --property mutual_exlusion", 2, "'mutual_exlusion'", "did you mean"),
    row("no nodes", "toys.py:Lock --nodes 0", 2, "--nodes", "from 1 to", "'0'"),
    row("minus one node", "toys.py:Lock --nodes -1", 2, "--nodes", "'-1'"),
    row("nodes abc", "toys.py:Lock --nodes abc", 2, "--nodes", "must be an integer", "'abc'"),
    row("half a node", "toys.py:Lock --nodes 1.5", 2, "--nodes", "must be an integer", "'1.5'"),
    row("very many nodes", f"toys.py:Lock --nodes {10**30}", 2, "--nodes", "1,000,000"),
    row("digits without end", f"toys.py:Lock --nodes {'9' * 5000}", 2, "--nodes", "must be an integer"),
    row("too many nodes for a map", "toys.py:Lock --nodes 5000", 2, "Lock.nodes", "at most 1,024", "5,000"),
    row("too many quorums to list", "paxos --acceptors 25", 2, 'OneOf("promise_quorums") lists more than 131,072 values',
        "--acceptors 25"),
    row("too many quorums to quantify over", "paxos --acceptors 17", 2, "more than 4,096 values", "--acceptors 17"),
    row("a bound without a value in it", "toys.py:Lock --max-turn -3", 2, "max_turn", "-3"),
    row("a negative capacity", "toys.py:Lock --max-requests -1", 2, "Lock.max_requests", "between 0 and 1,024", "-1"),
    row("negative depth", "toys.py:Lock --depth -1", 2, "--depth", "at least 0", "'-1'"),
    row("time limit x", "toys.py:Lock --time-limit x", 2, "--time-limit", "positive number of seconds", "'x'"),
    row("no time at all", "toys.py:Lock --time-limit 0", 2, "--time-limit", "positive"),
    row("endless time", "toys.py:Lock --time-limit inf", 2, "--time-limit", "positive"),
    row("no time known", "toys.py:Lock --time-limit nan", 2, "--time-limit", "positive"),
    row("no memory", "toys.py:Lock --memory-limit 0", 2, "--memory-limit", "at least 1"),
    row("no states", "toys.py:Lock --max-states 0", 2, "--max-states", "at least 1"),
    row("no workers", "toys.py:Lock --workers 0", 2, "--workers", "from 1 to"),
    row("unknown engine", "toys.py:Lock --engine quick", 2, "--engine", "auto, native, reference", "'quick'"),
    row("unknown colour", "toys.py:Lock --color red", 2, "--color", "auto, always, never"),
    row("conflict: exact fingerprints", "toys.py:Lock --symmetry=yes", 2, "--symmetry"),
    row("walks of no steps", "simulate toys.py:Lock --steps 0", 2, "--steps", "at least 1"),
    row("an option of run in simulate", "simulate toys.py:Lock --depth 3", 2, "--depth"),
    row("unknown to explain", "explain Agreemnt", 2, "'Agreemnt'", "did you mean 'Agreement'?"),
    row("explain nothing", "explain", 2, "PROTOCOL|PROPERTY"),
    row("unknown shell", "completion tcsh", 2, "bash, zsh, fish"),
    row("symmetry where members are named", "{file}:Toy --symmetry", 2, "symmetry", text=spec("""
    def init(self) -> Small:
        return Small(held=Node(0))
""" + COUNT)),
]  # fmt: skip

SETTINGS = [
    row("settings are not TOML", "toys.py:Lock", 2, "pyproject.toml", "not TOML", prepare=writes("pyproject.toml", "[tool")),
    row("unknown setting", "toys.py:Lock", 2, "'dept'", "did you mean 'depth'?",
        prepare=writes("pyproject.toml", "[tool.mcheck]\ndept = 3\n")),
    row("unknown constant in settings", "toys.py:Lock", 2, "'node'", "[tool.mcheck.lock]",
        prepare=writes("pyproject.toml", "[tool.mcheck.lock]\nnode = 3\n")),
    row("a wrong value in settings", "toys.py:Lock", 2, "--depth", "True",
        prepare=writes("pyproject.toml", "[tool.mcheck]\ndepth = true\n")),
    row("a setting that is a table", "toys.py:Lock", 2, "tool.mcheck",
        prepare=writes("pyproject.toml", "[tool]\nmcheck = 3\n")),
]  # fmt: skip

FILES = [
    row("missing file", "absent.py:Toy", 2, "absent.py", "no such file"),
    row("missing file, nearly", "toy.py", 2, "toy.py", "did you mean 'toys.py'?"),
    row("a directory", "./", 2, "not a Python file"),
    row("not a Python file", "./notes.txt", 2, "notes.txt", "not a Python file", prepare=writes("notes.txt", "hello")),
    row("syntax error", "bad.py:Toy", 4, "bad.py:2", "invalid syntax", prepare=writes("bad.py", "x = 1\nclass = 3\n")),
    row("not text", "bad.py:Toy", 4, "bad.py", prepare=writes("bad.py", b"\xff\xfe\x00\x01")),
    row("import error", "bad.py:Toy", 4, "bad.py:1", "no_such_module", prepare=writes("bad.py", "import no_such_module\n")),
    row("error while loading", "bad.py:Toy", 4, "bad.py:2", "ZeroDivisionError", prepare=writes("bad.py", "\n1/0\n")),
    row("a file that exits", "bad.py:Toy", 4, "bad.py:1", "SystemExit", prepare=writes("bad.py", "raise SystemExit(0)\n")),
    row("missing class", "toys.py:Look", 2, "no class 'Look'", "did you mean 'Lock'?"),
    row("not a Spec", "toys.py:Request", 2, "Request is not a specification", "Spec[State]"),
    row("a function", "toys.py:action", 2, "action is not a specification"),
    row("several candidates", "toys.py", 2, "toys.py:TwoJugs", "toys.py:Lock", "say which"),
    row("no spec in the file", "bad.py", 2, "no specification", prepare=writes("bad.py", "x = 1\n")),
    row("nothing after the colon", "toys.py:", 2, "say which"),
]  # fmt: skip


def state(fields: str, body: str = COUNT) -> str:
    """A specification whose state has these fields besides `x`."""
    classes = f"class Odd(Record):\n    x: Annotated[int, Range(0, 'top')] = 0\n    {fields}\n\n"
    start = '    def init(self) -> "Odd":\n        return Odd()\n'
    return HEAD + classes + "class Toy(Base):\n" + start + body.replace("Small", "Odd")


SPECS = [
    row("bare int", "{file}:Toy", 4, "Odd.y", "bare int", "Range(lo, hi)", text=state("y: int = 0")),
    row("list field", "{file}:Toy", 4, "Odd.y", "list is mutable", text=state("y: list[int] = []")),
    row("float field", "{file}:Toy", 4, "Odd.y", "float is not a domain", text=state("y: float = 0.0")),
    row("unknown constant in Range", "{file}:Toy", 4, "Odd.y", "'topp'", "did you mean 'top'?",
        text=state("y: Annotated[int, Range(0, 'topp')] = 0")),
    row("Set over a huge universe", "{file}:Toy", 4, "Odd.y", "at most 4,096", "AtMost",
        text=state("y: Set[Annotated[int, Range(0, 99999)]] = Set()")),
    row("sequence without length", "{file}:Toy", 4, "Odd.y", "AtMost", text=state("y: tuple[Node, ...] = ()")),
    row("two marks", "{file}:Toy", 4, "Odd.y", "In", text=state("y: Annotated[Node, In('x')] = None")),
    row("unknown name in an annotation", "{file}:Toy", 4, "Odd", "'Nod'", text=state("y: 'Nod | None' = None")),
    row("In an unknown field", "{file}:Toy", 4, "Toy.go", 'In("msgs")', "no field", text=spec("""
    @action
    def go(self, s: Small, m: Annotated[Node, In("msgs")]) -> Small:
        return s
""")),
    row("In a field without members", "{file}:Toy", 4, "Toy.go", "no members", text=spec("""
    @action
    def go(self, s: Small, m: Annotated[Node, In("x")]) -> Small:
        return s
""")),
    row("parameter without annotation", "{file}:Toy", 4, "Toy.go", "parameter i", text=spec("""
    @action
    def go(self, s: Small, i) -> Small:
        return s
""")),
    row("OneOf nothing", "{file}:Toy", 4, "Toy.go", "quorums", text=spec("""
    @action
    def go(self, s: Small, q: Annotated[Set[Node], OneOf("quorums")]) -> Small:
        return s
""")),
    row("a rule for parameters that raises", "{file}:Toy", 4, "Toy", "ZeroDivisionError", ".py:", text=spec("""
    def quorums(self):
        return 1 // 0

    @action
    def go(self, s: Small, q: Annotated[Set[Node], OneOf("quorums")]) -> Small:
        return s
""")),
    row("no action", "{file}:Toy", 4, "Toy has no action", text=spec("    pass\n")),
    row("override without decorator", "{file}:Child", 4, "Child.count", "without its decorator", "@action",
        text=spec(COUNT) + "class Child(Toy):\n    def count(self, s: Small) -> Small:\n        return s\n"),
    row("two properties of one title", "{file}:Toy", 4, "two properties called 'P'", text=spec(COUNT + """
    @always("P")
    def p(self, s: Small) -> bool:
        return True

    @always("P")
    def q(self, s: Small) -> bool:
        return True
""")),
    row("a property without title", "{file}:Toy", 4, "@always needs a title", text=spec(COUNT + """
    @always
    def p(self, s: Small) -> bool:
        return True
""")),
    row("init outside its domain", "{file}:Toy", 4, "Toy.init", "Small.x", "-1", text=spec("""
    def init(self) -> Small:
        return Small(x=-1)
""" + COUNT)),
    row("init beyond a bound", "{file}:Toy", 4, "Toy.init", "top = 2", text=spec("""
    def init(self) -> Small:
        return Small(x=3)
""" + COUNT)),
    row("init raises", "{file}:Toy", 4, "init", "division", ".py:", text=spec("""
    def init(self) -> Small:
        return Small(x=1 // 0)
""" + COUNT)),
    row("init returns nothing", "{file}:Toy", 4, "Toy.init", "None", text=spec("""
    def init(self) -> Small:
        pass
""" + COUNT)),
    row("action returns None", "{file}:Toy", 4, "odd.py:25: go: an action must return a Small (got None)", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        s.replace(x=1)
""")),
    row("action leaves the domain", "{file}:Toy", 4, "odd.py:25: go():", "Small.x", "-1", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        return s.replace(x=s.x - 1)
""")),
    row("unknown field", "{file}:Toy", 4, "odd.py:27: go:", "'y'", "x, held", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        return s.replace(y=1)
""")),
    row("a key that is none", "{file}:Toy", 4, "has no size", "Node", text=HEAD + "len(Node)\nclass Toy(Base):" + COUNT),
    row("endless recursion", "{file}:Toy", 4, "odd.py:27: go:", "endless recursion", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        return self.go(s)
""")),
    row("index out of range", "{file}:Toy", 4, "odd.py:38: look():", "index out of range", "reached in 2 steps",
        text=state("log: Annotated[tuple[Node, ...], AtMost(2)] = ()", """
    @action
    def grow(self, s: Small, i: Node) -> Small:
        return s.replace(x=s.x + 1, log=s.log + (i,))

    @action
    def look(self, s: Small) -> Small:
        require(s.x == 2, "two steps were taken")
        return s.replace(held=s.log[s.x])
""")),
    row("None.field", "{file}:Toy", 4, "odd.py:37: look():", "None has no 'x'", "test `is None` first", "reached in 1 step",
        text=state("last: Small | None = Small()", """
    @action
    def forget(self, s: Small) -> Small:
        return s.replace(last=None)

    @action
    def look(self, s: Small) -> Small:
        return s.replace(x=s.last.x)
""")),
    row("the largest of nothing", "{file}:Toy", 4, "odd.py:33: look():", "max of nothing", "default", "reached in 0 steps",
        text=state("seen: Set[Annotated[int, Range(0, 2)]] = Set()", """
    @action
    def look(self, s: Small) -> Small:
        return s.replace(x=max(x for x in s.seen))
""")),
    row("a property that fails in a state", "{file}:Toy", 4, "odd.py:37: p(i=0):", "None has no 'x'", "reached in 2 steps",
        text=state("last: Small | None = Small()", COUNT.replace("1)", "1, last=s.last if s.x == 0 else None)") + """
    @always("P")
    def p(self, s: Small, i: Node) -> bool:
        return s.last.x == 0
""")),
    row("property returns int", "{file}:Toy", 4, "odd.py:29: p: a property must return a bool (got <an int 0..2>)", text=spec(COUNT + """
    @always("P")
    def p(self, s: Small) -> bool:
        return s.x
""")),
    row("require without a bool", "{file}:Toy", 4, "odd.py:27: go: require('x'): the condition must be a bool (got <an int 0..2>)", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        require(s.x, "x")
        return s
""")),
    row("a line break in a message", "{file}:Toy", 4, "one two", text=spec("""
    @action
    def go(self, s: Small) -> Small:
        raise ValueError("one\\ntwo")
""")),
    row("a capacity that is no constant", "{file}:Toy", 4, "Odd.y: a capacity lies between 0 and 1,024 (got -1)",
        text=state("y: Annotated[Set[Node], AtMost(-1)] = Set()")),
]  # fmt: skip


def goes(body: str, parameters: str = "", fields: str = "") -> str:
    """A specification with one action, whose body this is; its state has these fields besides those of Small."""
    head = HEAD.replace("    held: Node", f"    {fields}\n    held: Node") if fields else HEAD
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return head + f"class Toy(Base):\n    @action\n    def go(self, s: Small{parameters}) -> Small:\n{lines}"


TWO_UNITS = "at: Annotated[int, Range(0, 'last')] = 0"
MESSAGES = "msgs: Annotated[Set['Ask | Grant'], AtMost(2)] = Set()"
KINDS = """
class Ask(Record):
    src: Node

class Grant(Record):
    dst: Node

"""

LANGUAGE = [
    row("is on an enum", "{file}:Toy", 4, "odd.py:30: `is` cannot be traced: write ==",
        text=goes("require(s.mode is Mode.ON, 'it is on')\nreturn s", fields="mode: 'Mode' = None")
        .replace("class Small", "class Mode(Enum):\n    ON = auto()\n\nclass Small").replace("= None\n    held", "= Mode.ON\n    held")),
    row("builtin sum", "{file}:Toy", 4, "odd.py:26: builtin sum() cannot be traced: use count",
        text=goes("require(sum(1 for i in Node) > 1, 'two')\nreturn s")),
    row("builtin sorted", "{file}:Toy", 4, "odd.py:27: builtin sorted() cannot be traced",
        text=goes("return s.replace(x=sorted(s.seen)[0])", fields="seen: Set[Annotated[int, Range(0, 2)]] = Set()")),
    row("builtin min", "{file}:Toy", 4, "odd.py:26: builtin min() cannot be traced: add `from mcheck import min`",
        text=goes("return s.replace(x=min(s.x, 1))")),
    row("too many paths", "{file}:Toy --nodes 7", 2, "go: this action has more than 2,000 paths", "odd.py:30", "write a quantifier",
        "(with --nodes 7; the defaults are in order)", text=goes(
            "n = 0\nfor i in Node:\n    for j in Node:\n        if s.held_by[i] == j:\n            n = n + 1\nreturn s.replace(x=n)",
            fields="held_by: Map[Node, Node | None]").replace("Small()", "Small(held_by=Map.fill(Node, None))")),
    row("an order on a scalarset", "{file}:Toy", 4, "odd.py:26: go: a Node 0..1", "only == and !=",
        text=goes("require(i < j, 'in order')\nreturn s", ", i: Node, j: Node")),
    row("arithmetic on a scalarset", "{file}:Toy", 4, "odd.py:26: go: a Node 0..1", "only == and !=",
        text=goes("return s.replace(held=i + 1)", ", i: Node")),
    row("a term used as a position", "{file}:Toy", 4, "odd.py:29: go:", "'top'", "'last'",
        text=goes("require(s.x == s.at, 'never')\nreturn s", fields=TWO_UNITS)
        .replace("def init", "last: int = bound(2, 'last position')\n\n    def init")),
    row("a term stored as a position", "{file}:Toy", 4, "odd.py:29: go: Small.at: a value limited by 'top'", "'last'",
        text=goes("return s.replace(at=s.x)", fields=TWO_UNITS)
        .replace("def init", "last: int = bound(2, 'last position')\n\n    def init")),
    row("a ghost decides", "{file}:Toy", 4, "odd.py:27: go: the ghost 'past'", "only properties and other ghosts may read it",
        text=goes("require(i in s.past, 'i was there')\nreturn s.replace(held=i)", ", i: Node",
                  fields="past: Annotated[Set[Node], GHOST] = Set()")),
    row("chance decides", "{file}:Toy", 4, "odd.py:24: go: not a function", "nothing but the state and the parameters may decide",
        text="import random" + goes("return s.replace(x=random.randrange(10**9) % 2 + random.randrange(10**9))")),
    row("a counter decides", "{file}:Toy", 4, "go: not a function", text=goes("return s.replace(x=next(calls) % 2)")
        .replace("class Toy", "import itertools\ncalls = itertools.count()\n\nclass Toy")),
    row("assignment to the class", "{file}:Toy", 4, "odd.py:26: assignment to .calls: values are immutable",
        text=goes("Toy.calls = 1\nreturn s")),
    row("assignment to a field", "{file}:Toy", 4, "odd.py:26: assignment to .x: values are immutable, write .replace(x=…)",
        text=goes("s.x = 1\nreturn s")),
    row("assignment to an item", "{file}:Toy", 4, "odd.py:27: assignment to an item: values are immutable, write .set(key, value)",
        text=goes("s.by[i] = True\nreturn s", ", i: Node", fields="by: Map[Node, bool] = None")
        .replace("Small()", "Small(by=Map.fill(Node, False))")),
    row("assignment to a global", "{file}:Toy", 4, "odd.py:27: assignment to the global calls",
        text=goes("global calls\ncalls = 1\nreturn s")),
    row("a field before the kind is known", "{file}:Toy", 4, "odd.py:33: go: field 'src' is read from a value that may be Ask, Grant",
        "test with isinstance or match first",
        text=goes("return s.replace(held=m.src)", ", m: Annotated[Ask | Grant, In('msgs')]", fields=MESSAGES)
        .replace("class Small", KINDS.lstrip() + "class Small")),
    row("a set display", "{file}:Toy", 4, "odd.py:27: a {…} set display hashes its members: write Set.of(…)",
        text=goes("return s.replace(seen={i})", ", i: Node", fields="seen: Set[Node] = Set()")),
    row("a dict display", "{file}:Toy", 4, "odd.py:26: go: a {...} display or a dict key", text=goes("return {s.x: s}[s.x]")),
    row("a loop over a set of the state", "{file}:Toy", 4, "odd.py:27: go: a loop", "give them a generator expression",
        text=goes("for i in s.seen:\n    s = s.replace(held=i)\nreturn s", fields="seen: Set[Node] = Set()")),
    row("a loop up to a number of the state", "{file}:Toy", 4, "odd.py:26: go: Python needs a number here (range",
        text=goes("for k in range(s.x):\n    s = s.replace(x=k)\nreturn s")),
    row("an index into a plain tuple", "{file}:Toy", 4, "odd.py:26: go: Python needs a number here", "an index into a plain tuple",
        text=goes("return s.replace(x=(0, 1, 2)[s.x])")),
    row("an unknown field that no run reads", "{file}:Toy", 4, "odd.py:27: go: Small has no field 'y'; it has x, held",
        text=goes("require(s.x > 0, 'never here')\nreturn s.replace(x=s.y)")),
    row("a field of a member", "{file}:Toy", 4, "odd.py:27: go: a Node 0..1 has no field or method 'x'",
        text=goes("require(s.held is not None, 'somebody')\nreturn s.replace(x=s.held.x)")),
    row("division by what is not known", "{file}:Toy", 4, "odd.py:26: go: // and % take a positive constant on the right (got <an int 0..2>)",
        text=goes("return s.replace(x=2 // s.x)")),
    row("a fraction", "{file}:Toy", 4, "odd.py:26: go: an int 0..2 is no operand here", text=goes("return s.replace(x=s.x / 2)")),
    row("require in a quantifier", "{file}:Toy", 4, "go: require stands inside a quantifier", text=goes(
        "def free(i):\n    require(s.held != i, 'free')\n    return True\nrequire(any(free(i) for i in Node), 'some')\nreturn s")),
    row("a plain error on a path that no run takes", "{file}:Toy", 4, "odd.py:26: go: cannot be traced: NameError: name 'undefined'",
        text=goes("return s if s.x == 0 else undefined")),
]  # fmt: skip

TRACES = [
    row("missing trace", "replay absent.json", 2, "absent.json", "No such file"),
    row("a directory for a trace", "replay .", 2, "cannot be read"),
    row("truncated trace", "replay t.json", 2, "t.json:1", "truncated", prepare=writes("t.json", '{"#meta": {"mcheck"')),
    row("empty trace", "replay t.json", 2, "t.json", "not a trace", prepare=writes("t.json", "")),
    row("bytes for a trace", "replay t.json", 2, "not text", prepare=writes("t.json", b"\xff\xfe\x81")),
    row("foreign JSON", "replay t.json", 2, "not a trace of mcheck", prepare=writes("t.json", '{"states": []}')),
    row("a list", "replay t.json", 2, "not a trace of mcheck", prepare=writes("t.json", "[1, 2]")),
    row("deep JSON", "replay t.json", 2, "t.json", prepare=writes("t.json", "[" * 100_000)),
    row("a trace of the future", "replay t.json", 2, "schema 2", prepare=trace(schema=2)),
    row("a header with a hole", "replay t.json", 2, "'labels'", prepare=trace(labels=None)),
    row("a label that is a number", "replay t.json", 2, "label", prepare=trace(labels=[1, 2])),
    row("more labels than states", "replay t.json", 2, "states", prepare=trace(labels=["fill_big()"] * 5)),
    row("its spec is gone", "replay t.json", 2, "gone.py", "no such file", prepare=trace(source="gone.py:TwoJugs")),
    row("its protocol is gone", "replay t.json", 2, "'gone'", prepare=trace(source="m:C", protocol="gone")),
    row("its tweak is gone", "replay t.json", 1, "no tweak 'gone'", prepare=trace(tweak="gone")),
    row("stale label", "replay t.json", 1, "step 2", "no action 'pour'",
        prepare=trace(labels=["fill_big()", "pour()"])),
    row("a label that is no text of ours", "replay t.json", 1, "step 1", "not a label", prepare=trace(labels=["fill big", "x"])),
    row("stale parameter", "replay t.json", 1, "step 1", "takes no parameter", prepare=trace(labels=["fill_big(i=1)", "x()"])),
    row("stale constant", "replay t.json", 1, "no constant 'gallons'", prepare=trace(constants={"gallons": 4})),
    row("stale property", "replay t.json", 1, "no longer has a property", prepare=trace(property="Not five gallons")),
    row("other states than recorded", "replay t.json", 1, "step 2", "another state than recorded, in small, big",
        prepare=trace(labels=["fill_big()", "fill_big()"])),
    row("a trace of another spec", "replay t.json", 1, "step 0", "another state than recorded",
        prepare=trace(source="toys.py:Lock", protocol="lock")),
    row("shrink nothing", "shrink", 2, "TRACE", "mcheck shrink --help"),
    row("shrink a missing trace", "shrink absent.json", 2, "absent.json", "No such file"),
    row("shrink a truncated trace", "shrink t.json", 2, "t.json:1", "truncated", prepare=writes("t.json", '{"#meta"')),
    row("shrink what was saved for an error", "shrink t.json", 2, "t.json", "nothing to shrink it to", prepare=trace(property=None)),
    row("shrink what violates nothing", "shrink t.json", 2, "Not four gallons is not violated anywhere", prepare=trace()),
    row("shrink a stale trace", "shrink t.json", 1, "step 2", "no action 'pour'", prepare=trace(labels=["fill_big()", "pour()"])),
    row("shrink in no time", "shrink t.json --time-limit 0", 2, "--time-limit", "positive", prepare=trace()),
    row("shrink without states", "shrink t.json --max-states 0", 2, "--max-states", "at least 1", prepare=trace()),
    row("shrink a protocol", "shrink raft", 2, "raft", "cannot be read"),
    row("explain a missing trace", "explain absent.itf.json", 2, "absent.itf.json", "No such file"),
    row("explain a truncated trace", "explain t.json", 2, "t.json:1", "truncated", prepare=writes("t.json", '{"#meta"')),
    row("explain what is no trace", "explain notes.txt", 2, "notes.txt:1", "not a trace", prepare=writes("notes.txt", "hello")),
    row("explain what was saved for an error", "explain t.json", 2, "t.json", "mcheck replay t.json", prepare=trace(property=None)),
    row("explain what is violated no more", "explain t.json", 1, "Not four gallons is no longer violated", prepare=trace()),
    row("explain a stale trace", "explain t.json", 1, "step 2", "no action 'pour'", prepare=trace(labels=["fill_big()", "pour()"])),
    row("explain a protocol as JSON", "explain raft --json", 2, "--json explains a trace", "'raft'"),
]  # fmt: skip

GRAPHS = [
    row("graph of nothing", "graph", 2, "PROTOCOL"),
    row("graph of an unknown protocol", "graph raff", 2, "did you mean 'raft'?"),
    row("graph of a missing trace", "graph absent.itf.json", 2, "absent.itf.json", "No such file"),
    row("graph of a truncated trace", "graph t.json", 2, "t.json:1", "truncated", prepare=writes("t.json", '{"#meta"')),
    row("graph of a stale trace", "graph t.json", 1, "step 2", "no action 'pour'",
        prepare=trace(labels=["fill_big()", "pour()"])),
    row("unknown format", "graph toys.py:Lock -f pdf", 2, "--format", "dot, graphml, svg, png", "'pdf'"),
    row("a file of no format", "graph toys.py:Lock -o lock.pdf", 2, "lock.pdf: say which format", "-f dot"),
    row("a picture on the terminal", "graph toys.py:Lock -f png", 2, "-f png needs a file"),
    row("a folder that is none", "graph toys.py:Lock -o absent/lock.dot", 2, "absent/lock.dot", "folder that exists"),
    row("a folder for a file", "graph toys.py:Lock -o .", 2, "written to a file"),
    row("around a protocol", "graph toys.py:Lock --around 1", 2, "--around"),
    row("constants of a trace", "graph t.json --nodes 3", 2, "--nodes", prepare=trace()),
    row("around by less than nothing", "graph t.json --around -1", 2, "--around", "at least 0", prepare=trace()),
    row("a projection on nothing", "graph toys.py:Lock --project seat", 2, "--project seat", "did you mean 'seats'?"),
    row("a projection too deep", "graph toys.py:Lock --project seats.mode.x", 2, "seats.mode is a Mode", "stop there"),
    row("a witness to be marked", "graph toys.py:Lock --property held", 2, "the lock is held", "this one is reachable"),
    row("a property to be marked that is none", "graph toys.py:Lock --property x", 2, "Lock has no property 'x'"),
    row("more states than can be listed", "graph raft --max-states 50", 2, "Raft has more than 50 states here", "--depth 4"),
]  # fmt: skip

EXPORTS = [
    row("export of nothing", "export", 2, "TRACE"),
    row("export of a missing trace", "export absent.json -f itf", 2, "absent.json", "No such file"),
    row("export without a format", "export t.json", 2, "say which format: -f pytest, -f itf", prepare=trace()),
    row("export to an unknown format", "export t.json -f pdf", 2, "--format", "pytest, itf", "'pdf'", prepare=trace()),
    row("export into no folder", "export t.json -o absent/test_it.py", 2, "folder that exists", prepare=trace()),
    row("export of a stale label", "export t.json -f pytest", 1, "no action 'pour'",
        prepare=trace(labels=["fill_big()", "pour()"])),
    row("export of a stale property", "export t.json -f pytest", 1, "no longer has a property",
        prepare=trace(property="Not five gallons")),
    row("export of a stale constant", "export t.json -f pytest", 1, "no constant 'gallons'",
        prepare=trace(constants={"gallons": 4})),
    row("ITF of other states", "export t.json -f itf", 1, "another state than recorded",
        prepare=trace(labels=["fill_big()", "fill_big()"])),
]  # fmt: skip

COMPARISONS = [
    row("compare nothing", "compare", 2, "PROTOCOL"),
    row("compare an unknown protocol", "compare raff", 2, "did you mean 'raft'?"),
    row("compare an unknown tweak", "compare toys.py:Lock --tweak grant-twice", 2, "did you mean 'grants-twice'?"),
    row("compare by an unknown property", "compare toys.py:Lock --property x", 2, "Lock has no property 'x'"),
    row("compare in no process", "compare toys.py:Lock --processes 0", 2, "--processes", "from 1 to 256"),
    row("compare in no time", "compare toys.py:Lock --time-limit 0", 2, "--time-limit", "positive"),
    row("compare with a constant of another", "compare toys.py:TwoJugs --nodes 3", 2, "--nodes"),
]  # fmt: skip

ROWS = [*USAGE, *SETTINGS, *FILES, *SPECS, *LANGUAGE, *TRACES, *GRAPHS, *EXPORTS, *COMPARISONS]


@pytest.mark.parametrize("case", ROWS, ids=[r.name for r in ROWS])
def test_one_line_and_the_right_status(case: Row, mcheck: Call, tmp_path: Path) -> None:
    if case.prepare is not None:
        case.prepare(tmp_path)
    if case.text:
        (tmp_path / "odd.py").write_text(case.text, encoding="utf-8")
    ran = mcheck(*case.arguments.replace("{file}", "odd.py").split())
    assert "Traceback" not in ran.out + ran.err
    assert ran.status == case.status, ran.err
    lines = ran.err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("mcheck: ")
    assert len(lines[0]) < 500
    assert "internal error" not in lines[0]
    for words in case.says:
        assert words in lines[0]


def test_there_are_many_rows_and_none_twice() -> None:
    assert len(ROWS) >= 40
    assert len({r.name for r in ROWS}) == len(ROWS)
