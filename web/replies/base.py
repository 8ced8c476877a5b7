"""What every answer of the API is; the models describe, the views write plain JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """A JSON answer: exactly these keys."""

    model_config = ConfigDict(extra="forbid")


class FaultReply(Reply):
    """What is wrong with one field."""

    pointer: str
    code: str
    detail: str


class ProblemReply(BaseModel):
    """RFC 9457; ``instance`` is the request's id."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FaultReply] = Field(default_factory=list)
