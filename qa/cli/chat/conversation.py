"""Questions to one bot, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.errors import UsageError
from qa.filters import parse_filter
from qa.service import QA
from qa.settings import MAX_TOP_K
from qa.types import Answer, Ask, CheckedSentence


class Conversation:
    """What was answered so far, and what the next question is put to."""

    def __init__(self, bot: QA, where: Sequence[str] = ()) -> None:
        """
        Raises:
            UsageError: a condition is malformed.
        """
        parse_filter(where)
        self.bot = bot
        self.answers: list[Answer] = []
        """Oldest first."""
        self.where = tuple(where)
        self.top_k = bot.settings.top_k

    @property
    def writer(self) -> str | None:
        """The language model that writes answers; None: they are quoted."""
        settings = self.bot.settings
        return settings.llm_model if settings.llm_base_url and settings.llm_model else None

    @property
    def waiting(self) -> str:
        """What to say while an answer is made; "" where that takes no time."""
        return f"{self.writer} is writing …" if self.writer else ""

    def ask(self, question: str) -> Iterator[Answer | CheckedSentence]:
        """The steps of an answer, see `qa.service.QA.stream`; it belongs to the conversation once
        the last of them is taken.

        Raises:
            QAError: see `qa.service.QA.ask`; the conversation stays as it is.
        """
        history = tuple(answer.turn for answer in self.answers)
        answer = None
        for step in self.bot.stream(Ask(question, self.top_k, self.where, history)):
            if isinstance(step, Answer):
                answer = step
            yield step
        if answer:
            self.answers.append(answer)

    def forget(self) -> None:
        """Begins anew; what questions are put to stays."""
        self.answers.clear()

    def narrow(self, condition: str) -> None:
        """Puts questions only to documents of which this holds as well.

        Raises:
            UsageError: it is malformed, or there are too many; those before stay.
        """
        where = tuple(dict.fromkeys((*self.where, condition)))
        parse_filter(where)
        self.where = where

    def widen(self) -> None:
        """Puts questions to all documents again."""
        self.where = ()

    def show(self, top_k: int) -> None:
        """So many passages an answer from now on. Raises UsageError if that is out of range."""
        if not 1 <= top_k <= MAX_TOP_K:
            raise UsageError(f"{top_k} passages can't be shown: say 1 to {MAX_TOP_K:,}.")
        self.top_k = top_k

    def matching(self) -> tuple[int, int]:
        """How many documents the filter leaves, and how many there are."""
        library = self.bot.library
        return library.page(self.where, 0, 0)[1], library.page((), 0, 0)[1]
