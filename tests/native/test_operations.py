"""Every operation of the language on values of 1 to 300 bits and more: machine code against the plain functions.

Each family is one spec, written down for a given size; its actions and properties are the operations.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest
from tests.native.comparing import CompiledRules, differences
from tests.native.random_specs import made

from mcheck.checker.native.reading import Unlowerable
from mcheck.spec import Instance, Set
from mcheck.spec.tracing.agreement import disagreements, typed_states


def assert_alike(instance: Instance, states: Iterable[Any]) -> None:
    """Plain functions, IR and machine code agree in these states."""
    given = list(states)
    assert [str(d) for d in itertools.islice(disagreements(instance, given), 3)] == []
    assert list(itertools.islice(differences(instance, given), 3)) == []


def typed(instance: Instance, number: int, seed: int = 1) -> list[Any]:
    return list(itertools.islice(typed_states(instance, random.Random(seed)), number))


def family(head: str, fields: str, start: str, methods: str, **sizes: object) -> Instance:
    """The spec with these declarations, fields, initial state and methods; `$name` stands for a size."""
    indented = "\n".join(f"    {line}" for line in methods.strip().split("\n"))
    source = f"""
class Node(Index, size="nodes"):
    pass

class Colour(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3

{head}

class State(Record):
    {"; ".join(f.strip() for f in fields.strip().splitlines())}

class Made(Spec[State]):
    nodes: int = constant(3)

    def init(self) -> State:
        return State({start})

{indented}
"""
    for name, size in sorted(sizes.items(), reverse=True):  # $low before $lo
        source = source.replace(f"${name}", str(size))
    return made(source).instance


def actions(signature: str, **updates: str) -> str:
    """An action for each update."""
    return "\n".join(
        f"@action\ndef {name}(self, s: State{signature}) -> State:\n    return s.replace({update})"
        for name, update in updates.items()
    )


def truths(signature: str = "", **conditions: str) -> str:
    """A property for each condition."""
    return "\n".join(
        f'@always("{name}")\ndef {name}(self, s: State{signature}) -> bool:\n    return {condition}'
        for name, condition in conditions.items()
    )


# ---------------------------------------------------------------------- sets as bits

SET_ACTIONS = {
    "insert": "a=s.a.add(s.k)",
    "erase": "a=s.a.remove(s.k)",
    "erase_and_insert": "a=s.a.remove(s.k).add(s.l).remove(s.k)",
    "union": "a=s.a | s.b",
    "inter": "a=s.a & s.b",
    "minus": "a=s.a - s.b",
    "without_images": "a=s.a - Set(x for x in s.b if x != s.k)",
    "common_images": "a=s.a & Set(where(x == s.k, s.l, x) for x in s.b)",
    "mixed": "a=(s.a - s.b) | (s.b & Set.of(s.k, s.l)), b=s.a",
    "only": "a=Set.of(s.k)",
    "chosen": "a=where(s.yes, s.a, s.b)",
    "filtered": "a=Set(x for x in s.a if x != s.k or s.yes)",
    "filtered_by_other": "a=Set(x for x in s.b if x not in s.a)",
    "cleared": "a=Set()",
    "size": "n=len(s.a)",
    "size_of_union": "n=len(s.a | s.b) - len(s.a & s.b)",
    "size_of_changed": "n=len(s.a.add(s.k).remove(s.l))",
    "number": "n=count(x != s.k for x in s.a)",
    "number_in_difference": "n=count(x == s.l for x in s.a - s.b)",
}
SET_TRUTHS = {
    "member": "s.k in s.a",
    "member_of_changed": "s.k in (s.a.remove(s.k) | s.b)",
    "subset": "s.a <= s.b",
    "superset": "(s.a | s.b) >= s.b.add(s.k)",
    "equal": "s.a == s.b",
    "equal_changed": "s.a.add(s.k) == s.b.add(s.k)",
    "some": "any(x == s.k for x in s.a)",
    "every": "all(x != s.k or x in s.b for x in s.a)",
    "some_pair": "any(x != s.k and x in s.b for x in s.a)",
    "empty": "not s.a",
}
UNIVERSES = [1, 7, 33, 63, 64, 65, 128, 129, 300]


def related_sets(instance: Instance, number: int) -> list[Any]:
    """Random states, and as many whose sets have much in common."""
    rng = random.Random(2)
    states = typed(instance, number)
    member = instance.state_domain.fields["k"]
    for s in states[: number // 2]:
        few = Set(member.random(rng) for _ in range(rng.randint(0, 3)))
        states.append(s.replace(b=(s.a | few) - Set.of(s.l)))
    return states


@pytest.mark.parametrize("size", UNIVERSES)
def test_bit_sets_of_numbers(size: int) -> None:
    numbers = {
        "image": "a=Set(min(x + 1, $hi) for x in s.b)",
        "of_parity": "a=Set(x for x in s.a if x % 3 == 1)",
        "largest": "n=max((x for x in s.a if x in s.b), default=-500)",
        "smallest": "n=min((x for x in s.a if x > s.k), default=500)",
        "below": "n=count(x < s.k for x in s.a)",
    }
    lo = -(size // 3)
    instance = family(
        "Member = Annotated[int, Range($lo, $hi)]",
        "a: Set[Member]\nb: Set[Member]\nk: Member\nl: Member\nn: Annotated[int, Range(-500, 500)]\nyes: bool",
        "a=Set(), b=Set(), k=$lo, l=$hi, n=0, yes=False",
        actions("", **SET_ACTIONS, **numbers)
        + '\n@action\ndef take(self, s: State, m: Annotated[Member, In("a")]) -> State:\n'
        + "    return s.replace(a=s.a.remove(m), k=m)\n"
        + truths(
            **SET_TRUTHS, **({"ordered": "all(all(x <= y or y in s.b for y in s.a) for x in s.b)"} if size < 65 else {})
        ),
        lo=lo,
        hi=lo + size - 1,
    )
    assert instance.state_domain.fields["a"].parts()[0].cardinality == size
    assert_alike(instance, related_sets(instance, 24))


@pytest.mark.parametrize(("first", "second"), [(1, 1), (7, 8), (8, 8), (11, 13)])
def test_bit_sets_of_records_and_unions(first: int, second: int) -> None:
    """Up to 2 · 11 · 13 + 11 members: their ranks are computed from their fields."""
    fields = {
        "firsts": "n=count(isinstance(x, Pair) and x.x == s.i for x in s.a)",
        "made": "a=s.a.add(Pair(x=s.i, y=s.j, z=s.yes)).add(One(x=s.i))",
        "unmade": "a=s.a.remove(Pair(x=s.i, y=s.j, z=s.yes)).remove(One(x=s.i))",
        "paired": "b=Set(x for x in s.a if isinstance(x, Pair) and any(isinstance(y, One) and x.x == y.x for y in s.b))",
        "ones": "b=Set(One(x=x.x) for x in s.a if isinstance(x, Pair) and x.z)",
    }
    instance = family(
        "X = Annotated[int, Range(-1, $first)]\nY = Annotated[int, Range(1, $second)]\n"
        "class Pair(Record):\n    x: X\n    y: Y\n    z: bool\n\nclass One(Record):\n    x: X\n\nMember = Pair | One",
        "a: Set[Member]\nb: Set[Member]\nk: Member\nl: Member\nn: Annotated[int, Range(0, 999)]\nyes: bool\ni: X\nj: Y",
        "a=Set(), b=Set(), k=One(x=-1), l=One(x=-1), n=0, yes=False, i=-1, j=1",
        actions("", **SET_ACTIONS, **fields)
        + '\n@action\ndef take(self, s: State, m: Annotated[Pair, In("a")]) -> State:\n'
        + "    return s.replace(a=s.a.remove(m), k=m, i=m.x)\n"
        + truths(**SET_TRUTHS, known="Pair(x=s.i, y=s.j, z=s.yes) in s.a or One(x=s.i) in s.b"),
        first=first - 2,
        second=second,
    )
    assert_alike(instance, related_sets(instance, 16))


# ---------------------------------------------------------------------- integers

INTEGERS = {
    "sum": "r=s.x + s.y",
    "difference": "r=s.x - s.y - 1",
    "negative": "r=-s.x",
    "half": "r=s.x // 2",
    "third": "r=s.x // 3",
    "tenth": "r=(s.x - 7) // 10",
    "unit": "r=s.x // 1",
    "parity": "r=s.x % 2",
    "modulo_three": "r=(s.x - s.y) % 3",
    "modulo_ten": "r=s.x % 10",
    "triple": "r=s.x * 3",
    "smaller": "r=min(s.x, s.y)",
    "larger": "r=max(s.x + 1, s.y, 0)",
    "clamped": "r=min(max(s.x, -1), s.y)",
    "chosen": "r=where(s.x < s.y, s.x, s.y + 1)",
    "stored": "x=s.y, y=s.x",
}
COMPARISONS = {
    "less": "s.x < s.y",
    "less_or_equal": "s.x <= s.y",
    "same": "s.x == s.y",
    "unlike": "s.x + 1 != s.y",
    "positive": "s.x > 0",
    "sums": "s.x + s.y >= s.r - 1",
}


@pytest.mark.parametrize("bits", [1, 2, 3, 8, 16, 31, 32, 33, 48, 60])
@pytest.mark.parametrize("signed", [False, True])
def test_integers(bits: int, signed: bool) -> None:
    lo = -(1 << (bits - 1)) if signed else 0
    hi = lo + (1 << bits) - 1
    product = {"product": "r=s.x * s.y"} if bits <= 30 else {}
    instance = family(
        "X = Annotated[int, Range($lo, $hi)]",
        "x: X\ny: X\nr: Annotated[int, Range($low, $high)]",
        "x=0, y=0, r=0",
        actions("", **INTEGERS, **product) + "\n" + truths(**COMPARISONS),
        lo=lo,
        hi=hi,
        low=-(1 << 62),
        high=(1 << 62) - 1,
    )
    edges = [v for v in (lo, lo + 1, lo + 2, -1, 0, 1, 2, hi - 1, hi) if lo <= v <= hi]
    corners = [instance.initial[0].replace(x=x, y=y, r=x - y) for x in edges for y in edges]
    assert_alike(instance, [*corners, *typed(instance, 40)])


def test_integers_that_no_word_holds_are_not_compiled() -> None:
    instance = family(
        "X = Annotated[int, Range(0, $hi)]",
        "x: X\nyes: bool",
        "x=0, yes=False",
        actions("", product="yes=s.x * s.x > s.x"),
        hi=(1 << 40) - 1,
    )
    with pytest.raises(Unlowerable, match="64 bits"):
        CompiledRules(instance)


# ---------------------------------------------------------------------- values wider than a word

WIDE_ACTIONS = {
    "copied": "a=s.b, b=s.a",
    "changed": "a=s.a.replace($last=s.b.f0)",
    "built": "a=Wide($values)",
    "optional_set": "o=s.a",
    "optional_cleared": "o=None",
    "optional_read": "a=s.b if s.o is None else s.o",
    "union_set": "u=s.a",
    "union_other": "u=Small(f0=s.a.f0)",
    "union_read": "a=s.u if isinstance(s.u, Wide) else s.b",
    "union_common": "a=s.a.replace(f0=s.u.f0)",
    "map_set": "m=s.m.set(s.i, s.a)",
    "map_set_twice": "m=s.m.set(s.i, s.a).set(s.j, s.m[s.i])",
    "map_read": "a=s.m[s.j], b=s.m.set(s.i, s.a)[s.j]",
    "map_of": "m=Map.of(Node, lambda k: s.a if k == s.i else s.m[k])",
    "map_filled": "m=Map.fill(Node, s.b)",
    "appended": "q=s.q[:2] + (s.a,)",
    "put_in_front": "q=(s.a,) + s.q[1:]",
    "tail": "q=s.q[1:]",
    "without_last": "q=s.q[:-1]",
    "part": "q=s.q[len(s.q) - 2:]",
    "first_of": "a=s.q[0] if len(s.q) > 0 else s.b",
    "last_of": "a=s.q[-1] if len(s.q) > 0 else s.b",
    "joined": "q=s.q[:1] + s.q[1:2] + s.q[2:]",
    "added": "c=s.c.remove(s.b).add(s.a)",
    "added_and_removed": "c=s.c.add(s.a).remove(s.b)",
    "removed": "c=s.c.remove(s.a)",
    "kept": "c=Set(x for x in s.c if x.f0 != s.a.f0)",
    "common_to": "c=s.c & Set.of(s.a, s.b)",
    "without": "c=s.c - Set.of(s.a)",
    "counted": "n=count(x.f0 == s.a.f0 for x in s.c)",
    "sized": "n=len(s.c)",
    "bag_added": "g=s.g.remove(s.b).add(s.a)",
    "bag_removed": "g=s.g.remove(s.a)",
    "bag_changed": "g=s.g.add(s.a).remove(s.b)",
    "bag_copies": "n=s.g.count(s.a)",
    "bag_sized": "n=len(s.g)",
    "bag_distinct": "n=count(True for x in s.g)",
    "received": "net=s.net.receive(s.i, s.j) if s.i != s.j and len(s.net[s.i, s.j]) > 0 else s.net",
    "sent": "net=s.net.send(s.i, s.j, s.a) if s.i != s.j and len(s.net[s.i, s.j]) < 2 else s.net",
    "sent_too_many": "net=s.net.send(s.i, s.j, s.a.replace(f0=s.a.f0 + 1)) if s.i != s.j else s.net",
    "sent_and_received": "net=s.net.receive(s.i, s.j).send(s.j, s.i, s.net[s.i, s.j][0])"
    " if s.i != s.j and len(s.net[s.i, s.j]) > 0 else s.net",
    "connected": "net=s.net.connect(s.i, s.j) if s.i != s.j else s.net",
    "greeted": "net=s.net.connect(s.i, s.j).send(s.i, s.j, s.a).send(s.i, s.j, s.b) if s.i != s.j else s.net",
    "disconnected": "net=s.net.disconnect(s.i)",
    "parted": "net=s.net.disconnect(s.i, s.j) if s.i != s.j else s.net",
    "told_nobody": "net=s.net.disconnect(s.i).broadcast(s.i, Set.of(s.j), s.b)",
    "told": "net=s.net.broadcast(s.i, Set.of(s.i, s.j), s.b)",
    "told_new": "net=s.net.broadcast(s.i, Set(k for k in Node if s.net.connected(k, s.i)), Wide($values))",
    "told_twice": "net=s.net.broadcast(s.i, Set.of(s.j), s.a.replace(f0=s.b.f0 + 1)).broadcast(s.j, Set.of(s.i), s.a)",
    "told_either": "net=(s.net if s.a == s.b else s.net.disconnect(s.j)).broadcast(s.i, Set.of(s.j), s.b)",
}
WIDE_TRUTHS = {
    "equal": "s.a == s.b",
    "equal_changed": "s.a.replace(f0=s.b.f0) == s.b",
    "optional_equal": "s.o == s.a",
    "optional_none": "s.o is None",
    "union_equal": "s.u == s.a",
    "union_kind": "isinstance(s.u, Small)",
    "map_equal": "s.m == s.m.set(s.i, s.a)",
    "map_values": "s.m[s.i] == s.m[s.j]",
    "sequence_equal": "s.q == s.q[:2]",
    "sequence_member": "s.a in s.q",
    "sequence_some": "any(x.f0 == s.a.f0 for x in s.q)",
    "set_member": "s.a in s.c",
    "set_equal": "s.c == s.c.remove(s.a)",
    "set_subset": "s.c.remove(s.b) <= s.c.remove(s.a)",
    "set_every": "all(any(x == y for y in s.q) for x in s.c)",
    "bag_member": "s.a in s.g",
    "bag_equal": "s.g.count(s.a) == s.g.count(s.b)",
    "bag_some": "any(x.f0 == s.a.f0 for x in s.g)",
    "channel_equal": "s.i == s.j or s.net[s.i, s.j] == s.q",
    "channel_open": "s.net.connected(s.i, s.j)",
    "channel_after": "s.net.disconnect(s.i).connected(s.i, s.j) or s.i == s.j or s.net.connect(s.i, s.j) == s.net",
}


def wide_family(fields: int) -> Instance:
    """Records of `fields` numbers of 6 bits, and one bit, in every structure there is."""
    names = [f"f{k}" for k in range(fields)]
    record = "".join(f"    {name}: Annotated[int, Range(-1, 62)]\n" for name in names)
    return family(
        f"class Wide(Record):\n{record}    flag: bool\n\nclass Small(Record):\n    f0: Annotated[int, Range(-1, 62)]",
        """a: Wide
        b: Wide
        o: (Wide | None)
        u: (Wide | Small)
        m: Map[Node, Wide]
        q: Annotated[tuple[Wide, ...], AtMost(3)]
        c: Annotated[Set[Wide], AtMost(4)]
        g: Annotated[Bag[Wide], AtMost(4, copies=3)]
        net: Annotated[Channels[Node, Wide], AtMost(2)]
        i: Node
        j: Node
        n: Annotated[int, Range(0, 9)]""",
        "a=Wide($zeros), b=Wide($zeros), o=None, u=Small(f0=0), m=Map.fill(Node, Wide($zeros)), q=(), c=Set(),"
        " g=Bag(), net=Channels.empty(Node), i=Node(0), j=Node(1), n=0",
        actions("", **WIDE_ACTIONS)
        + '\n@action\ndef take(self, s: State, m: Annotated[Wide, In("c")]) -> State:\n'
        + "    return s.replace(c=s.c.remove(m), a=m)\n"
        + '@action\ndef draw(self, s: State, m: Annotated[Wide, In("g")]) -> State:\n'
        + "    return s.replace(g=s.g.remove(m), b=m)\n"
        + truths(**WIDE_TRUTHS),
        values=", ".join(f"{name}=s.{'ab'[k % 2]}.{name}" for k, name in enumerate(names)) + ", flag=s.b.flag",
        zeros=", ".join(f"{name}=0" for name in names) + ", flag=False",
        last=names[-1],
    )


def related(state: Any, rng: random.Random) -> Any:
    """The state with some of its wide values made equal."""
    pool = [state.a, state.b, *state.q, *state.c, *state.g, *state.m.values()]
    pool.append(state.a.replace(f0=state.b.f0))
    pick = lambda: rng.choice(pool)  # noqa: E731
    chosen = state.replace(a=pick(), b=pick(), o=rng.choice([None, pick()]), q=tuple(pick() for _ in state.q))
    return chosen.replace(m=state.m.set(state.i, pick()), u=rng.choice([state.u, pick()]))


@pytest.mark.parametrize("fields", [1, 10, 21, 50, *(pytest.param(k, marks=pytest.mark.slow) for k in (4, 11, 32, 43))])
def test_wide_values_in_every_structure(fields: int) -> None:
    """Records of 7 to 301 bits."""
    instance = wide_family(fields)
    rng = random.Random(3)
    states = [related(s, rng) for s in typed(instance, 30)]
    assert_alike(instance, [*states, *typed(instance, 5)])


# ---------------------------------------------------------------------- long sequences, large maps

SEQUENCES = {
    "appended": "q=s.q[:$last] + (s.k,)",
    "overfull": "q=s.q + (s.k,)",
    "put_in_front": "q=(s.k,) + s.q[:$last]",
    "from_place": "q=s.q[s.p:]",
    "up_to": "q=s.q[:s.p]",
    "between": "q=s.q[1:s.p]",
    "read": "k=s.q[s.p]",
    "read_from_end": "k=s.q[-1] if len(s.q) > 0 else 0",
    "read_joined": "k=(s.q + (s.k,))[s.p] if s.p <= len(s.q) else s.k",
    "length": "p=max(0, len(s.q[1:]) - 1)",
    "number": "p=min($last, count(x > s.k for x in s.q))",
    "distinct": "p=min($last, len(Set(x for x in s.q if x != 2)))",
    "largest": "k=max((x for x in s.q), default=0)",
}


@pytest.mark.parametrize(
    "capacity", [1, 5, 21, 64, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 15, 20, 22, 43, 100))]
)
def test_sequences(capacity: int) -> None:
    """Of 3 bits a member: 300 bits and more."""
    instance = family(
        "K = Annotated[int, Range(0, 4)]",
        "q: Annotated[tuple[K, ...], AtMost($capacity)]\nk: K\np: Annotated[int, Range(0, $last)]",
        "q=(), k=0, p=0",
        "\n".join(
            f"@action\ndef {name}(self, s: State) -> State:\n"
            f"    require({'s.p < len(s.q)' if name == 'read' else 'len(s.q) < $capacity or s.k > 0'}, 'room')\n"
            f"    return s.replace({update})"
            for name, update in SEQUENCES.items()
            if name != "overfull"
        )
        + "\n"
        + truths(
            member="s.k in s.q",
            equal="s.q == s.q[:s.p] + s.q[s.p:]",
            sorted="all(s.q[k] <= s.q[k + 1] for k in range(0, $few) if k + 1 < len(s.q))",
            repeated="any(any(x == y and x == s.k for y in s.q[1:]) for x in s.q)",
        ),
        capacity=capacity,
        last=capacity - 1 or 1,
        few=min(capacity, 8),
    )
    assert_alike(instance, typed(instance, 40))


@pytest.mark.parametrize("members", [2, 5, 9, 34, 70])
def test_maps_of_wide_values(members: int) -> None:
    """Maps by pairs of keys, whose values are sets of up to 70 bits: up to 630 bits."""
    instance = family(
        "Member = Annotated[int, Range(1, $members)]",
        """m: Map[tuple[Node, Colour], Set[Member]]
        d: Map[Annotated[int, Range(-1, 2)], Annotated[tuple[Member, ...], AtMost(2)]]
        i: Node
        k: Colour
        x: Member
        t: Annotated[int, Range(-1, 2)]
        n: Annotated[int, Range(0, 99)]""",
        "m=Map.fill((Node, Colour), Set()), d=Map.fill(Annotated[int, Range(-1, 2)], ()), i=Node(0), k=Colour.RED,"
        " x=1, t=0, n=0",
        actions(
            "",
            added="m=s.m.set((s.i, s.k), s.m[s.i, s.k].add(s.x))",
            moved="m=s.m.set((s.i, s.k), Set()).set((s.i, Colour.RED), s.m[s.i, s.k])",
            filled="m=Map.fill((Node, Colour), s.m[s.i, s.k])",
            mapped="m=Map.of((Node, Colour), lambda p: s.m[s.i, Colour.RED])",
            pushed="d=s.d.set(s.t, s.d[s.t][:1] + (s.x,))",
            following="d=s.d.set(min(s.t + 1, 2), s.d[s.t])",
            every="d=Map.of(Annotated[int, Range(-1, 2)], lambda t: s.d[t][1:])",
            number="n=count(s.x in s.m[j, s.k] for j in Node)",
        )
        + "\n"
        + truths(
            ", j: Node",
            equal="s.m[s.i, s.k] == s.m[j, s.k]",
            subset="s.m[s.i, s.k] <= s.m[j, Colour.BLUE] | s.m[j, s.k]",
            whole="s.m == s.m.set((s.i, s.k), s.m[j, s.k])",
            rows="all(s.d[t] == s.d[s.t] or len(s.d[t]) > 0 for t in range(-1, 3))",
        ),
        members=members,
    )
    rng = random.Random(4)

    def alike(state: Any) -> Any:
        entries = list(state.m.items())
        return state.replace(m=state.m.set(rng.choice(entries)[0], rng.choice(entries)[1]))

    assert_alike(instance, [*map(alike, typed(instance, 30)), *typed(instance, 10)])


CHARGED = {
    "append": "q=s.q + (s.n + 1,)",
    "append_two": "q=s.q + (s.n, s.n + 1)",
    "in_front": "q=(s.n + 1,) + s.q",
    "joined": "q=s.q + s.q",
    "add": "c=s.c.add(s.n + 1)",
    "add_two": "c=s.c.add(s.n).add(s.n + 1)",
    "add_and_remove": "c=s.c.add(s.n).remove(s.m)",
    "add_and_remove_itself": "c=s.c.add(s.n + 1).remove(s.n + 1)",
    "remove_outside": "c=s.c.remove(s.n + 1)",
    "unite": "c=s.c | Set.of(s.n, s.m + 1)",
    "bag_add": "g=s.g.add(s.n + 1)",
    "bag_add_two": "g=s.g.add(s.n).add(s.m)",
    "bag_add_three": "g=s.g.add(s.n).add(s.n).add(s.m)",
    "bag_add_and_remove": "g=s.g.add(s.n).remove(s.m)",
    "bag_add_and_remove_both": "g=s.g.add(s.n).remove(s.m).add(s.m).remove(s.n)",
    "bit_add": "b=s.b.add(s.n + 1)",
    "bit_add_and_remove": "b=s.b.add(s.n + 1).remove(s.n + 1)",
    "bit_inter": "b=s.b & Set.of(s.n + 1, s.m)",
    "bit_minus": "b=s.b - Set.of(s.n + 1, s.m)",
    "record": "r=Rec(x=s.n + 1, y=s.m - 1)",
    "replaced": "r=s.r.replace(y=s.m - 1, x=s.n + 1)",
    "option": "o=Rec(x=s.n + 1, y=s.m)",
    "map": "d=s.d.set(s.i, s.n + 1).set(s.i, s.m)",
    "map_of": "d=Map.of(Node, lambda k: s.d[k] + 1)",
    "constant_record": "r=Rec(x=s.n, y=-3)",
    "constant_set": "c=Set.of(0, 1, 9)",
    "two_fields": "n=s.n + 1, q=s.q + (s.m,)",
    "two_fields_backwards": "r=Rec(x=s.n + 1, y=s.m - 1), n=s.m - 2",
}


@pytest.mark.parametrize("top", [1, 2])
@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_the_same_bound_is_charged(top: int, room: int) -> None:
    """Where a value leaves several domains: the first field's, a member's before the size of what holds it.

    Only what an action returns is looked at: what it adds and takes away again leaves nothing.
    """
    instance = family(
        'N = Annotated[int, Range("low", "top")]\nclass Rec(Record):\n    x: N\n    y: N',
        """n: N
        m: N
        q: Annotated[tuple[N, ...], AtMost("room")]
        c: Annotated[Set[N], AtMost("room")]
        g: Annotated[Bag[N], AtMost("room", copies="twice")]
        b: Set[N]
        r: Rec
        o: (Rec | None)
        d: Map[Node, N]
        i: Node""",
        "n=0, m=0, q=(), c=Set(), g=Bag(), b=Set(), r=Rec(x=0, y=0), o=None, d=Map.fill(Node, 0), i=Node(0)",
        f"low: int = bound(-1)\ntop: int = bound({top})\nroom: int = bound({room})\ntwice: int = bound(2)\n"
        + actions("", **CHARGED),
    )
    assert_alike(instance, typed(instance, 150))


def test_the_families_reach_widths_of_hundreds_of_bits() -> None:
    rules = CompiledRules(wide_family(43))
    shape = rules.layout.shape(rules.program.instance.state_domain.fields["a"])
    assert not shape.small
    assert shape.words == 5
    assert rules.layout.words > 60
