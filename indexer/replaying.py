"""A recorded session asked again: over its own generation of the index, or the current one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.engine import Engine
from indexer.generation import UNUSABLE
from indexer.language import open_language
from kb.bounds import parse_bounds
from kb.chain import SessionRecord, read_record
from kb.database import Database
from kb.errors import SessionNotFound
from kb.replay import Difference, compare, difference_as_dict, is_different, shown
from kb.settings import Settings
from kb.suggestion import Answer, SuggestionRequest
from kb.times import parse_instant


@dataclass(frozen=True)
class Replay:
    """A session beside the answer to the same request. ``note``: why not its own generation."""

    record: SessionRecord
    answer: Answer
    note: str
    differences: tuple[Difference, ...]

    @property
    def differs(self) -> bool:
        """Whether anything is shown otherwise."""
        before = (self.record.session.abstained, self.record.session.mode)
        return before != (self.answer.abstained, self.answer.mode) or is_different(self.differences)


def replay(settings: Settings, database: Database, session_id: str, *, generation: str) -> Replay:
    """Ask a session's masked query again as of its instant; nothing is recorded.

    ``generation``: one of ``kb.replay.GENERATIONS``: its own index and ranker version, or the
    current ones. An index that is gone gives way to the current. Raise SessionNotFound.
    """
    record = read_record(database.connection, session_id)
    engine, note = _open(settings, database, record, generation=generation)
    session = record.session
    if not session.query_masked:
        raise SessionNotFound("所问的文字已过保留期，不能重放", field="SESSION_ID")
    version = session.ranker_version if generation == "recorded" else None
    now = parse_instant(session.created_at, field="created_at")
    asked = json.loads(session.request)
    bounds = parse_bounds(asked.pop("bounds", {}))
    request = SuggestionRequest(session.query_masked, **asked)
    with database.bound(bounds):
        answer = engine.preview(request, now=now, ranker_version=version)
    if session.arm:
        note = "；".join(filter(None, (note, f"当时参与试验 {session.arm}，名次可能因此不同")))
    differences = compare(list(map(shown, record.impressions)), list(map(shown, answer.items)))
    return Replay(record, answer, note, tuple(differences))


def _open(
    settings: Settings, database: Database, record: SessionRecord, *, generation: str
) -> tuple[Engine, str]:
    language = open_language(settings, database)
    if generation == "current":
        return Engine(settings, database, language), ""
    name, _, commits = record.session.index_generation.partition("+")
    folder = settings.index / Path(name).name
    try:
        engine = Engine(settings, database, language, generation=folder)
    except UNUSABLE as error:
        why = error.detail if folder.is_dir() else "已不在"
        note = f"当时的索引代 {name} 打不开（{why}），改用现行的"
        return Engine(settings, database, language), note
    later = engine.opened().snapshot.state.commits - int(commits)
    return engine, f"索引代 {name} 此后又有 {later} 次提交" if later else ""


def replay_as_dict(replayed: Replay) -> dict[str, Any]:
    """A replay as JSON."""
    session, answer = replayed.record.session, replayed.answer
    return {
        "session_id": session.id,
        "query_masked": session.query_masked,
        "differs": replayed.differs,
        "note": replayed.note,
        "recorded": {
            "created_at": session.created_at,
            "index_generation": session.index_generation,
            "ranker_version": session.ranker_version,
            "mode": session.mode,
            "abstained": session.abstained,
        },
        "replayed": {
            "index_generation": answer.index_generation,
            "ranker_version": answer.ranker_version,
            "mode": answer.mode,
            "abstained": answer.abstained,
        },
        "items": [difference_as_dict(each) for each in replayed.differences],
    }
