"""How results show themselves in a notebook.  Whoever can draw them says so here; nothing here knows how.

Source: IPython, Integrating your objects with IPython, the method `_repr_mimebundle_`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

Bundle = dict[str, str]
"""A result in several forms, by MIME type: the notebook chooses the richest that it can show."""


class Displayed:
    """A result that a notebook shows as more than its repr."""

    __slots__ = ()
    _written_by: ClassVar[list[Callable[[Any], Bundle]]] = []

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        for write in Displayed._written_by[-1:]:
            return write(self)
        return {"text/plain": repr(self)}


def displayed_by(write: Callable[[Any], Bundle]) -> None:
    """From now on, every Displayed is shown as `write` says."""
    Displayed._written_by[:] = [write]
