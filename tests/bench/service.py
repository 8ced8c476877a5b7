"""A served instance of the drills: started, killed without warning, started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from indexer.bench.children import HOST, ROOT, free_port, is_ready
from kb.settings import read_settings
from tests.bench.gauges import children_of

READY_SECONDS = 180.0
STOP_SECONDS = 30.0


class Service:
    """``kb serve`` over one data folder, always on the same port."""

    def __init__(self, data: Path, log: Path, **more: str) -> None:
        """Nothing is started yet. ``log``: where the server's own words go; ``more``: settings."""
        self.data, self.log, self.port = data, log, free_port()
        self._more = more
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int:
        """Number of the server's process."""
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.pid

    @property
    def workers(self) -> list[int]:
        """Numbers of the processes that answer."""
        return [each for each in children_of(self.process) if not _is_writer(each)]

    @property
    def writers(self) -> list[int]:
        """Numbers of the processes that write the index: one, but while it is started again."""
        return [each for each in children_of(self.process) if _is_writer(each)]

    def start(self) -> float:
        """Start it; seconds until it was ready."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        kept |= {"KB_DATA": str(self.data), "PYTHONPATH": str(ROOT), **self._more}
        started = time.monotonic()
        with self.log.open("ab") as errors:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "kb", "serve", "--host", HOST, "--port", str(self.port)],
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        wanted = read_settings(self._more).workers
        while not is_ready(self.port) or len(self.workers) < wanted:
            waited = time.monotonic() - started
            if self._child.poll() is not None or waited > READY_SECONDS:
                raise RuntimeError(f"kb serve: {self.log.read_text('utf-8')[-800:]}")
            time.sleep(0.05)
        return time.monotonic() - started

    def wait(self, seconds: float) -> int:
        """The code with which it ended; raise TimeoutExpired if it does not."""
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.wait(seconds)

    def kill(self) -> None:
        """kill -9, all at once: nothing is finished, nothing is said."""
        if self._child is not None:
            for each in (self.process, *children_of(self.process)):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            self._child.wait()

    def stop(self) -> None:
        """End it as an operator does; kill what does not end."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def _is_writer(process: int) -> bool:
    return b"--follow" in Path(f"/proc/{process}/cmdline").read_bytes()
