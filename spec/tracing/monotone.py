"""Monotone: the rules of a Byzantine protocol lose nothing by counting what faulty members can sign as sent.

Let a rule be looked at as a function of the messages that faulty members have sent.  If more of them never disable a step,
never change where a step leads, never make an invariant true and never a witness false, then whatever is reached while they
are sent one by one is reached after all of them; and that is the form that is searched.  What is decided here is a little
less: that the text of the rule says so, through operations that are monotone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mcheck.spec.byzantine import CORRECT, MSGS
from mcheck.spec.domains.containers import SetOf
from mcheck.spec.domains.scalars import IntRange, Scalarset
from mcheck.spec.errors import LanguageError, place_of_definition
from mcheck.spec.instance import Instance, Rule
from mcheck.spec.ir.nodes import BOOL, Node
from mcheck.spec.ir.tree import Answer, Branch, Fails, Leaf, Tree, Update, leaves
from mcheck.spec.parameters import MemberParameter
from mcheck.spec.tracing.tracer import ForkingTracer

UP, DOWN, FIXED = 1, -1, 0
"""With more messages sent a value may grow, may shrink, or stays: false < true, numbers by size, sets by inclusion."""

_SIGNS: dict[str, tuple[int, ...]] = {
    "not": (DOWN,), "and": (UP, UP), "or": (UP, UP), "lt": (DOWN, UP),
    "add": (UP, UP), "sub": (UP, DOWN), "minimum": (UP, UP), "maximum": (UP, UP),
    "exists": (FIXED, UP, UP), "number": (FIXED, UP, UP), "comprehension": (FIXED, UP, UP, FIXED),
    "member": (FIXED, UP), "subset": (DOWN, UP), "size": (UP,),
    "union": (UP, UP), "inter": (UP, UP), "minus": (UP, DOWN), "insert": (UP, FIXED), "erase": (UP, FIXED),
}  # fmt: skip
"""How the arguments may move where the result may grow; of any other operation they must stay."""

_RAW = f"s.{MSGS} holds only what correct members have sent: ask self.sent(s, m)"


_MAY = {
    "action": "one message more of a faulty member may only make more steps possible, and not lead them elsewhere",
    "always": "one message more of a faulty member may only break an invariant",
    "reachable": "one message more of a faulty member may only make a witness true",
    "step": "a property of steps may not depend on what a faulty member has sent",
    "constraint": "a constraint may not depend on what a faulty member has sent",
    "implements": "a mapping may not depend on what a faulty member has sent",
}
_ASK = "Ask for what was sent, not for what was not (any, all, count(…) >= k, and, or)"


def check_fields(instance: Instance) -> None:
    """LanguageError unless the state has `correct` and `msgs` as a Byzantine protocol needs them."""
    name, fields = instance.state_class.__name__, instance.state_domain.fields
    correct, msgs = fields.get(CORRECT), fields.get(MSGS)
    if not (isinstance(correct, SetOf) and isinstance(correct.member, Scalarset)):
        raise LanguageError(
            f"{name}.{CORRECT}: a Byzantine protocol needs the field {CORRECT}: Set[Node], Node an Index"
        )
    if not isinstance(msgs, SetOf):
        raise LanguageError(
            f"{name}.{MSGS}: a Byzantine protocol needs the field {MSGS}: Set[Message], without a capacity"
        )


def check_monotone(tracer: ForkingTracer, instance: Instance, rule: Rule, tree: Tree) -> None:
    """LanguageError, with file and line, where a rule is not seen to be monotone in what faulty members have sent."""
    for parameter in rule.signature.parameters:
        if isinstance(parameter, MemberParameter) and parameter.field == MSGS:
            raise LanguageError(
                f'{place_of_definition(rule.function)}: {rule.name}: parameter {parameter.name}: In("{MSGS}") leaves out what faulty members may have sent: let it range over its whole type, and require(self.sent(s, {parameter.name}), …)'
            )
    reading = _Reading(tracer, rule)
    if rule.kind == "action":
        _check_action(reading, instance, tree)
    else:
        _check_property(reading, tree)


def _check_action(reading: _Reading, instance: Instance, tree: Tree) -> None:
    """More messages enable more steps, to the same states; `msgs` grows, and `correct` stays."""
    build = reading.tracer.build
    for leaf in dict.fromkeys(map(_end, leaves(tree))):
        if leaf is not None:
            reading.check(_merged(tree, lambda other, leaf=leaf: build.truth(_end(other) == leaf), build.choice), UP)  # type: ignore[misc]
    for update in leaves(tree):
        if not isinstance(update, Update):
            continue
        for name, value in update.fields.items():
            if name == CORRECT:
                raise reading.refusal("changes which members are correct: init chooses them for good")
            if name == MSGS:
                reading.check_growth(value)
            else:
                reading.check(value, FIXED)


def _check_property(reading: _Reading, tree: Tree) -> None:
    """An invariant is broken, a witness reached, by more messages rather than by fewer; nothing else may ask for any."""
    build = reading.tracer.build
    direction = {"always": DOWN, "reachable": UP}.get(reading.rule.kind, FIXED)
    if direction == FIXED:
        for node in _expressions(tree):
            reading.check(node, FIXED)
        return
    reading.check(_merged(tree, lambda leaf: build.truth(isinstance(leaf, Fails)), build.choice), UP)
    failing = build.truth(direction == DOWN)
    reading.check(
        _merged(tree, lambda leaf: leaf.value if isinstance(leaf, Answer) else failing, build.choice), direction
    )


def _end(leaf: Leaf) -> tuple[object, ...] | None:
    """What a leaf comes to: the same for two steps to the same states, None where there is no step."""
    if isinstance(leaf, Update):
        return ("update", *((name, value.id) for name, value in leaf.fields.items()))
    return ("fails", leaf.message) if isinstance(leaf, Fails) else None


def _merged(tree: Tree, leaf: Callable[[Leaf], Node], choice: Callable[[Node, Node, Node], Node]) -> Node:
    """One condition for a whole tree."""
    if not isinstance(tree, Branch):
        return leaf(tree)
    return choice(tree.condition, _merged(tree.then, leaf, choice), _merged(tree.otherwise, leaf, choice))


def _expressions(tree: Tree) -> Iterator[Node]:
    if isinstance(tree, Branch):
        yield tree.condition
        yield from _expressions(tree.then)
        yield from _expressions(tree.otherwise)
    elif isinstance(tree, Answer):
        yield tree.value


@dataclass(frozen=True)
class _Reading:
    """Reads the expressions of one rule."""

    tracer: ForkingTracer
    rule: Rule

    def refusal(self, words: str, place: str | None = None) -> LanguageError:
        return LanguageError(f"{place or place_of_definition(self.rule.function)}: {self.rule.name}: {words}")

    def check(self, node: Node, direction: int) -> None:
        """LanguageError unless the value may move in this direction only."""
        self._check(node, direction, set())

    def _check(self, node: Node, direction: int, done: set[tuple[int, int]]) -> None:
        if (node.id, direction) in done:
            return
        done.add((node.id, direction))
        if node.op == "sent":
            self._check_sent(node, direction)
            return
        if node.op == "field" and node.args[0].op == "state":
            if node.args[1] == MSGS:
                raise self.refusal(_RAW, self.tracer.watched_reads.get(node.id))
            return
        if node.op == "state":
            raise self.refusal(_RAW)
        if node.op == "ite":
            self._check_choice(node, direction, done)
            return
        signs = _SIGNS.get(node.op)
        inner = [a for a in node.args if isinstance(a, Node)]
        for k, argument in enumerate(inner):
            self._check(argument, direction * signs[k] if signs else FIXED, done)

    def _check_sent(self, node: Node, direction: int) -> None:
        if direction != UP:
            owner = type(self.tracer.instance.spec).__name__
            raise self.refusal(
                f"{_MAY[self.rule.kind]}; it counts as having sent all that it can sign.  {_ASK}, or let it send step by step: class X(Injection[State], {owner})",
                self.tracer.build.places[node.id],
            )

    def _check_choice(self, node: Node, direction: int, done: set[tuple[int, int]]) -> None:
        """A condition may decide between two numbers, or two conditions, of which one is known to be no smaller."""
        condition, then, otherwise = node.args
        asked = FIXED
        if _precedes(otherwise, then):
            asked = direction
        elif _precedes(then, otherwise):
            asked = -direction
        self._check(condition, asked, done)
        self._check(then, direction, done)
        self._check(otherwise, direction, done)

    def check_growth(self, value: Node) -> None:
        """LanguageError unless the new `msgs` is the old one and more, whatever faulty members have sent."""
        if value.op == "field" and value.args[1] == MSGS and value.args[0].op == "state":
            return
        if value.op == "insert":
            self.check_growth(value.args[0])
            self.check(value.args[1], FIXED)
        elif value.op == "union":
            a, b = value.args
            grown, more = (a, b) if _grows(a) else (b, a)
            self.check_growth(grown)
            self.check(more, FIXED)
        elif value.op == "ite":
            self.check(value.args[0], FIXED)
            self.check_growth(value.args[1])
            self.check_growth(value.args[2])
        else:
            raise self.refusal(f"{MSGS} may only grow (add, |): what was sent can be received at any later time")


def _grows(value: Node) -> bool:
    """Whether a set is built on the `msgs` of the state."""
    while value.op in ("insert", "union", "ite"):
        if value.op == "union":
            return _grows(value.args[0]) or _grows(value.args[1])
        value = value.args[0 if value.op == "insert" else 1]
    return value.op == "field" and value.args[1] == MSGS and value.args[0].op == "state"


def _precedes(x: Node, y: Node) -> bool:
    """Whether x is seen to be no larger than y, in every state: of conditions, to imply it."""
    if isinstance(x.domain, IntRange) and isinstance(y.domain, IntRange):
        return x is y or x.hi <= y.lo
    return x.domain is BOOL and y.domain is BOOL and _implies(x, y)


def _implies(x: Node, y: Node) -> bool:
    """Whether y is seen to be true where x is.  False may mean only that it is not seen."""
    if x is y or (x.is_const and not x.value) or (y.is_const and y.value):
        return True
    if x.op == "or":
        return all(_implies(part, y) for part in x.args)
    if y.op == "and":
        return all(_implies(x, part) for part in y.args)
    if x.op == "ite" and y.op == "ite" and x.args[0] is y.args[0]:
        return _implies(x.args[1], y.args[1]) and _implies(x.args[2], y.args[2])
    if x.op == "not" and y.op == "not":
        return _implies(y.args[0], x.args[0])
    if x.op == "and" and any(_implies(part, y) for part in x.args):
        return True
    return y.op == "or" and any(_implies(x, part) for part in y.args)
