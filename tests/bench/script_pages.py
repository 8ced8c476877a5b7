"""Which pages the drill of scripts opens: all that the URL map has, a new one among them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from urllib.parse import quote

from flask import Flask

NO_PAGE = re.compile(
    r"/(api/.*|static/.*|healthz|readyz|metrics|\.well-known/.*|search/quick|sign-in/oidc.*)"
)
"""JSON, text and files, which no browser takes for a page (``nosniff``); and the way to another
site's sign-in."""
QUERIES: Mapping[str, Sequence[str]] = {
    "/search": ("q={text}", "q={text}&syntax=advanced", "q=x&category={text}&region={text}"),
    "/pop": ("call_id={text}&q={text}", "t={text}"),
    "/edit/mine": ("owner={text}",),
    "/edit/start": ("gap={text}", "ticket={text}"),
    "/edit/new": ("title={text}&gap={text}",),
    "/edit": ("department={text}",),
    "/reports": ("department={text}&region={text}",),
    "/reports/gaps": ("state={text}",),
    "/tickets": ("department={text}&assignee={text}",),
    "/sign-in": ("next={text}", "next=/{text}"),
    "/accounts": ("done={text}",),
    "/articles": ("chapter={text}",),
}
"""What is also asked of a page, with a text in the place of each word."""
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


def every_page(app: Flask, values: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Addresses of pages without parts, and of those with parts, each with all ``values`` of these.

    KeyError for a part that has no value: say what is planted there.
    """
    plain, parted = [], []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or NO_PAGE.fullmatch(rule.rule):
            continue
        names = _PART.findall(rule.rule)
        if not names:
            plain.append(rule.rule)
        for chosen in product(*(values[name] for name in names)) if names else ():
            address = rule.rule
            for value in chosen:
                address = _PART.sub(value.replace("\\", ""), address, count=1)
            parted.append(address)
    return sorted(plain), sorted(parted)


def asked(text: str) -> list[str]:
    """Addresses that bring a text along."""
    word = quote(text, safe="")
    pages = [f"{path}?{query.format(text=word)}"
             for path, queries in QUERIES.items() for query in queries]  # fmt: skip
    return [*pages, f"/problems/{word}", f"/articles/{word}", f"/tickets/{word}", f"/edit/{word}"]
