"""What an editor does with the handbook, each as one transaction: save, submit, approve, archive.

A save is a new revision based on the newest one; whoever started from an older one is told so and
nothing is lost. Nothing is searchable before it is published, and at once when it is.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime

from kb.article import Article, Revision
from kb.category import describe_retired
from kb.database import Database
from kb.editing import ACTIONS, SETTLE, Standing, approvals_needed, next_status, settled
from kb.errors import ArticleNotFound, EditRefused, InvalidInput, RevisionConflict
from kb.foresight import Foreseen, check_reason, foreseen_as_dict
from kb.intake import never_mask
from kb.lint import check_article
from kb.masking import mask_text
from kb.publication import shown_revision
from kb.store import editing, handbook, sources
from kb.store.editing import RevisionEvent
from kb.texts import clean_text
from kb.verify import ERROR, Finding

MAX_COMMENT = 2_000


@dataclass(frozen=True)
class Work:
    """An article as its editors see it: the newest revision, where it stands, what was said.

    ``in_force``: the revision that readers get today, None when there is none.
    """

    article: Article
    standing: Standing
    in_force: Article | None
    events: tuple[RevisionEvent, ...]
    findings: tuple[Finding, ...]

    @property
    def comments(self) -> dict[int, bool]:
        """Each comment by its number, and whether it is settled."""
        return settled(self.events)


class Editor:
    """The editorial operations over one database. Each takes who acts and the instant."""

    def __init__(self, database: Database) -> None:
        """Nothing is opened yet."""
        self.database = database

    def open(self, article_id: str, *, now: datetime, number: int | None = None) -> Work:
        """The newest revision of an article, or revision ``number``; raise ArticleNotFound."""
        connection = self.database.connection
        if number is None:
            article = editing.read_newest(connection, article_id)
        else:
            article = handbook.read_article(connection, article_id, number=number)
        in_force = _in_force(connection, article_id, now=now)
        return Work(
            article=article,
            standing=_standing(connection, article, in_force),
            in_force=in_force,
            events=tuple(editing.read_events(connection, article_id)),
            findings=tuple(check_article(connection, article, on=now.date())),
        )

    def save(self, article: Article, *, base: int, author: str, now: datetime) -> Article:
        """Keep a text as the next revision, a draft; an equal text makes none.

        ``base``: number of the revision the author started from, 0 for a new article. Raise
        RevisionConflict when that is not the newest one any more, InvalidInput naming the field.
        """
        bounds = self.database.bounds
        if bounds is not None:
            bounds.check_chapter(article.chapter)
        with self.database.transaction() as connection:
            _check_fields(connection, article)
            newest = handbook.newest_number(connection, article.id)
            if base != newest:
                raise RevisionConflict(
                    f"最新为第 {newest} 版，您改的是第 {base} 版", field="If-Match"
                )
            revision = replace(
                article.revision,
                status="draft",
                author=author,
                based_on=base or None,
                reviewer="",
                reason=mask_text(article.revision.reason, never=never_mask(connection)),
            )
            draft = replace(article, revision=revision)
            if newest and _is_same(editing.read_newest(connection, article.id), draft):
                return editing.read_newest(connection, article.id)
            number = handbook.add_revision(connection, draft, now=now)
            saved = handbook.read_article(connection, article.id, number=number)
            editing.add_event(
                connection, saved.revision, "save", actor=author, comment=revision.reason, now=now
            )
            editing.drop_autosave(connection, article.id, author)
            return saved

    def act(
        self,
        article_id: str,
        number: int,
        action: str,
        *,
        actor: str,
        comment: str = "",
        now: datetime,
        foreseen: Foreseen | None = None,
    ) -> Article:
        """Submit, withdraw, approve or reject one revision; return it as it stands then.

        ``foreseen``: what publishing it was measured to change. Raise ArticleNotFound,
        EditRefused, SelfApproval, InvalidInput naming the field, LowersRanking when what would be
        published makes answers worse and the comment does not say why it is published all the same.
        """
        with self.database.transaction() as connection:
            article = handbook.read_article(connection, article_id, number=number)
            in_force = _in_force(connection, article_id, now=now)
            standing = _standing(connection, article, in_force)
            status = next_status(standing, action, actor=actor)
            comment = _plain(connection, comment)
            self._check_step(connection, article, action, comment, now=now)
            is_published = status == "published"
            if is_published:
                check_reason(foreseen, comment, field="comment")
            if action == "approve":
                editing.add_approval(connection, article.revision, reviewer=actor, now=now)
            approvers = [*standing.approvers, actor] if action == "approve" else []
            editing.set_status(connection, article.revision, status, reviewer="、".join(approvers))
            editing.add_event(
                connection,
                article.revision,
                action,
                actor=actor,
                comment=comment,
                now=now,
                impact=foreseen_as_dict(foreseen, despite=comment)
                if foreseen and is_published
                else None,
            )
            if is_published:
                handbook.put_in_force(connection, article, number, now=now)
                sources.link_sources(connection, article, by=actor, now=now)
            return handbook.read_article(connection, article_id, number=number)

    def would_publish(self, article_id: str, number: int, *, actor: str, now: datetime) -> bool:
        """Whether this person's approval is the last that a revision lacks."""
        connection = self.database.connection
        article = handbook.read_article(connection, article_id, number=number)
        standing = _standing(connection, article, _in_force(connection, article_id, now=now))
        if standing.status != "in_review" or actor in (standing.author, *standing.approvers):
            return False
        return len(standing.approvers) + 1 >= standing.needed

    @staticmethod
    def _check_step(
        connection: sqlite3.Connection,
        article: Article,
        action: str,
        comment: str,
        *,
        now: datetime,
    ) -> None:
        if action == "reject" and not comment:
            raise InvalidInput("退回要写明原因", field="comment")
        if action not in ("submit", "approve"):
            return
        wrong = [
            finding.message
            for finding in check_article(connection, article, on=now.date())
            if finding.severity == ERROR
        ]
        if wrong:
            raise EditRefused("；".join(wrong[:5]), field="body")
        later = [
            each.number
            for each in handbook.read_revisions(connection, article.id)
            if each.number > article.revision.number and each.status in ("published", "archived")
        ]
        if later:
            told = f"第 {max(later)} 版已经发布，这一版不能再{ACTIONS[action]}"
            raise EditRefused(told, field="revision")

    def archive(
        self, article_id: str, *, successor: str = "", reason: str, actor: str, now: datetime
    ) -> Article:
        """Withdraw an article from today on by a new revision; name the one to read instead.

        Raise ArticleNotFound when nothing is in force, InvalidInput naming the field.
        """
        reason = mask_text(clean_text(reason, field="reason", longest=MAX_COMMENT))
        if not reason:
            raise InvalidInput("归档要写明原因", field="reason")
        with self.database.transaction() as connection:
            article = handbook.read_article(connection, article_id, on=now.date())
            if successor:
                _check_successor(connection, article_id, successor, now=now)
            gone = replace(
                article.revision,
                status="archived",
                author=actor,
                reason=reason,
                valid_from=now.date(),
                valid_until=None,
                based_on=article.revision.number,
                reviewer="",
            )
            number = handbook.add_revision(connection, replace(article, revision=gone), now=now)
            editing.set_successor(connection, article_id, successor)
            handbook.put_in_force(connection, article, number, now=now)
            saved = handbook.read_article(connection, article_id, number=number)
            editing.add_event(
                connection, saved.revision, "archive", actor=actor, comment=reason, now=now
            )
            return saved

    def restore(self, article_id: str, number: int, *, author: str, now: datetime) -> Article:
        """The text of an old revision as a new draft: history is never rewritten."""
        with self.database.transaction() as connection:
            old = handbook.read_article(connection, article_id, number=number)
            revision = replace(
                old.revision,
                reason=f"恢复第 {number} 版",
                valid_from=max(old.revision.valid_from, now.date()),
                valid_until=None,
            )
            base = handbook.newest_number(connection, article_id)
            return self.save(replace(old, revision=revision), base=base, author=author, now=now)

    def give_up(self, article_id: str, number: int, *, actor: str, now: datetime) -> None:
        """Take a draft that was overtaken off the list; its text stays in the history."""
        with self.database.transaction() as connection:
            article = handbook.read_article(connection, article_id, number=number)
            if all(
                (each.id, each.revision.number) != (article_id, number)
                for each in editing.read_overtaken(connection)
            ):
                raise EditRefused("这一版没有被别的版本盖过", field="revision")
            editing.add_event(
                connection, article.revision, "drop", actor=actor, comment="", now=now
            )

    def comment(
        self, article_id: str, number: int, words: str, *, actor: str, now: datetime
    ) -> None:
        """Say something about a revision; raise ArticleNotFound, InvalidInput."""
        with self.database.transaction() as connection:
            words = _plain(connection, words)
            if not words:
                raise InvalidInput("请写评论内容", field="comment")
            article = handbook.read_article(connection, article_id, number=number)
            editing.add_event(
                connection, article.revision, "comment", actor=actor, comment=words, now=now
            )

    def settle(
        self, article_id: str, comment: int, action: str, *, actor: str, now: datetime
    ) -> None:
        """Settle a comment, or open it again (SETTLE, REOPEN); raise ArticleNotFound, EditRefused.

        Whoever works on the article may: a comment asks for something, and history tells who
        thought it done.
        """
        with self.database.transaction() as connection:
            events = editing.read_events(connection, article_id)
            said = next((each for each in events if each.seq == comment), None)
            state = settled(events)
            if said is None or comment not in state:
                raise EditRefused("没有这条评论", field="comment")
            if state[comment] == (action == SETTLE):
                told = "已经解决了" if state[comment] else "本来就没有解决"
                raise EditRefused(f"这条评论{told}", field="comment")
            article = handbook.read_article(connection, article_id, number=said.number)
            editing.add_event(
                connection, article.revision, action, actor=actor, comment="", now=now,
                about=comment,
            )  # fmt: skip


def _plain(connection: sqlite3.Connection, words: str) -> str:
    """What is said of a revision, without anybody's data."""
    kept = clean_text(words, field="comment", longest=MAX_COMMENT)
    return mask_text(kept, never=never_mask(connection))


def publish_at_once(database: Database, article: Article, *, now: datetime) -> None:
    """Put a revision in force without a review: to try on a scratch copy what it would change."""
    with database.transaction() as connection:
        editing.set_status(connection, article.revision, "published", reviewer="")
        handbook.put_in_force(connection, article, article.revision.number, now=now)


def _in_force(connection: sqlite3.Connection, article_id: str, *, now: datetime) -> Article | None:
    try:
        return handbook.read_article(connection, article_id, on=now.date())
    except ArticleNotFound:
        return None


def _standing(
    connection: sqlite3.Connection, article: Article, in_force: Article | None
) -> Standing:
    revision = article.revision
    return Standing(
        status=revision.status,
        author=revision.author,
        approvers=editing.read_approvers(connection, revision),
        needed=approvals_needed(in_force, article),
    )


def _is_same(old: Article, new: Article) -> bool:
    """Whether a save would change nothing; the text of a withdrawn article is a new draft."""
    if old.revision.status == "archived":
        return False
    return replace(old, revision=_text_only(old.revision)) == replace(
        new, revision=_text_only(new.revision)
    )


def _text_only(revision: Revision) -> Revision:
    return replace(
        revision, number=0, status="", author="", reason="", created_at="", reviewer="",
        based_on=None,
    )  # fmt: skip


def _check_fields(connection: sqlite3.Connection, article: Article) -> None:
    """Refuse what could not be kept or found again; what is only unfinished is for the lint."""
    revision = article.revision
    classes = handbook.read_categories(connection)
    known = (
        ("categories", revision.categories, classes),
        ("time_limits", revision.time_limits, _known_limits(connection, article.id)),
    )
    for field, named, existing in known:
        for name in named:
            if name not in existing:
                raise InvalidInput(f"没有 {name}", field=field)
    for each in (classes[code] for code in revision.categories):
        if each.is_retired and not _names(connection, article.id, each.id):
            raise InvalidInput(describe_retired(each), field="categories")
    if revision.valid_until is not None and revision.valid_until <= revision.valid_from:
        raise InvalidInput("失效日应晚于生效日", field="valid_until")


def _names(connection: sqlite3.Connection, article_id: str, code: str) -> bool:
    """Whether an article names a class already: its editors change that when they come to it."""
    if not handbook.newest_number(connection, article_id):
        return False
    return code in editing.read_newest(connection, article_id).revision.categories


def _known_limits(connection: sqlite3.Connection, article_id: str) -> set[str]:
    """Limits that may be named: those shown to the editor, and those the article names already."""
    known = set(handbook.read_limits(connection))
    if handbook.newest_number(connection, article_id):
        known.update(editing.read_newest(connection, article_id).revision.time_limits)
    return known


def _check_successor(
    connection: sqlite3.Connection, article_id: str, successor: str, *, now: datetime
) -> None:
    if successor == article_id:
        raise InvalidInput("不能是条目自己", field="successor")
    revisions = handbook.read_revisions(connection, successor)
    if shown_revision(revisions, on=now.date()) is None:
        raise InvalidInput(f"没有现行条目 {successor}", field="successor")
