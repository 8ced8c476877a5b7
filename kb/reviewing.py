"""Opening review tasks by themselves, and closing them by hand: one transaction each."""

from __future__ import annotations

from datetime import datetime

from kb.database import Database
from kb.errors import InvalidInput, ReviewTaskConflict
from kb.intake import never_mask
from kb.masking import mask_text
from kb.review import VERDICTS, ReviewTask, plan_reviews
from kb.store import reviews


def open_reviews(database: Database, *, now: datetime) -> int:
    """Open a task for every item that comes back more often than its class; return how many."""
    with database.transaction() as connection:
        findings = plan_reviews(
            reviews.read_records(connection),
            reviews.count_classes(connection),
            reviews.read_open_subjects(connection),
        )
        for finding in findings:
            reviews.add_task(connection, finding, now=now)
    return len(findings)


def close_review(
    database: Database, task_id: int, *, verdict: str, done: str, agent: str, now: datetime
) -> ReviewTask:
    """Close an open task with a verdict and what was done."""
    if verdict not in VERDICTS:
        raise InvalidInput(f"应为 {'、'.join(VERDICTS)} 之一", field="verdict")
    if not done.strip():
        raise InvalidInput("请写明做了什么", field="done")
    with database.transaction() as connection:
        if not reviews.read_task(connection, task_id).is_open:
            raise ReviewTaskConflict("这个复核任务已经办完", field="task_id")
        reviews.finish_task(
            connection,
            task_id,
            verdict=verdict,
            done=mask_text(done.strip(), never=never_mask(connection)),
            agent=agent,
            now=now,
        )
        return reviews.read_task(connection, task_id)
