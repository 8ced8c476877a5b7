"""A real small disk for tests that fill it: a tmpfs, mounted where that is allowed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"
PIECE = 1 << 16


class SmallDisk:
    """A mounted file system that can be filled to the last byte, and freed."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where it is mounted."""
        self.folder = folder

    def fill(self, *, leave: int = 0) -> None:
        """Leave no space but ``leave`` bytes."""
        path = self.folder / BALLAST
        with path.open("ab", buffering=0) as file:
            size = PIECE
            while size:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    size //= 2
        os.truncate(path, max(path.stat().st_size - leave, 0))

    def free(self) -> None:
        """Give back what was taken."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    def make_read_only(self) -> None:
        """Take no more writes, of root either."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, *, mebibytes: int) -> Iterator[SmallDisk]:
    """A tmpfs of this size at ``folder``; skips the test where nothing may be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command here, so no small disk to fill")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
