"""Files mapped for reading: it shows when their bytes were changed, and a file that is cut short
does not end the process.

Reading a mapped page that the file no longer has raises SIGBUS, which kills. As PulseAudio's
memtrap does, the rest of such a mapping is replaced by zeros in the signal's handler; whoever reads
must ask ``find_changed`` before trusting what was read.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import weakref
from pathlib import Path
from typing import NamedTuple

import numpy as np

PAGE = mmap.PAGESIZE
ADDRESS_OFFSET = 16
"""Of the failing address within Linux's siginfo_t on 64-bit machines."""
WITH_ADDRESS = 4
MAP_FIXED = 16
"""Linux's SA_SIGINFO and MAP_FIXED, which Python does not name."""


class Stamp(NamedTuple):
    """What tells that a file's bytes are still those that were checked."""

    inode: int
    size: int
    changed_ns: int


class MappedFile(mmap.mmap):
    """A file's bytes. ``handle``: of the file that was mapped, whatever its name leads to now."""

    path: Path
    stamp: Stamp
    handle: int
    is_torn: bool

    def is_changed(self) -> bool:
        """Whether the file was written to, or cut short, since it was mapped."""
        return self.is_torn or _stamp(os.fstat(self.handle)) != self.stamp


def map_file(path: Path) -> MappedFile:
    """Map a file; raise OSError or, when it is empty, ValueError."""
    with path.open("rb") as file:
        mapped = MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
        mapped.path, mapped.is_torn = path, False
        mapped.stamp = _stamp(os.fstat(file.fileno()))
        mapped.handle = os.dup(file.fileno())
    weakref.finalize(mapped, os.close, mapped.handle)
    _trap.watch(mapped)
    return mapped


def read_stamp(path: Path) -> Stamp:
    """The stamp of a file as it stands now."""
    return _stamp(path.stat())


def find_changed(folder: Path) -> list[str]:
    """Names of the mapped files below ``folder`` whose bytes are no longer what was mapped."""
    start = f"{folder}{os.sep}"
    below = (mapped for mapped in _trap.held() if str(mapped.path).startswith(start))
    return sorted({mapped.path.name for mapped in below if mapped.is_changed()})


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


class _SignalAction(ctypes.Structure):
    """Linux's struct sigaction, as the C library declares it."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _Trap:
    """The mappings of this process, and the handler of SIGBUS over them."""

    def __init__(self) -> None:
        self._newest: dict[str, weakref.ref[MappedFile]] = {}
        self._ends: dict[int, tuple[int, weakref.ref[MappedFile]]] = {}
        self._before = _SignalAction()
        self._library: ctypes.PyDLL | None = None
        self._handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(
            self._mend
        )

    def watch(self, mapped: MappedFile) -> None:
        """Take in a new mapping; it is let go by itself."""
        self._install()
        start = int(np.frombuffer(mapped, np.uint8).__array_interface__["data"][0])
        self._newest[str(mapped.path)] = weakref.ref(mapped)
        self._ends[start] = (start - (-len(mapped) // PAGE) * PAGE, weakref.ref(mapped))
        weakref.finalize(mapped, self._ends.pop, start, None)

    def held(self) -> list[MappedFile]:
        """The newest mapping of each file."""
        known = [(path, reference, reference()) for path, reference in list(self._newest.items())]
        for path, reference, mapped in known:
            if mapped is None and self._newest.get(path) is reference:
                self._newest.pop(path, None)
        return [mapped for _, _, mapped in known if mapped is not None]

    def _install(self) -> None:
        """Set the handler once, where the layouts here are those of the system."""
        if self._library is not None or sys.platform != "linux" or sys.maxsize < 1 << 32:
            return
        self._library = library = ctypes.PyDLL(None)  # keeps the interpreter while it calls
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = (
            *(ctypes.c_void_p, ctypes.c_size_t),
            *(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long),
        )
        handler = ctypes.cast(self._handler, ctypes.c_void_p)
        action = _SignalAction(handler=handler, flags=WITH_ADDRESS)
        library.sigaction(signal.SIGBUS, ctypes.byref(action), ctypes.byref(self._before))

    def _mend(self, _number: int, information: int, _context: int) -> None:
        """Put zeros where the file has ended; a fault elsewhere goes to who had the signal."""
        address = ctypes.c_void_p.from_address(information + ADDRESS_OFFSET).value or 0
        library = self._library
        if library is None:
            return
        for start, (end, known) in list(self._ends.items()):
            mapped = known()
            if mapped is not None and start <= address < end:
                page = address - address % PAGE
                fixed = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED
                if library.mmap(page, end - page, mmap.PROT_READ, fixed, -1, 0) == page:
                    mapped.is_torn = True
                    return
        library.sigaction(signal.SIGBUS, ctypes.byref(self._before), None)


_trap = _Trap()
