"""A counterexample to induction as a picture in a file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mcheck.cti_report import reachability_words
from mcheck.files import refuse_bad_path, write_file
from mcheck.spec import UsageError

if TYPE_CHECKING:
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.counterexamples.picture.induction import InductionStep
    from mcheck.proofs import LeftOut

_ENDINGS = (".svg", ".png")


def refuse_drawing(path: str) -> None:
    """UsageError, before any work, for a file that cannot be drawn."""
    if not path.lower().endswith(_ENDINGS):
        raise UsageError(f"--draw {path}: a picture is a file that ends in {' or '.join(_ENDINGS)}")
    refuse_bad_path(path)


def draw(name: str, dropped: LeftOut, verdict: ProofVerdict, path: str) -> str:
    """Write the picture of the verdict's counterexample; a line that says so, or why there is nothing to draw.

    `name` is what was typed to name the proof.
    """
    if verdict.cti is None:
        return f"nothing drawn: there is no counterexample to induction, and no {path}"
    from mcheck.counterexamples.picture.induction import induction_picture, induction_svg

    step = _induction_step(name, dropped, verdict)
    if path.lower().endswith(".svg"):
        write_file(path, induction_svg(step))
    else:
        from mcheck.counterexamples.picture.png import png_of

        write_file(path, png_of(induction_picture(step)))
    return f"wrote {path}"


def _induction_step(name: str, dropped: LeftOut, verdict: ProofVerdict) -> InductionStep:
    """The counterexample with the words around it."""
    from mcheck.counterexamples.picture.induction import InductionStep

    cti, reached = verdict.cti, verdict.reachability
    assert cti is not None
    known = "" if cti.action is None or reached is None else reachability_words(cti, reached)
    return InductionStep(
        verdict.system,
        cti.action,
        cti.values,
        cti.conjunct,
        cti.falsified_by,
        cti.before,
        cti.after,
        name,
        known,
        shlex.join(["mcheck", "prove", name, "--any-n", *dropped.options]),
    )
