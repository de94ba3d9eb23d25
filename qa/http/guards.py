"""What stands before every door, mounted ones too, from the outside in."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from qa.http import tracing
from qa.http.access import Access, RateLimits
from qa.http.address import is_loopback
from qa.http.bodies import Bodies
from qa.http.headers import SecurityHeaders
from qa.http.logs import RequestLog
from qa.http.origins import Hosts, SameSite
from qa.keys import Keys
from qa.settings import Settings

_EXPOSED = ["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Mcp-Session-Id"]
_ACCEPTED = ["Authorization", "Content-Type", "X-Request-ID", "Mcp-Session-Id"]
_ACCEPTED += ["Mcp-Protocol-Version", "Last-Event-ID"]


def install(app: FastAPI, settings: Settings) -> None:
    """Puts the guards before an application's routes.

    Raises:
        KeysError: the API keys can't be read.
    """
    keys = Keys(settings.store)
    _ = keys.demanded  # noted from the start: it doesn't open when their file goes
    # The last one added is the first to be asked.
    app.add_middleware(Bodies, settings=settings)
    app.add_middleware(RateLimits, settings=settings, on_loopback=is_loopback(settings.host))
    app.add_middleware(Access, keys=keys)
    app.add_middleware(SameSite, origins=settings.cors_origins)
    if settings.cors_origins:
        # Preflights bring no key. A key isn't a credential in the sense of CORS, as a cookie is.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=_ACCEPTED,
            expose_headers=_EXPOSED,
        )
    app.add_middleware(Hosts, settings=settings)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders)
    tracing.install(app)
