"""A folder with a specification in TLA+: its module, those of what it refines, and what TLC is to check of each."""

from __future__ import annotations

from pathlib import Path

from mcheck.files import write_file
from mcheck.spec import Instance, UsageError
from mcheck.terminal import OutputError
from mcheck.tla import configuration
from mcheck.tla.module import Module


def exported(instance: Instance, symmetric: bool) -> dict[str, str]:
    """The files by name, that of the specification itself first.  UsageError, in one line, for what cannot be exported."""
    files: dict[str, str] = {}
    for module in Module(instance).modules():
        files[f"{module.name}.tla"] = module.text()
        files[f"{module.name}.cfg"] = configuration.safety(module, symmetric)
        live = configuration.liveness(module)
        if live is not None:
            files[f"{module.name}Liveness.cfg"] = live
    return files


def write(files: dict[str, str], folder: str) -> None:
    """Put the files into the folder, which is made if need be.  OutputError where that cannot be done."""
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise UsageError(f"-o {folder}: is a file: modules are written into a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}") from None
    for name, text in files.items():
        write_file(str(path / name), text)
