"""Work in processes of its own: each task starts with an empty memory, and one that dies takes no other with it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_TICK = 0.5


@dataclass(frozen=True)
class Died:
    """A process ended without an answer."""

    status: int | None

    def __str__(self) -> str:
        cause = (
            f"killed by signal {-self.status}"
            if self.status is not None and self.status < 0
            else f"status {self.status}"
        )
        return f"its process ended without an answer ({cause})"


@dataclass
class _Running(Generic[T]):
    number: int
    task: T
    process: Any
    answer: Connection


def in_processes(
    function: Callable[[T], R], tasks: Sequence[T], at_once: int, tick: Callable[[list[T]], None]
) -> Iterator[tuple[int, R | Died]]:
    """(number of the task, what `function` returns for it), in the order in which they finish.

    `function` is one that can be imported; it and its results are pickled.  `tick` is told twice a second which tasks are
    running.  When the iterator is closed, or an interrupt arrives, what still runs is ended.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(enumerate(tasks))[::-1]
    running: list[_Running[T]] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                number, task = waiting.pop()
                receiving, sending = context.Pipe(duplex=False)
                process = context.Process(target=_answer, args=(sending, function, task), daemon=True)
                with _interrupts_held():
                    process.start()
                sending.close()
                running.append(_Running(number, task, process, receiving))
            tick([r.task for r in running])
            ready = wait([r.answer for r in running], timeout=_TICK)
            for done in [r for r in running if r.answer in ready]:
                running.remove(done)
                yield done.number, _received(done)
    finally:
        for left in running:
            left.process.terminate()
        for left in running:
            left.process.join()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Within the block an interrupt waits; a process started there never gets one, as its parent will end it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _received(done: _Running[Any]) -> Any:
    try:
        return done.answer.recv()
    except EOFError:
        done.process.join()
        return Died(done.process.exitcode)
    finally:
        done.answer.close()
        done.process.join()


def _answer(sending: Connection, function: Callable[[Any], Any], task: Any) -> None:
    """What a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be held back
    sending.send(function(task))
    sending.close()
