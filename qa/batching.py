"""Work that costs less together, done together for all threads that wait for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls of several threads in batches.

    A call alone is made at once. Calls that come while one is being made wait for it, and are then
    made together by the first of them: nobody waits for a batch to fill, and the more there is to
    do, the larger the batches.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], largest: int) -> None:
        """
        Args:
            work: gives a result for each item, in order; called by one thread at a time.
            largest: items in a batch at most.
        """
        self._work = work
        self._largest = largest
        self._lock = threading.Lock()
        self._waiting: deque[_Call[Item, Result]] = deque()
        self._is_working = False

    def __call__(self, item: Item) -> Result:
        """The result for an item. Raises what the work raises for it."""
        call: _Call[Item, Result] = _Call(item)
        with self._lock:
            self._waiting.append(call)
            leads, self._is_working = not self._is_working, True
        if not leads:
            call.wait()
        if not call.is_done:  # it is this call's turn to work for all that wait
            self._lead()
        if call.error is not None:
            raise call.error
        return call.results[0]

    def _lead(self) -> None:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._largest, len(self._waiting)))]
        try:
            self._make(batch)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_working = following is not None
            if following is not None:
                following.wake()
            for call in batch:
                call.is_done = True
                call.wake()

    def _make(self, batch: Sequence[_Call[Item, Result]]) -> None:
        try:
            results = self._work([call.item for call in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for call in batch:  # one's error is not the others'
                self._make([call])
            return
        for call, result in zip(batch, results, strict=True):
            call.results = [result]


class _Call(Generic[Item, Result]):
    """One thread's item on its way to a result."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.results: list[Result] = []
        self.error: Exception | None = None
        self.is_done = False
        self._awake = threading.Lock()
        self._awake.acquire()

    def wait(self) -> None:
        """Until it is done, or its turn to work for all."""
        self._awake.acquire()

    def wake(self) -> None:
        if self._awake.locked():
            self._awake.release()
