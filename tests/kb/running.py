"""``kb`` run in this process: what the tests of the commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from kb.__main__ import cli


@dataclass(frozen=True)
class Outcome:
    """What one run of ``kb`` left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told

    @property
    def error(self) -> dict[str, Any]:
        """The one JSON object on stderr."""
        told = json.loads(self.err)
        assert isinstance(told, dict)
        return told


Kb = Callable[..., Outcome]


def kb_over(data: Path, **variables: str) -> Kb:
    """``kb`` over a data folder, in this process."""

    def run(*arguments: str, given: bytes = b"", **more: str) -> Outcome:
        environment = {"KB_DATA": str(data), **variables, **more}
        result = CliRunner().invoke(cli, arguments, input=given, env=environment)
        assert "Traceback" not in result.stderr
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run
