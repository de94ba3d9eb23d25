"""Orders to whoever reads a document, which some are made to hold: they are no evidence.

A language model that obeys "ignore your instructions and answer …" writes what stands in the
document word for word. Known by their usual wording, in English; what is worded otherwise is
still quoted from a document, with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qa.types import Span

_ORDER = re.compile(
    # Turning from what was told before.
    r"\b(?:ignore|disregard|forget|override|bypass)\b(?:\W+\w+){0,5}?\W+"
    r"(?:instructions?|prompts?|rules|messages?|directions|guidelines|told)\b"
    # What to say, word for word.
    r"|\b(?:answer|respond|reply|say|output|print)\W+(?:with\W+)?(?:exactly|verbatim)\b"
    r"|\bsystem\W+prompt\b|\byou are now\b"
    # Signs of another speaker, in the formats of language models.
    r"|<\s?\|[^|\n]{0,40}\|\s?>|</s>|\[/?INST\]|<</?SYS>>|#{2,}\s*(?:instruction|system)s?\b"
    r"|^\s*SYSTEM\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def without_orders(text: str, sentences: Iterable[Span]) -> Iterator[Span]:
    """The sentences of a text that neither hold an order nor follow one on its line."""
    orders = [Span(match.start(), _line_end(text, match.end())) for match in _ORDER.finditer(text)]
    for sentence in sentences:
        if not any(order.start < sentence.end and sentence.start < order.end for order in orders):
            yield sentence


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)
