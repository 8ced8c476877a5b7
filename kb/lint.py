"""The lint of one article among those in force: what an editor is told while writing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date

from kb.article import Article
from kb.handbook import NO_TALK
from kb.stored import read_stored
from kb.verify import (
    Finding,
    check_claims,
    check_codes,
    check_ended,
    check_front,
    check_links,
    check_personal_data,
)

RULES_OF_ALL = (check_codes, check_ended, check_links, check_front, check_claims)
"""Rules of kb.verify that look at an article beside the others, its limits and classes."""


def check_article(connection: sqlite3.Connection, article: Article, *, on: date) -> list[Finding]:
    """What is wrong with a text if it were published on the day ``on``, beside the others."""
    tried = replace(article, revision=replace(article.revision, status="published", valid_from=on))
    whole = read_stored(connection, on=on)
    others = tuple(each for each in whole.articles if each.id != article.id)
    beside = replace(whole, articles=(*others, tried))
    alone = replace(beside, articles=(tried,), limits=(), figures=(), categories=(), talk=NO_TALK)
    found = [finding for rule in RULES_OF_ALL for finding in rule(beside, on)]
    found += check_personal_data(alone, on)
    return [finding for finding in found if finding.where == article.id]
