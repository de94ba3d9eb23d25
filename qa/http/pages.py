"""The chat page: its files, what it says of the store, and what people say of answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from qa import __version__
from qa.errors import StoreEmptyError
from qa.feedback import record
from qa.http.dispatch import Dispatch
from qa.http.problems import problem_responses
from qa.http.responses import AboutModel
from qa.http.schemas import FeedbackRequest
from qa.parsing import PARSERS
from qa.suggestions import Suggestions

router = APIRouter(tags=["page"])

_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str
    etag: str


def _page_files() -> dict[str, _File]:
    found: dict[str, _File] = {}
    for entry in files("qa.http").joinpath("page").iterdir():
        media_type = _MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type:
            body = entry.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found[entry.name] = _File(body, media_type, etag)
    return found


_FILES = _page_files()
"""The files of the page by name: nothing else is ever served."""


def _served(name: str, known: str | None) -> Response:
    """A file of the page, or that the browser has it already."""
    file = _FILES.get(name)
    if file is None:
        raise HTTPException(404, "Not found")
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if known and file.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=file.media_type, headers=headers)


IfNoneMatch = Annotated[str | None, Header()]


@router.get("/", include_in_schema=False)
async def page(if_none_match: IfNoneMatch = None) -> Response:
    return _served("index.html", if_none_match)


@router.get("/page/{name}", include_in_schema=False)
async def page_file(name: str, if_none_match: IfNoneMatch = None) -> Response:
    return _served(name, if_none_match)


@router.get(
    "/about",
    summary="What there is to ask",
    response_class=JSONResponse,
    responses={200: {"model": AboutModel}, **problem_responses(401, 403, 429, 503)},
)
async def about(request: Request, dispatch: Dispatch) -> JSONResponse:
    suggestions: Suggestions = request.app.state.suggestions

    def found() -> dict[str, Any]:
        bot = dispatch.bot
        try:
            counts = bot.counts()
        except StoreEmptyError:
            counts = {"documents": 0, "passages": 0, "generation": 0}
        return {
            "version": __version__,
            "documents": counts["documents"],
            "passages": counts["passages"],
            "generation": counts["generation"],
            "uploads": bot.settings.uploads,
            "max_upload_mb": bot.settings.max_upload_bytes / 1e6,
            "suffixes": sorted(suffix for parser in PARSERS for suffix in parser.suffixes),
            "feedback": bot.settings.feedback,
            "language_model": _language_model(bot.language_model),
            "suggestions": list(suggestions.of(counts["generation"])),
        }

    return JSONResponse(await dispatch.run(found))


def _language_model(asked: Mapping[str, str] | None) -> dict[str, str] | None:
    """Which language model writes, and on what host: all that those who ask need to know."""
    if asked is None:
        return None
    return {"model": asked["model"], "host": urlsplit(asked["base_url"]).netloc}


@router.post(
    "/feedback",
    status_code=204,
    summary="Say whether an answer was right",
    description="It is kept beside the store as a question that `qa evaluate` can ask.",
    response_class=Response,
    responses=problem_responses(400, 401, 403, 404, 422, 429, 503),
)
async def feedback(request: FeedbackRequest, dispatch: Dispatch) -> Response:
    if not dispatch.bot.settings.feedback:
        raise HTTPException(403, "This service takes no verdicts: set feedback (QA_FEEDBACK=true).")
    await dispatch.run(lambda: record(dispatch.bot, request.feedback))
    return Response(status_code=204)
