"""Who a browser says that it speaks for: the Host it asked, the site whose page asks."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.http.problems import problem
from qa.settings import Settings

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Hosts:
    """Refuses (421) a Host that isn't the service's. A page of another site that has its own name
    resolve to this machine (DNS rebinding) would be same-origin with the service otherwise."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = _LOOPBACK | {settings.host.lower(), *map(str.lower, settings.allowed_hosts)}
        self._any_address = _is_wildcard(settings.host)
        if self._any_address:
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).get("host", "")):
            refused = problem(
                421,
                "Not this service's name",
                "The service isn't known by this Host: name it in the setting allowed_hosts.",
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = _hostname(host)
        # Rebinding takes a name; where all addresses are listened on, each of them is meant.
        return name in self._names or (self._any_address and _is_address(name))


class SameSite:
    """Refuses (403) what another site's page makes a browser send, unless the site is named in
    ``cors_origins``. A link to the service may be followed: that is a navigation by GET."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = set(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._may_ask(scope["method"], Headers(scope=scope)):
            refused = problem(
                403,
                "Another site's request",
                "Pages of other sites may not ask: name theirs in the setting cors_origins.",
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_ask(self, method: str, headers: Headers) -> bool:
        if method == "GET" and headers.get("sec-fetch-mode") == "navigate":
            return True
        origin = headers.get("origin", "").lower()
        if origin:
            # Not the scheme: a proxy may speak TLS for the service.
            own = urlsplit(origin).netloc == headers.get("host", "").lower()
            return origin in self._origins or (own and origin != "null")
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def _hostname(host: str) -> str:
    """The name in a Host header, lower case; "" where it makes no sense."""
    with suppress(ValueError):
        parts = urlsplit(f"//{host}")
        if parts.netloc == host and "@" not in host:
            return parts.hostname or ""
    return ""


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return False


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified
