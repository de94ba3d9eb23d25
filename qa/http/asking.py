"""Questions over HTTP: `POST /ask`, `GET /ask`, `POST /ask/stream`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic_core import to_json

from qa.http import examples
from qa.http.dispatch import Dispatch, Principal
from qa.http.events import Emit, EventStream, stream_content
from qa.http.problems import problem_responses
from qa.http.responses import ANSWER_EVENTS, AnswerModel
from qa.http.schemas import AskRequest, Filters, Question, TopK
from qa.http.writing import Step
from qa.types import Answer
from qa.verification import as_text

router = APIRouter(tags=["questions"])

_PROBLEMS = problem_responses(400, 401, 403, 413, 422, 429, 503)
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": AnswerModel, "description": "The answer, or that the documents don't say."},
    **_PROBLEMS,
}
_STREAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer as events, in this order: `passages`, `answer` (pieces of the "
        "text, to be joined; none if the documents don't say; what a language model writes comes "
        "sentence by sentence, each checked), `citations`, `done`. The data of "
        "each is a JSON object; together they say what the answer of `POST /ask` says. After an "
        "`error`, whose data is a problem, nothing follows.",
        "content": stream_content(ANSWER_EVENTS, examples.ANSWER_EVENTS),
    },
    **_PROBLEMS,
}


class _Json(JSONResponse):
    """Written in a fifth of the time."""

    def render(self, content: Any) -> bytes:
        return to_json(content)


# Answers are made by the service, not checked against their models again: the tests do that.


@router.post("/ask", summary="Answer a question", responses=_RESPONSES)
async def ask(request: AskRequest, dispatch: Dispatch, principal: Principal) -> JSONResponse:
    return _Json((await dispatch.ask(request, principal)).to_dict())


@router.get("/ask", summary="Answer a question, for a quick look", responses=_RESPONSES)
async def quick_ask(
    q: Annotated[Question, Query(examples=["Who met whom?"])],
    dispatch: Dispatch,
    principal: Principal,
    top_k: Annotated[TopK, Query()] = None,
    filters: Annotated[Filters, Query(alias="filter")] = [],  # noqa: B006 - FastAPI copies it
) -> JSONResponse:
    request = AskRequest(question=q, top_k=top_k, filters=filters)
    return _Json((await dispatch.ask(request, principal)).to_dict())


@router.post(
    "/ask/stream",
    summary="Answer a question, as events",
    response_class=Response,  # has no media type: the responses say it
    responses=_STREAM_RESPONSES,
)
async def ask_stream(request: AskRequest, dispatch: Dispatch, principal: Principal) -> EventStream:
    steps = dispatch.stream(request, principal)
    # An error comes before the first event, and so has a status of its own.
    found = await anext(steps)

    async def produce(emit: Emit) -> None:
        async with aclosing(steps):
            await emit_answer(found, steps, emit)

    return EventStream(produce)


async def emit_answer(found: Step, steps: AsyncIterator[Step], emit: Emit) -> None:
    """An answer as the events of `POST /ask/stream`, while it is made.

    Args:
        found: what was found, the first of the steps.
        steps: the others.
    """
    assert isinstance(found, Answer)  # noqa: S101
    whole = found.to_dict()
    emit("passages", {name: whole[name] for name in ("searched_for", "passages")})
    answer, separator = found, ""
    async for step in steps:
        if isinstance(step, Answer):
            answer = step
        else:
            emit("answer", {"text": f"{separator}{as_text(step)}", "sentence": step.to_dict()})
            separator = " "
    if answer.text is not None and not separator:
        emit("answer", {"text": answer.text, "sentence": None})
    whole = answer.to_dict()
    emit("citations", {name: whole[name] for name in examples.CONCLUSION})
    emit("done", {"timings_ms": whole["timings_ms"]})
