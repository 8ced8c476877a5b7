"""Signing in with an OpenID Connect issuer: where the browser is sent, and who came back.

Authorization code flow with PKCE, state and nonce (OpenID Connect Core 3.1, RFC 7636). The library
is an extra; what is checked of a token stands here: signature by the issuer's own keys with
asymmetric algorithms only, issuer, audience, authorised party, times, nonce.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, urlsplit

from kb.errors import ExtraMissing, IdentityRefused, ProviderUnavailable
from kb.fetching import fetch_json
from kb.settings import OidcClient, is_loopback, is_safe_address

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LEEWAY = 60
"""Seconds that two clocks may differ."""
KEPT_SECONDS = 600.0
"""How long what the issuer tells of itself is believed without asking again."""
LONGEST_SUBJECT = 255
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_TOLD = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_request"})


@dataclass(frozen=True)
class Flow:
    """One way to the issuer and back; what must meet again is made of its ``state``."""

    state: str
    key: bytes

    def _derive(self, use: str) -> str:
        digest = hmac.new(self.key, f"{use}:{self.state}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @cached_property
    def nonce(self) -> str:
        """What the token must carry."""
        return self._derive("nonce")

    @cached_property
    def verifier(self) -> str:
        """What shows to the issuer that who brings the code also asked for it."""
        return self._derive("verifier")


def begin_flow(key: bytes) -> Flow:
    """A new flow of this desk's key."""
    return Flow(secrets.token_urlsafe(32), key)


def check_extra() -> None:
    """Raise ExtraMissing where the library is not installed."""
    if find_spec("authlib") is None or find_spec("joserfc") is None:
        raise ExtraMissing(
            "请运行 pip install 'telecom-complaint-kb[oidc]'，或不设 KB_OIDC_ISSUER",
            field="KB_OIDC_ISSUER",
        )


class Provider:
    """The issuer as this desk knows it; safe for many threads."""

    def __init__(self, client: OidcClient, return_to: str) -> None:
        """``return_to``: the page of ours that the browser comes back to."""
        self.client = client
        self.return_to = return_to
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def address_for(self, flow: Flow) -> str:
        """Where the browser is sent; raise ProviderUnavailable."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        address: str = prepare_grant_uri(
            self._metadata()["authorization_endpoint"],
            client_id=self.client.client_id,
            response_type="code",
            redirect_uri=self.return_to,
            scope=_scope_for(self.client.claim),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return address

    def redeem(self, code: str, flow: Flow, *, now: datetime) -> str:
        """Who came back with a code; raise IdentityRefused or ProviderUnavailable."""
        metadata = self._metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.return_to,
            "code_verifier": flow.verifier,
        }
        headers = self._authenticate(form, metadata)
        status, told = fetch_json(metadata["token_endpoint"], form=form, headers=headers)
        if status >= 500:
            raise ProviderUnavailable
        token = told.get("id_token")
        if status != 200 or not isinstance(token, str):
            reason = told.get("error")
            shown = f"（{reason}）" if isinstance(reason, str) and reason in _TOLD else ""
            raise IdentityRefused(f"认证中心没有接受这次登录{shown}")
        return self._subject(self._claims(token, flow, now=now))

    def _authenticate(self, form: dict[str, str], metadata: Mapping[str, Any]) -> dict[str, str]:
        """Say who asks: by a header, in the form where only that is taken, or by name alone."""
        ours = self.client
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if ours.secret and "client_secret_basic" in ways:
            pair = f"{quote(ours.client_id, safe='')}:{quote(ours.secret, safe='')}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form["client_id"] = ours.client_id
        if ours.secret:
            form["client_secret"] = ours.secret
        return {}

    def _claims(self, token: str, flow: Flow, *, now: datetime) -> Mapping[str, Any]:
        """What a token says, once everything that can be checked of it was."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                found = self._decode(token, fresh=False)
            except InvalidKeyIdError:  # the issuer has changed its keys
                found = self._decode(token, fresh=True)
            ours = self.client
            claims = CodeIDToken(
                found.claims,
                found.header,
                options={
                    "iss": {"essential": True, "value": ours.issuer},
                    "aud": {"essential": True, "value": ours.audience},
                },
                params={"client_id": ours.client_id, "nonce": flow.nonce},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise IdentityRefused(_tell(error)) from None
        return dict(claims)

    def _decode(self, token: str, *, fresh: bool) -> Any:
        from joserfc import jwt
        from joserfc.jwk import KeySet

        told: Any = self._read(self._metadata()["jwks_uri"], fresh=fresh)
        return jwt.decode(token, KeySet.import_key_set(told), algorithms=ALGORITHMS)

    def _subject(self, claims: Mapping[str, Any]) -> str:
        name = self.client.claim
        found = claims.get(name)
        if not isinstance(found, str) or not 0 < len(found) <= LONGEST_SUBJECT:
            raise IdentityRefused(f"令牌里没有 {name}")
        if name == "email" and claims.get("email_verified") is not True:
            raise IdentityRefused("认证中心没有核实过这个邮箱")
        return found

    def _metadata(self) -> dict[str, Any]:
        """What the issuer tells of itself; each address in it may be asked."""
        issuer = self.client.issuer
        told = self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ProviderUnavailable("认证中心自报的名称与 KB_OIDC_ISSUER 不同")
        is_near = is_loopback(urlsplit(issuer).hostname or "")
        for name in ENDPOINTS:
            address = told.get(name)
            if not isinstance(address, str) or not is_safe_address(address):
                raise ProviderUnavailable(f"认证中心给出的 {name} 不能用")
            if is_loopback(urlsplit(address).hostname or "") and not is_near:
                raise ProviderUnavailable(f"认证中心给出的 {name} 不能用")
        return told

    def _read(self, address: str, *, fresh: bool = False) -> dict[str, Any]:
        """A document of the issuer's, kept for a while."""
        with self._lock:
            until, told = self._kept.get(address, (0.0, {}))
        if not fresh and time.monotonic() < until:
            return told
        status, told = fetch_json(address)
        if status != 200:
            raise ProviderUnavailable
        with self._lock:
            self._kept[address] = (time.monotonic() + KEPT_SECONDS, told)
        return told


def _scope_for(claim: str) -> str:
    """The least that brings the claim."""
    if claim == "sub":
        return "openid"
    return "openid email" if claim == "email" else "openid profile"


def _tell(error: Exception) -> str:
    """What was wrong with a token, in our words."""
    name = getattr(error, "claim", "")
    kind = type(error).__name__
    if kind == "ExpiredTokenError":
        return "令牌已过期"
    if name == "nonce":
        return "令牌不是为这次登录签发的"
    if name in ("iss", "aud", "azp", "iat", "nbf", "exp"):
        return f"令牌的 {name} 不对"
    return "令牌的签名或写法不对"
