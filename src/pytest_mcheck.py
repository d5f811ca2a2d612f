"""The pytest plugin: specifications checked by `@pytest.mark.mcheck(...)` and by the fixture `mcheck`.

It stands outside the package, and imports nothing of it before a test asks for a check: every suite in an environment in
which mcheck is installed loads this file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcheck.checker import Verdict

_MARKER = (
    "mcheck(spec, breaks=TITLE, properties=[TITLE, ...], depth=N, ...): search the spec before the test runs; "
    "without a spec, options for those of the tests below it and for the fixture mcheck"
)
_VERDICT, _TRACE, _SCOPE = "mcheck", "mcheck.trace", "mcheck.scope"
"""The names of what a report says of a check; they are in the JUnit file too."""
_WORDS = {
    "violated": ("F", "VIOLATED"),
    "inconclusive": ("I", "INCONCLUSIVE"),
    "unmet": ("F", "FAILED"),
    "refused": ("F", "REFUSED"),
}
_refusal = pytest.StashKey[BaseException]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options."""
    group = parser.getgroup("mcheck", "mcheck, checks of specifications")
    group.addoption("--mcheck-out", metavar="DIR", help="where traces of violations are saved (default: mcheck-out)")
    group.addoption(
        "--mcheck-github", action="store_true", help="print an annotation of GitHub Actions for each failure"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


class Checks:
    """The fixture: `mcheck(spec, ...)` is the verdict of a search, and fails the test unless it is as asked."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self.verdicts: list[Verdict] = []
        """Of every search of this test so far, those of its markers first."""

    @property
    def verdict(self) -> Verdict:
        """The last of them."""
        if not self.verdicts:
            raise LookupError(
                "mcheck.verdict: nothing has been checked yet: put a spec into the marker, or call mcheck(spec)"
            )
        return self.verdicts[-1]

    def __call__(self, spec: Any, **options: Any) -> Verdict:
        """Search the spec; `options` are those of the marker, and win over it."""
        __tracebackhide__ = True
        return self._check(spec, {**self._defaults(), **options})

    def _defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for mark in self._item.iter_markers("mcheck"):
            if not mark.args:
                found = {**mark.kwargs, **found}
        out = self._item.config.getoption("mcheck_out")
        return found if out is None else {**found, "out": out}

    def of_markers(self) -> None:
        """Check the specs of all markers, the innermost first."""
        __tracebackhide__ = True
        for mark in self._item.iter_markers("mcheck"):
            if len(mark.args) > 1:
                self._refuse(
                    f"mark.mcheck takes one spec, and everything else by name (got {len(mark.args)} arguments)"
                )
            if mark.args:
                self._check(mark.args[0], {**self._defaults(), **mark.kwargs})
            elif (
                mark is self._item.get_closest_marker("mcheck") and mark in self._item.own_markers and not self._asks()
            ):
                self._refuse(
                    "mark.mcheck has no spec, and the test does not use the fixture mcheck: nothing is checked"
                )

    def _asks(self) -> bool:
        return "mcheck" in getattr(self._item, "fixturenames", ())

    def _check(self, spec: Any, options: dict[str, Any]) -> Verdict:
        __tracebackhide__ = True
        from mcheck.assertions import Inconclusive, assert_breaks, assert_holds
        from mcheck.scope import sentence
        from mcheck.spec import McheckError, UsageError

        try:
            if "breaks" in options:
                title = options.pop("breaks")
                if "properties" in options:
                    raise UsageError("breaks names the one property to search for: leave properties out")
                verdict = assert_breaks(spec, title, **options)
                steps = verdict.violation.steps if verdict.violation is not None else 0
                scope = f"breaks {title} in {steps} steps"
            else:
                verdict = assert_holds(spec, **options)
                scope = sentence(verdict)
        except Inconclusive:
            raise
        except McheckError as error:
            self._item.stash[_refusal] = error
            raise
        self.verdicts.append(verdict)
        self._item.user_properties.append((_SCOPE, scope))
        self._item.add_report_section("call", "mcheck", f"{verdict.instance.name}: {scope}")
        return verdict

    def _refuse(self, message: str) -> None:
        from mcheck.spec import UsageError

        error = UsageError(message)
        self._item.stash[_refusal] = error
        raise error


_checks = pytest.StashKey[Checks]()


def _checks_of(item: pytest.Item) -> Checks:
    if _checks not in item.stash:
        item.stash[_checks] = Checks(item)
    return item.stash[_checks]


@pytest.fixture
def mcheck(request: pytest.FixtureRequest) -> Checks:
    """Check a specification: mcheck(spec, depth=12), mcheck(spec, breaks="Agreement"); mcheck.verdict is the last answer."""
    return _checks_of(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Check what the markers name, in the phase of the test itself: a violation is a failure, and no error of a fixture."""
    __tracebackhide__ = True
    if item.get_closest_marker("mcheck") is not None:
        _checks_of(item).of_markers()
    return (yield)


# ---------------------------------------------------------------------- reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure is shown as its trace, or as one line; and the report says which kind of failure it is."""
    report = yield
    # Only now does `call` have what a unittest.TestCase raised.
    error = None if call.excinfo is None else call.excinfo.value
    told = None if error is None or "mcheck.violations" not in sys.modules else _told(item, error)
    found: list[tuple[str, object]] = []
    if told is not None:
        headline, found, text = told
        if report.failed and call.excinfo is not None:
            report.longrepr = _Shown(item, call.excinfo, headline, text).representation
    elif call.when == "call" and error is None and _checks in item.stash and item.stash[_checks].verdicts:
        found = [(_VERDICT, "passed")]
    item.user_properties += found
    report.user_properties += found
    return report


def _told(item: pytest.Item, error: BaseException) -> tuple[str, list[tuple[str, object]], str] | None:
    """The headline of a failure, its properties, and its text; None for what is no failure of a check."""
    from mcheck.assertions import Inconclusive, Unmet
    from mcheck.violations import Violated

    place = f"{item.location[0]}:{(item.location[1] or 0) + 1}"
    if isinstance(error, Violated):
        trace = [] if error.trace is None else [(_TRACE, error.trace)]
        steps = len(error.behavior.steps)
        headline = f"VIOLATED {error.rule.title} in {steps} step{'' if steps == 1 else 's'}"
        return headline, [(_VERDICT, "violated"), *trace], error.text
    if isinstance(error, Inconclusive | Unmet):
        kind = "inconclusive" if isinstance(error, Inconclusive) else "unmet"
        return str(error), [(_VERDICT, kind)], f"{place}: {error.verdict.instance.name}: {error}"
    if item.stash.get(_refusal, None) is error:
        return str(error), [(_VERDICT, "refused")], f"{place}: mcheck: {error}"
    return None


class _Shown:
    """What pytest shows of a failure: this text and no traceback, with the headline for summaries."""

    def __init__(
        self, item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException], headline: str, text: str
    ) -> None:
        said = pytest.ExceptionInfo.from_exception(AssertionError(text).with_traceback(excinfo.tb))
        self.representation: Any = said.getrepr(style="value")
        crash = getattr(self.representation, "reprcrash", None)
        if crash is not None:
            crash.path, crash.lineno = str(item.path), (item.location[1] or 0) + 1
            crash.message = headline


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Failures are counted as such; their letter and word tell a violation from a search that did not end."""
    if not isinstance(report, pytest.TestReport) or report.when != "call" or not report.failed:
        return None
    word = _WORDS.get(str(dict(report.user_properties).get(_VERDICT)))
    return None if word is None else ("failed", *word)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """With --mcheck-github: one workflow command for each check that failed."""
    if config.getoption("mcheck_github"):
        terminalreporter.ensure_newline()
        for line in _annotations(terminalreporter.getreports("failed"), config.rootpath):
            terminalreporter.write_line(line)


def _annotations(reports: list[pytest.TestReport], root: Path) -> Iterator[str]:
    """Source: GitHub Actions, Workflow commands, Setting an error message."""
    for report in reports:
        verdict = dict(report.user_properties).get(_VERDICT)
        if verdict not in _WORDS:
            continue
        level = "warning" if verdict == "inconclusive" else "error"
        place = os.path.relpath(root / report.location[0], os.environ.get("GITHUB_WORKSPACE", root))
        crash = getattr(report.longrepr, "reprcrash", None)
        title = crash.message if crash is not None else str(verdict)
        where = f"file={_escaped(Path(place).as_posix(), ':,')},line={(report.location[1] or 0) + 1}"
        yield f"::{level} {where},title={_escaped(title, ':,')}::{_escaped(report.longreprtext)}"


def _escaped(text: str, more: str = "") -> str:
    """The text with what ends a command, or a part of one, as %25, %0A, …"""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
