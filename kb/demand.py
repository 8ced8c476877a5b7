"""What a caller asks for: the clauses of a complaint that say so."""

from __future__ import annotations

import re

MOST_DEMAND = 120
"""Longest demand taken, in characters."""
_CLAUSE = re.compile(r"[^，,。！!？?；;\n]+")
_ASKING = re.compile(
    r"要求|希望|请求|请(?:你们|帮|尽快|马上|给)|想要?(?:退|换|改|取消|查|办)|赶紧|尽快|马上"
    r"|(?:给|帮)(?:我|个|一个|她|他|老人|家里).{0,8}(?:退|修|查|换|取消|恢复|解决|处理|说法|解释|答复)"
    r"|(?:得|必须|应该|把).{0,6}(?:退|赔|补偿|恢复|取消|道歉)|退(?:费|款|钱|回|订)|赔偿|赔我|补偿|道歉|要个?说法"
)


def find_demand(text: str) -> str:
    """The clauses that ask for something, in order, cut to MOST_DEMAND characters; "" if none."""
    clauses = (found[0].strip() for found in _CLAUSE.finditer(text))
    asking = dict.fromkeys(clause for clause in clauses if _ASKING.search(clause))
    kept = ""
    for clause in asking:
        joined = f"{kept}；{clause}" if kept else clause
        if len(joined) > MOST_DEMAND:
            break
        kept = joined
    return kept
