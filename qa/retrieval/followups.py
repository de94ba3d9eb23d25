"""Questions that lean on the ones before them.

A question leans on the conversation if it begins like the continuation of one, or points to
something that it doesn't name. It is then searched together with the question before; any other
question is searched as it is, so that a change of subject drags nothing along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.types import Turn

_CONTINUES = re.compile(
    r"(?:and|but|so|then|also|what about|how about|which ones?|how so)\b"
    r"|(?:why(?: not)?|when|where|who|how)\W*$",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(he|him|his|she|her|hers|it|its|they|them|their|theirs|this|these|those"
    r"|there(?! (?:is|are|was|were|an?|any|no|some)\b)|the (?:same|former|latter|others?))\b",
    re.IGNORECASE,
)
# A name, as far as capitals tell one, before the pronoun is what it points to.
_NAMED = re.compile(r"(?<!^)\b[A-Z]\w*")


def in_context(question: str, history: Sequence[Turn]) -> str:
    """What to search for a question that was asked after others, oldest first."""
    if not history or not leans_on_context(question):
        return question
    # If that one leans on others, what it leans on is what is meant.
    asked = in_context(history[-1].question, history[:-1])
    return f"{asked} {question}"


def leans_on_context(question: str) -> bool:
    """Whether an English question means nothing without the ones before it."""
    question = question.strip()
    if _CONTINUES.match(question):
        return True
    points = _POINTS.search(question)
    return points is not None and not _NAMED.search(question[: points.start()])
