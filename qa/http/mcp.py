"""`/mcp`: MCP over streamable HTTP, each request by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.http.dispatch import Dispatcher
from qa.http.problems import problem
from qa.http.schemas import AskRequest, TurnModel
from qa.types import Answer, Turn

Result = TypeVar("Result")


def install(app: FastAPI) -> None:
    """Mounts the door; it answers once the application has started with `lifespan`."""
    app.state.mcp = Door(app.state.dispatcher)
    # No GET: there is nothing that a stream held open would ever bring.
    app.router.routes.append(Route("/mcp", app.state.mcp, methods=["POST"]))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The application's lifespan, as far as the door needs one."""
    async with app.state.mcp.open():
        yield


class Door:
    """The ASGI application at ``/mcp``; it answers while `open` lasts."""

    def __init__(self, dispatch: Dispatcher) -> None:
        self._dispatch = dispatch
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answers for as long as the context lasts."""
        # Half a second, so not before the server starts.
        from mcp.server.transport_security import TransportSecuritySettings

        from qa.mcp import create_server

        server = create_server(self._dispatch.bot, _ByDispatcher(self._dispatch))
        self._app = server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            # Host and Origin are looked at by `qa.http.origins`, as those of every request.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with server.session_manager.run():
            yield
        self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or problem(503, "Not ready", "The service is starting or stopping.")
        await app(scope, receive, send)


class _ByDispatcher:
    """The work of tools, done as that of every other request."""

    def __init__(self, dispatch: Dispatcher) -> None:
        self._dispatch = dispatch

    async def ask(
        self, question: str, top_k: int | None, where: Sequence[str], history: Sequence[Turn]
    ) -> Answer:
        turns = [
            TurnModel(question=t.question, answer=t.answer, passage=t.passage) for t in history
        ]
        request = AskRequest(question=question, top_k=top_k, filters=list(where), history=turns)
        return await self._dispatch.find(request)

    async def run(self, work: Callable[[], Result]) -> Result:
        return await self._dispatch.run(work)
