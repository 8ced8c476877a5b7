"""Marking a gap: what was decided, by whom and why, kept with the evidence it was decided on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kb.database import Database
from kb.errors import GapNotFound, InvalidInput
from kb.gap import MARKS, Cluster
from kb.intake import never_mask
from kb.masking import mask_text
from kb.store import gaps


def find_cluster(clusters: Sequence[Cluster], gap_id: str) -> Cluster:
    """The group that holds this evidence now; raise GapNotFound."""
    for cluster in clusters:
        if any(each.id == gap_id for each in cluster.evidence):
            return cluster
    raise GapNotFound(gap_id, field="gap_id")


def mark_gap(
    database: Database, cluster: Cluster, *, state: str, reason: str, agent: str, now: datetime
) -> None:
    """Mark all evidence of a gap as done or dismissed."""
    if state not in MARKS:
        raise InvalidInput(f"应为 {'、'.join(MARKS)} 之一", field="state")
    if not reason.strip():
        raise InvalidInput("请写明做了什么，或为什么不处理", field="reason")
    with database.transaction() as connection:
        gaps.add_mark(
            connection,
            [each.id for each in cluster.evidence],
            state=state,
            label=cluster.label,
            reason=mask_text(reason.strip(), never=never_mask(connection)),
            agent=agent,
            now=now,
        )
