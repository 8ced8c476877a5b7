"""Accounts, their sign-ins and one-time links, failed attempts, and tokens of other programs."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Accounts, their sign-ins and one-time links, failed attempts, and tokens of other programs.

    What opens a door (sign-in, link, token) is kept as a hash only. ``account_link.account_id``
    is NULL for the link that makes the first account. ``sign_in_attempt`` holds the name as a
    keyed hash: people type passwords into the wrong field.
    """
    db.executescript(
        """
        CREATE TABLE account (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            name_key TEXT NOT NULL UNIQUE,
            roles TEXT NOT NULL,
            chapters TEXT NOT NULL DEFAULT '[]',
            regions TEXT NOT NULL DEFAULT '[]',
            password_hash TEXT NOT NULL DEFAULT '',
            password_set_at TEXT,
            totp_secret TEXT NOT NULL DEFAULT '',
            totp_step INTEGER NOT NULL DEFAULT 0,
            subject TEXT UNIQUE,
            created_at TEXT NOT NULL,
            created_by TEXT NOT NULL,
            disabled_at TEXT
        );
        CREATE TABLE old_password (
            id INTEGER PRIMARY KEY,
            account_id INTEGER NOT NULL REFERENCES account(id),
            password_hash TEXT NOT NULL,
            set_at TEXT NOT NULL
        );
        CREATE INDEX old_password_account ON old_password(account_id, id);
        CREATE TABLE account_link (
            token_hash TEXT PRIMARY KEY,
            account_id INTEGER REFERENCES account(id),
            created_at TEXT NOT NULL,
            created_by TEXT NOT NULL,
            expires_at TEXT NOT NULL
        );
        CREATE TABLE sign_in (
            id TEXT PRIMARY KEY,
            token_hash TEXT NOT NULL UNIQUE,
            account_id INTEGER NOT NULL REFERENCES account(id),
            created_at TEXT NOT NULL,
            seen_at TEXT NOT NULL,
            address TEXT NOT NULL,
            browser TEXT NOT NULL
        );
        CREATE INDEX sign_in_account ON sign_in(account_id);
        CREATE TABLE sign_in_attempt (
            id INTEGER PRIMARY KEY,
            name_hash TEXT NOT NULL,
            address TEXT NOT NULL,
            at TEXT NOT NULL
        );
        CREATE INDEX sign_in_attempt_name ON sign_in_attempt(name_hash, at);
        CREATE INDEX sign_in_attempt_address ON sign_in_attempt(address, at);
        CREATE TABLE api_token (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            token_hash TEXT NOT NULL UNIQUE,
            permissions TEXT NOT NULL,
            created_at TEXT NOT NULL,
            created_by TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            used_at TEXT,
            revoked_at TEXT
        );
        """
    )
