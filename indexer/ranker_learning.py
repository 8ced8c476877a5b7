"""``kb learn``: from settled outcomes to a new ranker version, or why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from indexer.off_policy import Evaluation
from indexer.ranker_plan import RankerPlan, plan_version
from kb.database import Database
from kb.ranker import digest_boosts, name_version
from kb.store import ranker


@dataclass(frozen=True)
class LearnReport:
    """What one learning brought. ``state``: accepted, refused, unchanged, or no_outcomes;
    ``version``: the one recorded, else the current one; ``changes``: boosts that differ from it."""

    state: str
    version: str
    choices: int
    boosts: int
    changes: int
    evaluation: Evaluation


def learn_ranker(database: Database, *, repeat_days: int, now: datetime) -> LearnReport:
    """Learn from all settled outcomes; a version that is not refused answers from now on.

    Reckoning takes seconds: agents' writes wait only while the result is written down.
    """
    choices = ranker.read_choices(database.connection, repeat_days=repeat_days, now=now)
    plan = plan_version(choices)
    kept = [boost for boost in plan.boosts if boost.boost]
    with database.transaction() as connection:
        number = ranker.read_switch(connection).current
        before, current = ranker.read_boosts(connection, number), name_version(number)
        if not choices:
            return LearnReport("no_outcomes", current, 0, 0, 0, plan.evaluation)
        if digest_boosts(kept) == digest_boosts(before):
            return LearnReport("unchanged", current, len(choices), len(kept), 0, plan.evaluation)
        record = ranker.add_ranker(
            connection,
            plan.boosts,
            is_refused=plan.is_refused,
            settings=describe_plan(plan),
            now=now,
        )
        changes = ranker.count_changes(connection, record.version)
    name = name_version(record.version)
    return LearnReport(record.state, name, len(choices), len(kept), changes, plan.evaluation)


def describe_plan(plan: RankerPlan) -> dict[str, object]:
    """How a version was learnt, to be kept with it."""
    return {
        "half_life_days": plan.half_life,
        "evaluation": asdict(plan.evaluation),
        "lanes": {
            lane: {
                "choices": learned.choices,
                "slope": round(learned.slope, 3),
                "priors": [round(prior, 2) for prior in learned.priors],
                "position_bias": asdict(learned.bias),
            }
            for lane, learned in plan.lanes.items()
        },
    }
