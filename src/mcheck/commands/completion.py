"""mcheck completion: the script that a shell evaluates."""

from __future__ import annotations

import click

from mcheck.options import Word


def run(shell: str) -> int:
    """Print the script of one shell."""
    from click.shell_completion import get_completion_class

    from mcheck.cli import command as mcheck
    from mcheck.terminal import Terminal

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(mcheck, {}, "mcheck", "_MCHECK_COMPLETE")
    Terminal("never").print(script.source_template % script.source_vars())
    return 0


command = click.Command(
    "completion",
    params=[click.Argument(["shell"], type=Word("bash", "zsh", "fish"), metavar="bash|zsh|fish")],
    callback=run,
    help='Print the completion script of a shell: eval "$(mcheck completion bash)"',
)
