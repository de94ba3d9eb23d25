"""Whether a question leans on the conversation before it.

A logistic model of what can be seen of the question (does it point to something that it doesn't
name, does it begin like a continuation, does it name anything, how long is it), of how well the
documents answer it as it stands, and of whether a passage is near to both it and the conversation.
Its coefficients come from `scripts/fit_followups.py`, which says on what they were fitted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from qa.analysis import analyse
from qa.retrieval.pointing import Pointing, pointing

INTERCEPT = -3.36
COEFFICIENTS: Mapping[str, float] = {
    "continues": 6.25,
    "points": 1.50,
    "hints": 2.76,
    "named": -2.08,
    "words": -0.25,
    "found": -4.44,
    "meeting": 9.62,
}
_MOST_WORDS = 10
# A name or number, as far as capitals tell one, but not where a sentence begins.
_NAMED = re.compile(r"(?<!^)(?<![.?!…]\s)(?<![.?!…]\s\s)\b(?!I\b)[^\W_a-z]\w*")
# In German every noun has a capital.
_ALL_NOUNS_CAPITAL = {"de"}


def dependence(question: str, found: float, meeting: float, languages: Sequence[str] = ()) -> float:
    """The probability that a question means nothing without the conversation before it.

    Args:
        found: the score of the best passage for the question as it stands.
        meeting: how well one passage is near to both question and conversation, 0 to 1; see
            `qa.retrieval.weighing`.
        languages: ISO 639-1 codes of the languages it may be in; where none is among those whose
            words are known, it is taken for English.
    """
    values = {**seen(question, languages), "found": found, "meeting": meeting}
    total = INTERCEPT + sum(factor * values[name] for name, factor in COEFFICIENTS.items())
    return 1 / (1 + math.exp(-total))


def seen(question: str, languages: Sequence[str] = ()) -> dict[str, float]:
    """What can be seen of a question alone; flags are 0 or 1, ``words`` is a number up to 10."""
    question = question.strip()
    known = pointing(languages)
    named = None if set(languages) & _ALL_NOUNS_CAPITAL else _NAMED.search(question)
    analysis = next(iter(languages), "en")
    return {
        "continues": float(any(_continues(question, words) for words in known)),
        "points": float(any(_points(question, words, named) for words in known)),
        "hints": float(
            any(words.pointer.search(question) or words.hint.search(question) for words in known)
        ),
        "named": float(named is not None),
        "words": float(min(_MOST_WORDS, len(analyse(question, analysis).stems))),
    }


def stands_alone(question: str, languages: Sequence[str] = ()) -> bool:
    """Whether nothing that can be seen of a question says that it leans on another."""
    known = seen(question, languages)
    return not (known["continues"] or known["points"])


def _continues(question: str, words: Pointing) -> bool:
    return bool(words.remark.match(question) or words.continuation.match(question))


def _points(question: str, words: Pointing, named: re.Match[str] | None) -> bool:
    """Whether it points to something, and not to a name of its own."""
    pointer = words.pointer.search(question)
    return pointer is not None and not (named and named.start() < pointer.start())
