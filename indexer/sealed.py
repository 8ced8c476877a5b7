"""Small files that tell whether they are whole: JSON with a SHA-256 of itself, replaced at once."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb.errors import IndexDamaged
from kb.failpoints import reach

SEAL = "sha256"


def write_sealed(path: Path, values: Mapping[str, Any]) -> None:
    """Write ``values``: readers see the old file or the new one, never half."""
    replace_file(path, json.dumps({**values, SEAL: _digest(values)}, ensure_ascii=False))


def read_sealed(path: Path) -> dict[str, Any]:
    """The values of a file; raise IndexDamaged when it is not as it was written."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        told = values.pop(SEAL, "")
    except FileNotFoundError:
        raise IndexDamaged(f"{path.name} 不见了") from None
    except (OSError, ValueError, AttributeError, TypeError):
        raise IndexDamaged(f"{path.name} 读不出来") from None
    if told != _digest(values):
        raise IndexDamaged(f"{path.name} 与校验和不符")
    return values


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` in place of a file's content, on the disk before anyone sees it.

    Several may do so at once: each has a temporary file of its own, the last one's text stays.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        reach("rename")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
