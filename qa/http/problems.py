"""Errors as problem JSON (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from qa.errors import OverloadedError, QAError, StoreBusyError

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 5
_EXAMPLES = {
    400: ("Bad request", "The filter 'nonsense' has no operator: write it as in date>=2023-10-01."),
    401: ("Unauthorized", "Give a key, as in Authorization: Bearer KEY."),
    403: ("Forbidden", "Uploads are off: set uploads (QA_UPLOADS=true)."),
    404: ("Not found", "There is no document with the id '0': ids are to be given whole."),
    413: ("Content Too Large", "The file is larger than 32 MB."),
    415: ("Unsupported Media Type", "Send multipart/form-data with one field, file."),
    422: ("Request not valid", "top_k: Input should be greater than or equal to 1"),
    429: ("Too Many Requests", "Too many requests with this key: try again in 3 seconds."),
    503: ("Too much to do", "The service has too much to do: try again shortly."),
}

_EXAMPLE: dict[str, Any] = {
    "type": "about:blank",
    "title": _EXAMPLES[404][0],
    "status": 404,
    "detail": _EXAMPLES[404][1],
}

logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599, description="The status of the response.")]
    detail: Annotated[str, Field(description="What is wrong and what to do next.")] = ""


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation says of the errors it can end with; the schema comes with `openapi`."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": problem_body(status, *_EXAMPLES[status]),
                }
            },
        }
        for status in statuses
    }


def problem(
    status: int, title: str, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The response that tells of an error."""
    return JSONResponse(
        problem_body(status, title, detail),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def problem_body(status: int, title: str, detail: str | None = None) -> dict[str, object]:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return {name: value for name, value in body.items() if value is not None}


def body_of(error: Exception) -> dict[str, object]:
    """The problem that an error is, for where a response has begun already."""
    if isinstance(error, QAError):
        return problem_body(error.http_status, error.title, str(error))
    logger.error("Something failed.", exc_info=error)
    return problem_body(500, "Something failed", "The server's log says more.")


def install(app: FastAPI) -> None:
    """Makes every error of an application's a problem; of unexpected ones see `qa.http.logs`."""

    @app.exception_handler(QAError)
    async def qa_error(request: Request, error: QAError) -> JSONResponse:
        later = isinstance(error, OverloadedError | StoreBusyError)
        headers = {"Retry-After": str(_RETRY_SECONDS)} if later else {}
        return problem(error.http_status, error.title, str(error), headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(
            f"{'.'.join(str(part) for part in wrong['loc'][1:]) or 'body'}: {wrong['msg']}"
            for wrong in error.errors()
        )
        return problem(422, "Request not valid", details)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        detail = error.detail if error.detail != title else None
        return problem(error.status_code, title, detail, error.headers)
