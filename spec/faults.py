"""What a protocol says of the faults it is made for: how processes fail, and how many may.

    class Raft(Spec[State]):
        fault_model = "crash-recovery"
        resilience = "n >= 2f + 1"

Both are claims for readers and for what lists protocols: no engine looks at them, and the specification itself says what can
fail.  Unlike an expected outcome they are inherited, as a tweak is made for the same faults.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from mcheck.spec.errors import SpecError

FaultModel = Literal["crash-stop", "synchronous crash-stop", "crash-recovery", "byzantine"]
"""crash-stop: a process that fails takes no further step; crash-recovery: it may come back, with what it has written down;
synchronous: there are rounds, and who does not answer in one has crashed; byzantine: it does anything at all."""

FAULT_MODELS: tuple[str, ...] = get_args(FaultModel)
_RESILIENCE = re.compile(r"n >= (?P<factor>[2-9]?)f \+ (?P<more>[1-9])|f = 0")


def check_faults(cls: Any) -> None:
    """SpecError for a fault model that is none, or a resilience that cannot be read."""
    model, resilience = vars(cls).get("fault_model"), vars(cls).get("resilience")
    if model is not None and model not in FAULT_MODELS:
        raise SpecError(f"{cls.__name__}.fault_model must be one of {', '.join(FAULT_MODELS)} (got {model!r:.60})")
    if resilience is not None and (not isinstance(resilience, str) or _RESILIENCE.fullmatch(resilience) is None):
        raise SpecError(
            f"{cls.__name__}.resilience must be like 'n >= 2f + 1', or 'f = 0' where any fault can stop it (got {resilience!r:.60})"
        )


def tolerated(resilience: str, processes: int) -> int:
    """The largest f that so many processes tolerate: `tolerated("n >= 2f + 1", 5)` is 2.  0 where nothing is."""
    match = _RESILIENCE.fullmatch(resilience)
    if match is None:
        raise SpecError(f"a resilience must be like 'n >= 2f + 1', or 'f = 0' (got {resilience!r:.60})")
    if match["more"] is None:
        return 0
    return max(0, (processes - int(match["more"])) // int(match["factor"] or 1))
