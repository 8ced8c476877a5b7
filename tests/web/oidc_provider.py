"""A small OpenID Connect provider over real HTTP, which can be told to do wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "kb-desk", "s3cret/ of:the desk"
Claims = dict[str, Any]


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class FakeProvider:
    """What it knows and does. ``twist`` changes the claims of tokens; ``now`` is its clock."""

    now: Callable[[], float]
    key: RSAKey = field(default_factory=lambda: new_key("one"))
    person: Claims = field(default_factory=lambda: {"sub": "u-1001"})
    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    twist: Callable[[Claims], Claims] = field(default=lambda claims: claims)
    sign_with: RSAKey | None = None
    algorithm: str = "RS256"
    hangs: float = 0.0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.metadata,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """The person agrees at once; where the browser goes next."""
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        code = f"code-{self.asked.count('/authorize')}"
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """A code is taken once, from the client it was made for, with its verifier."""
        kind, _, pair = authorization.partition(" ")
        told = base64.b64decode(pair).decode() if kind == "Basic" else ":"
        name, secret = (unquote(part) for part in told.split(":"))
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (name, secret) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "id_token": self.token(asked["nonce"])}

    def token(self, nonce: str) -> str:
        now = int(self.now())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
            **self.person,
        }  # fmt: skip
        body = json.dumps(self.twist(claims)).encode()
        if self.algorithm in ("none", "HS256"):
            told = json.dumps({"alg": self.algorithm, "kid": self.key.kid}).encode()
            signed = f"{_text(told)}.{_text(body)}"
            public = self.key.as_pem(private=False)
            mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
            return f"{signed}.{_text(mac) if self.algorithm == 'HS256' else ''}"
        key = self.sign_with or self.key
        header = {"alg": self.algorithm, "kid": key.kid}
        return jws.serialize_compact(header, body, key, algorithms=[self.algorithm])

    def keys(self) -> Any:
        return KeySet([self.key]).as_dict(private=False)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def serve_provider(provider: FakeProvider) -> Iterator[FakeProvider]:
    """The provider on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            provider.asked.append(place.path)
            time.sleep(provider.hangs)
            if place.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(place.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
                return
            paths = {"/.well-known/openid-configuration": provider.discovery,
                     "/keys": provider.keys}  # fmt: skip
            found = paths.get(place.path)
            self._answer(200, found()) if found else self._answer(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.redeem(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, told: Any) -> None:
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join(5)
    server.server_close()
