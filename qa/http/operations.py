"""What those who run the service ask it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from qa.errors import StoreError
from qa.http import metrics
from qa.http.dispatch import Dispatch
from qa.http.problems import problem_responses
from qa.http.responses import StatusModel

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Whether the service is up")
async def healthz() -> StatusModel:
    return StatusModel(status="ok")


@router.get(
    "/readyz",
    summary="Whether the service can answer now",
    description="The model is loaded, and the store can be read and was made with it.",
    responses=problem_responses(503),
)
async def readyz(dispatch: Dispatch) -> StatusModel:
    await dispatch.run(dispatch.bot.check_ready)
    return StatusModel(status="ready")


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "example": "# TYPE qa_store_documents gauge\nqa_store_documents 1.0\n",
                }
            }
        },
        **problem_responses(401, 403, 429, 503),
    },
)
async def figures(dispatch: Dispatch) -> Response:
    def exposition() -> bytes:
        try:
            store = dispatch.bot.counts()
        except StoreError:
            store = None
        return dispatch.metrics.exposition(store, waiting, working)

    waiting, working = dispatch.waiting, dispatch.working
    return Response(await dispatch.run(exposition), media_type=metrics.MEDIA_TYPE)
