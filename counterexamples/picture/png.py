"""A picture as PNG, by resvg: a wheel without system libraries, imported when asked for."""

from __future__ import annotations

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.picture.layout import Picture, picture_of
from mcheck.counterexamples.picture.story import story_of
from mcheck.counterexamples.picture.svg import svg_of
from mcheck.spec import UsageError

_FINE, _LARGEST = 40e6, 120e6
"""In pixels: up to where each unit of a picture gets two pixels, and where there is none any more."""
_FONT = "DejaVu Sans Mono"


def png_document(counterexample: Counterexample) -> bytes:
    """The picture of a counterexample in pixels.  UsageError as of `png_of`."""
    return png_of(picture_of(story_of(counterexample)))


def png_of(picture: Picture) -> bytes:
    """A picture in pixels.  UsageError without resvg, without a font, and for a picture that no viewer would open."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise UsageError("a PNG needs resvg-py: pip install 'mcheck-protocols[png]', or take -f svg") from None
    size = picture.width * picture.height
    if size > _LARGEST:
        raise UsageError(
            f"a picture of {len(picture.rows) - 1:,} steps is too long for a PNG "
            f"({picture.width:,.0f} × {picture.height:,.0f} pixels): take -f html or -f svg"
        )
    blank, dot = (
        _drawn(
            svg_to_bytes,
            f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text x="1" y="8">{c}</text></svg>',
            1,
        )
        for c in (" ", "M")
    )
    if blank == dot:
        raise UsageError("a PNG needs a font, and there is none on this system: install one, or take -f svg")
    return _drawn(svg_to_bytes, svg_of(picture), 2 if size * 4 <= _FINE else 1)


def _drawn(svg_to_bytes: object, svg: str, zoom: int) -> bytes:
    assert callable(svg_to_bytes)
    return bytes(svg_to_bytes(svg_string=svg, zoom=zoom, font_family=_FONT, monospace_family=_FONT))
