"""Serves an adapter written in Python on standard input and output: `python -m mcheck.conformance.serving FILE.py[:Class]`.

For an implementation that needs a Python, or a version of a library, other than the one mcheck runs in.
"""

from __future__ import annotations

import json
import sys
from typing import IO, Any

from mcheck.conformance.adapter import failure_of
from mcheck.conformance.loading import adapter_from
from mcheck.conformance.wire import observation_json, operation_json, operation_of
from mcheck.spec import McheckError


def answer(adapter: Any, request: dict[str, Any]) -> dict[str, Any]:
    """What the adapter says to one request."""
    call = request.get("call")
    if call == "reset":
        adapter.reset(request["nodes"], request["seed"], request["options"])
        return {}
    if call == "enabled":
        return {"operations": [operation_json(o) for o in adapter.enabled()]}
    if call == "step":
        event = adapter.step(operation_of(request["operation"]))
        sent = [{"id": s.id, "src": s.src, "dst": s.dst, "kind": s.kind, "content": s.content} for s in event.sent]
        return {"node": event.node, "sent": sent}
    if call == "observe":
        return observation_json(adapter.observe(request["node"]))
    if call == "perform":
        adapter.perform(request["action"], request["arguments"])
        return {}
    return {"error": f"no such call: {call!r}"}


def serve(adapter: Any, lines: IO[str], out: IO[str]) -> None:
    """Answer until there are no more requests."""
    for line in lines:
        request = json.loads(line)
        try:
            said = answer(adapter, request)
        except McheckError as error:
            said = {"error": str(error)}
        except Exception as error:
            said = {"error": str(failure_of(error, str(request.get("call"))))}
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    served = adapter_from(sys.argv[1])
    answers, sys.stdout = sys.stdout, sys.stderr  # what the implementation prints is no answer
    serve(served, sys.stdin, answers)
