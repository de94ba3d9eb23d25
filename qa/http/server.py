"""The server process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import StoreEmptyError
from qa.http import logs
from qa.http.address import is_loopback, refused, url_of
from qa.http.app import create_app
from qa.http.headers import SecurityHeaders
from qa.http.problems import problem
from qa.http.protocol import Protocol
from qa.keys import Keys
from qa.service import QA
from qa.types import Ask

_BACKLOG = 2048
_KEEP_ALIVE = 5
_GRACE = 5
"""Seconds, beyond those to drain, after which what still runs is left behind."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(bot: QA, listener: socket.socket) -> None:
    """Serves until it is told to stop, and finishes what it is at then.

    Model and indexes are loaded before the first request.

    Args:
        listener: see `qa.http.address.listening`.

    Raises:
        ListenError: another process took the address meanwhile.
        QAError: the model or the store can't be used.
    """
    settings = bot.settings
    logs.configure(settings.log_questions)
    _load(bot)
    _spare_the_collector()
    config = uvicorn.Config(
        _Ended(create_app(bot)),
        http=partial(  # type: ignore[arg-type] # it is called, as a class would be
            Protocol,
            client_seconds=settings.client_seconds,
            max_connections=settings.max_connections,
        ),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # any client could choose its address
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    server = _Server(config)
    try:
        listener.listen(_BACKLOG)
    except OSError as error:
        raise refused(settings, error) from error
    if not (is_loopback(settings.host) or Keys(settings.store).demanded):
        logs.logger.warning("anyone who reaches %s may ask the documents", url_of(listener))
    before = {number: signal.signal(number, server.stop) for number in _SIGNALS}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _load(bot: QA) -> None:
    with suppress(StoreEmptyError):  # it may be filled while it is served
        bot.find(Ask("Is everything loaded?", 1))
    _ = bot.embedder


def _spare_the_collector() -> None:
    """What is loaded stays, and an answer makes thousands of objects that go by themselves: the
    search for cycles among all of them took a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            print(f"qa is running on {url_of(listener)} (Ctrl+C stops it)", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            # A thread that is in the middle of a question can't be cancelled, only left behind.
            # The store stands that: whatever is half done in it is undone.
            last = threading.Timer((self.config.timeout_graceful_shutdown or 0) + _GRACE, _leave)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)

    def stop(self, sig: int, frame: Any) -> None:
        """A signal before the server handles them, or after, when it sends them once more."""
        self.should_exit = True


class _Ended:
    """Tells the clients of requests that are still at work when the time to finish is over, and so
    are cancelled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def noting(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            if not answered:
                ended = problem(503, "Stopping", "The service is being stopped: try again later.")
                await SecurityHeaders(ended)(scope, receive, send)


def _leave() -> None:
    logs.logger.error("not everything was finished in time")
    os._exit(1)
