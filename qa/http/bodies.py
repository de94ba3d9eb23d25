"""What a request may bring along: of which kind, how much, and how slowly."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.http.problems import problem
from qa.settings import Settings

_UPLOAD = ("POST", "/documents")
_LEAST_BYTES_PER_SECOND = 50_000
"""A large body may take longer, by a second for each so many bytes that have come."""


class Bodies:
    """Refuses bodies of another kind than the route takes (415), too large ones (413), by what
    they declare and by what comes, and those that come too slowly (408)."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._bytes = settings.max_body_kb * 1000
        self._upload_bytes = int(settings.max_upload_mb * 1e6) + self._bytes
        self._seconds = settings.client_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = (scope["method"], scope["path"]) == _UPLOAD
        limit = self._upload_bytes if upload else self._bytes
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")  # digits, or h11 doesn't let it in
        wanted = "multipart/form-data" if upload else "application/json"
        brings = declared.strip("0") or "transfer-encoding" in headers
        if brings and headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
            refused = problem(415, "Wrong content type", f"Send it as {wanted}.")
            await refused(scope, receive, send)
        elif int(declared) > limit:
            error = _too_large(limit)
            await problem(error.status_code, "Too large", error.detail)(scope, receive, send)
        else:
            await _Body(scope, receive, send, limit, self._seconds).run(self._app)


class _Body:
    """One request's. Whatever the application makes of a body that is cut off, the client is told
    of the cut."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limit: int, seconds: float
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit = limit
        self._seconds = seconds
        self._began: float | None = None
        self._received = 0
        self._whole = False
        self._refusal: HTTPException | None = None
        self._answered = False

    async def run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self.receive, self.send)
        except HTTPException as error:
            if error is not self._refusal:
                raise
        if self._refusal and not self._answered:
            status = self._refusal.status_code
            title = "Too large" if status == 413 else "Too slow"
            headers = {} if status == 413 else {"Connection": "close"}
            told = problem(status, title, self._refusal.detail, headers)
            await told(self._scope, self._receive, self._send)

    async def receive(self) -> Message:
        if self._refusal:
            raise self._refusal
        if self._whole:  # what comes now is that the client has gone, whenever it does
            return await self._receive()
        now = time.monotonic()
        self._began = self._began or now
        left = self._began + self._seconds + self._received / _LEAST_BYTES_PER_SECOND - now
        try:
            if left <= 0:
                raise TimeoutError
            async with asyncio.timeout(left):
                message = await self._receive()
        except TimeoutError:
            detail = "The request didn't come to its end in time."
            self._refusal = HTTPException(408, detail)
            raise self._refusal from None
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            self._refusal = _too_large(self._limit)
            raise self._refusal
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._refusal and not self._answered:
            return
        self._answered = True
        await self._send(message)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"A request may be {limit:,} bytes at most.")
