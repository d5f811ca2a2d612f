"""Time and Ctrl-C end the building of formulas, wherever it is."""

from __future__ import annotations

import signal

import pytest

from mcheck.checker.smt.bounded import check_bounded
from mcheck.checker.smt.patience import Patience, Undecided
from mcheck.models.two_phase_commit import TwoPhaseCommit


def test_an_interrupt_waits_for_the_next_value() -> None:
    """Python prints and forgets what is raised while a term is released; so nothing is raised at once."""
    patience = Patience(None)
    with patience.held():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            patience.check()


def test_no_question_is_asked_after_an_interrupt() -> None:
    patience = Patience(1000)
    with patience.held():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            patience.left()


def test_time_is_over() -> None:
    with pytest.raises(Undecided, match="time limit"):
        Patience(0).check()
    Patience(1000).check()


def test_an_interrupt_while_formulas_are_built_is_an_honest_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def interrupted(patience: Patience) -> None:
        nonlocal asked
        asked += 1
        if asked == 30:
            signal.raise_signal(signal.SIGINT)
        check(patience)

    check = Patience.check
    monkeypatch.setattr(Patience, "check", interrupted)
    instance = TwoPhaseCommit().instance
    rules = [r for r in instance.properties if r.kind == "always"]
    found = check_bounded(instance, rules, 12)
    assert found.reason == "interrupted" and found.result == "inconclusive"
    assert asked == 30
