"""What a language model does for questions over HTTP: on threads, so many at a time."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
from anyio.to_thread import run_sync

from qa.generation import Rewritten
from qa.service import QA
from qa.types import Answer, Ask, CheckedSentence

Step = Answer | CheckedSentence
_BUSY = "The language model has too much to do: this is what was found."


class Writing:
    """A language model's turns, of which a setting says how many there are at once.

    Who waits longer than ``request_seconds`` for one goes without: the answer is what was found.
    """

    def __init__(self, bot: QA) -> None:
        self._bot = bot
        self._turns = anyio.CapacityLimiter(bot.settings.llm_concurrency)
        # Threads of their own: a language model that is slow makes nothing else wait.
        self._threads = anyio.CapacityLimiter(2 * bot.settings.llm_concurrency)

    @property
    def is_on(self) -> bool:
        """Whether there is a language model to ask."""
        return self._bot.language_model is not None

    async def rewritten(self, ask: Ask) -> Rewritten:
        """See `qa.service.QA.rewritten`."""
        if not (self.is_on and ask.history):
            return Rewritten(ask, ask)
        async with self._turn() as is_ours:
            if not is_ours:
                return Rewritten(ask, ask)
            return await run_sync(self._bot.rewritten, ask, limiter=self._threads)

    async def written(self, found: Answer, rewritten: Rewritten) -> AsyncGenerator[Step, None]:
        """See `qa.service.QA.write`. To be closed; what is being written then ends."""
        if not self.is_on:
            yield found
            return
        async with self._turn() as is_ours:
            if not is_ours:
                found = rewritten.restored(found)
                yield found
                yield replace(found, notice=_BUSY)
                return
            steps = _Steps(self._bot.write(found, rewritten))
            try:
                while (step := await self._next(steps)) is not None:
                    yield step
            finally:
                steps.close()

    async def _next(self, steps: _Steps) -> Step | None:
        # Not waited for when the client leaves: the next sentence may take long.
        return await run_sync(steps.next, abandon_on_cancel=True, limiter=self._threads)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[bool]:
        """Whether there was a turn to be had; it lasts as long as the context."""
        borrower = object()
        is_ours = False
        with anyio.move_on_after(self._bot.settings.request_seconds):
            await self._turns.acquire_on_behalf_of(borrower)
            is_ours = True
        try:
            yield is_ours
        finally:
            if is_ours:
                self._turns.release_on_behalf_of(borrower)


class _Steps:
    """An iterator that may be closed while another thread waits for its next item."""

    def __init__(self, steps: Iterator[Step]) -> None:
        self._steps = steps
        self._lock = threading.Lock()
        self._is_closed = False

    def next(self) -> Step | None:
        with self._lock:
            step = None if self._is_closed else next(self._steps, None)
            if self._is_closed:
                self._end()
            return step

    def close(self) -> None:
        """Ends it now, or when what it is at is done."""
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def _end(self) -> None:
        close = getattr(self._steps, "close", None)
        if close:
            close()
