"""mcheck prove: whether the invariant of a protocol is inductive, for any number of nodes."""

from __future__ import annotations

from typing import Any

import click

from mcheck.options import Seconds, color_option, json_option, option
from mcheck.spec import UsageError

_LIMIT = 300.0
"""In seconds, for everything that is asked."""


def run(
    name: str | None,
    any_n: bool,
    without: tuple[str, ...],
    without_axiom: tuple[str, ...],
    without_guard: tuple[str, ...],
    link: bool,
    infer: bool,
    explain: bool,
    parts: bool,
    draw: str | None,
    time_limit: float | None,
    json: bool,
    color: str,
) -> int:
    """Ask, report, draw; the exit status: 0 proved, 1 a counterexample to induction, 3 unknown."""
    from mcheck.cti_drawing import draw as draw_step
    from mcheck.cti_drawing import refuse_drawing
    from mcheck.proof_links import check_spec, spec_answer
    from mcheck.proof_report import link_lines, parts_lines, proof_lines
    from mcheck.proofs import check_proof, counterexamples_without, find_proof, left_out, proof_document
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    terminal = Terminal(color)
    if name is None:
        return _list(terminal, json)
    source = find_proof(name)
    if (infer or explain) and (infer == explain or without or without_axiom or without_guard or link or parts or draw):
        flag = "--infer" if infer else "--explain"
        raise UsageError(f"prove {source.name}: {flag} stands alone: leave out --without, --link and the like")
    if draw is not None:
        refuse_drawing(draw)
    seconds = time_limit or _LIMIT
    if infer:
        return _infer(source, terminal, seconds, json)
    if explain:
        return _explain(source, terminal, seconds, json)
    if not any_n:
        raise UsageError(
            f"prove {source.name}: say --any-n: proofs are for any number of nodes; for a few, --inductive or --depth K, and `mcheck run` looks at every state"
        )
    system = source.cls.system()
    dropped = left_out(system, without, without_axiom, without_guard)
    linked = check_spec(source) if link else None
    verdict = check_proof(dropped.of(system), seconds)
    run = None if verdict.cti is None else spec_answer(source, dropped, verdict.cti)
    shown = counterexamples_without(verdict, seconds) if parts else {}
    if json:
        terminal.print(as_json(proof_document(source.name, verdict, dropped, linked, run, shown)))
    else:
        lines = proof_lines(source.name, verdict, dropped.words, terminal, run)
        lines += parts_lines(shown, terminal) if shown else []
        terminal.print("\n".join(lines if linked is None else [*lines, *link_lines(linked, terminal)]))
    if draw is not None:
        drawn = draw_step(name, dropped, verdict, draw)
        if not json:
            terminal.print(drawn)
    if linked is not None and linked.difference is not None:
        return 1
    return {"proved": 0, "cti": 1, "unknown": 3}[verdict.result]


def _infer(source: Any, terminal: Any, time_limit: float, json: bool) -> int:
    """Infer auxiliary invariants; the exit status: 0 found and proved, 3 not."""
    from mcheck.inference_report import inference_lines
    from mcheck.proofs import infer_invariants, inference_document
    from mcheck.report_json import as_json

    inferred = infer_invariants(source, time_limit)
    if json:
        terminal.print(as_json(inference_document(source.name, inferred)))
    else:
        terminal.print("\n".join(inference_lines(source.name, inferred, terminal)))
    return 0 if inferred.result == "proved" else 3


def _explain(source: Any, terminal: Any, time_limit: float, json: bool) -> int:
    """Tell how the proof comes about; the exit status is that of the proof."""
    from mcheck.proofs import needs_z3
    from mcheck.report_json import as_json

    with needs_z3():
        from mcheck.proof_story import told
        from mcheck.story_report import story_document, story_lines

        story = told(source, time_limit)
    if json:
        terminal.print(as_json(story_document(source, story)))
    else:
        terminal.print("\n".join(story_lines(source, story, terminal)))
    return {"proved": 0, "cti": 1, "unknown": 3}[story.verdict.result]


def _list(terminal: Any, json: bool) -> int:
    """Print what can be proved."""
    import textwrap

    from mcheck.models.proofs import PROOFS
    from mcheck.proofs import find_proof
    from mcheck.protocols import source_of
    from mcheck.report_json import as_json

    sources = [find_proof(name) for name in PROOFS]
    if json:
        terminal.print(
            as_json([{"name": s.name, "statement": s.statement, "source": source_of(s.cls)} for s in sources])
        )
        return 0
    column = max(len(s.name) for s in sources) + 2
    lines = []
    for source in sources:
        lines += textwrap.wrap(
            source.name.ljust(column) + source.statement, terminal.width, subsequent_indent=" " * column
        )
    terminal.print("\n".join([*lines, "To check one: mcheck prove NAME --any-n"]))
    return 0


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from mcheck.models.proofs import PROOFS

    return [name for name in PROOFS if name.startswith(incomplete)]


class _Prove(click.Command):
    """`prove NAME --any-n`; with --depth or --inductive, `prove SPEC`, whose options are those of the spec."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from mcheck.commands.prove_spec import WAYS
        from mcheck.commands.prove_spec import command as of_spec

        if any(word.partition("=")[0] in WAYS for word in args):
            return of_spec.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


command = _Prove(
    "prove",
    params=[
        click.Argument(["name"], metavar="[NAME]", required=False, shell_complete=_complete),
        option("--any-n", is_flag=True, help="For any number of nodes (and of terms, ballots, values): by induction, with z3."),
        option("--without", multiple=True, metavar="CONJUNCT", help="Leave out an auxiliary invariant, to see what it is for; repeatable."),
        option("--without-axiom", multiple=True, metavar="AXIOM", help="Leave out an assumption; repeatable."),
        option("--without-guard", multiple=True, metavar="ACTION:GUARD", help="Leave out a guard, by its words or its number; repeatable."),
        option("--link", is_flag=True, help="Check too, on every step of a small instance, that the Spec which is run is what is proved."),
        option("--parts", is_flag=True, help="For each essential invariant, assumption and guard: what breaks without it, in the smallest state."),
        option("--draw", metavar="FILE", help="Draw the counterexample to induction, if there is one: a file that ends in .svg or .png."),
        option("--infer", is_flag=True, help="Find auxiliary invariants: clauses from a stated grammar, filtered on reachable states, shown by z3 for any number."),
        option("--explain", is_flag=True, help="Tell how the proof comes about: each invariant by the counterexample to induction that it removes."),
        option("--time-limit", type=Seconds(), help="Stop after this many seconds; what is then undecided is unknown [default: 300]."),
        json_option(),
        color_option(),
    ],
    callback=run,
    help="Prove that a protocol is safe for any number of nodes, by induction with z3; without NAME, list what can be proved.  "
    "Status 0 proved; 1 a counterexample to induction; 3 unknown.  "
    "Of a few nodes: mcheck prove PROTOCOL --depth K for behaviours of K steps, mcheck prove PROTOCOL --inductive for all; "
    "--help behind them lists more options.",
)  # fmt: skip
