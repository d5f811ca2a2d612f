"""A graph as a page: its drawing, to be scrolled and enlarged by the browser, with its title in words.  It loads nothing."""

from __future__ import annotations

import html
import re

from mcheck.counterexamples.graphs.graph import Graph

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.4 Helvetica, Arial, sans-serif; margin: 1.5rem; color: #222; background: #fff; }
h1 { font-size: 1.1rem; }
figure { margin: 0; overflow: auto; border: 1px solid #ddd; padding: .5rem; }
figure svg { max-width: none; height: auto; }
@media print { figure { overflow: visible; border: 0; } figure svg { max-width: 100%; } }
""".strip()


def html_text(graph: Graph, svg: str) -> str:
    """The page; `svg` is the drawing of the graph."""
    title = html.escape(graph.title)
    what = html.escape(f"{graph.title}: {len(graph.vertices)} vertices, {len(graph.arrows)} arrows", quote=True)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<figure role="img" aria-label="{what}">\n{_element(svg)}\n</figure>\n</body>\n</html>\n'
    )


def _element(svg: str) -> str:
    """The svg element alone: without what only stands before it in a file of its own."""
    found = re.search(r"<svg\b.*</svg>", svg, re.DOTALL)
    return found.group(0) if found else ""
