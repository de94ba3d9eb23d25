"""The HTTP interface: the same service, the same JSON, errors as RFC 9457 problems."""

from __future__ import annotations

from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from qa import __version__
from qa.errors import QAError
from qa.filters import MAX_CHARACTERS, MAX_CONDITIONS
from qa.service import MAX_QUESTION, QA
from qa.settings import MAX_TOP_K

_EXAMPLE_ANSWER = {
    "question": "What was chosen as the 2024 Cultural Capital?",
    "answered": True,
    "answer": {"text": "The city of Shusha was chosen.", "citation": {"start": 812, "end": 842}},
    "confidence": 0.56,
    "passages": [
        {
            "rank": 1,
            "score": 0.56,
            "text": "… The city of Shusha was chosen.",
            "highlights": [{"start": 2, "end": 32}],
            "source": {
                "document_id": "79b5f0fda08dfd783ac40c942288b202",
                "path": "/home/ada/seeds/article.txt",
                "title": "A meeting in Baku",
                "date": "2023-10-03",
                "heading": None,
                "page": None,
                "start": 810,
                "end": 842,
                "sha256": "79b5f0fda08dfd783ac40c942288b202d7f4a74b624331c5c7c38388cfec99b8",
            },
            "also": [],
            "evidence": {
                "dense": {"rank": 1, "score": 0.61},
                "lexical": {"rank": 2, "score": 0.38},
                "sentence": 0.64,
                "rerank": None,
            },
        }
    ],
    "timings_ms": {"total": 21.4},
}


class AskRequest(BaseModel):
    """A question to the documents."""

    model_config = {
        "json_schema_extra": {
            "examples": [{"question": "Who met whom?", "top_k": 3, "filters": ["date>=2023-10-01"]}]
        },
        "extra": "forbid",
    }

    question: Annotated[str, Field(max_length=MAX_QUESTION, description="The question.")]
    top_k: Annotated[
        int | None, Field(ge=1, le=MAX_TOP_K, description="How many passages; by default 5.")
    ] = None
    filters: Annotated[
        list[Annotated[str, Field(max_length=MAX_CHARACTERS)]],
        Field(
            max_length=MAX_CONDITIONS,
            description="Conditions that a document has to fulfil, all of them: a field (date, "
            "path, title, language, or one of the document's own), one of = != < <= > >= ~, "
            "and a value.",
            examples=[["date>=2023-10-01", "language=de|en"], ["path=reports/*", "title~budget"]],
        ),
    ] = []


def create_app(bot: QA) -> FastAPI:
    """The application over one bot."""
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Ask your own documents: the passages that answer, with their exact source.",
    )

    # Not async: a question is work for the processor, which the event loop must not wait for.
    @app.post(
        "/ask",
        summary="Answer a question",
        responses={200: {"content": {"application/json": {"example": _EXAMPLE_ANSWER}}}},
    )
    def ask(request: AskRequest) -> JSONResponse:
        return JSONResponse(
            bot.ask(request.question, request.top_k, where=request.filters).to_dict()
        )

    @app.get("/healthz", summary="Whether the service is up")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(QAError)
    def qa_error(request: Request, error: QAError) -> JSONResponse:
        return _problem(error.http_status, error.title, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'][1:]) or 'body'}: {problem['msg']}"
            for problem in error.errors()
        )
        return _problem(422, "Request not valid", details)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail), None, error.headers)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        return _problem(500, "Something failed", "The server's log says more.")

    return app


def _problem(status: int, title: str, detail: str | None, headers: Any = None) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(
        {name: value for name, value in body.items() if value is not None},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def serve(bot: QA) -> None:
    """Serves until it is told to stop; the model is loaded before the first request."""
    _ = bot.embedder
    uvicorn.run(create_app(bot), host=bot.settings.host, port=bot.settings.port, log_level="info")
