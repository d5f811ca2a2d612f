"""Labels: `deliver(m=RequestVote(src=0, …))`, written and read back."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mcheck.spec.errors import UsageError
from mcheck.spec.order import text

if TYPE_CHECKING:
    from mcheck.spec.instance import Instance, Rule


def label_text(name: str, parameters: Sequence[str], arguments: Sequence[Any]) -> str:
    """`name(p=value, …)`: complete, as all nondeterminism is in the parameters."""
    return f"{name}({', '.join(f'{p}={text(v)}' for p, v in zip(parameters, arguments, strict=True))})"


def parse_label(instance: Instance, label: str) -> tuple[Rule, tuple[Any, ...]]:
    """The action and arguments that `label_text` wrote.  UsageError, saying what is wrong, for any other text."""
    from mcheck.spec.specification import did_you_mean

    try:
        node = ast.parse(label.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"{label!r} is not a label: write action(parameter=value, …)") from None
    if isinstance(node, ast.Name):
        node = ast.Call(func=node, args=[], keywords=[])
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        raise UsageError(f"{label!r} is not a label: write action(parameter=value, …)")
    names = {a.name: a for a in instance.actions}
    action = names.get(node.func.id)
    if action is None:
        raise UsageError(f"{instance.name} has no action {node.func.id!r}{did_you_mean(node.func.id, names)}")
    given = {k.arg: k.value for k in node.keywords}
    parameters = action.signature.parameters
    wanted = [p.name for p in parameters]
    if sorted(map(str, given)) != sorted(wanted):
        raise UsageError(
            f"{action.name} takes {', '.join(wanted) or 'no parameter'} (got {', '.join(map(str, given)) or 'none'})"
        )
    arguments = []
    for parameter in parameters:
        try:
            arguments.append(parameter.domain.decode(given[parameter.name]))
        except UsageError as error:
            raise UsageError(f"{action.name}: parameter {parameter.name}: {error}") from None
    return action, tuple(arguments)
