"""Ctrl-C, made to wait for a moment at which a search can stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Ctrl-C, held back until it is asked for; a second one does not wait."""

    def __init__(self) -> None:
        self.came = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts; in the main thread, for no other one is interrupted."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True

    def check(self) -> None:
        """KeyboardInterrupt if it came."""
        if self.came:
            raise KeyboardInterrupt
