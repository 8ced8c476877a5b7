"""What is done while a process is killed, straight on the database: each act tells when it is kept.

Every text, reason and number is one of its own, so that what is lost or there twice is seen.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from indexer.language import Language, renew_language
from indexer.sync import sync_index
from kb.database import Database
from kb.desk import Closing, Desk
from kb.editor import Editor
from kb.importing import import_tickets
from kb.rewording import propose, publish
from kb.settings import Settings
from kb.store import vocabulary
from kb.store.vocabulary import Signed
from kb.ticket import Ticket
from kb.times import now_beijing
from kb.vocabulary import format_rows

Tell = Callable[[str, Sequence[str]], None]
AGENT = "演练"
ARTICLES = ("S24", "S42", "S42-2")
SOURCE = "drill"
ROWS = 20


class Acts:
    """Acts on one desk, until the process dies."""

    def __init__(
        self, settings: Settings, language: Language, *, name: str, seed: int, tell: Tell
    ) -> None:
        """``name``: what all of this process's texts begin with."""
        self._settings, self._language, self._name = settings, language, name
        self._tell = tell
        self._rng = random.Random(seed)
        self._numbers = itertools.count()
        self._database = Database(settings.database)
        self._desk = Desk(self._database, repeat_days=settings.repeat_days)
        self._editor = Editor(self._database)

    def run(self) -> None:
        """Act after act, for ever."""
        acts = (self.close, self.edit, self.publish, self.reword, self.take_in, self.index)
        while True:
            self._rng.choices(acts, (4, 3, 2, 1, 2, 4))[0]()

    def _mark(self) -> str:
        return f"{AGENT}{self._name}-{next(self._numbers)}"

    def close(self) -> None:
        """A complaint comes in and is closed."""
        mark, now = self._mark(), now_beijing()
        made = self._desk.create(
            Ticket("", now.isoformat(), title=mark, description="红灯一直亮", category="060101"),
            agent=AGENT,
            now=now,
        )
        self._tell("ticket", [made.ticket_no])
        closing = Closing(resolution="换了尾纤，复测正常", none_fit=True)
        self._desk.close(made.ticket_no, closing, agent=AGENT, now=now)
        self._tell("closing", [made.ticket_no])

    def edit(self) -> tuple[str, int, str]:
        """An article gets a new revision; its id, number and mark."""
        mark, name = self._mark(), self._rng.choice(ARTICLES)
        newest = self._editor.open(name, now=now_beijing()).article
        text = f"{mark}：先核实，再答复。\n"
        revision = replace(newest.revision, body=text, reason=mark)
        saved = self._editor.save(
            replace(newest, revision=revision),
            base=newest.revision.number,
            author="甲",
            now=now_beijing(),
        )
        self._tell("revision", [mark])
        return name, saved.revision.number, mark

    def publish(self) -> None:
        """A new revision is submitted and approved until it is published."""
        name, number, mark = self.edit()
        self._editor.act(name, number, "submit", actor="甲", now=now_beijing())
        for reviewer in ("乙", "丙"):
            stands = self._editor.act(name, number, "approve", actor=reviewer, now=now_beijing())
            if stands.revision.status == "published":
                self._tell("published", [mark])
                return

    def reword(self) -> None:
        """The vocabulary gets a row more: a group of synonyms, now and then a dictionary word."""
        mark = self._mark()
        number = vocabulary.newest_number(self._database.connection)
        kind = "words" if self._rng.random() < 0.2 else "synonyms"
        row = vocabulary_row(kind, mark.removeprefix(AGENT))
        table = vocabulary.read_tables(self._database.connection, number)[kind]
        lines = {kind: [*format_rows(kind, table), row]}
        proposal = propose(self._database, lines, base=number)
        publish(self._database, proposal, Signed("甲", mark), now=now_beijing())
        self._tell("vocabulary", [mark])

    def take_in(self) -> None:
        """A file of tickets is imported."""
        mark = self._mark()
        names = [f"{mark}-{place}" for place in range(ROWS)]
        report = import_tickets(
            self._database,
            map(drill_row, names),
            source=SOURCE,
            now=now_beijing(),
            repeat_days=self._settings.repeat_days,
        )
        if report.added != ROWS:
            raise RuntimeError(str(report.refused))
        self._tell("imported", names)

    def index(self) -> None:
        """What is queued goes into the index."""
        newest = vocabulary.newest_number(self._database.connection)
        self._language = renew_language(self._language, self._database, version=newest, cut=newest)
        sync_index(self._settings, self._database, language=self._language)


def vocabulary_row(kind: str, name: str) -> str:
    """A row of a table that no other name has; ``name``: digits and hyphens."""
    spelt = "".join("零一二三四五六七八九"[int(each)] if each.isdigit() else "鹳" for each in name)
    return f"鹳{spelt}" if kind == "words" else f"KB{name},KBY{name}"


def drill_row(name: str) -> dict[str, object]:
    """One row of a ticket file."""
    return {
        "id": name,
        "category": "060101",
        "accepted_at": "2026-03-02T09:00:00+08:00",
        "hours": 3,
        "description": f"光猫红灯一直亮，{name}",
        "fix": "更换光猫",
        "resolution": "换了光猫，复测正常",
    }
