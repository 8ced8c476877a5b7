"""What a figure depends on beside the program: machine, load, versions; and memory of a process."""

from __future__ import annotations

import os
import platform
import sqlite3
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "click", "flask", "jieba", "numpy", "opencc-python-reimplemented", "pydantic",
    "pypinyin", "rapidfuzz", "rjieba", "scipy", "sentence-transformers", "sqlite-utils", "torch",
    "waitress", "whoosh-reloaded", "bm25s", "faiss-cpu", "numba", "tantivy",
)  # fmt: skip
KIB = 1024


@dataclass(frozen=True)
class Machine:
    """Processor, cores this process may use, memory in MiB, system."""

    processor: str
    cores: int
    memory_mib: int
    system: str


@dataclass(frozen=True)
class Memory:
    """Memory of one process in MiB. ``rss``: all its pages; ``pss``: each page divided by how many
    processes share it; ``private``: pages of its own."""

    rss: float
    pss: float
    private: float


def read_machine() -> Machine:
    """The machine this runs on; what the system does not tell is left empty."""
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        cores=_cores(),
        memory_mib=_kib(_field(Path("/proc/meminfo"), "MemTotal")) // KIB,
        system=platform.platform(),
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_load() -> tuple[float, ...]:
    """Load average over 1, 5 and 15 minutes; empty where there is none."""
    try:
        return tuple(round(each, 2) for each in os.getloadavg())
    except OSError:
        return ()


def read_versions() -> dict[str, str]:
    """Version of Python, of SQLite and of every library, "" for one that is not installed."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def read_memory(process: int) -> Memory | None:
    """Memory of a process; None where the system does not tell."""
    path = Path(f"/proc/{process}/smaps_rollup")
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return None
    sizes = {line.split(":")[0]: _kib(line.split(":")[1]) for line in lines[1:]}
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Memory(*(round(size / KIB, 1) for size in (sizes["Rss"], sizes["Pss"], private)))


def folder_mib(folder: Path) -> float:
    """Size of all files in a folder, in MiB."""
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return round(sum(sizes) / KIB / KIB, 1)


def _field(path: Path, name: str) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _kib(text: str) -> int:
    number = text.strip().split(" ")[0]
    return int(number) if number.isdigit() else 0
