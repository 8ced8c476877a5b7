"""Taking records out row by row needs two: one asks and says why, another agrees.

Order No. 24 of the ministry (电信和互联网用户个人信息保护规定, article 13) asks for a review of
bulk exports. Figures of reports are no rows, and need nobody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from kb.database import Database
from kb.errors import ExportRefused, InvalidInput
from kb.intake import never_mask
from kb.masking import mask_text
from kb.store.accounts import has_accounts
from kb.store.export_requests import ExportRequest, add_request, read_request, save_request
from kb.texts import clean_required
from kb.times import format_instant, parse_instant

STATES: Mapping[str, str] = {
    "waiting": "待批准",
    "approved": "已批准",
    "refused": "不批准",
    "fetched": "已取走",
}
GOOD_FOR = timedelta(days=7)
"""How long an approval is good for."""
MAX_WHY = 200


def ask(
    database: Database,
    since: datetime,
    until: datetime,
    *,
    agents: bool,
    why: str,
    by: str,
    now: datetime,
) -> ExportRequest:
    """Ask to take out what was recorded from ``since`` up to ``until``; raise InvalidInput."""
    if until <= since:
        raise InvalidInput("不能早于开始日期", field="到")
    why = clean_required(why, field="用途", longest=MAX_WHY)
    with database.transaction() as connection:
        request = ExportRequest(
            id=secrets.token_hex(8),
            since=format_instant(since),
            until=format_instant(until),
            agents=agents,
            why=mask_text(why, never=never_mask(connection)),
            requested_by=by,
            requested_at=format_instant(now),
        )
        add_request(connection, request)
    return request


def decide(
    database: Database, export_id: str, *, agrees: bool, by: str, now: datetime
) -> ExportRequest:
    """Agree to a request of somebody else, or not; raise ExportNotFound, ExportRefused."""
    with database.transaction() as connection:
        request = read_request(connection, export_id)
        if request.state != "waiting":
            raise ExportRefused(f"这份申请{STATES[request.state]}")
        if request.requested_by == by:
            raise ExportRefused("自己的申请要由别人批准")
        decided = replace(
            request,
            state="approved" if agrees else "refused",
            decided_by=by,
            decided_at=format_instant(now),
        )
        save_request(connection, decided)
        return decided


def fetch(database: Database, export_id: str, *, by: str | None, now: datetime) -> ExportRequest:
    """Use an approval, once; ``by``: None on the server itself. Raise ExportRefused."""
    with database.transaction() as connection:
        request = read_request(connection, export_id)
        if request.state != "approved" or request.decided_at is None:
            raise ExportRefused(f"这份申请{STATES[request.state]}，不能导出")
        if by is not None and by != request.requested_by:
            raise ExportRefused("只有申请的人能取")
        if now - parse_instant(request.decided_at, field="") > GOOD_FOR:
            raise ExportRefused(f"批准已过 {GOOD_FOR.days} 天，请重新申请")
        taken = replace(request, state="fetched", fetched_at=format_instant(now))
        save_request(connection, taken)
        return taken


def check_command(database: Database, export_id: str, *, now: datetime) -> ExportRequest | None:
    """What the command line may take out: all of it as long as nobody has an account, then what
    an approved request names; raise ExportRefused."""
    if export_id:
        return fetch(database, export_id, by=None, now=now)
    if has_accounts(database.connection):
        raise ExportRefused("已有账号：先在 /exports 申请，由另一人批准，再用 --request 编号 导出")
    return None
