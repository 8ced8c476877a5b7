"""What publishing would change, asked for pages and API alike; publishing itself asks too."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, time
from functools import partial
from typing import Any

from flask import current_app

from indexer.impact import JUDGED, Impact, ImpactStudy, Shown
from kb.article import Article
from kb.category import Category
from kb.database import Database
from kb.editor import Editor, publish_at_once
from kb.errors import ArticleNotFound, IndexDamaged, IndexMismatch, IndexMissing
from kb.foresight import Foreseen, foreseen_as_dict
from kb.limit import TimeLimit
from kb.rewording import Proposal, publish
from kb.store import class_changes, handbook, trials
from kb.store.bounds import hidden_among
from kb.store.limit_changes import put_in_force, write_limit
from kb.store.trials import Trial, Tried
from kb.store.vocabulary import Signed
from kb.times import BEIJING, format_instant
from web.events import log_event
from web.parsing import agent_name
from web.services import Services, current

KEPT = 16
"""Impacts kept while the desk answers as it did: who looked at one publishes without waiting."""
TRIAL = Signed("试算", "试算")


class Impacts:
    """Impacts of changes on this service's desk."""

    def __init__(self, services: Services) -> None:
        """Nothing is asked before somebody wants to know."""
        self._services = services
        self._study = ImpactStudy(services.settings, services.database, services.engine)
        self._kept: dict[tuple[str, str, bool], Impact] = {}
        self._trying = threading.Lock()

    def try_change_beside(self, name: str, measure: Callable[[], Foreseen | None]) -> None:
        """Measure in a thread of its own what a proposed change of a limit or class does;
        ``trial_of`` tells of it by the name."""
        services = self._services
        services.database.together(partial(trials.begin_trial, name=name, now=services.clock()))
        threading.Thread(target=self._tell_quietly, args=(name, measure), daemon=True).start()

    def _tell_quietly(self, name: str, measure: Callable[[], Foreseen | None]) -> None:
        found: Foreseen | None = None
        try:
            found = measure()
        except Exception as error:  # noqa: BLE001 (a trial ahead of time; its approval asks again)
            log_event("impact_not_measured", error=type(error).__name__)
        finally:
            self._services.database.record(partial(trials.end_trial, name=name, foreseen=found))
            self._services.database.close()

    def trial_of(self, name: str) -> Trial:
        """How far the trial of a proposed change is; the approval measures anew where the desk
        has changed since."""
        services = self._services
        return trials.read_trial(services.database.connection, name, now=services.clock())

    def try_beside(self, article: Article) -> None:
        """Measure in a thread of its own what publishing a revision changes: its approval will
        find it measured, or wait for the rest."""
        threading.Thread(target=self._try_quietly, args=(article,), daemon=True).start()

    def _try_quietly(self, article: Article) -> None:
        try:
            self.foresee(article)
        except Exception as error:  # noqa: BLE001 (a trial ahead of time; its approval asks again)
            log_event("impact_not_measured", error=type(error).__name__)
        finally:
            self._services.database.close()

    def foresee(self, article: Article) -> Foreseen:
        """What putting a revision in force does to the judged queries, measured once."""
        with self._trying, self._services.database.bound(None):
            known = self.find_foreseen(article)
            if known is not None:
                return known
            tried = self._tried(article)
            foreseen = self.of_article(article, with_recent=False).foreseen
            with self._services.database.transaction() as connection:
                trials.save_trial(connection, tried, foreseen, now=self._services.clock())
            return foreseen

    def find_foreseen(self, article: Article) -> Foreseen | None:
        """The same, if it is known for the handbook as it is."""
        return trials.find_trial(self._services.database.connection, self._tried(article))

    def _tried(self, article: Article) -> Tried:
        revision = article.revision
        day = max(self._services.clock().date(), revision.valid_from)
        handbook_version = self._services.engine.handbook_version
        return Tried(article.id, revision.number, day.isoformat(), handbook_version)

    def of_article(self, article: Article, *, with_recent: bool = True) -> Impact:
        """What putting a revision in force would change, on the day it becomes valid."""
        now = self._services.clock()
        valid = datetime.combine(article.revision.valid_from, time(12), BEIJING)
        now = max(now, valid)
        key = f"{article.id} {article.revision.number} {now.date()}"
        trial = partial(publish_at_once, article=article, now=now)
        limits = with_recent and self._changes_limits(article, now)
        return self._find(key, trial, now=now, with_recent=with_recent, with_limits=limits)

    def _changes_limits(self, article: Article, now: datetime) -> bool:
        connection = self._services.database.connection
        try:
            before = handbook.read_article(connection, article.id, on=now.date())
        except ArticleNotFound:
            return bool(article.revision.time_limits)
        return before.revision.time_limits != article.revision.time_limits

    def of_vocabulary(self, proposal: Proposal, *, with_recent: bool = True) -> Impact:
        """What putting these tables in force would change."""
        now = self._services.clock()
        text = json.dumps(proposal.tables, ensure_ascii=False, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()

        def trial(database: Database) -> None:
            publish(database, proposal, TRIAL, now=now)

        return self._find(key, trial, now=now, with_recent=with_recent)

    def of_limit(self, limit: TimeLimit, *, with_recent: bool = True) -> Impact:
        """What letting a limit bind would change."""
        now = self._services.clock()

        def trial(database: Database) -> None:
            with database.transaction() as connection:
                put_in_force(connection, limit, at=format_instant(now))

        key = f"limit {write_limit(limit)}"
        return self._find(key, trial, now=now, with_recent=with_recent, with_limits=with_recent)

    def foresee_limit(self, limit: TimeLimit) -> Foreseen | None:
        """What it does to the judged queries; None, and a line in the log, when that cannot be
        measured now."""
        with self._trying:  # a trial that is at work already is waited for
            return _measured(lambda: self.of_limit(limit, with_recent=False).foreseen)

    def of_class(self, category: Category, *, with_recent: bool = True) -> Impact:
        """What a class as it is to be would change."""
        now = self._services.clock()

        def trial(database: Database) -> None:
            with database.transaction() as connection:
                class_changes.put_in_force(connection, category, now=now)

        key = f"class {class_changes.write_class(category)}"
        return self._find(key, trial, now=now, with_recent=with_recent, with_limits=with_recent)

    def foresee_class(self, category: Category) -> Foreseen | None:
        """The same as ``foresee_limit``, of a class."""
        with self._trying:
            return _measured(lambda: self.of_class(category, with_recent=False).foreseen)

    def _find(
        self,
        key: str,
        trial: Callable[[Database], object],
        *,
        now: datetime,
        with_recent: bool,
        with_limits: bool = False,
    ) -> Impact:
        with self._services.database.bound(None):
            found = self._study_all(
                key, trial, now=now, with_recent=with_recent, with_limits=with_limits
            )
        return _within(self._services.database, found)

    def _study_all(
        self,
        key: str,
        trial: Callable[[Database], object],
        *,
        now: datetime,
        with_recent: bool,
        with_limits: bool,
    ) -> Impact:
        """The impact on all of the desk, whoever asks."""
        version = self._services.engine.version
        for recent in {True, with_recent}:
            if (version, key, recent) in self._kept:
                return self._kept[version, key, recent]
        found = self._study.study(trial, now=now, with_recent=with_recent, with_limits=with_limits)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[version, key, with_recent] = found
        return found


def _within(database: Database, impact: Impact) -> Impact:
    """What whoever asks may see of an impact; the figures are of all of it.

    Texts of callers have no region by themselves: who is bound to regions sees the judged ones.
    """
    bounds = database.bounds
    if bounds is None:
        return impact
    shown = [each for each in impact.effects if bounds.regions is None or each.kind == JUDGED]
    named = {item.target_id for each in shown for item in (*each.before, *each.after)}
    named.update(name for each in shown for name in each.articles)
    hidden = {
        name
        for table in (("article", "id"), ("time_limit", "id"), ("ticket", "ticket_no"))
        for name in hidden_among(database.connection, *table, named)
    }

    def open_only(items: tuple[Shown, ...]) -> tuple[Shown, ...]:
        return tuple(item for item in items if item.target_id not in hidden)

    effects = [
        replace(each, before=open_only(each.before), after=open_only(each.after))
        for each in shown
        if not hidden.intersection(each.articles)
    ]
    return replace(impact, effects=tuple(effects))


def impacts() -> Impacts:
    """Those of the app that answers this request."""
    found: Impacts = current_app.extensions["impacts"]
    return found


def act(article_id: str, number: int, action: str, *, comment: str) -> Article:
    """Take a revision further; before it is published, what that changes is measured: from its
    submission on, beside, so that an approval seldom waits.

    Raise what ``Editor.act`` raises.
    """
    editor, now, who = Editor(current().database), current().clock(), agent_name()
    foreseen: Foreseen | None = None
    if action == "approve" and editor.would_publish(article_id, number, actor=who, now=now):
        article = handbook.read_article(current().database.connection, article_id, number=number)
        foreseen = _foresee(article)
    done = editor.act(
        article_id, number, action, actor=who, comment=comment, now=now, foreseen=foreseen
    )
    if action == "submit":
        impacts().try_beside(done)
    return done


def _foresee(article: Article) -> Foreseen | None:
    """What publishing changes; None, and a line in the log, when it cannot be measured now: a text
    that puts the handbook right does not wait for a measurement."""
    return _measured(lambda: impacts().foresee(article))


def _measured(measure: Callable[[], Foreseen]) -> Foreseen | None:
    try:
        return measure()
    except (IndexMissing, IndexMismatch, IndexDamaged, OSError, sqlite3.OperationalError) as error:
        log_event("impact_not_measured", error=type(error).__name__)
        return None


def impact_json(impact: Impact) -> dict[str, Any]:
    """An impact as JSON."""
    effects = [{**asdict(each), "direction": each.direction} for each in impact.effects]
    foreseen = dict(foreseen_as_dict(impact.foreseen))
    return {"foreseen": foreseen, "effects": effects, "seconds": impact.seconds}
