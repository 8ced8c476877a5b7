"""What learners send: grades of cards, answers of drills."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from web.bodies import Body, Query
from web.fields import Identity, Name


class GradeBody(Body):
    """POST /learning/cards/{card_id}/grade; ``follows``: number of the review seen before."""

    rating: Annotated[int, Field(ge=1, le=4)]
    follows: Annotated[int, Field(ge=0)] | None = None


class GradeForm(Query):
    """The form of a card."""

    card_id: Identity
    rating: Annotated[int, Field(ge=1, le=4)]
    follows: Annotated[int, Field(ge=0)] | None = None


class DrillBody(Body):
    """POST /learning/drills; ``category``: a class of one's own choice."""

    category: Name = ""


class DrillAnswerBody(Body):
    """POST /learning/drills/{drill_id}/answer; ``said``: sentences to say, by their number."""

    category: Name = ""
    article: Name = ""
    limit: Name = ""
    due_at: Name = ""
    dept: Name = ""
    said: list[Annotated[int, Field(ge=0, le=20)]] = Field(default_factory=list, max_length=20)
    own_words: Annotated[str, Field(max_length=2000)] = ""


class CardsPage(Query):
    """The page /learn/cards: which card comes first, and what became of the one before."""

    card: Name = ""
    done: Name = ""
