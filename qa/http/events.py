"""Server-sent events: what is made while it is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "text/event-stream"


def stream_content(events: Mapping[str, type[BaseModel]], example: str) -> dict[str, Any]:
    """What a response says of its stream: for each event's name what its data is."""
    alternatives = [
        {
            "type": "object",
            "required": ["event", "data"],
            "properties": {
                "event": {"const": name},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
                },
            },
        }
        for name, model in events.items()
    ]
    return {MEDIA_TYPE: {"itemSchema": {"oneOf": alternatives}, "example": example}}


Emit = Callable[[str, Any], None]
"""Sends an event: its name, and its data as what JSON can say. Only to be called on the loop."""


class EventStream(StreamingResponse):
    """The events that ``produce`` emits; if the client leaves, it is cancelled.

    Work on a thread can't be: ``produce`` then ends as soon as that has.
    """

    media_type = MEDIA_TYPE

    def __init__(self, produce: Callable[[Emit], Awaitable[None]]) -> None:
        self._produce = produce
        self._sender, self._receiver = anyio.create_memory_object_stream[bytes](math.inf)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy holds it back
        super().__init__(self._receiver, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._receiver, self._sender, anyio.create_task_group() as tasks:
            tasks.start_soon(self._run)
            with suppress(ClientDisconnect):
                await super().__call__(scope, receive, send)
            tasks.cancel_scope.cancel()

    async def _run(self) -> None:
        async with self._sender:
            await self._produce(self._emit)

    def _emit(self, event: str, data: Any) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # nobody listens
            self._sender.send_nowait(format_sse_event(event=event, data_str=json.dumps(data)))
