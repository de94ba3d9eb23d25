"""OpenAI's chat interface over the same service: `POST /v1/chat/completions`, `GET /v1/models`.

What a chat front end sends is taken as far as it can be: any model's name means qa, sampling
settings and offered tools mean nothing. What would be answered wrongly is refused: several
answers, a tool that must be called, JSON, sound, a question with an image.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from qa.errors import UsageError
from qa.http.chat import Reply, conversation, text_of
from qa.http.chat_errors import error_response
from qa.http.chat_responses import (
    CHUNKS,
    ChatModel,
    ChatModelsModel,
    CompletionModel,
    ErrorResponse,
)
from qa.http.chat_schemas import MODEL, ChatRequest
from qa.http.dispatch import Dispatch, Dispatcher, Principal
from qa.http.schemas import AskRequest, TurnModel
from qa.http.writing import Step
from qa.service import checked_question
from qa.settings import MAX_TOP_K

_STARTED = int(time.time())

# These, rather than each status: then FastAPI adds no 422 of its own, of which there is none here.
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorResponse, "description": "Refused."},
    "5XX": {"model": ErrorResponse, "description": "Can't be answered now."},
}

_CHUNK_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "description": "A chunk as JSON, or [DONE]."}},
}

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])


@router.get(
    "/models",
    summary="The models: there is one",
    responses={200: {"model": ChatModelsModel}, **_ERRORS},
)
async def models() -> JSONResponse:
    return JSONResponse({"object": "list", "data": [_model()]})


@router.get("/models/{model}", summary="A model", responses={200: {"model": ChatModel}, **_ERRORS})
async def model(model: str) -> JSONResponse:
    if model != MODEL:
        message = f"There is no model {model[:100]!r}: the only one is {MODEL!r}."
        return error_response(404, message, param="model", code="model_not_found")
    return JSONResponse(_model())


@router.post(
    "/chat/completions",
    summary="Answer the last question of a conversation",
    responses={
        200: {
            "model": CompletionModel,
            "description": "The answer; with `stream` in chunks, as server-sent events. `qa` and "
            "`citations` are in the chunk that says why it ends.",
            "content": {"text/event-stream": {"itemSchema": _CHUNK_EVENT, "example": CHUNKS}},
        },
        **_ERRORS,
    },
)
async def complete(
    body: ChatRequest,
    request: Request,
    dispatch: Dispatch,
    principal: Principal,
) -> Response:
    _refuse_what_cant_be_done(body)
    question, history = conversation(body.messages)
    asked = AskRequest(
        question=checked_question(question),
        top_k=_top_k(body.top_k),
        filters=body.filters,
        history=[TurnModel(question=turn.question, answer=turn.answer) for turn in history],
    )
    reply = Reply(str(request.base_url))
    if body.stream:
        wants_usage = body.stream_options and body.stream_options.include_usage
        steps = dispatch.stream(asked, principal)
        # An error comes before the first chunk, and so has a status of its own.
        reply.found(await anext(steps))
        return StreamingResponse(
            _events(reply, steps, partial(_usage, dispatch, body) if wants_usage else None),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache"},
        )
    content = "".join(reply.whole(await dispatch.ask(asked, principal)))
    message = {"role": "assistant", "content": content, "refusal": None, **reply.extra}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = await _usage(dispatch, body, content)
    return JSONResponse({**_head("chat.completion"), "choices": [choice], "usage": usage})


def _refuse_what_cant_be_done(body: ChatRequest) -> None:
    """Raises UsageError for what a client relies on and wouldn't get."""
    if body.n not in (None, 1):
        raise UsageError(f"n is {body.n}: there is one answer, so leave it out.")
    if body.tool_choice not in (None, "none", "auto") or isinstance(body.function_call, dict):
        raise UsageError("No tool is ever called here: leave out tool_choice, or say 'auto'.")
    if (body.response_format or {}).get("type", "text") != "text":
        raise UsageError(
            "The answer is text: leave out response_format, or ask POST /ask for JSON."
        )
    if set(body.modalities or ()) - {"text"}:
        raise UsageError("The answer is text: leave out modalities.")


def _top_k(given: float | None) -> int | None:
    """The number of passages; what can't be one was meant for a sampler."""
    return int(given) if given is not None and 1 <= given <= MAX_TOP_K else None


async def _usage(dispatch: Dispatcher, body: ChatRequest, content: str) -> dict[str, int]:
    """What was sent and answered, in tokens of the embedding model."""
    texts = [*map(text_of, body.messages), content]
    # Not by `dispatch.run`: a question must not wait for uploads, and this takes a moment.
    *sent, answered = await run_sync(lambda: dispatch.bot.embedder.count_tokens(texts))
    return {
        "prompt_tokens": sum(sent),
        "completion_tokens": answered,
        "total_tokens": sum(sent) + answered,
    }


async def _events(
    reply: Reply,
    steps: AsyncGenerator[Step, None],
    usage: Callable[[str], Awaitable[dict[str, int]]] | None,
) -> AsyncIterator[str]:
    """The chunks of a streamed completion: text as it comes, then why it ends and what it rests
    on, usage."""
    head = _head("chat.completion.chunk")
    if usage is not None:
        head["usage"] = None  # in every chunk but the one that has it

    def event(delta: dict[str, Any], end: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}
        return _event({**head, "choices": [choice], **extra})

    content = ""
    yield event({"role": "assistant", "content": ""})
    async with aclosing(steps):
        async for piece in reply.pieces(steps):
            content += piece
            yield event({"content": piece})
    yield event({}, "stop", **reply.extra)
    if usage is not None:
        yield _event({**head, "choices": [], "usage": await usage(content)})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    # In ASCII: some clients take U+2028 and its like for the end of a line.
    return f"data: {json.dumps(chunk)}\n\n"


def _head(kind: str) -> dict[str, Any]:
    identity = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": identity, "object": kind, "created": int(time.time()), "model": MODEL}


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": _STARTED, "owned_by": "qa"}
