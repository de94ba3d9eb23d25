"""Questions over HTTP: `POST /ask`, `GET /ask`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from qa.http.dispatch import Dispatcher, dispatcher
from qa.http.schemas import EXAMPLE_ANSWER, AskRequest, Filters, Question, TopK

router = APIRouter(tags=["questions"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": EXAMPLE_ANSWER}}}
}


@router.post("/ask", summary="Answer a question", responses=_RESPONSES)
async def ask(
    request: AskRequest, dispatch: Annotated[Dispatcher, Depends(dispatcher)]
) -> JSONResponse:
    return JSONResponse((await dispatch.ask(request)).to_dict())


@router.get("/ask", summary="Answer a question, for a quick look", responses=_RESPONSES)
async def quick_ask(
    q: Annotated[Question, Query()],
    dispatch: Annotated[Dispatcher, Depends(dispatcher)],
    top_k: Annotated[TopK, Query()] = None,
    filters: Annotated[Filters, Query(alias="filter")] = [],  # noqa: B006 - FastAPI copies it
) -> JSONResponse:
    request = AskRequest(question=q, top_k=top_k, filters=filters)
    return JSONResponse((await dispatch.ask(request)).to_dict())
