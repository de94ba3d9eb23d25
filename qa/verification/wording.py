"""Texts made comparable: one way to write a character, a space, a quotation mark, a word."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from qa.analysis import content, detect_language

# What takes no room and could part a word or a number unseen; U+2028 and its like are spaces.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_FOLDED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ`´′", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)
_BETWEEN_DIGITS = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3}(?!\\d))")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})
WORD = re.compile(r"[^\W_]+")


def normalised(text: str) -> str:
    """One form of each character (NFKC), nothing invisible, plain apostrophes, dashes, spaces."""
    text = _BETWEEN_DIGITS.sub("", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFKC", text)
    return " ".join(text.translate(_FOLDED).split())


@lru_cache(maxsize=50_000)
def folded(word: str) -> str:
    """A word without case and accents."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).translate(_LETTERS)


def words(text: str) -> list[str]:
    """The words of a text, folded, in order; digits are words too."""
    return [folded(word) for word in WORD.findall(text)]


_ENGLISH = frozenset({"the", "and", "of", "to", "that", "by", "with", "from", "were", "are"})
_SHARE = 0.15
_FEWEST_LETTERS = 60
"""In a shorter text the language can't be told."""


def language_of(text: str, otherwise: str = "en") -> str:
    """The ISO 639-1 code of a text's language, or another one where it is too short to tell.

    What has many of the commonest English words is English, as names can mislead a detector.
    """
    found = words(text)
    if sum(word in _ENGLISH for word in found) > _SHARE * len(found):
        return "en"
    if len(text) < _FEWEST_LETTERS:
        return otherwise
    return detect_language(text) or otherwise


@lru_cache(maxsize=50_000)
def stem(word: str, analysis: str) -> str | None:
    """The stem of a word, or None of one that says nothing by itself."""
    return next(iter(content(word, analysis).stems), None)
