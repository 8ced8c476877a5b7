"""A drill: whatever editors do and whenever the index follows, withdrawn text is never returned.

``python -m tests.bench.withdrawn --trials 10000``. Each trial lets some days pass or an editor
publish, schedule, archive or restore one of a few articles, each text with a word of its own; the
index follows now and then. Then every lane is asked for a text (search, search of a day past or
to come, suggestions), and what comes back must be what the database's own rule shows that day.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from indexer.build import build_index
from indexer.engine import Engine, open_engine
from indexer.language import Language, open_language
from indexer.progress import quiet
from indexer.sync import sync_index
from kb.article import Article
from kb.database import Database, create_database
from kb.editor import Editor
from kb.errors import ArticleNotFound, InvalidInput
from kb.handbook import read_handbook
from kb.publishing import import_handbook
from kb.searching import SearchQuery
from kb.settings import Settings, read_settings
from kb.store import editing, handbook
from kb.suggestion import SuggestionRequest
from kb.times import BEIJING

ARTICLES = ("P060101", "P060102", "P010101", "S24")
SYLLABLES = "鹳鹮鸬鹚鸻鹬鹭鸨鹑鹧鸪鹞鹘鸢鵟鹗鸮鵂鹠鹪鹩鹨"
"""Characters no handbook uses: two of them make a word that only one revision holds."""

FOLLOWS = 0.15
"""Chance that the index follows after a trial: most questions meet an index that is behind."""


@dataclass
class World:
    """Everything a trial works with. ``words``: the word of each revision that was ever saved."""

    settings: Settings
    database: Database
    engine: Engine
    chance: random.Random
    now: datetime
    words: dict[tuple[str, int], str] = field(default_factory=dict)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All articles there are: the drill makes none."""
        return tuple(each.id for each in handbook.read_articles(self.database.connection))

    @cached_property
    def language(self) -> Language:
        """The words and the encoder, which no trial changes."""
        return open_language(self.settings, self.database)

    @property
    def editor(self) -> Editor:
        """The editorial operations."""
        return Editor(self.database)


def make_world(settings: Settings, database: Database, *, seed: int, now: datetime) -> World:
    """The world before the first trial."""
    engine = open_engine(settings, database, prewarm=False)
    return World(settings, database, engine, random.Random(seed), now)


def run_trials(world: World, count: int) -> int:
    """Run ``count`` trials; return how many questions were asked; AssertionError on a leak."""
    asked = 0
    for _ in range(count):
        world.chance.choice(MOVES)(world)
        if world.chance.random() < FOLLOWS:
            sync_index(world.settings, world.database, language=world.language)
        asked += check(world)
    return asked


def pass_days(world: World) -> None:
    """Some days pass."""
    world.now += timedelta(days=world.chance.randint(1, 9))  # 10,000 trials end before 2100


def publish(world: World) -> None:
    """Somebody publishes a text: at once or for later, for good or for some days."""
    today = world.now.date()
    starts = today + timedelta(days=world.chance.choice((0, 0, 0, 3, 30)))
    ends = world.chance.choice((None, None, starts + timedelta(days=world.chance.randint(1, 30))))
    put(world, world.chance.choice(ARTICLES), starts, ends)


def put(world: World, article_id: str, starts: date, ends: date | None) -> None:
    """Save and approve a text that holds a word of its own."""
    article = editing.read_newest(world.database.connection, article_id)
    base = article.revision.number
    word = "".join(world.chance.sample(SYLLABLES, 2)) + str(base)
    text = replace(
        article.revision,
        title=f"{word} 的处理",
        body=f"遇到{word}时这样说。\n",
        steps=(f"先问{word}。",),
        time_limits=(),
        figures=(),
        valid_from=starts,
        valid_until=ends,
    )
    saved = world.editor.save(
        replace(article, revision=text), base=base, author="甲", now=world.now
    )
    world.words[article_id, saved.revision.number] = word
    stands = act(world, saved, "submit", "甲")
    for reviewer in ("乙", "丙"):
        if stands.revision.status == "in_review":
            stands = act(world, saved, "approve", reviewer)


def act(world: World, article: Article, action: str, actor: str) -> Article:
    """One step of the review; the article as it stands then."""
    number = article.revision.number
    return world.editor.act(article.id, number, action, actor=actor, now=world.now)


def archive(world: World) -> None:
    """Somebody withdraws an article, if it is in force, and may name one to read instead."""
    gone, successor = world.chance.choice(ARTICLES), world.chance.choice(("", *ARTICLES))
    try:
        world.editor.archive(gone, successor=successor, reason="过时", actor="甲", now=world.now)
    except (ArticleNotFound, InvalidInput):
        return


MOVES: tuple[Callable[[World], None], ...] = (pass_days, pass_days, publish, publish, archive)


def check(world: World) -> int:
    """Ask every lane for one of the texts; AssertionError if one returns what it must not."""
    if not world.words:
        return 0
    word = world.chance.choice(list(world.words.values()))
    today = world.now.date()
    other = today + timedelta(days=world.chance.randint(-60, 60))
    for day in (today, other):
        shown = shown_versions(world, day)
        hits = world.engine.preview_search(SearchQuery(word, day, kind="article")).hits
        for hit in hits:
            assert (hit.target_id, hit.target_version) in shown, (word, day, hit)
    answer = world.engine.preview(SuggestionRequest(f"{word}怎么办，家里网断了"), now=world.now)
    shown = shown_versions(world, today)
    for item in answer.procedures:
        assert (item.target_id, item.target_version) in shown, (word, today, item)
    return 3


def shown_versions(world: World, day: date) -> set[tuple[str, str]]:
    """What the database's rule shows on a day."""
    shown = handbook.shown_numbers(world.database.connection, world.ids, on=day)
    return {(article_id, str(number)) for article_id, number in shown.items()}


def main() -> None:
    """Run the drill on a fresh data folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start = datetime(2026, 11, 20, 10, 0, tzinfo=BEIJING)
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"KB_DATA": str(Path(folder) / "data")})
        database = create_database(settings.database)
        import_handbook(database, read_handbook(settings.handbook), author="drill", now=start)
        build_index(settings, database, now=start, progress=quiet)
        world = make_world(settings, database, seed=given.seed, now=start)
        asked = run_trials(world, given.trials)
        told = f"{given.trials} trials, {asked} questions, {len(world.words)} texts published"
        print(f"{told}, 0 withdrawn texts returned")  # noqa: T201
        database.close()


if __name__ == "__main__":
    main()
