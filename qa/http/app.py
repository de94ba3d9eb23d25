"""The application: every door over one bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from qa import __version__
from qa.http import asking, mcp, openai, operations, problems
from qa.http.dispatch import Dispatcher
from qa.service import QA


def create_app(bot: QA) -> FastAPI:
    """The application over one bot."""
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Ask your own documents: the passages that answer, with their exact source.",
        lifespan=_lifespan,
    )
    app.state.dispatcher = Dispatcher(bot)
    app.state.mcp = mcp.Door(app.state.dispatcher)
    app.router.routes.append(Route("/mcp", app.state.mcp, methods=["POST"]))
    for part in (asking, operations, openai):
        app.include_router(part.router)
    problems.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.mcp.open():
        yield
