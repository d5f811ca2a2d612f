"""mcheck doctor: what is installed, and what the terminal can show."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib import metadata

import click

from mcheck.options import color_option

_NEEDED = ("click", "itf-py")
_OPTIONAL = {
    "hypothesis": "property-based testing of specs (mcheck.testing)",
    "psutil": "memory figures where the system has no /proc",
    "llvmlite": "the native engine",
    "z3-solver": "proofs for any number of nodes (mcheck prove)",
    "networkx": "graphs as GraphML",
    "pygraphviz": "graphs as SVG and PNG where there is no program dot",
    "resvg-py": "counterexamples as PNG",
}
_PROGRAMS = {"dot": "graphs as SVG and PNG", "java": "TLC, to cross-check counts"}


def run(color: str) -> int:
    """Print the findings; 4 if something that is needed is missing."""
    from mcheck import __version__
    from mcheck.terminal import Terminal, knows_unicode

    terminal = Terminal(color)
    missing = [name for name in _NEEDED if _version(name) is None]
    lines = [f"mcheck {__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}", "needed"]
    lines += [f"  {name:<12} {_version(name) or 'MISSING: pip install ' + name}" for name in _NEEDED]
    lines.append("optional")
    lines += [f"  {name:<12} {_version(name) or 'not installed'}: {use}" for name, use in _OPTIONAL.items()]
    lines.append("programs")
    lines += [f"  {name:<12} {shutil.which(name) or 'not found'}: {use}" for name, use in _PROGRAMS.items()]
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    shown = "lines and circled numbers" if knows_unicode(sys.stdout) else "plain ASCII"
    lines.append(
        f"terminal     {encoding}, shows {shown}; colour {'on' if terminal.colored else 'off'}; {terminal.width} wide"
    )
    terminal.print("\n".join(lines))
    return 4 if missing else 0


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


command = click.Command(
    "doctor", params=[color_option()], callback=run, help="Show versions, optional programs and the terminal."
)
