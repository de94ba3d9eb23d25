"""The application: every door over one bot."""

from __future__ import annotations

from fastapi import FastAPI

from qa import __version__
from qa.http import asking, operations, pages, problems
from qa.http.dispatch import Dispatcher
from qa.service import QA
from qa.suggestions import Suggestions


def create_app(bot: QA) -> FastAPI:
    """The application over one bot."""
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Ask your own documents: the passages that answer, with their exact source.",
    )
    app.state.dispatcher = Dispatcher(bot)
    app.state.suggestions = Suggestions(bot)
    for part in (asking, operations, pages):
        app.include_router(part.router)
    problems.install(app)
    return app
