"""What every response says to a browser: run nothing but the service's own, and keep nothing."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds what a response doesn't say itself. One with a policy of its own, as an original, may
    be framed by the service's page, and by no other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, protected if scope["type"] == "http" else send)


def protect(headers: MutableHeaders) -> None:
    """Adds the headers to a response's."""
    policy = headers.get("Content-Security-Policy")
    if policy is None:
        policy = POLICY
    elif "frame-ancestors" not in policy:
        policy += "; frame-ancestors 'self'"
    headers["Content-Security-Policy"] = policy
    unframed = "frame-ancestors 'none'" in policy
    headers["X-Frame-Options"] = "DENY" if unframed else "SAMEORIGIN"
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
