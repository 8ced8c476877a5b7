"""The engine: suggestions and searches over the newest state of the index, recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

from indexer import plain
from indexer.analysis import Analyzer
from indexer.answering import Ground, empty_answer, make_case
from indexer.asking import PREWARM, complete_request, fold_retired, settle_class
from indexer.bounding import Sights
from indexer.classification import ClassEvidence
from indexer.explaining import Explainer
from indexer.generation import UNUSABLE
from indexer.heap import uncollected
from indexer.language import Language, open_language
from indexer.lookup import Lookup
from indexer.opening import NewestIndex, Opened
from indexer.rankers import Rankers, Ranking
from indexer.repeats import Comparer, Earlier, RepeatFinder, repeat_question, ticket_question
from indexer.retrieval import retrieve
from indexer.suggesting import (
    Case,
    guess_categories,
    near_tickets,
    nearest_titles,
    rank_procedures,
)
from kb.counting import counts
from kb.database import Database
from kb.errors import EncoderUnavailable, IndexMissing, InvalidInput
from kb.masking import mask_text
from kb.recording import record_answer, record_search
from kb.reference import ReferenceCache
from kb.repeat import Evidence, Repeat, RepeatQuestion
from kb.searching import MAX_QUERY, EngineStatus, SearchQuery, SearchResult
from kb.settings import Settings
from kb.store import queue, tickets
from kb.suggestion import Answer, Suggestion, SuggestionRequest, unrecorded
from kb.ticket import Ticket
from kb.times import parse_instant

Done = TypeVar("Done")
TURNS = 2
"""Questions worked on at once. Threads share one interpreter: eight together make all eight slow,
the next in line is slow alone (with 50 agents at 100,000 tickets p95 81 against 66 ms)."""


class Engine:
    """Suggestions and searches for one data folder; safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        language: Language,
        *,
        generation: Path | None = None,
    ) -> None:
        """Open the current generation, or hold on to ``generation``.

        Without an index that can be searched the database answers; what is wrong with
        ``generation`` is raised.
        """
        self._settings = settings
        self._database = database
        self._reference = ReferenceCache(database)
        self._repeats = RepeatFinder(database, self._reference, settings.repeat_days)
        self._rankers = Rankers(database, settings)
        self._sights = Sights(database)
        self._turns = threading.Semaphore(TURNS)
        self._index = NewestIndex(settings, database, language, generation=generation)

    @property
    def database(self) -> Database:
        """The database it reads."""
        return self._database

    @property
    def language(self) -> Language:
        """The language of this desk: of the index that is open, or was last."""
        return self._index.language

    @property
    def analyzer(self) -> Analyzer:
        """The analysis of this desk's words."""
        return self.language.analyzer

    @property
    def trouble(self) -> str:
        """Why the database answers alone; "" while there is an index."""
        return self._index.trouble

    def opened(self) -> Opened:
        """The newest state of the index; raise IndexMissing, IndexMismatch, IndexDamaged."""
        return self._index.read()

    @contextmanager
    def _reading(self) -> Iterator[Opened]:
        """The newest state, as far as whoever asks may see it."""
        with self._index.reading() as opened:
            yield self._sights.within(opened)

    def suggest(self, request: SuggestionRequest, *, now: datetime) -> Answer:
        """Answer a complaint; the session and its impressions are kept before this returns.

        Where the disk is full, the answer is ``unrecorded``. Raise InvalidInput naming the field,
        TicketNotFound, CategoryNotFound.
        """
        started = time.perf_counter()
        request = self._complete(request, now=now)
        self._reference.read()  # a lock is waited for here, before anybody's turn is taken
        with self._turns:
            answer = self._answer(request, self._rankers.draw(request), now=now)
        took = (time.perf_counter() - started) * 1000
        answer = replace(answer, took_ms=round(took, 2))
        request = replace(request, bounds=self._database.bounds)
        is_kept = self._database.record(
            lambda connection: record_answer(connection, answer, request, now=now)
        )
        return answer if is_kept else unrecorded(answer)

    def preview(
        self, request: SuggestionRequest, *, now: datetime, ranker_version: str | None = None
    ) -> Answer:
        """The same answer, with nothing recorded or left to chance: for measuring and replays.

        ``ranker_version``: as a session recorded it; raise RankerVersionNotFound.
        """
        request = self._complete(request, now=now)
        with self._turns:
            return self._answer(request, self._rankers.fixed(ranker_version), now=now)

    def _complete(self, request: SuggestionRequest, *, now: datetime) -> SuggestionRequest:
        """The request with what its ticket says; nobody asks for a region they may not see."""
        request = complete_request(self._database.connection, request, now=now)
        bounds = self._database.bounds
        if bounds is not None:
            bounds.check_region(request.region)
        return request

    def _answer(self, request: SuggestionRequest, ranking: Ranking, *, now: datetime) -> Answer:
        try:
            with self._reading() as opened:
                return self._with_or_without_meaning(
                    opened, lambda opened: self._answer_indexed(opened, request, ranking, now=now)
                )
        except UNUSABLE as error:
            ground = self._ground()
            return plain.answer(ground, str(error), request, ranking, now=now)

    def _with_or_without_meaning(self, opened: Opened, work: Callable[[Opened], Done]) -> Done:
        """Work by words alone where the encoder fails or is too slow."""
        try:
            return work(opened)
        except EncoderUnavailable as error:
            counts().encoder_failures.inc()
            return work(opened.without_meaning(str(error)))

    def _answer_indexed(
        self, opened: Opened, request: SuggestionRequest, ranking: Ranking, *, now: datetime
    ) -> Answer:
        connection, snapshot = self._database.connection, opened.snapshot
        reference = self._reference.read()
        masked = mask_text(request.text, never=reference.never_mask)
        ticket = tickets.read_ticket(connection, request.ticket_no) if request.ticket_no else None
        text, corrections = self._sights.current().typed.spell_out(
            masked, opened.language, snapshot
        )
        case, is_other = self._read(opened, request, text, ranking, ticket=ticket, now=now)
        titles = nearest_titles(connection, snapshot, case.classes)
        answer = replace(
            empty_answer(masked, ranking),
            mode=snapshot.mode,
            mode_reason=snapshot.mode_reason,
            abstained=is_other or not case.classes,
            index_generation=snapshot.version,
            categories=guess_categories(case, reference.categories, titles),
            repeat=self._repeats.find(
                repeat_question(request, masked, ticket),
                self._comparer(opened),
                lambda: case.classes,
                now=now,
            ),
            terms=case.explainer.telling(),
            corrections=corrections,
        )
        if answer.abstained:
            return answer
        hits = rank_procedures(connection, snapshot, case)
        return self._ground().fill(answer, case, hits, lambda: near_tickets(snapshot, case))

    def _ground(self) -> Ground:
        return Ground(
            self._database.connection,
            self._reference.read(),
            self.language,
            self._sights.current().tallies,
        )

    def _read(
        self,
        opened: Opened,
        request: SuggestionRequest,
        text: str,
        ranking: Ranking,
        *,
        ticket: Ticket | None,
        now: datetime,
    ) -> tuple[Case, bool]:
        """What is known and found of a complaint, and whether it is none of the trade's."""
        query = opened.language.builder.build(text, without=request.without)
        found = retrieve(opened.snapshot, query, on=now.date())
        talk = opened.reader.read(query)
        classes = opened.classifier.classify(found.passages, found.tickets, talk.features)
        classes = fold_retired(classes, moved := self._reference.read().moved)
        if request.category:
            classes = settle_class(classes, request.category)
        explainer = Explainer(opened.language.analyzer, query, opened.snapshot.passages.ceiling)
        case = make_case(request, query, classes, explainer, ranking, ticket=ticket, now=now)
        case = replace(case, retrieved=found, moved=moved)
        return case, not request.category and not opened.gate.is_trade(talk)

    def rank(self, text: str, *, now: datetime, count: int) -> list[str]:
        """Ids of the articles that ``preview`` shows first, without their reasons; none where it
        abstains. ``text``: masked already."""
        connection = self._database.connection
        asked = complete_request(connection, SuggestionRequest(text, limit=count), now=now)
        opened = self._sights.within(self.opened())
        ranking = self._rankers.fixed()
        text, _ = self._sights.current().typed.spell_out(text, opened.language, opened.snapshot)
        with self._turns:
            case, is_other = self._read(opened, asked, text, ranking, ticket=None, now=now)
            if is_other or not case.classes:
                return []
            hits = rank_procedures(connection, opened.snapshot, case)
        return [hit.target_id for hit, _ in hits]

    @property
    def version(self) -> str:
        """What the answers depend on: state of the index, vocabulary, ranker."""
        opened = self.opened()
        ranker = self._rankers.fixed().version
        return f"{opened.snapshot.version} {opened.language.version} {ranker}"

    @property
    def handbook_version(self) -> str:
        """What the answers depend on, but for tickets: they come by the minute, and move what is
        compared with them on both sides alike."""
        opened = self.opened()
        passages = opened.snapshot.passages.collection
        names = " ".join(segment.name for segment in passages.segments)
        language, ranker = opened.language, self._rankers.fixed().version
        return f"{names} {len(passages.dead)} {language.version} {language.cut} {ranker}"

    def find_repeat(self, question: RepeatQuestion, *, now: datetime) -> Repeat | None:
        """The earlier ticket of the same number about the same matter; None without an index."""

        def classes() -> list[ClassEvidence]:
            return self._classes(opened, question.text, category=question.category, now=now)

        try:
            with self._reading() as opened:
                return self._repeats.find(question, self._comparer(opened), classes, now=now)
        except UNUSABLE:
            return None

    def ticket_repeat(self, ticket: Ticket, *, now: datetime) -> Repeat | None:
        """What a ticket, kept or about to be, repeats."""
        return self.find_repeat(ticket_question(ticket), now=now)

    def classify(self, text: str, *, category: str = "", now: datetime) -> list[ClassEvidence]:
        """The classes of a text, most probable first, none without an index; ``category``: what the
        agent chose."""
        try:
            with self._reading() as opened:
                return self._with_or_without_meaning(
                    opened, lambda opened: self._classes(opened, text, category=category, now=now)
                )
        except UNUSABLE:
            return []

    def _classes(
        self, opened: Opened, text: str, *, category: str, now: datetime
    ) -> list[ClassEvidence]:
        query = opened.language.builder.build(text)
        found = retrieve(opened.snapshot, query, on=now.date())
        talk = opened.reader.read(query)
        classes = opened.classifier.classify(found.passages, found.tickets, talk.features)
        classes = fold_retired(classes, self._reference.read().moved)
        return settle_class(classes, category) if category else classes

    def find_home(self, text: str, *, now: datetime) -> Suggestion | None:
        """The article nearest to a text, be it an answer or not; nothing is recorded."""
        classes = self.classify(text, now=now)
        if not classes:
            return None
        request = SuggestionRequest(text, category=classes[0].code, limit=1)
        return next(iter(self.preview(request, now=now).procedures), None)

    def compare(self, text: str, classes: Sequence[ClassEvidence], earlier: Earlier) -> Evidence:
        """Evidence on whether ``text`` is about the matter of an earlier complaint."""
        comparer = self._comparer(self.opened())
        return comparer.compare(comparer.read(text, classes), earlier)

    @staticmethod
    def _comparer(opened: Opened) -> Comparer:
        language = opened.language
        return Comparer(language.analyzer, language.builder, opened.reader.keyness)

    def search(self, query: SearchQuery, *, now: datetime) -> SearchResult:
        """Answer an explicit search; its record is kept before this returns, unless the disk is
        full: then it has no ``search_id``.

        Raise InvalidInput for an empty or overlong query, TicketNotFound.
        """
        result = self.preview_search(query)
        masked = mask_text(query.text, never=self._reference.read().never_mask)
        kept: list[str] = []
        is_kept = self._database.record(
            lambda connection: kept.append(
                record_search(connection, query, result, masked=masked, now=now)
            )
        )
        return replace(result, search_id=kept[0]) if is_kept else result

    def preview_search(self, query: SearchQuery) -> SearchResult:
        """The same result, with nothing recorded: for measuring, and while someone still types."""
        started = time.perf_counter()
        if not query.text.strip():
            raise InvalidInput("请输入要查的词", field="q")
        if len(query.text) > MAX_QUERY:
            raise InvalidInput(f"超过 {MAX_QUERY} 字", field="q")
        masked = mask_text(query.text, never=self._reference.read().never_mask)
        try:
            with self._reading() as opened, self._turns:
                typed, limits = self._sights.current().typed, self._reference.read().limits
                search = Lookup(self._database.connection, typed, limits).search
                result = self._with_or_without_meaning(
                    opened, lambda opened: search(opened, query, masked)
                )
        except UNUSABLE as error:
            result = plain.search(self._ground(), str(error), query, masked)
        return replace(result, took_ms=round((time.perf_counter() - started) * 1000, 2))

    def status(self) -> EngineStatus:
        """State of the index: what health checks and the status line show."""
        queued = queue.count_queued(self._database.connection)
        ranker = self._rankers.fixed().version
        try:
            opened = self.opened()
        except UNUSABLE as error:
            why = f"{error}。{plain.REASON}"
            return EngineStatus(True, "", 0, 0, plain.MODE, why, queued, ranker)
        return opened.status(queued=queued, ranker=ranker)

    def prewarm(self) -> None:
        """Load dictionaries and pages a first complaint or search would wait for.

        Fixes are counted meanwhile by another core: SQLite needs no interpreter for it.
        """
        try:
            opened = self.opened()
        except UNUSABLE:
            return
        made = parse_instant(opened.snapshot.manifest.created_at, field="created_at")
        with ThreadPoolExecutor(1) as beside:
            counting = beside.submit(self._count_fixes)
            for text in PREWARM:
                self.preview(SuggestionRequest(text), now=made)
            self._sights.current().typed.build(PREWARM[0], opened.language, opened.snapshot)
            counting.result()

    def _count_fixes(self) -> None:
        self._sights.current().tallies.load(self._database.connection)
        self._database.close()


def open_engine(settings: Settings, database: Database, *, prewarm: bool = True) -> Engine:
    """Open the engine of a data folder; raise IndexMissing when it never had an index.

    From then on numpy multiplies in one thread: a second one doubles the processor time of a
    suggestion, and on a busy machine the first waits for it.
    """
    threadpool_limits(limits=1, user_api="blas")
    if not settings.index.is_dir():
        raise IndexMissing(str(settings.index))
    with uncollected():
        engine = Engine(settings, database, open_language(settings, database))
        if prewarm:
            engine.prewarm()
    return engine
