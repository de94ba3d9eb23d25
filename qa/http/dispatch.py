"""From the event loop to the service and back: its work is done on threads, so many at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from cachetools import TTLCache
from fastapi import Request

from qa.errors import OverloadedError, UsageError
from qa.http.schemas import MAX_TURNS, AskRequest
from qa.service import QA
from qa.types import Answer, Turn

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_CONVERSATIONS = 10_000
_CONVERSATION_SECONDS = 3600.0


class Dispatcher:
    """Every door's way to one bot. Questions never wait for what takes long, as an upload."""

    def __init__(self, bot: QA) -> None:
        self.bot = bot
        self._asking = anyio.CapacityLimiter(bot.settings.concurrency)
        self._working = anyio.CapacityLimiter(4)
        self._conversations: TTLCache[tuple[str, str], tuple[Turn, ...]] = TTLCache(
            _CONVERSATIONS, _CONVERSATION_SECONDS
        )

    async def ask(self, request: AskRequest, principal: str = "") -> Answer:
        """The answer to a request.

        Args:
            principal: who asks; a conversation belongs to who began it.

        Raises:
            UsageError: it has both a history and the id of a conversation.
            OverloadedError: it waited for its turn longer than ``request_seconds``.
            QAError: see `qa.service.QA.ask`.
        """
        history = tuple(request.turns)
        conversation = (principal, request.conversation_id or "")
        if request.conversation_id:
            if history:
                raise UsageError("Give either conversation_id or history: they say the same.")
            history = self._conversations.get(conversation, ())

        def answer() -> Answer:
            return self.bot.ask(
                request.question, request.top_k, where=request.filters, history=history
            )

        if self.bot.settings.log_questions:
            logger.info("question", extra={"question": request.question})
        answered = await self._run(answer, self._asking)
        if request.conversation_id:
            turn = Turn(request.question, answered.text)
            self._conversations[conversation] = (*history, turn)[-MAX_TURNS:]
        return answered

    async def run(self, work: Callable[[], Result]) -> Result:
        """What some other work of the service's returns."""
        return await self._run(work, self._working)

    async def _run(self, work: Callable[[], Result], limiter: anyio.CapacityLimiter) -> Result:
        try:
            with anyio.fail_after(self.bot.settings.request_seconds):
                await limiter.acquire()
        except TimeoutError:
            raise OverloadedError("The service has too much to do: try again shortly.") from None
        try:
            return await run_sync(work)
        finally:
            limiter.release()


def dispatcher(request: Request) -> Dispatcher:
    """The application's dispatcher, for `Depends`."""
    found: Dispatcher = request.app.state.dispatcher
    return found
