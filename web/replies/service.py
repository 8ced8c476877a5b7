"""Answers about the service itself."""

from __future__ import annotations

from web.replies.base import Reply


class HealthReply(Reply):
    """The process answers."""

    status: str


class ReadinessReply(Reply):
    """State of the index; ``pending`` counts changes not indexed yet. ``writes``: ok, disk-full or
    damaged."""

    status: str
    writes: str
    index_generation: str
    passages: int
    tickets: int
    mode: str
    mode_reason: str
    pending: int
    ranker_version: str
