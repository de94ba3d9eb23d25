"""`POST /documents`: a file comes in, and what becomes of it is told at the end or as it goes."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from anyio import from_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from qa.errors import DocumentError
from qa.http import events, examples
from qa.http.dispatch import Dispatch, Dispatcher
from qa.http.events import Emit, EventStream, stream_content
from qa.http.problems import body_of, problem_responses
from qa.http.responses import UPLOAD_EVENTS, UploadedModel
from qa.library import Uploaded
from qa.settings import Settings

router = APIRouter(prefix="/documents", tags=["documents"])

_AROUND = 64 * 1024
"""Bytes of a body that are not the file: boundaries, headers of the part."""

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "One file; the ending of its name says what it is.",
                        }
                    },
                    "example": {"file": "The lighthouse stands on the northern cape."},
                }
            }
        },
    }
}


def most_bytes(settings: Settings) -> int:
    """How large the body of an upload may be: larger than that of any other request."""
    return settings.max_upload_bytes + _AROUND


def check_uploads_are_on(dispatch: Dispatcher) -> None:
    if not dispatch.bot.settings.uploads:
        raise HTTPException(
            403, "This service's documents can't be changed: set uploads (QA_UPLOADS=true)."
        )


@router.post(
    "",
    summary="Upload a document",
    description="Off unless the setting `uploads` is true. With `Accept: text/event-stream` the "
    "answer is a stream of events: `progress` (`stage` is received, parsed, embedding or stored; "
    "`done` of `total` counts bytes when received, then passages), then `document` (the same "
    "object as otherwise) or `error` (a problem), then `done`.",
    status_code=201,
    response_class=JSONResponse,
    openapi_extra=_BODY,
    responses={
        201: {"model": UploadedModel, "description": "It is a document now."},
        200: {
            "model": UploadedModel,
            "description": "It was one already, or what becomes of it is told as events.",
            "content": stream_content(UPLOAD_EVENTS, examples.UPLOAD_EVENTS),
        },
        **problem_responses(400, 401, 403, 413, 415, 422, 429, 503),
    },
)
async def upload(request: Request, dispatch: Dispatch) -> Response:
    check_uploads_are_on(dispatch)
    file = await _received(request, dispatch.bot.settings)

    async def produce(emit: Emit) -> None:
        try:
            emit("document", _to_dict(await _take_in(dispatch, file, emit)))
        except Exception as error:  # too late for a response of its own
            emit("error", body_of(error))
        emit("done", {})

    if events.MEDIA_TYPE in request.headers.get("accept", ""):
        return EventStream(produce)
    uploaded = await _take_in(dispatch, file, lambda event, data: None)
    return JSONResponse(_to_dict(uploaded), 201 if uploaded.is_new else 200)


async def _received(request: Request, settings: Settings) -> UploadFile:
    """The file in a request, read to its end; what is too large is not read on.

    Raises:
        HTTPException: there is none, or it is too large.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "Send multipart/form-data with one field, file.")
    limited = Request(request.scope, _limited(request, settings))
    try:
        form = await limited.form(max_files=1, max_fields=1, max_part_size=1024)
    except ClientDisconnect:
        raise HTTPException(400, "The upload was broken off.") from None
    file = form.get("file")
    if len(form) != 1 or not isinstance(file, UploadFile):
        await form.close()
        raise HTTPException(422, "Send one field, file, with the file's name and bytes.")
    if (file.size or 0) > settings.max_upload_bytes:
        await form.close()
        raise _too_large(settings)
    return file


def _limited(request: Request, settings: Settings) -> Receive:
    """What gives a request's body, as far as its size is allowed, whatever it says of it."""
    most = most_bytes(settings)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(settings)
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_large(settings)
        return message

    return receive


def _too_large(settings: Settings) -> HTTPException:
    return HTTPException(
        413, f"The file is larger than {settings.max_upload_bytes / 1e6:,g} MB: send a smaller one."
    )


async def _take_in(dispatch: Dispatcher, file: UploadFile, emit: Emit) -> Uploaded:
    """Puts a file that was received into the store, and closes it."""
    bot = dispatch.bot

    def progress(stage: str, done: int, total: int) -> None:
        emit("progress", {"stage": stage, "done": done, "total": total})

    def work() -> Uploaded:
        return bot.library.upload(
            file.file,
            file.filename or "",
            on_stage=lambda *stage: from_thread.run_sync(progress, *stage),
            wait=bot.settings.request_seconds,
        )

    with closing(file.file):
        progress("received", file.size or 0, file.size or 0)
        try:
            uploaded = await dispatch.change(work)
        except DocumentError:
            dispatch.metrics.uploaded("refused")
            raise
    dispatch.metrics.uploaded("added" if uploaded.is_new else "known")
    return uploaded


def _to_dict(uploaded: Uploaded) -> dict[str, Any]:
    document = uploaded.document
    return {
        "document": document.to_dict() if document else None,
        "report": uploaded.report.to_dict(),
    }
