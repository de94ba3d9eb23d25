"""API keys over HTTP, and how much each may ask."""

from __future__ import annotations

import ipaddress
import time
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import KeysError
from qa.http.problems import problem
from qa.keys import Keys
from qa.keys import Scope as KeyScope
from qa.settings import Settings

_DEFAULT_LIMIT = "600/minute"
_PROBES = {"/healthz", "/readyz"}
_FAILURES = parse("20/minute")
"""Wrong keys from one address. That is to keep the load and the log small: no key is guessed."""


class Access:
    """Lets in who has a key, where keys are demanded; notes who it is in
    ``request.state.principal``: the key's id, or "" where none is demanded."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["principal"] = ""
            if not _is_open(scope["path"]):
                found = self._principal(scope)
                if isinstance(found, Response):
                    await found(scope, receive, send)
                    return
                state["principal"] = found
        await self._app(scope, receive, send)

    def _principal(self, scope: Scope) -> str | Response:
        """Who asks, or the refusal."""
        try:
            if not self._keys.demanded:
                return ""
            given = Headers(scope=scope).getlist("authorization")
            if not given:
                return _unauthorized("Give an API key, as in `Authorization: Bearer KEY`.")
            scheme, _, token = given[0].partition(" ")
            bearer = len(given) == 1 and scheme.lower() == "bearer"
            key = self._keys.find(token.strip()) if bearer else None
        except KeysError as error:
            return problem(error.http_status, error.title, str(error))
        if key is None:
            return self._failed(scope)
        if _needed(scope) == "write" and key.scope != "write":
            return problem(
                403,
                "Key may only read",
                "This takes a key of scope write: `qa keys create NAME --scope write`.",
                {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        return key.id

    def _failed(self, scope: Scope) -> Response:
        address = address_of(scope)
        if self._failures.hit(_FAILURES, address):
            return _unauthorized("The API key isn't one, or is revoked.", ' error="invalid_token"')
        reset = self._failures.get_window_stats(_FAILURES, address).reset_time
        return _too_many("Too many wrong API keys from this address.", reset)


class RateLimits:
    """So many requests of each key, or of each address where nobody has one."""

    def __init__(self, app: ASGIApp, settings: Settings, on_loopback: bool) -> None:
        self._app = app
        self._item = None if settings.rate_limit in {"auto", "none"} else parse(settings.rate_limit)
        self._automatic = parse(_DEFAULT_LIMIT) if settings.rate_limit == "auto" else None
        self._on_loopback = on_loopback
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        item = self._limit(scope) if scope["type"] == "http" else None
        if item is None:
            await self._app(scope, receive, send)
            return
        who = scope["state"]["principal"] or address_of(scope)
        allowed = self._limiter.hit(item, who)
        stats = self._limiter.get_window_stats(item, who)
        seconds = max(1, ceil(stats.reset_time - time.time()))

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = f'"default";q={item.amount};w={item.get_expiry()}'
                headers["RateLimit-Policy"] = policy
                headers["RateLimit"] = f'"default";r={max(0, stats.remaining)};t={seconds}'
            await send(message)

        if allowed:
            await self._app(scope, receive, telling)
        else:
            refused = _too_many(f"No more than {item.amount} requests.", stats.reset_time)
            await refused(scope, receive, telling)

    def _limit(self, scope: Scope) -> RateLimitItem | None:
        if scope["path"] in _PROBES:
            return None
        trusted = self._on_loopback and not scope["state"]["principal"]
        return self._item or (None if trusted else self._automatic)


def address_of(scope: Scope) -> str:
    """The client's address; of IPv6 the network, since a client has as many as it likes there."""
    client = scope.get("client")
    if not client:
        return ""
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])
    if address.version == 4 or address.ipv4_mapped:
        return str(address)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def _is_open(path: str) -> bool:
    """The page itself, which asks its reader for the key, and what tells whether all is well."""
    return path == "/" or path.startswith("/page/") or path in _PROBES


def _needed(scope: Scope) -> KeyScope:
    path, changes = scope["path"], scope["method"] not in {"GET", "HEAD"}
    return "write" if changes and f"{path}/".startswith("/documents/") else "read"


def _unauthorized(detail: str, error: str = "") -> Response:
    return problem(401, "API key needed", detail, {"WWW-Authenticate": f"Bearer{error}"})


def _too_many(detail: str, reset: float) -> Response:
    """
    Args:
        reset: when the next request is taken, in seconds since the epoch.
    """
    seconds = max(1, ceil(reset - time.time()))
    detail = f"{detail} Try again in {seconds} s."
    return problem(429, "Too many requests", detail, {"Retry-After": str(seconds)})
