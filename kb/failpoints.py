"""Named places where a drill lets the process die: off, unless the test-only KB_FAILPOINT is set.

``KB_FAILPOINT=commit.before:3`` kills the process (SIGKILL) the third time it is about to commit.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

FAILPOINTS = (
    "commit.before", "commit.after", "index.segment", "index.contents", "index.parts",
    "index.state", "index.queue", "swap.before", "swap.after", "rename", "backup.copied",
    "backup.packed",
)  # fmt: skip
"""Before and after a commit of the database; a segment written but not named; before the table of
contents is renamed; between handbook and tickets; before the state is told; before the queue is
cleared; before and after the pointer to a generation changes; between writing and renaming a small
file; a backup copied; a backup packed but not renamed."""


@dataclass
class _Armed:
    name: str = ""
    left: int = 0


_armed = _Armed()


def arm(text: str) -> None:
    """Arm ``name`` or ``name:times``; "" disarms. Raise ValueError for an unknown name."""
    name, _, times = text.partition(":")
    if name and name not in FAILPOINTS:
        raise ValueError(name)
    _armed.name, _armed.left = name, int(times or 1)


def reach(name: str) -> None:
    """Die here if this is the place and the time."""
    if _armed.name != name:
        return
    _armed.left -= 1
    if _armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
