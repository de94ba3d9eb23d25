"""Errors as problem JSON (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from qa.errors import QAError

MEDIA_TYPE = "application/problem+json"


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


def install(app: FastAPI) -> None:
    """Makes every error of an application's a problem; of unexpected ones see `qa.http.logs`."""

    @app.exception_handler(QAError)
    async def qa_error(request: Request, error: QAError) -> JSONResponse:
        return problem(error.http_status, error.title, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(
            f"{'.'.join(str(part) for part in wrong['loc'][1:]) or 'body'}: {wrong['msg']}"
            for wrong in error.errors()
        )
        return problem(422, "Request not valid", details)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)
