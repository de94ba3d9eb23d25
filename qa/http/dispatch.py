"""From the event loop to the service and back: its work is done on threads, so many at a time."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, TypeVar

import anyio
from anyio.to_thread import run_sync
from cachetools import TTLCache
from fastapi import Depends, Request

from qa.errors import OverloadedError, UsageError
from qa.http.metrics import Metrics
from qa.http.questions import Questions
from qa.http.schemas import MAX_TURNS, AskRequest
from qa.http.writing import Step, Writing
from qa.service import QA
from qa.types import Answer, Ask, Turn

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_CONVERSATIONS = 10_000
_CONVERSATION_SECONDS = 3600.0


class Dispatcher:
    """Every door's way to one bot. Questions never wait for what takes long, as an upload."""

    def __init__(self, bot: QA) -> None:
        self.bot = bot
        self._asking = Questions(bot)
        self._writing = Writing(bot)
        self._working = anyio.CapacityLimiter(4)
        self._changing = anyio.CapacityLimiter(1)
        self._questions: set[anyio.Event] = set()
        self.metrics = Metrics()
        self._conversations: TTLCache[tuple[str, str], tuple[Turn, ...]] = TTLCache(
            _CONVERSATIONS, _CONVERSATION_SECONDS
        )

    async def ask(self, request: AskRequest, principal: str = "") -> Answer:
        """The answer to a request; see `stream`."""
        async with aclosing(self.stream(request, principal)) as steps:
            *_, answer = [step async for step in steps if isinstance(step, Answer)]
        return answer

    async def find(self, request: AskRequest) -> Answer:
        """What the documents say to a request, word for word; see `qa.service.QA.find`."""
        ask = Ask(request.question, request.top_k, tuple(request.filters), tuple(request.turns))
        with self._question():
            return await self._asking.ask(ask)

    async def stream(self, request: AskRequest, principal: str = "") -> AsyncGenerator[Step, None]:
        """The answer to a request while it is made; see `qa.service.QA.stream`. To be closed.

        Args:
            principal: who asks; a conversation belongs to who began it.

        Raises:
            UsageError: it has both a history and the id of a conversation.
            OverloadedError: it wasn't answered within ``request_seconds``.
            QAError: see `qa.service.QA.ask`.
        """
        history = tuple(request.turns)
        conversation = (principal, request.conversation_id or "")
        if request.conversation_id:
            if history:
                raise UsageError("Give either conversation_id or history: they say the same.")
            history = self._conversations.get(conversation, ())

        if self.bot.settings.log_questions:
            logger.info("question", extra={"question": request.question})
        answer = None
        with self._question():
            ask = Ask(request.question, request.top_k, tuple(request.filters), history)
            rewritten = await self._writing.rewritten(ask)
            found = await self._asking.ask(rewritten.ask)
            async with aclosing(self._writing.written(found, rewritten)) as steps:
                async for step in steps:
                    if isinstance(step, Answer):
                        answer = step
                    yield step
        assert answer is not None  # noqa: S101 - what was found is one
        self.metrics.answered(answer)
        if self._writing.is_on:
            self.metrics.wrote(answer)
        if request.conversation_id:
            self._conversations[conversation] = (*history, answer.turn)[-MAX_TURNS:]

    async def run(self, work: Callable[[], Result]) -> Result:
        """What some other work of the service's returns."""
        return await self._run(work, self._working)

    async def change(self, work: Callable[[], Result]) -> Result:
        """What some work returns that changes the store: first come, first served, one at a time.

        Raises:
            OverloadedError: it waited for its turn longer than ``request_seconds``.
        """
        return await self._run(work, self._changing)

    async def settled(self) -> None:
        """Returns when all questions are answered that are being worked on now: no answer that
        comes later was found before."""
        with anyio.move_on_after(self.bot.settings.request_seconds):
            for question in list(self._questions):
                await question.wait()

    @property
    def waiting(self) -> dict[str, int]:
        """How many questions and changes wait for their turn."""
        return {
            "questions": self._asking.waiting,
            "changes": self._changing.statistics().tasks_waiting,
        }

    @property
    def working(self) -> dict[str, int]:
        """How many questions and changes are being worked on."""
        return {
            "questions": self._asking.working,
            "changes": self._changing.borrowed_tokens,
        }

    @contextmanager
    def _question(self) -> Iterator[None]:
        done = anyio.Event()
        self._questions.add(done)
        try:
            yield
        finally:
            self._questions.remove(done)
            done.set()

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


def principal(request: Request) -> str:
    """Who asks, for `Depends`: the id of the API key, or "" where none is asked for."""
    return str(getattr(request.state, "principal", ""))


Dispatch = Annotated[Dispatcher, Depends(dispatcher)]
Principal = Annotated[str, Depends(principal)]
