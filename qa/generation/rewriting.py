"""A follow-up, rewritten by a language model to a question that stands alone."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa.analysis import analyse
from qa.errors import LanguageModelError
from qa.generation.cleaning import cleaned
from qa.generation.client import LanguageModel
from qa.generation.clock import with_stage
from qa.generation.prompts import standing_alone
from qa.types import Answer, Ask, Turn

_SHARE_OF_TIME = 3
"""A rewriting may take a third of the time for an answer, which is still to come."""
_LONGEST = 400
_MOST_NEW = 0.34
"""The share of a rewriting's words that neither the question nor the conversation has."""
_LABEL = re.compile(r"^(?:(?:last|rewritten|standalone|new)\s+)?question\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”„«» "
_SPECIFIC = re.compile(r"(?<!^)\b(?:[A-Z]\w+|\w*\d\w*)")
"""Names and numbers: nothing that a rewriting may make up."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A question, and what is asked of the documents in its place."""

    asked: Ask
    """As the user put it."""
    ask: Ask
    """What to search for: the same, or a question that stands alone, without history."""
    milliseconds: float | None = None
    """What the rewriting took; None where none was needed."""

    @property
    def is_changed(self) -> bool:
        return self.ask is not self.asked

    def restored(self, found: Answer) -> Answer:
        """What was found, as an answer to the question that the user put."""
        if self.milliseconds is None:
            return found
        timings = with_stage(found.timings_ms, "rewrite", self.milliseconds)
        if not self.is_changed:
            return replace(found, timings_ms=timings)
        return replace(found, question=self.asked.question.strip(), timings_ms=timings)


def rewrite(ask: Ask, model: LanguageModel, seconds: float) -> Rewritten:
    """Rewrites a question that has a conversation before it. Where the model can't, or what it
    writes isn't the question, the question stays: it is then searched as `qa.retrieval` does it.
    """
    if not ask.history:
        return Rewritten(ask, ask)
    start = time.perf_counter()
    messages, most_tokens = standing_alone(ask.question, ask.history)
    try:
        text = model.complete(messages, most_tokens, seconds / _SHARE_OF_TIME)
    except LanguageModelError:  # the answer will say so
        text = ""
    question = accepted(text, ask.question, ask.history)
    milliseconds = round((time.perf_counter() - start) * 1000, 3)
    if question is None:
        return Rewritten(ask, ask, milliseconds)
    return Rewritten(ask, replace(ask, question=question, history=()), milliseconds)


def accepted(text: str, question: str, history: Sequence[Turn]) -> str | None:
    """The question that a model wrote, or None if it is none that can be trusted: it has several
    lines or markup, is an earlier one, says other things than question and conversation do, or
    nothing but what the question says."""
    text = _LABEL.sub("", text.strip()).strip(_QUOTES)
    if not text or "\n" in text or len(text) > _LONGEST or cleaned(text) != text:
        return None
    parts = [part for turn in history for part in (turn.question, turn.answer, turn.passage)]
    known = " ".join([question, *(part for part in parts if part)])
    if _same(text, question) or any(_same(text, turn.question) for turn in history):
        return None
    if any(match.group().casefold() not in known.casefold() for match in _SPECIFIC.finditer(text)):
        return None
    words, asked = _stems(text), _stems(question)
    new = words - _stems(known)
    if not words or len(new) > _MOST_NEW * len(words) or (asked and not words & asked):
        return None
    return text


def _stems(text: str) -> frozenset[str]:
    return frozenset(analyse(text, "en").stems)


def _same(one: str, other: str) -> bool:
    return re.findall(r"\w+", one.casefold()) == re.findall(r"\w+", other.casefold())
