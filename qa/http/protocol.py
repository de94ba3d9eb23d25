"""uvicorn's HTTP/1.1, with patience that ends: for a request's head, for a client that doesn't
take its answer up, and for idle connections when others wait.

What is told at this level, before any application, are problems as well.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from starlette.datastructures import MutableHeaders
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.http.headers import SecurityHeaders, protect
from qa.http.logs import RequestLog
from qa.http.problems import problem


class Protocol(H11Protocol):
    """One connection."""

    def __init__(
        self, *args: Any, client_seconds: float, max_connections: int, **kwargs: Any
    ) -> None:
        """
        Args:
            client_seconds: how long a client may take for a request's head, or to take up what
                it is sent.
            max_connections: of the whole server; one more takes the place of the one that has
                brought no whole request for longest, and is told 503 if there is none.
        """
        super().__init__(*args, **kwargs)
        self._seconds = client_seconds
        self._max_connections = max_connections
        self._since = self.loop.time()
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ a connection's life

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self._max_connections and not self._take_a_place():
            self.app = _FULL
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_head()

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():  # which it is once all is sent
            self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._send_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._abort_later()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._send_timer and not self.transport.is_closing():
            self._send_timer.cancel()
            self._send_timer = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_later()

    # ------------------------------------------------------------------ patience

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _has_place_to_give(self) -> bool:
        return not self._is_answering or self.cycle.more_body

    def _expect_head(self) -> None:
        """Starts the time for a head, or the rest of a request answered early; or ends it."""
        if self._is_answering:
            if self._head_timer:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._seconds, self._give_up)

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_answering:
            return
        began = bool(self.conn.trailing_data[0])
        if began and self.conn.our_state is h11.IDLE and not self.transport.is_closing():
            self._tell(408, "Too slow", "The request didn't come to its end in time.")
        else:
            self.transport.abort()

    def _abort_later(self) -> None:
        if self._send_timer is None:
            self._send_timer = self.loop.call_later(self._seconds, self.transport.abort)

    def _take_a_place(self) -> bool:
        """Ends the connection that has brought no whole request for longest."""
        idle = [c for c in self.connections if isinstance(c, Protocol) and c._has_place_to_give]
        if not idle:
            return False
        oldest = min(idle, key=lambda connection: connection._since)
        oldest.transport.abort()
        self.connections.discard(oldest)
        return True

    # ------------------------------------------------------------------ what it says

    def send_400_response(self, msg: str) -> None:
        if self._is_answering:  # its body makes no sense: whoever reads it hears that it ended
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._tell(400, "Bad request", "That isn't HTTP as qa understands it.")
        else:
            self.transport.close()
            self._abort_later()

    def _tell(self, status: int, title: str, detail: str) -> None:
        response = problem(status, title, detail, {"Connection": "close"})
        headers = MutableHeaders(raw=list(response.raw_headers))
        protect(headers)
        reason = HTTPStatus(status).phrase.encode()
        head = h11.Response(status_code=status, headers=headers.raw, reason=reason)
        for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._abort_later()


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    detail = "The service has as many connections as it takes: try again shortly."
    headers = {"Connection": "close", "Retry-After": "1"}
    await problem(503, "Too much to do", detail, headers)(scope, receive, send)


_FULL = SecurityHeaders(RequestLog(_full))
