"""Errors in OpenAI's shape, so that its clients show what they say."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.http.problems import MEDIA_TYPE

_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_WHAT_THERE_IS = "there are POST /v1/chat/completions and GET /v1/models."


def error_body(
    message: str, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """An error as JSON."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_response(
    status: int, message: str, param: str | None = None, code: str | None = None
) -> JSONResponse:
    return JSONResponse(error_body(message, _kind(status), param, code), status_code=status)


def _kind(status: int) -> str:
    if status >= 500:
        return "server_error"
    return "rate_limit_error" if status == 429 else "invalid_request_error"


class OpenAIErrors:
    """Turns the problems that are answered under ``/v1/``, the guards' as well, into errors of
    OpenAI's; what isn't valid (422) is a bad request there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith("/v1/")
        await self._app(scope, receive, _Translation(send).send if ours else send)


class _Translation:
    """One response's."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._problem = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._problem += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_error(self._start, json.loads(self._problem))

    async def _send_error(self, start: Message, problem: dict[str, Any]) -> None:
        status = 400 if start["status"] == 422 else start["status"]
        said = problem.get("detail") or f"{problem['title']}: {_WHAT_THERE_IS}"
        body = json.dumps(error_body(said, _kind(status), code=_CODES.get(status))).encode()
        headers = MutableHeaders(raw=[*start["headers"]])
        headers["content-type"] = "application/json"
        headers["content-length"] = str(len(body))
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def _is_problem(start: Message) -> bool:
    return Headers(raw=[*start["headers"]]).get("content-type", "").startswith(MEDIA_TYPE)
