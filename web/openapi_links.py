"""What an answer of the API leads to: the links of the OpenAPI document.

A link says which operation takes what an answer holds, so that programs (and the drills) can follow
a ticket, a suggestion or an article from call to call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str, str]


@dataclass(frozen=True)
class Link:
    """Where to: an operation, and where each part of its path stands in the answer (or, after
    ``path.``, in the path of the request)."""

    to: Key
    parts: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the document calls it: its method and the last word of its path."""
        method, path = self.to
        words = [part for part in path.split("/") if not part.startswith("{")]
        return f"{method.lower()}-{words[-1]}"

    def describe(self) -> dict[str, object]:
        """The link as the document has it."""
        return {
            "operationId": operation_id(self.to),
            "parameters": {name: _expression(place) for name, place in self.parts.items()},
        }


def operation_id(key: Key) -> str:
    """What the document calls an operation."""
    method, path = key
    parts = path.strip("/").replace("{", "by-").replace("}", "").replace(".", "-")
    return "-".join([method.lower(), *parts.replace("_", "-").split("/")])


def _expression(place: str) -> str:
    return f"$request.{place}" if place.startswith("path.") else f"$response.body#/{place}"


def _of_ticket(place: str) -> tuple[Link, ...]:
    ticket = {"ticket_no": place}
    steps = ("links", "assign", "dispatch", "escalate", "close", "reopen", "callback")
    return (
        Link(("GET", "/tickets/{ticket_no}"), ticket),
        Link(("PATCH", "/tickets/{ticket_no}"), ticket),
        *(Link(("POST", f"/tickets/{{ticket_no}}/{step}"), ticket) for step in steps),
    )


def _of_article(place: str) -> tuple[Link, ...]:
    article = {"article_id": place}
    reads = ("", "/draft", "/revisions", "/diff", "/impact")
    steps = ("submit", "withdraw", "approve", "reject", "comments", "archive", "restore")
    return (
        *(Link(("GET", f"/articles/{{article_id}}{path}"), article) for path in reads),
        Link(("PUT", "/articles/{article_id}/draft"), article),
        *(Link(("POST", f"/articles/{{article_id}}/{step}"), article) for step in steps),
    )


LINKS: Mapping[Key, tuple[Link, ...]] = {
    ("POST", "/suggestions"): (
        Link(("GET", "/suggestions/{session_id}"), {"session_id": "session_id"}),
        Link(("POST", "/suggestions/{session_id}/displayed"), {"session_id": "session_id"}),
        Link(("POST", "/suggestions/{session_id}/decisions"), {"session_id": "session_id"}),
        Link(
            ("POST", "/impressions/{impression_id}/events"),
            {"impression_id": "procedures/0/impression_id"},
        ),
    ),
    ("POST", "/suggestions/{session_id}/decisions"): (
        Link(("POST", "/decisions/{decision_id}/undo"), {"decision_id": "decision_id"}),
        Link(("GET", "/suggestions/{session_id}"), {"session_id": "path.session_id"}),
    ),
    ("POST", "/impressions/{impression_id}/events"): (
        Link(("POST", "/events/{event_id}/undo"), {"event_id": "event_id"}),
    ),
    ("POST", "/tickets"): _of_ticket("ticket_no"),
    ("GET", "/tickets"): _of_ticket("tickets/0/ticket_no"),
    ("POST", "/tickets/{ticket_no}/links"): (
        Link(("POST", "/tickets/{ticket_no}/unlink"), {"ticket_no": "path.ticket_no"}),
        Link(("GET", "/tickets/{ticket_no}"), {"ticket_no": "path.ticket_no"}),
    ),
    ("POST", "/tickets/{ticket_no}/close"): _of_ticket("path.ticket_no"),
    ("PUT", "/articles/{article_id}/draft"): _of_article("path.article_id"),
    ("POST", "/articles/{article_id}/submit"): _of_article("path.article_id"),
    ("POST", "/articles/{article_id}/approve"): _of_article("path.article_id"),
    ("GET", "/articles"): _of_article("articles/0/id"),
    ("POST", "/learning/drills"): (
        Link(("POST", "/learning/drills/{drill_id}/answer"), {"drill_id": "id"}),
    ),
    ("GET", "/learning/cards"): (
        Link(("POST", "/learning/cards/{card_id}/grade"), {"card_id": "cards/0/id"}),
    ),
    ("GET", "/reports/gaps"): (
        Link(("POST", "/reports/gaps/{gap_id}/mark"), {"gap_id": "gaps/0/id"}),
    ),
    ("GET", "/reports/tasks"): (
        Link(("POST", "/reports/tasks/{task_id}/close"), {"task_id": "tasks/0/id"}),
    ),
}
"""By operation: what its answer leads to."""
