"""What the list of tickets is given: one queue, filtered, a page of it."""

from __future__ import annotations

from typing import Any

from kb.queues import QUEUES
from kb.store import handbook, queues
from kb.store.queues import QueueFilter
from web.bodies import QueuePage
from web.parsing import named_agent, read_query
from web.services import current

PAGE = 50


def describe_queue() -> dict[str, Any]:
    """The queue asked for, with the counts of all; ``mine`` needs a name."""
    query = read_query(QueuePage)
    connection = current().database.connection
    now = current().clock()
    assignee = named_agent() if query.mine else ""
    wanted = QueueFilter(
        query.queue, assignee=assignee, category=query.category, department=query.department
    )
    nameless = bool(query.mine) and not assignee
    found = (
        [] if nameless else queues.read_queue(connection, wanted, after=query.after, limit=PAGE + 1)
    )
    kept = query.model_dump(exclude={"after"}, exclude_defaults=True)
    return {
        "tickets": found[:PAGE],
        "queue": query.queue,
        "query": query,
        "kept": kept,
        "nameless": nameless,
        "following": found[PAGE - 1].ticket_no if len(found) > PAGE else "",
        "counts": queues.count_queues(connection, assignee=assignee, now=now),
        "names": QUEUES,
        "classes": handbook.read_categories(connection),
        "departments": queues.departments(connection),
        "now": now,
    }
