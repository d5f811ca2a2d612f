"""Who searches: mcheck's engines and, where installed, SPIN, rumur and TLC; how each is built, run and understood."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcheck.benchmark.processes import Ended
from mcheck.benchmark.subjects import MODELS, Subject
from mcheck.benchmark.worker import STOPWATCH
from mcheck.protocols import option_name

_BUILD_SECONDS = 120


class Unfit(Exception):  # not an error of the benchmark: this one takes no part, or its result is not to be shown
    """Why a contestant cannot be timed."""


@dataclass(frozen=True)
class Entry:
    """A contestant made ready for one subject."""

    command: tuple[str, ...]
    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True)
class Reading:
    """What a contestant says of its own run; `search` in seconds, None where it does not say it finely enough."""

    distinct: int
    generated: int | None = None
    search: float | None = None


class Contestant(ABC):
    """Somebody who can search some of the subjects."""

    name: str
    ours = False

    @abstractmethod
    def missing(self) -> str | None:
        """What is not installed; None if everything is."""

    @abstractmethod
    def takes(self, subject: Subject) -> bool:
        """Whether it takes part in this subject."""

    @abstractmethod
    def enter(self, subject: Subject, folder: Path) -> Entry:
        """Build what is to be run, in an empty folder.  Unfit where that fails."""

    @abstractmethod
    def read(self, subject: Subject, ended: Ended) -> Reading:
        """What the run says.  Unfit unless it is complete and found no violation."""


def everybody() -> tuple[Contestant, ...]:
    """All of them, ours first."""
    return (Ours("native", 1), Ours("native", 2), Ours("reference", 1), Spin(), Rumur(), Tlc())


class Ours(Contestant):
    """One of mcheck's engines; its compiled code is kept in the folder of the entry, so the first run is a cold one."""

    ours = True

    def __init__(self, engine: str, threads: int) -> None:
        self.engine, self.threads = engine, threads
        count = "1 thread" if threads == 1 else f"{threads} threads"
        self.name = f"mcheck {engine}, {count}" if engine == "native" else f"mcheck {engine}"

    def missing(self) -> str | None:
        if self.engine != "native":
            return None
        if self.threads > (os.cpu_count() or 1):
            return f"this machine has no {self.threads} cores"
        from importlib.util import find_spec

        return None if find_spec("llvmlite") else "llvmlite is not installed (pip install llvmlite)"

    def takes(self, subject: Subject) -> bool:
        return self.engine == "native" or subject.small

    def enter(self, subject: Subject, folder: Path) -> Entry:
        constants = [word for name, value in subject.constants.items() for word in (option_name(name), str(value))]
        command = ["run", subject.protocol, *constants, "--property", subject.invariant, "--no-symmetry", "--json"]
        how = ["--engine", self.engine, "--workers", str(self.threads)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MCHECK_")}
        environment = {**clean, "MCHECK_CACHE_DIR": str(folder / "cache")}
        return Entry((sys.executable, "-m", "mcheck.benchmark.worker", *command, *how), folder, environment)

    def read(self, subject: Subject, ended: Ended) -> Reading:
        stopped = ended.errors.partition(STOPWATCH)[2]
        try:
            document = json.loads(ended.output)
        except ValueError:
            raise Unfit(_last_line(ended)) from None
        if document["verdict"] != "holds" or document["engine"] != self.engine:
            raise Unfit(f"the verdict of the {document['engine']} engine is {document['verdict']}")
        if document["generated"] != subject.generated:
            raise Unfit(f"it generated {document['generated']:,} states, not {subject.generated:,}")
        return Reading(document["distinct"], document["generated"], float(stopped or document["seconds"]))


class Spin(Contestant):
    """SPIN in its fastest mode that loses no state: a depth-first verifier in C.  Its -DHC4 loses up to four states in five."""

    name = "SPIN"
    flags = ("-O2", "-DSAFETY", "-DNOREDUCE")

    def missing(self) -> str | None:
        return _not_found("spin", "gcc")

    def takes(self, subject: Subject) -> bool:
        return not subject.small

    def enter(self, subject: Subject, folder: Path) -> Entry:
        model, constants = _model(subject, "pml"), [f"-DN={subject.constants.get('managers', 0)}"]
        _build(["spin", "-a", *constants, str(model)], folder)
        _build(["gcc", *self.flags, "-o", "pan", "pan.c"], folder)
        return Entry(("./pan", "-m1000000", "-w22"), folder)

    def read(self, subject: Subject, ended: Ended) -> Reading:
        if _number(r"errors: (\d+)", ended) != 0:
            raise Unfit("it reports an error")
        seconds = re.search(r"elapsed time ([\d.]+) seconds", ended.output)
        return Reading(
            _number(r"(\d+) states, stored", ended),
            _number(r"(\d+) transitions", ended),
            float(seconds[1]) if seconds and float(seconds[1]) else None,
        )


class Rumur(Contestant):
    """rumur, a Murphi compiler: breadth first, one thread."""

    name = "rumur"

    def missing(self) -> str | None:
        return _not_found("rumur", "gcc")

    def takes(self, subject: Subject) -> bool:
        return not subject.small

    def enter(self, subject: Subject, folder: Path) -> Entry:
        text = _model(subject, "m").read_text(encoding="utf-8")
        if "managers" in subject.constants:
            text, times = re.subn(r"^  N: \d+;$", f"  N: {subject.constants['managers']};", text, flags=re.MULTILINE)
            if times != 1:
                raise Unfit("its model does not declare `N: …;` on one line")
        (folder / "model.m").write_text(text, encoding="utf-8")
        _build(["rumur", "--deadlock-detection", "off", "--threads", "1", "-o", "model.c", "model.m"], folder)
        flags = ("-O3", "-march=native", "-o", "model", "model.c", "-lpthread", "-mcx16", "-latomic")
        _build(["gcc", *flags], folder)
        return Entry(("./model",), folder)

    def read(self, subject: Subject, ended: Ended) -> Reading:
        if "No error found" not in ended.output:
            raise Unfit(_last_line(ended))
        rules = _number(r"(\d+) rules fired", ended)
        return Reading(_number(r"^\s*(\d+) states, \d+ rules fired", ended), rules)


class Tlc(Contestant):
    """TLC with one worker, from the jar that $MCHECK_TLC names."""

    name = "TLC, 1 worker"

    def missing(self) -> str | None:
        jar = os.environ.get("MCHECK_TLC", "")
        if not jar:
            return "MCHECK_TLC names no tla2tools.jar"
        return _not_found("java") if Path(jar).is_file() else f"MCHECK_TLC: no file {jar!r}"

    def takes(self, subject: Subject) -> bool:
        return not subject.small

    def enter(self, subject: Subject, folder: Path) -> Entry:
        model = _model(subject, "tla")
        for file in (model, model.with_suffix(".cfg")):
            shutil.copy(file, folder)
        config = folder / model.with_suffix(".cfg").name
        if "managers" in subject.constants:
            managers = ", ".join(f"r{n}" for n in range(subject.constants["managers"]))
            text = config.read_text(encoding="utf-8")
            config.write_text(re.sub(r"RM = \{.*\}", f"RM = {{{managers}}}", text), encoding="utf-8")
        jar = str(Path(os.environ["MCHECK_TLC"]).resolve())
        options = ("-workers", "1", "-deadlock", "-metadir", "states", "-config", config.name, model.name)
        return Entry(("java", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC", *options), folder)

    def read(self, subject: Subject, ended: Ended) -> Reading:
        if "No error has been found" not in ended.output:
            raise Unfit(_last_line(ended))
        generated = _number(r"([\d,]+) states generated, [\d,]+ distinct states found, 0 states left", ended)
        return Reading(_number(r"([\d,]+) distinct states found, 0 states left", ended), generated)


# ---------------------------------------------------------------------- what they share


def _not_found(*programs: str) -> str | None:
    absent = [program for program in programs if shutil.which(program) is None]
    return f"{' and '.join(absent)} not found on the PATH" if absent else None


def _model(subject: Subject, suffix: str) -> Path:
    path = MODELS / f"{subject.protocol.replace('-', '_')}.{suffix}"
    if not path.is_file():
        raise Unfit(f"the model {path.name} is not installed; run from a source tree")
    return path.resolve()


def _build(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_BUILD_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unfit(f"{command[0]}: {error}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Unfit(f"{command[0]}: {said[-1] if said else f'status {done.returncode}'}")


def _number(pattern: str, ended: Ended) -> int:
    found = re.findall(pattern, ended.output, re.MULTILINE)
    if not found:
        raise Unfit(_last_line(ended))
    return int(found[-1].replace(",", ""))


def _last_line(ended: Ended) -> str:
    said = [line.strip() for line in (ended.errors or ended.output).splitlines() if line.strip()]
    return f"it ended with status {ended.status}" + (f": {said[-1][:200]}" if said else "")
