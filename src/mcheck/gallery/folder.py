"""The gallery as a folder: what is stale in it, and its renewal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcheck.checker.verdict import Limits
from mcheck.files import write_file
from mcheck.gallery.exhibits import Exhibit, Violation
from mcheck.gallery.pages import Shown, index, page, picture
from mcheck.gallery.stories import fault_of, steps_digest, story_in
from mcheck.gallery.traces import Stale, renewed, standing, trace_text

INDEX = "README.md"


@dataclass(frozen=True)
class Gallery:
    """A folder with a folder for each tweak, and an index."""

    root: Path

    def folder(self, exhibit: Exhibit) -> Path:
        """Where an exhibit stands."""
        return self.root / exhibit.folder

    def trace_file(self, exhibit: Exhibit, violation: Violation) -> Path:
        """The trace of a violation."""
        return self.folder(exhibit) / f"{violation.stem}.itf.json"

    # ------------------------------------------------------------------ looking

    def stale_traces(self, exhibit: Exhibit) -> Iterator[tuple[Violation, str]]:
        """The violations without a trace that stands, and why.  Cost: each trace is replayed."""
        for violation in exhibit.violations:
            try:
                standing(violation, self.trace_file(exhibit, violation))
            except Stale as stale:
                yield violation, str(stale)

    def shown(self, exhibit: Exhibit) -> list[Shown]:
        """The violations with their traces.  Stale if one does not stand."""
        return [Shown(v, standing(v, self.trace_file(exhibit, v))) for v in exhibit.violations]

    def story_fault(self, exhibit: Exhibit, shown: Sequence[Shown]) -> str | None:
        """What is wrong with the story, if anything."""
        digest = steps_digest(one.trace.behavior.labels for one in shown)
        return fault_of(story_in(self.folder(exhibit)), digest)

    def documents(self, exhibit: Exhibit, shown: Sequence[Shown]) -> dict[Path, str]:
        """The page and the pictures of an exhibit, as they should be.  Cost: some tenths of a second."""
        folder = self.folder(exhibit)
        story = story_in(folder)
        written = {folder / f"{one.violation.stem}.svg": picture(one) for one in shown}
        return {**written, folder / INDEX: page(exhibit, shown, story.text if story else "")}

    def strangers(self, exhibits: Sequence[Exhibit]) -> list[Path]:
        """What lies in the gallery and belongs to nothing that it shows, relative to it."""
        known = {Path(INDEX)}
        for exhibit in exhibits:
            files = [
                INDEX,
                "story.md",
                *(f"{v.stem}{end}" for v in exhibit.violations for end in (".itf.json", ".svg")),
            ]
            known |= {Path(exhibit.folder, name) for name in files}
        found = (p.relative_to(self.root) for p in self.root.rglob("*") if p.is_file())
        return sorted(p for p in found if p not in known)

    # ------------------------------------------------------------------ renewing

    def renew(self, exhibit: Exhibit, limits: Limits) -> list[Path]:
        """Make traces, pictures and page what they should be; the files written.  NotAsDeclared, or OutputError.

        Cost: a search for each trace that does not stand and whose steps lead nowhere.
        """
        self.folder(exhibit).mkdir(parents=True, exist_ok=True)
        written = []
        for violation, _ in self.stale_traces(exhibit):
            file = self.trace_file(exhibit, violation)
            written += _written({file: trace_text(violation, renewed(violation, file, limits))})
        return written + _written(self.documents(exhibit, self.shown(exhibit)))

    def renew_index(self, exhibits: Sequence[Exhibit]) -> list[Path]:
        """Make the index what it should be; the files written."""
        return _written({self.root / INDEX: index(exhibits)})


def _written(documents: dict[Path, str]) -> list[Path]:
    """Write the files whose content is another; those."""
    changed = [file for file, text in documents.items() if not _holds(file, text)]
    for file in changed:
        write_file(str(file), documents[file])
    return changed


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode("utf-8", "backslashreplace")
