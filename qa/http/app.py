"""The application: every door over one bot."""

from __future__ import annotations

from fastapi import FastAPI

from qa import __version__
from qa.http import asking, documents, openapi, operations, pages, problems, uploading
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
    )
    app.state.dispatcher = dispatcher = Dispatcher(bot)
    app.state.suggestions = Suggestions(bot)
    for part in (asking, documents, uploading, operations, pages):
        app.include_router(part.router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(MetricsMiddleware, metrics=dispatcher.metrics)  # the last one is outermost
    return app
