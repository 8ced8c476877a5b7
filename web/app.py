"""The factory: services in, a Flask app out; nothing is read from the environment here."""

from __future__ import annotations

import threading

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.store.sessions import read_secret
from web import access, admission, auditing, bounding, errors, guard, labels, lifecycle, rates
from web.api import articles, calls, documents, editing, health, limits, search, suggestions
from web.api import learning as api_learning
from web.api import reports as api_reports
from web.api import tickets as api_tickets
from web.api import vocabulary as api_vocabulary
from web.impacts import Impacts
from web.pages import (
    account,
    accounts,
    agent,
    closing,
    comparing,
    contact,
    desk,
    dispatching,
    drilling,
    exports,
    handbook,
    links,
    pop,
    problems,
    progress,
    reports,
    signing,
    starting,
    tickets,
    tokens,
    trail,
    unified,
    using,
    vocabulary,
)
from web.pages import classes as class_pages
from web.pages import documents as document_pages
from web.pages import editing as editing_pages
from web.pages import learning as learning_pages
from web.pages import limits as limit_pages
from web.pages import search as search_pages
from web.services import Services
from web.suggesting import RecentAnswers

BLUEPRINTS: tuple[Blueprint, ...] = (
    suggestions.blueprint,
    search.blueprint,
    api_tickets.blueprint,
    calls.blueprint,
    articles.blueprint,
    editing.blueprint,
    api_vocabulary.blueprint,
    documents.blueprint,
    limits.blueprint,
    api_reports.blueprint,
    api_learning.blueprint,
    health.blueprint,
    desk.blueprint,
    tickets.blueprint,
    closing.blueprint,
    links.blueprint,
    dispatching.blueprint,
    pop.blueprint,
    agent.blueprint,
    handbook.blueprint,
    search_pages.blueprint,
    reports.blueprint,
    document_pages.blueprint,
    starting.blueprint,
    using.blueprint,
    comparing.blueprint,
    editing_pages.blueprint,
    vocabulary.blueprint,
    class_pages.blueprint,
    limit_pages.blueprint,
    learning_pages.blueprint,
    drilling.blueprint,
    progress.blueprint,
    problems.blueprint,
    signing.blueprint,
    account.blueprint,
    accounts.blueprint,
    tokens.blueprint,
    unified.blueprint,
    trail.blueprint,
    exports.blueprint,
    contact.blueprint,
)


def create_app(services: Services) -> Flask:
    """Build the service over ``services``."""
    app = Flask("web")
    _configure(app, services)
    auditing.init_app(app, services)
    lifecycle.init_app(app)
    admission.init_app(app)
    guard.init_app(app, _read_form_secret(services))
    access.init_app(app)
    bounding.init_app(app)
    rates.init_app(app, services)
    errors.init_app(app)
    labels.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _believe_proxies(app, services.settings.proxies)
    return app


def _believe_proxies(app: Flask, count: int) -> None:
    """Take the caller's address and scheme from the last ``count`` proxies; the host stays what
    the browser sent. What stands before their word in a header anybody may have written."""
    if count:
        fixed = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0)
        app.wsgi_app = fixed  # type: ignore[method-assign]


def _configure(app: Flask, services: Services) -> None:
    app.extensions["services"] = services
    app.extensions["stopping"] = threading.Event()
    app.extensions["recent-answers"] = RecentAnswers()
    app.extensions["impacts"] = Impacts(services)
    app.extensions["provider"] = unified.open_provider(services)
    app.config["MAX_CONTENT_LENGTH"] = services.settings.max_body
    app.config["MAX_FORM_MEMORY_SIZE"] = services.settings.max_body
    app.url_map.strict_slashes = False
    provider = DefaultJSONProvider(app)
    provider.ensure_ascii = False
    provider.sort_keys = False
    app.json = provider


def _read_form_secret(services: Services) -> bytes:
    with services.database.transaction() as connection:
        return read_secret(connection, "web")
