"""Whether an accepted answer stands in a text.

Both are made alike as SQuAD's own script does (Rajpurkar et al., "SQuAD: 100,000+ Questions for
Machine Comprehension of Text", EMNLP 2016): lower case, no punctuation, no articles, white space
folded. The answer must then stand there as whole words, so that "8" is not found in "1918".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_ARTICLES = {"a", "an", "the"}
# Full stop and comma belong to the number they stand in: "1,800" is not "1" and "800".
_IN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
# Scripts that put no spaces between words; each character counts as a word.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])"
)
# The dot that lower-casing leaves of a Turkish capital I; the dotless i becomes an i likewise.
_FOLDED = str.maketrans({"\u0307": None, "\u0131": "i"})


def contains(text: str, answers: Iterable[str]) -> bool:
    """Whether any of the accepted answers stands in the text."""
    return any(_contains(text, answer) for answer in answers)


def normalise(text: str, separator: str = "") -> str:
    """The text as words with single spaces between them.

    Args:
        separator: what becomes of punctuation. SQuAD drops it, which makes "U.S." the same as "US"
            but "1914/18" one word; a space makes "Armenia's" two words, the first "armenia".
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)
    folded = _UNSPACED.sub(r" \1 ", _IN_NUMBER.sub("", folded))
    kept = (separator if unicodedata.category(c)[0] in "PS" else c for c in folded)
    return " ".join(word for word in "".join(kept).split() if word not in _ARTICLES)


@lru_cache(maxsize=20_000)  # the same passages come up for many questions
def _readings(text: str) -> tuple[str, str]:
    """The text with punctuation dropped, and with spaces for it: an answer may need either."""
    return f" {normalise(text)} ", f" {normalise(text, ' ')} "


def _contains(text: str, answer: str) -> bool:
    wanted = _readings(answer)
    if not wanted[0].strip():  # nothing but punctuation or an article: literally, then
        return answer.casefold() in text.casefold()
    return any(words in reading for words, reading in zip(wanted, _readings(text), strict=True))
