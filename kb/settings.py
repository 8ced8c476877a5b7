"""Every setting in one table; the environment is read here and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import InvalidInput
from kb.ticket import CHANNELS


@dataclass(frozen=True)
class Setting:
    """One setting: its variable, default (as text) and a line of help with the unit."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("KB_DATA", "data", "data folder: database, index, encoder (path)"),
    Setting("KB_HANDBOOK", "", "handbook folder to import; empty means the one shipped (path)"),
    Setting("KB_HOST", "127.0.0.1", "address to listen on"),
    Setting("KB_PORT", "8000", "port to listen on (1-65535)"),
    Setting("KB_PROXIES", "0", "reverse proxies before the server whose word counts (0-5)"),
    Setting("KB_WORKERS", "", "processes that answer (1-16); empty: one a core, at most 4"),
    Setting("KB_THREADS", "8", "request threads of each of them (1-64)"),
    Setting("KB_QUEUE", "24", "requests that may wait in each of them (1-1000); more: 503"),
    Setting("KB_ENCODER", "", "sentence-transformers model, name or folder; empty means own"),
    Setting("KB_REPEAT_DAYS", "30", "days after closing in which a return counts"),
    Setting("KB_SETTLE_MINUTES", "60", "minutes between two settlings while serving (1-1440)"),
    Setting("KB_BACKUPS", "", "folder for backups made while serving; empty means none (path)"),
    Setting("KB_BACKUP_MINUTES", "5", "minutes between two backups while serving (1-1440)"),
    Setting("KB_AUDIT_DAYS", "400", "days the audit trail is kept (183-3650)"),
    Setting(
        "KB_TICKET_DAYS", "180", "days after closing a caller is known, miit=730,…: by channel"
    ),
    Setting("KB_TEXT_DAYS", "180", "days the text of a suggestion or search is kept (90-3650)"),
    Setting("KB_MAX_BODY", "262144", "largest request body accepted (bytes)"),
    Setting("KB_WATCH_HANDBOOK", "", "handbook folder taken in as it changes; empty: none (path)"),
    Setting("KB_LEARNING", "on", "use what was learnt from outcomes (on, off)"),
    Setting("KB_SWAP_RATE", "0.05", "chance that two close neighbours are swapped (0-0.5)"),
    Setting("KB_PASSWORD_POLICY", "asvs", "rules of passwords (asvs, dengbao)"),
    Setting("KB_KEY_FILE", "", "file with the key of sealed secrets; empty: kb.key in KB_DATA"),
    Setting("KB_URL", "", "address people open, as https://kb.example; empty: host and port"),
    Setting("KB_OIDC_ISSUER", "", "OpenID Connect issuer to sign in with; empty: none (https:)"),
    Setting("KB_OIDC_CLIENT", "", "client id this desk has at the issuer"),
    Setting("KB_OIDC_SECRET", "", "client secret; empty: a public client, by PKCE alone"),
    Setting("KB_OIDC_SECRET_FILE", "", "file that holds the client secret (path)"),
    Setting("KB_OIDC_AUDIENCE", "", "audience its tokens must name; empty: the client id"),
    Setting("KB_OIDC_CLAIM", "sub", "claim that names the person, as accounts are linked by"),
    Setting("KB_SECURITY_CONTACT", "", "where to report a weakness (mailto: or https:)"),
    Setting("KB_RATE_ASK", "6000", "searches and suggestions a client and minute; 0: no limit"),
    Setting("KB_RATE_IMPORT", "60", "documents read a client and minute; 0: no limit"),
    Setting("KB_RATE_TRIAL", "120", "trials of a change a client and minute; 0: no limit"),
)


ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to
LOCAL_HOSTS = frozenset({"localhost", "::1"})


@dataclass(frozen=True)
class OidcClient:
    """What this desk is at an OpenID Connect issuer, and by which claim it knows people."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    audience: str
    claim: str


@dataclass(frozen=True)
class Settings:
    """The settings of one run, checked."""

    data: Path
    handbook: Path
    host: str
    port: int
    proxies: int
    workers: int
    threads: int
    queue: int
    encoder: str
    repeat_days: int
    audit_days: int
    ticket_days: Mapping[str, int]
    text_days: int
    max_body: int
    settle_minutes: int
    backups: Path | None
    backup_minutes: int
    learning: bool
    swap_rate: float
    watch_handbook: Path | None
    password_policy: str
    key_file: Path
    url: str
    oidc: OidcClient | None
    security_contact: str
    rate_ask: int
    rate_import: int
    rate_trial: int

    @property
    def database(self) -> Path:
        """Path of the SQLite file."""
        return self.data / "kb.db"

    @property
    def address(self) -> str:
        """The address people open: as set, else of this machine."""
        host = ANY_ADDRESS.get(self.host, self.host)
        shown = f"[{host}]" if ":" in host else host
        return self.url or f"http://{shown}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether the server listens to this machine only."""
        return self.host in LOCAL_HOSTS or self.host.startswith("127.")

    @property
    def index(self) -> Path:
        """Folder of the index generations."""
        return self.data / "index"

    @property
    def encoders(self) -> Path:
        """Folder of the encoders trained here."""
        return self.data / "encoders"


def shipped_handbook() -> Path:
    """Folder of the handbook that came with the package: beside ``kb`` in a tree and in a wheel."""
    return Path(__file__).resolve().parent.parent / "handbook"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Build the settings from ``KB_*`` variables; raise InvalidInput naming a bad one."""
    known = {setting.name: setting for setting in SETTINGS}
    for name in environ:
        if name.startswith("KB_") and name not in known and name not in TEST_ONLY:
            raise InvalidInput("没有这个设置，请查 README 的设置表", field=name)
    value = {name: environ.get(name) or setting.default for name, setting in known.items()}
    return Settings(
        data=Path(value["KB_DATA"]),
        handbook=Path(value["KB_HANDBOOK"]) if value["KB_HANDBOOK"] else shipped_handbook(),
        host=value["KB_HOST"],
        port=_whole("KB_PORT", value["KB_PORT"], 1, 65535),
        proxies=_whole("KB_PROXIES", value["KB_PROXIES"], 0, 5),
        workers=_workers("KB_WORKERS", value["KB_WORKERS"]),
        threads=_whole("KB_THREADS", value["KB_THREADS"], 1, 64),
        queue=_whole("KB_QUEUE", value["KB_QUEUE"], 1, 1000),
        encoder=value["KB_ENCODER"],
        repeat_days=_whole("KB_REPEAT_DAYS", value["KB_REPEAT_DAYS"], 1, 365),
        settle_minutes=_whole("KB_SETTLE_MINUTES", value["KB_SETTLE_MINUTES"], 1, 1440),
        backups=Path(value["KB_BACKUPS"]) if value["KB_BACKUPS"] else None,
        backup_minutes=_whole("KB_BACKUP_MINUTES", value["KB_BACKUP_MINUTES"], 1, 1440),
        audit_days=_whole("KB_AUDIT_DAYS", value["KB_AUDIT_DAYS"], 183, 3650),
        ticket_days=_by_channel("KB_TICKET_DAYS", value["KB_TICKET_DAYS"]),
        text_days=_whole("KB_TEXT_DAYS", value["KB_TEXT_DAYS"], LEAST_KEPT, MOST_KEPT),
        max_body=_whole("KB_MAX_BODY", value["KB_MAX_BODY"], 1024, 16 * 1024 * 1024),
        learning=_switch("KB_LEARNING", value["KB_LEARNING"]),
        security_contact=_contact("KB_SECURITY_CONTACT", value["KB_SECURITY_CONTACT"]),
        rate_ask=_whole("KB_RATE_ASK", value["KB_RATE_ASK"], 0, MOST_CALLS),
        rate_import=_whole("KB_RATE_IMPORT", value["KB_RATE_IMPORT"], 0, MOST_CALLS),
        rate_trial=_whole("KB_RATE_TRIAL", value["KB_RATE_TRIAL"], 0, MOST_CALLS),
        swap_rate=_share("KB_SWAP_RATE", value["KB_SWAP_RATE"], 0.5),
        watch_handbook=Path(value["KB_WATCH_HANDBOOK"]) if value["KB_WATCH_HANDBOOK"] else None,
        password_policy=_one_of("KB_PASSWORD_POLICY", value["KB_PASSWORD_POLICY"], POLICIES),
        key_file=Path(value["KB_KEY_FILE"] or Path(value["KB_DATA"]) / "kb.key"),
        url=_address("KB_URL", value["KB_URL"]),
        oidc=_oidc(value),
    )


LEAST_KEPT, MOST_KEPT = 90, 3650
"""Days: a caller's history is shown, and a repeat known, within the least."""
POLICIES = ("asvs", "dengbao")
MOST_CALLS = 1_000_000
TEST_ONLY = frozenset({"KB_REQUIRE_BROWSER", "KB_FAILPOINT"})
"""Variables of the test suite that share the prefix."""


def _whole(name: str, text: str, low: int, high: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(high))
    if not is_number or not low <= int(text) <= high:
        raise InvalidInput(f"应为 {low} 到 {high} 的整数，现为 {text[:20]!r}", field=name)
    return int(text)


def _workers(name: str, text: str) -> int:
    return _whole(name, text, 1, 16) if text else min(4, len(os.sched_getaffinity(0)))


def _contact(name: str, text: str) -> str:
    if text and not re.fullmatch(r"(mailto:|https://)[!-~]{3,200}", text):
        raise InvalidInput(f"应为 mailto: 或 https:// 开头的地址，现为 {text[:40]!r}", field=name)
    return text


def _by_channel(name: str, text: str) -> Mapping[str, int]:
    """Days by channel, "" for all others: ``180,miit=730``."""
    first, *others = text.split(",")
    found = {"": _whole(name, first.strip(), LEAST_KEPT, MOST_KEPT)}
    for other in others:
        channel, _, days = other.strip().partition("=")
        if channel not in CHANNELS:
            raise InvalidInput(f"来源应为 {'、'.join(CHANNELS)}，现为 {channel[:20]!r}", field=name)
        found[channel] = _whole(name, days, LEAST_KEPT, MOST_KEPT)
    return found


def _switch(name: str, text: str) -> bool:
    return _one_of(name, text, ("on", "off")) == "on"


def _one_of(name: str, text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise InvalidInput(f"应为 {' 或 '.join(words)}，现为 {text[:20]!r}", field=name)
    return text


def _address(name: str, text: str) -> str:
    if text and not re.fullmatch(r"https?://[^/\s?#@]+/?", text):
        raise InvalidInput(f"应为 https://kb.example 这样的地址，现为 {text[:40]!r}", field=name)
    return text.rstrip("/")


def _oidc(value: Mapping[str, str]) -> OidcClient | None:
    """The client at an issuer; None where no issuer is set."""
    issuer = value["KB_OIDC_ISSUER"]
    if not issuer:
        given = [name for name in value if name.startswith("KB_OIDC_") and value[name]]
        stray = [name for name in given if name != "KB_OIDC_CLAIM"]
        if stray:
            raise InvalidInput("要先设 KB_OIDC_ISSUER", field=stray[0])
        return None
    if not is_safe_address(issuer) or "?" in issuer or "#" in issuer:
        raise InvalidInput(
            f"应为 https:// 开头的地址（本机可用 http://），现为 {issuer[:60]!r}",
            field="KB_OIDC_ISSUER",
        )
    client = value["KB_OIDC_CLIENT"]
    if not re.fullmatch(r"[!-~]{1,200}", client):
        raise InvalidInput("应为在认证中心登记的客户端编号", field="KB_OIDC_CLIENT")
    if not re.fullmatch(r"[A-Za-z0-9_.:/-]{1,100}", value["KB_OIDC_CLAIM"]):
        raise InvalidInput("应为声明的名称，如 sub", field="KB_OIDC_CLAIM")
    audience = value["KB_OIDC_AUDIENCE"] or client
    return OidcClient(issuer, client, _oidc_secret(value), audience, value["KB_OIDC_CLAIM"])


def _oidc_secret(value: Mapping[str, str]) -> str:
    path = value["KB_OIDC_SECRET_FILE"]
    if not path:
        return value["KB_OIDC_SECRET"]
    if value["KB_OIDC_SECRET"]:
        raise InvalidInput("与 KB_OIDC_SECRET 只能设一个", field="KB_OIDC_SECRET_FILE")
    try:
        secret = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"读不了 {path}", field="KB_OIDC_SECRET_FILE") from None
    if not secret:
        raise InvalidInput(f"{path} 是空的", field="KB_OIDC_SECRET_FILE")
    return secret


def is_safe_address(text: str) -> bool:
    """Whether what is sent there can be read by nobody between: https, or this very machine."""
    parts = re.fullmatch(
        r"(https?)://(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(/[!-~]*)?", text
    )
    return parts is not None and (parts[1] == "https" or is_loopback(parts[2].strip("[]")))


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is of this machine."""
    return host in LOCAL_HOSTS or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def _share(name: str, text: str, high: float) -> float:
    is_number = re.fullmatch(r"[0-9](\.[0-9]{1,9})?", text)
    if not is_number or float(text) > high:
        raise InvalidInput(f"应为 0 到 {high} 的数，现为 {text[:20]!r}", field=name)
    return float(text)
