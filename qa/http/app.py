"""The application: every door over one bot."""

from __future__ import annotations

from fastapi import FastAPI

from qa import __version__
from qa.http import (
    asking,
    docs,
    documents,
    guards,
    mcp,
    openai,
    openapi,
    operations,
    pages,
    problems,
    uploading,
)
from qa.http.chat_errors import OpenAIErrors
from qa.http.dispatch import Dispatcher
from qa.http.metrics import MetricsMiddleware
from qa.service import QA
from qa.suggestions import Suggestions


def create_app(bot: QA) -> FastAPI:
    """The application over one bot."""
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Ask your own documents: the passages that answer, with their exact source.",
        docs_url=None,  # FastAPI's load scripts from elsewhere
        redoc_url=None,
        lifespan=mcp.lifespan,
    )
    app.state.dispatcher = dispatcher = Dispatcher(bot)
    app.state.suggestions = Suggestions(bot)
    for part in (asking, documents, uploading, operations, openai, docs, pages):
        app.include_router(part.router)
    mcp.install(app)
    problems.install(app)
    openapi.install(app)
    guards.install(app, bot.settings)
    app.add_middleware(OpenAIErrors)  # outside of all that may refuse a request
    app.add_middleware(MetricsMiddleware, metrics=dispatcher.metrics)  # the last one is outermost
    return app
