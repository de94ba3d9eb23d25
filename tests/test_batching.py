from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from qa.batching import Batcher


class Doubling:
    """Takes a while, and notes its batches; an odd number is an error."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.batches: list[list[int]] = []
        self.at_once = self._working = 0
        self._seconds = seconds

    def __call__(self, items: Sequence[int]) -> list[int]:
        self._working += 1
        self.at_once = max(self.at_once, self._working)
        self.batches.append(list(items))
        time.sleep(self._seconds)
        self._working -= 1
        if any(item % 2 for item in items):
            raise ValueError(f"odd among {len(items)}")
        return [2 * item for item in items]


def together(batcher: Batcher[int, int], items: Sequence[int]) -> dict[int, int | Exception]:
    """What each of some items gives, asked by a thread each at the same moment."""
    found: dict[int, int | Exception] = {}
    ready = threading.Barrier(len(items))

    def ask(item: int) -> None:
        ready.wait()
        try:
            found[item] = batcher(item)
        except ValueError as error:
            found[item] = error

    threads = [threading.Thread(target=ask, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return found


def test_one_call_is_made_at_once_and_alone():
    work = Doubling()
    assert Batcher(work, 8)(4) == 8
    assert work.batches == [[4]]


def test_what_comes_while_one_call_is_made_is_made_together():
    work = Doubling(0.1)
    items = range(0, 40, 2)
    assert together(Batcher(work, 100), items) == {item: 2 * item for item in items}
    assert work.at_once == 1
    assert sorted(item for batch in work.batches for item in batch) == list(items)
    assert len(work.batches) <= 3


def test_a_batch_is_never_larger_than_the_largest():
    work = Doubling()
    together(Batcher(work, 4), range(0, 60, 2))
    assert max(map(len, work.batches)) == 4


def test_an_error_is_only_that_calls_own_and_nobody_waits_forever():
    work = Doubling()
    batcher = Batcher(work, 100)
    for _ in range(5):
        found = together(batcher, range(20))
        for item in range(20):
            if item % 2:
                assert str(found[item]) == "odd among 1"
            else:
                assert found[item] == 2 * item
    with pytest.raises(ValueError, match="odd among 1"):
        batcher(3)
    assert batcher(4) == 8


def test_many_threads_for_long_get_their_own_results():
    batcher = Batcher(Doubling(0), 16)
    wrong: list[int] = []

    def ask(start: int) -> None:
        wrong.extend(n for n in range(start, start + 1000, 2) if batcher(n) != 2 * n)

    threads = [threading.Thread(target=ask, args=(1000 * n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)
