"""Documents over HTTP: what there is, what it says, the originals, and removing one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse

from qa.errors import UsageError
from qa.http.dispatch import Dispatch
from qa.http.problems import problem_responses
from qa.http.responses import DocumentDetailModel, DocumentsModel, PassageModel, TextModel
from qa.http.schemas import Filters
from qa.http.uploading import check_uploads_are_on
from qa.library import Original
from qa.types import HEADING_SEPARATOR, Sort

router = APIRouter(prefix="/documents", tags=["documents"])

MAX_PAGE = 200
MAX_CHARACTERS = 100_000
_LARGEST = 1_000_000_000
_CHUNK = 64 * 1024

Id = Annotated[
    str,
    Path(
        max_length=200,
        description="The document's whole id.",
        examples=["79b5f0fda08dfd783ac40c942288b202"],
    ),
]
Number = Annotated[int, Path(ge=0, le=_LARGEST, description="From 0.", examples=[0])]
_PROBLEMS = problem_responses(401, 403, 422, 429, 503)
_ONE = {**problem_responses(404), **_PROBLEMS}


@router.get(
    "",
    summary="List documents",
    description="By path, or another order: those without a value stand last, and those with the "
    "same one by path.",
    responses={200: {"model": DocumentsModel}, **problem_responses(400), **_PROBLEMS},
)
async def documents(
    dispatch: Dispatch,
    *,
    offset: Annotated[int, Query(ge=0, le=_LARGEST, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")] = 50,
    filters: Annotated[Filters, Query(alias="filter")] = [],  # noqa: B006 - FastAPI copies it
    sort: Annotated[Sort, Query(description="What they are in order of.")] = "path",
    order: Annotated[
        Literal["asc", "desc"], Query(description="desc: the greatest, latest or last first.")
    ] = "asc",
) -> JSONResponse:
    library = dispatch.bot.library
    infos, total = await dispatch.run(
        lambda: library.page(filters, offset, limit, sort=sort, is_reverse=order == "desc")
    )
    return JSONResponse(
        {
            "total": total,
            "offset": offset,
            "limit": limit,
            "documents": [info.to_dict() for info in infos],
        }
    )


@router.get(
    "/{id}",
    summary="Show a document",
    responses={200: {"model": DocumentDetailModel}, **_ONE},
)
async def document(id: Id, dispatch: Dispatch) -> JSONResponse:  # noqa: A002
    library = dispatch.bot.library

    def show() -> dict[str, Any]:
        return {**library.info(id).to_dict(), "original": library.has_original(id)}

    return JSONResponse(await dispatch.run(show))


@router.get(
    "/{id}/text",
    summary="Read a document's text",
    description=f"At most {MAX_CHARACTERS:,} characters at once: `end` says how far it goes.",
    responses={200: {"model": TextModel}, **problem_responses(400), **_ONE},
)
async def text(
    id: Id,  # noqa: A002
    dispatch: Dispatch,
    start: Annotated[int, Query(ge=0, le=_LARGEST, description="The first character.")] = 0,
    end: Annotated[
        int | None, Query(ge=0, le=_LARGEST, description="The one behind the last.")
    ] = None,
) -> JSONResponse:
    if end is not None and end < start:
        raise UsageError(f"The text can't end at {end} if it starts at {start}.")
    whole = await dispatch.run(lambda: dispatch.bot.library.text(id))
    first = min(start, len(whole))
    last = min(len(whole) if end is None else end, len(whole), first + MAX_CHARACTERS)
    return JSONResponse(
        {
            "document_id": id,
            "characters": len(whole),
            "start": first,
            "end": last,
            "text": whole[first:last],
        }
    )


@router.get(
    "/{id}/passages/{number}",
    summary="Read a passage of a document",
    responses={200: {"model": PassageModel}, **_ONE},
)
async def passage(id: Id, number: Number, dispatch: Dispatch) -> JSONResponse:  # noqa: A002
    info, found = await dispatch.run(lambda: dispatch.bot.library.passage(id, number))
    return JSONResponse(
        {
            "document": info.to_dict(),
            "passage": found.number,
            "passages": info.passages,
            "text": found.text,
            "start": found.start,
            "end": found.end,
            "heading": HEADING_SEPARATOR.join(found.heading) or None,
            "page": found.page,
            "sentences": [{"start": span.start, "end": span.end} for span in found.sentences],
        }
    )


@router.get(
    "/{id}/original",
    summary="Get the file a document was made from",
    description="Only while a file with these very bytes still lies at one of its paths.",
    response_class=Response,
    responses={
        200: {
            "description": "The file, byte by byte.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        **_ONE,
    },
)
async def original(id: Id, dispatch: Dispatch) -> Response:  # noqa: A002
    found = await dispatch.run(lambda: dispatch.bot.library.original(id))
    return StreamingResponse(_chunks(found.data), headers=_headers(found))


@router.delete(
    "/{id}",
    summary="Remove a document",
    description="Its file stays where it is, unless it was uploaded. Once this is answered, no "
    "answer shows the document.",
    status_code=204,
    response_class=Response,
    responses=_ONE,
)
async def remove(id: Id, dispatch: Dispatch) -> Response:  # noqa: A002
    check_uploads_are_on(dispatch)
    wait = dispatch.bot.settings.request_seconds
    await dispatch.change(lambda: dispatch.bot.library.remove(id, wait=wait))
    await dispatch.settled()
    return Response(status_code=204)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    """In pieces: the server would keep a copy of all that a slow client hasn't taken yet."""
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]


def _headers(found: Original) -> dict[str, str]:
    """Whatever an original is, it does nothing in the name of this service."""
    kind = "inline" if found.media_type == "application/pdf" else "attachment"
    name = "".join(char for char in found.name if char.isprintable())
    return {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Type": found.media_type,  # without a charset: that is the file's own affair
        "Content-Length": str(len(found.data)),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
