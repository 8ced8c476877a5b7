"""Erasing on a whole data folder: database, index, encoder, found before and gone after.

``python -m tests.bench.erasing [FOLDER]`` (some minutes) makes the folder of the samples, or copies
a data folder, lets a caller complain under a number and a name that no mask catches, indexes, backs
up, erases with ``kb pii erase`` and scans every byte of the folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kb.database import Database
from kb.desk import Closing, Desk
from kb.erasing import find_files
from kb.subject import parse_subject
from kb.times import now_beijing
from tests.kb.small import make_ticket

NUMBER, NAME = "13912345678", "司马青衫"
COMPLAINTS = 6


def _kb(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kb", *arguments]
    environment = {"KB_DATA": str(data), "PATH": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _complain(data: Path) -> None:
    """Closed tickets of the caller: what is closed is indexed and trained on."""
    database = Database(data / "kb.db")
    desk = Desk(database, repeat_days=30)
    for number in range(COMPLAINTS):
        text = f"我是住在村里的{NAME}，家里断网{number}天，回拨{NUMBER}"
        ticket = make_ticket(description=text, category="060101", accepted_at="2026-03-11T09:00")
        kept = desk.create(ticket, number=NUMBER, agent="甲", now=now_beijing())
        closing = Closing(f"{NAME}家换了光猫", none_fit=True)
        desk.close(kept.ticket_no, closing, agent="甲", now=now_beijing())
    database.close()


def _places(data: Path, text: str) -> list[str]:
    found = find_files(data, parse_subject(text).encoded)
    return sorted({str(path.relative_to(data)).split("/")[0] for path in found})


def run(folder: Path, source: Path | None) -> dict[str, object]:
    """What was found where, before and after."""
    data = folder / "data"
    if source is not None:
        shutil.copytree(source, data)
    _kb(data, "init", "--with-samples")
    _complain(data)
    _kb(data, "index")
    _kb(data, "backup", str(folder / "backups"))
    before = {text: _places(data, text) for text in (NAME, NUMBER)}
    told = {
        text: _kb(
            data, "pii", "erase", text, "--yes", "--json", "--backups", str(folder / "backups")
        )
        for text in (NUMBER, NAME)
    }
    return {
        "before": before,
        "found": {text: json.loads(each.stdout)["found"] for text, each in told.items()},
        "exit": {text: each.returncode for text, each in told.items()},
        "after": {text: _places(data, text) for text in (NAME, NUMBER)},
        "masked_after": _places(data, "139****5678"),
        "verify": _kb(data, "audit", "verify").returncode,
    }


def main() -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        told = run(Path(folder), Path(sys.argv[1]) if len(sys.argv) > 1 else None)
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
