"""Which ranker answers this question: the current version, a recorded one, or two on trial."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer.arranging import MANY_CLASSES, Arranger, Boosts
from indexer.classification import ClassEvidence
from indexer.ranker_plan import as_lookup
from kb.database import Database
from kb.experiment import Experiment
from kb.ranker import name_version, parse_version
from kb.settings import Settings
from kb.store import experiments, ranker
from kb.suggestion import SuggestionRequest

TRIAL = "trial"
"""Arm of a session in which two neighbours were on trial; an experiment's arm is its name."""
KEPT_VERSIONS = 8
ONE_WAY = frozenset({"cli"})
"""Channels whose answers are read by programs: never randomised, like those of training."""


@dataclass(frozen=True)
class Ranking:
    """The ranker of one answer. ``version``: as recorded; ``arm``: the experiment it takes part in;
    ``rival``: boosts of the treatment, ``boosts`` those of the control."""

    version: str
    boosts: Boosts = field(default_factory=dict)
    rival: Boosts | None = None
    arm: str = ""
    swap_rate: float = 0.0
    seed: str = ""

    def arranger(self, classes: Sequence[ClassEvidence]) -> Arranger:
        """What puts the lists of a complaint of these classes in order."""
        return Arranger(
            boosts=self.boosts,
            rival=self.rival,
            classes=[(each.code, each.probability) for each in classes[:MANY_CLASSES]],
            swap_rate=self.swap_rate,
            rng=random.Random(self.seed),  # noqa: S311 - a lot, not a secret
        )


@dataclass(frozen=True)
class Held:
    """What one stamp of the switch stands for."""

    stamp: int
    learning: bool
    current: int
    experiment: Experiment | None


class Rankers:
    """The versions of one data folder; asks the database only whether something changed."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Read nothing yet."""
        self._database = database
        self._settings = settings
        self._salt = secrets.token_hex(8)
        self._held: Held | None = None
        self._boosts: dict[int, Boosts] = {}

    def draw(self, request: SuggestionRequest) -> Ranking:
        """The ranker for an agent's question, by lot where an experiment or a trial asks for it.

        The lot hangs on the words and the agent: who asks again sees the same order.
        """
        held = self._read()
        if not held.learning or request.channel in ONE_WAY or request.is_training:
            return self._fixed(held.current if held.learning else 0)
        seed = f"{self._salt}|{request.agent}|{request.text}"
        experiment = held.experiment
        if experiment is not None and random.Random(f"share|{seed}").random() < experiment.share:  # noqa: S311
            return Ranking(
                version=name_version(experiment.control),
                boosts=self._load(experiment.control),
                rival=self._load(experiment.treatment),
                arm=experiment.name,
                seed=seed,
            )
        return Ranking(
            version=name_version(held.current),
            boosts=self._load(held.current),
            swap_rate=self._settings.swap_rate,
            seed=seed,
        )

    def fixed(self, version: str | None = None) -> Ranking:
        """A version as recorded on a session, or the current one; raise RankerVersionNotFound."""
        if version is not None:
            return self._fixed(parse_version(version, field="ranker_version"))
        held = self._read()
        return self._fixed(held.current if held.learning else 0)

    def _fixed(self, number: int) -> Ranking:
        return Ranking(version=name_version(number), boosts=self._load(number))

    def _read(self) -> Held:
        connection = self._database.connection
        held = self._held
        if held is None or held.stamp != ranker.read_stamp(connection):
            switch = ranker.read_switch(connection)
            held = Held(
                stamp=switch.stamp,
                learning=switch.learning and self._settings.learning,
                current=switch.current,
                experiment=experiments.read_running(connection),
            )
            self._held = held
        return held

    def _load(self, number: int) -> Boosts:
        """Boosts of a version: they never change once recorded."""
        found = self._boosts.get(number)
        if found is None:
            found = as_lookup(ranker.read_boosts(self._database.connection, number))
            kept = list(self._boosts.items())[1 - KEPT_VERSIONS :]
            self._boosts = {**dict(kept), number: found}  # other threads read the old one
        return found
