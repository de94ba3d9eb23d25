"""The application: every door over one bot."""

from __future__ import annotations

from fastapi import FastAPI

from qa import __version__
from qa.http import asking, mcp, openai, operations, problems
from qa.http.chat_errors import OpenAIErrors
from qa.http.dispatch import Dispatcher
from qa.service import QA


def create_app(bot: QA) -> FastAPI:
    """The application over one bot."""
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Ask your own documents: the passages that answer, with their exact source.",
        lifespan=mcp.lifespan,
    )
    app.state.dispatcher = Dispatcher(bot)
    for part in (asking, operations, openai):
        app.include_router(part.router)
    mcp.install(app)
    problems.install(app)
    app.add_middleware(OpenAIErrors)  # the last one, and so before all others
    return app
