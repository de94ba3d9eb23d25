"""Sentences with exact offsets, by sentencex."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.types import Span

_BLANK_LINE = re.compile(r"\n\s*\n|\r\n?\s*\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """The stretches of ``text[start:end]`` between blank lines, without white space around."""
    position = start
    for gap in _BLANK_LINE.finditer(text, start, end):
        yield from trimmed(text, position, gap.start())
        position = gap.end()
    yield from trimmed(text, position, end)


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of ``text[start:end]``, in order, without white space around.

    Together they cover every character that isn't white space.
    """
    from sentencex import get_sentence_boundaries

    position = start
    for boundary in get_sentence_boundaries("en", text[start:end]):
        cut = start + int(boundary["end_index"])
        yield from trimmed(text, position, cut)
        position = max(position, cut)
    yield from trimmed(text, position, end)


def trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """``[start, end)`` less the white space around it, or nothing if that is all there is."""
    piece = text[start:end]
    kept = piece.strip()
    if kept:
        offset = start + len(piece) - len(piece.lstrip())
        yield Span(offset, offset + len(kept))
