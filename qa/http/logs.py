"""The log: a line of JSON a request, on stderr; words where that is a terminal.

What is asked and what is answered isn't logged, nor the messages of unexpected failures, which may
quote it: only where they happened. The setting ``log_questions`` changes both.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.http.problems import problem

logger = logging.getLogger(__name__)

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SYSTEM = (OSError, sqlite3.Error)
"""Failures whose messages are the system's own words."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class RequestLog:
    """Gives each request an id, a line in the log and, where its handling fails unexpectedly, a
    traceback there and a problem for the client. The id is the client's ``X-Request-ID``, if that
    is a sane one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token = _request_id.set(request_id)
        started = time.perf_counter()
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            pass  # there is nobody left to tell
        except Exception as error:
            logger.error("request failed", exc_info=error)
            if status is None:  # else half an answer is sent, and the server closes on it
                failed = problem(500, "Something failed", "The server's log says more.")
                await failed(scope, receive, noting)
        finally:
            facts = {
                "method": scope["method"],
                "route": route_of(scope),
                "status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                "principal": scope.get("state", {}).get("principal", ""),
            }
            logger.info("request", extra=facts)
            _request_id.reset(token)


def route_of(scope: Scope) -> str:
    """The template of the route that a handled request took, as "/documents/{id}", or the path of
    a mounted application; "" if there was none. Never the path itself, which may say anything."""
    mounted: str = scope.get("root_path", "")
    return mounted or str(getattr(scope.get("route"), "path", ""))


def configure(log_questions: bool) -> None:
    """Sends what qa and the server have to say to stderr."""
    kind = _Plain if sys.stderr.isatty() else _Json
    handler = logging.StreamHandler()
    handler.setFormatter(kind(log_questions))
    handler.addFilter(_note_request)
    levels = {"qa": logging.INFO, "uvicorn": logging.WARNING, "asyncio": logging.ERROR}
    for name, level in levels.items():
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(level)


def _note_request(record: logging.LogRecord) -> bool:
    record.request_id = _request_id.get()
    return True


class _Json(JsonFormatter):
    def __init__(self, messages: bool) -> None:
        super().__init__(
            "{levelname}{message}{request_id}",
            style="{",
            rename_fields={"levelname": "level", "exc_info": "traceback"},
            timestamp="time",
        )
        self._messages = messages

    def formatException(self, ei: _ExcInfo) -> str:
        return _traceback(ei, self._messages)


class _Plain(logging.Formatter):
    def __init__(self, messages: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s %(facts)s", "%H:%M:%S")
        self._messages = messages

    def formatMessage(self, record: logging.LogRecord) -> str:
        names = ("method", "route", "status", "duration_ms", "principal", "question", "request_id")
        facts = {name: getattr(record, name, None) for name in names}
        record.facts = " ".join(f"{name}={fact!r}" for name, fact in facts.items() if fact)
        return super().formatMessage(record)

    def formatException(self, ei: _ExcInfo) -> str:
        return _traceback(ei, self._messages)


def _traceback(failure: _ExcInfo, messages: bool) -> str:
    """Without ``messages`` only the system's own errors say more than their kind."""
    if messages:
        return "".join(traceback.format_exception(failure[1])).rstrip()
    return "\n\nafter\n\n".join(_frames(failure[1]))


def _frames(error: BaseException | None) -> Iterator[str]:
    """Where an error, what it consists of, and what it came of happened, the latest first."""
    while error is not None:
        message = f": {error}" if isinstance(error, _SYSTEM) else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        yield f"{frames}{type(error).__qualname__}{message}"
        for part in getattr(error, "exceptions", ()):  # a group's
            yield from _frames(part)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
