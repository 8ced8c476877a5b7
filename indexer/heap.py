"""The heap while much is loaded at once: no looking for garbage meanwhile, nothing kept after."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

ARENA_MAX = -8
"""``M_ARENA_MAX`` of glibc's malloc.h."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage is collected once at the end: what is loaded stays, looking through it again and
    again takes a fifth of a start, and the first question is not to wait for it."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.collect()
            gc.enable()
        _return_freed()


def share_arena() -> None:
    """Let all threads of this process allocate from one arena, before they start.

    glibc gives each thread an arena of its own against contention, of which there is little under
    one interpreter's lock; each would keep what its own thread once needed.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(ARENA_MAX, 1)


def _return_freed() -> None:
    """Give the system back what loading needed for a while: of a worker at 100,000 tickets 55 MB.

    glibc keeps freed pages between others that are in use until it is told; other libraries of C
    have no such call, and need none.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
