"""Questions of many clients, answered together on a few threads."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence

import anyio
from anyio.to_thread import run_sync

from qa.errors import OverloadedError
from qa.service import QA
from qa.types import Answer, Ask

_LARGEST_BATCH = 32

_Asked = tuple[Ask, "asyncio.Future[Answer]"]


class Questions:
    """Those that wait, and those that are being answered.

    A thread that is free takes all that wait: a question alone is answered at once, nobody waits
    for a batch to fill, and the more there is to do, the larger the batches. More threads than
    cores would only hinder each other: much of the work is Python's.
    """

    def __init__(self, bot: QA) -> None:
        self._bot = bot
        threads = bot.settings.concurrency or os.cpu_count() or 1
        self._threads = anyio.CapacityLimiter(threads)
        self._idle = threads
        self._workers: set[asyncio.Task[None]] = set()
        self._waiting: deque[_Asked] = deque()
        self.working = 0
        """How many are being answered."""

    @property
    def waiting(self) -> int:
        """How many wait for a thread."""
        return len(self._waiting)

    async def ask(self, ask: Ask) -> Answer:
        """The answer to a question.

        Raises:
            OverloadedError: it wasn't there within ``request_seconds``.
            QAError: see `qa.service.QA.ask`.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, answer))
        if self._idle:
            self._idle -= 1
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        try:
            async with asyncio.timeout(self._bot.settings.request_seconds):
                return await answer
        except TimeoutError:
            raise OverloadedError("The service has too much to do: try again shortly.") from None

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while batch := self._take():
                self.working += len(batch)
                try:
                    await run_sync(self._answer, batch, loop, limiter=self._threads)
                finally:
                    self.working -= len(batch)
        finally:
            self._idle += 1

    def _take(self) -> list[_Asked]:
        batch: list[_Asked] = []
        while self._waiting and len(batch) < _LARGEST_BATCH:
            ask, answer = self._waiting.popleft()
            if not answer.done():  # whoever asked may have gone
                batch.append((ask, answer))
        return batch

    def _answer(self, batch: Sequence[_Asked], loop: asyncio.AbstractEventLoop) -> None:
        answers = self._bot.ask_many([ask for ask, _ in batch])
        for (_, future), answer in zip(batch, answers, strict=True):
            loop.call_soon_threadsafe(_settle, future, answer)


def _settle(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
