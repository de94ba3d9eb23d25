"""Questions of many clients: in batches, none lost, none mixed up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from qa import QA
from qa.errors import OverloadedError, UsageError
from qa.http.questions import Questions
from qa.types import Answer, Ask
from tests.conftest import SEEDS
from tests.test_service import QUESTIONS


class Watched(QA):
    """A bot that notes its batches."""

    batches: list[int]

    def ask_many(self, asks: Sequence[Ask]) -> Iterator[Answer | Exception]:
        self.batches.append(len(asks))
        return super().ask_many(asks)


@pytest.fixture
def bot(seed_bot: QA, request: pytest.FixtureRequest) -> Watched:
    options = getattr(request, "param", {"concurrency": 2})
    bot = Watched.open(seed_bot.store.folder, seeds=SEEDS, **options)
    bot.batches = []
    _ = bot.embedder
    return bot


def test_what_comes_at_once_is_answered_in_batches_each_with_its_own_answer(bot):
    async def ask_all() -> list[Answer]:
        questions = Questions(bot)
        answers = await asyncio.gather(*(questions.ask(Ask(q)) for q, _ in QUESTIONS * 6))
        async with asyncio.timeout(10):  # the threads tell of the end of their batches a bit later
            while (questions.waiting, questions.working) != (0, 0):
                await asyncio.sleep(0.01)
        return answers

    for (question, expected), answer in zip(QUESTIONS * 6, asyncio.run(ask_all()), strict=True):
        assert answer.question == question
        assert expected in answer.passages[0].text
    assert sum(bot.batches) == len(QUESTIONS) * 6
    assert len(bot.batches) < len(QUESTIONS)
    assert max(bot.batches) <= 32


def test_one_question_is_asked_at_once_and_alone(bot):
    async def ask() -> Answer:
        return await Questions(bot).ask(Ask("Who met Almalik?"))

    assert asyncio.run(ask()).answered
    assert bot.batches == [1]


def test_an_error_is_its_questions_own(bot):
    async def ask() -> list[Answer | BaseException]:
        questions = Questions(bot)
        texts = ["Who met Almalik?", " ", "Who met whom?"]
        asked = (questions.ask(Ask(text)) for text in texts)
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(ask())
    assert isinstance(second, UsageError)
    assert isinstance(first, Answer)
    assert isinstance(third, Answer)


def test_who_has_gone_is_not_answered(bot):
    async def leave() -> None:
        questions = Questions(bot)
        stays = [asyncio.create_task(questions.ask(Ask("Who met whom?"))) for _ in range(2)]
        await asyncio.sleep(0)  # both threads are at work
        leaves = [asyncio.create_task(questions.ask(Ask("Who?"))) for _ in range(20)]
        await asyncio.sleep(0)
        for task in leaves:
            task.cancel()
        await asyncio.gather(*stays)
        last = await questions.ask(Ask("Who met Almalik?"))
        assert last.answered

    asyncio.run(leave())
    assert sum(bot.batches) == 3


@pytest.mark.parametrize(
    "bot", [{"concurrency": 1, "request_seconds": 0.001}], indirect=True, ids=["a millisecond"]
)
def test_who_waits_too_long_is_told_so(bot):
    async def ask() -> None:
        await Questions(bot).ask(Ask("Who met whom?"))

    with pytest.raises(OverloadedError, match="try again shortly"):
        asyncio.run(ask())
