"""Secrets that must be read again, kept so that the database alone does not tell them (AES-GCM).

The key stands in a file of its own, outside the database and its backups. What is sealed names its
key, so that another key is told from a damaged text, and what it belongs to, so that it cannot be
moved to another row.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from kb.errors import KeyLost

VERSION = "v1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_LENGTH = 8


@dataclass(frozen=True)
class KeyFile:
    """The file with this desk's key."""

    path: Path

    def read(self) -> bytes:
        """The key; raise KeyLost where there is none that can be read."""
        try:
            key = base64.b64decode(self.path.read_text("ascii"), validate=False)
        except (OSError, ValueError):
            raise KeyLost(self.path.name) from None
        if len(key) != KEY_BYTES:
            raise KeyLost(self.path.name)
        return key

    def read_or_make(self) -> bytes:
        """The key, made now if there is none; of several who make one, one wins."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            made = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                self.path.hardlink_to(made)
            except FileExistsError:
                pass
            finally:
                made.unlink()
        return self.read()


def key_id(key: bytes) -> str:
    """What names a key and says nothing of it."""
    return hashlib.sha256(b"id:" + key).hexdigest()[:_ID_LENGTH]


def is_sealed(text: str) -> bool:
    """Whether this is what ``seal`` made."""
    return re.fullmatch(rf"{VERSION}\.[0-9a-f]{{{_ID_LENGTH}}}\.[\w-]+", text) is not None


def seal(text: str, key: bytes, *, owner: str) -> str:
    """The text, readable only with the key and for the same ``owner``."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    data = nonce + AESGCM(key).encrypt(nonce, text.encode(), owner.encode())
    return f"{VERSION}.{key_id(key)}.{base64.urlsafe_b64encode(data).decode().rstrip('=')}"


def unseal(sealed: str, key: bytes, *, owner: str) -> str:
    """The text that was sealed; raise KeyLost when it was not by this key for this owner."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    _, name, text = sealed.split(".")
    if name != key_id(key):
        raise KeyLost("密钥文件不是加密时用的那一个")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        plain = AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], owner.encode())
    except InvalidTag:
        raise KeyLost("加密的内容被改动过") from None
    return plain.decode()
