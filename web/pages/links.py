"""Knowledge tied to a ticket, taken back on its page, and put back again."""

from __future__ import annotations

from flask import Blueprint, request

from kb.chain import Unlinked, read_chain
from kb.errors import InvalidInput, LinkNotFound
from kb.linking import Target
from web.pages.bound import Answered, keeps_text, save_typed, to_page
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("links", __name__, url_prefix="/tickets")


@blueprint.post("/<ticket_no>/unlink", endpoint="unlink")
@keeps_text
def take_link_back(ticket_no: str) -> Answered:
    """Take a link of the closing to come back; what was typed is kept."""
    usage, target = _read_link(request.form.get("link", ""))
    services = current()
    with services.database.transaction():
        save_typed(ticket_no)
        services.desk.unlink(ticket_no, target, usage, agent=agent_name(), now=services.clock())
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/relink", endpoint="relink")
@keeps_text
def put_link_back(ticket_no: str) -> Answered:
    """Tie again what was taken back last."""
    services = current()
    with services.database.transaction() as connection:
        save_typed(ticket_no)
        taken = read_chain(connection, ticket_no).unlinked
        if taken is None:
            raise LinkNotFound("没有可以恢复的关联", field="link")
        services.desk.link(
            ticket_no, _target(taken), taken.usage, agent=agent_name(), now=services.clock()
        )
    return to_page(ticket_no)


def _read_link(text: str) -> tuple[str, tuple[str, str]]:
    """What a button says: usage, type and id of what it points at."""
    usage, _, rest = text.partition(":")
    target_type, _, target_id = rest.partition(":")
    if not target_id:
        raise InvalidInput("没有指明是哪一条", field="link")
    return usage, (target_type, target_id)


def _target(taken: Unlinked) -> Target:
    if taken.impression_id:
        return Target(impression_id=taken.impression_id)
    return Target(target_type=taken.target_type, target_id=taken.target_id)
