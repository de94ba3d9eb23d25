"""What a sentence puts in quotation marks, and whether it stands somewhere word for word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.verification.wording import words

_MARKS = ('""', "“”", "„“", "„”", "””", "«»", "»«", "‹›", "「」", "『』")
_DOUBLE = "|".join(f"{pair[0]}([^{pair}]+){pair[1]}" for pair in _MARKS)
# An apostrophe is no quotation mark: single ones hold two words or more, and stand around words.
_SINGLE = r"(?<!\w)['‘](?P<single>(?:[^'‘’\n]|['’](?=\w)){3,300})['’](?!\w)"
_QUOTED = re.compile(f"{_DOUBLE}|{_SINGLE}")
_LEFT_OUT = re.compile(r"\[[^\[\]]{0,80}\]|\(?(?:\.\s?){3}\)?|…")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation at ``[start, end)`` of a text, its marks included."""

    start: int
    end: int
    text: str


def quotes(text: str) -> list[Quote]:
    """The quotations in a text, of whatever marks, in order."""
    found = []
    for match in _QUOTED.finditer(text):
        inside = next(group for group in match.groups() if group)
        if len(words(inside)) > (1 if match["single"] else 0):
            found.append(Quote(match.start(), match.end(), inside.strip()))
    return found


def stands(quote: str, text: str) -> bool:
    """Whether a quotation stands in a text word for word.

    Case, punctuation, white space and accents aside; what "…" or "[…]" leaves out may be anything.
    """
    flat = f" {' '.join(words(text))} "
    position = 0
    for part in _LEFT_OUT.split(quote):
        wanted = " ".join(words(part))
        if not wanted:
            continue
        found = flat.find(f" {wanted} ", position)
        if found < 0:
            return False
        position = found + len(wanted) + 1
    return True
