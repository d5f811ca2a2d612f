"""What the figures were taken on, in words that do not name the machine."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Machine:
    """A computer, and how much of it was in use."""

    processor: str
    cores: int
    gigahertz: float | None
    memory_gb: int | None
    system: str
    python: str
    llvmlite: str | None
    load: float | None
    """How many processes were running or waiting in the last minute, before the first run."""

    @property
    def busy(self) -> bool:
        """Whether others were at work: then all times are too long, and those of several threads most of all."""
        return self.load is not None and self.load > 0.3

    def sentence(self) -> str:
        """The machine in one line."""
        clock = f" at {self.gigahertz:.1f} GHz" if self.gigahertz else ""
        memory = f", {self.memory_gb} GB" if self.memory_gb else ""
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        llvm = f", llvmlite {self.llvmlite}" if self.llvmlite else ""
        return f"{cores}, {self.processor}{clock}{memory}; {self.system}, Python {self.python}{llvm}"


def this_machine() -> Machine:
    """The one that this runs on, now."""
    facts = _file("/proc/cpuinfo")
    total = re.search(r"MemTotal:\s+(\d+) kB", _file("/proc/meminfo"))
    name, clock = _fact("model name", facts), _fact("cpu MHz", facts)
    return Machine(
        processor=name or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        gigahertz=round(float(clock) / 1000, 1) if clock else None,
        memory_gb=round(int(total[1]) / (1 << 20)) if total else None,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        llvmlite=_version("llvmlite"),
        load=round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    )


def _fact(key: str, facts: str) -> str | None:
    found = re.search(rf"^{key}\s*:\s*(.*)$", facts, re.MULTILINE)
    return " ".join(found[1].split()) if found else None


def _file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
