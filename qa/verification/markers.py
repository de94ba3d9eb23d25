"""Text that a language model wrote: its sentences, and the markers [n] behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from qa.passages.sentences import sentences

_INNER = r"(?:passage|source|document|doc)?\s{0,3}[\^#]?\s?[-+]?\d+"
_MARKER = (
    rf"[\[［【〔]\s{{0,3}}{_INNER}(?:\s{{0,3}}[,;–-]\s{{0,3}}{_INNER}){{0,50}}"
    r"(?:†[^\]］】〕\n]{0,80})?\s{0,3}[\]］】〕]"
)
_MARKERS = re.compile(rf"\s{{0,9}}(?P<markers>{_MARKER}(?:\s{{0,9}}{_MARKER})*)", re.IGNORECASE)
_PART = re.compile(r"(?P<first>[-+]?\d+)(?:\s*[–-]\s*(?P<last>\d+))?")
_LONGEST_RANK = 6
"""Digits; a longer one is the rank of no passage."""
# Control characters and marks that are not seen but turn the text round or part its words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e0fff]"
)
_LEADING = re.compile(rf"(?:{_MARKER}[ \t]{{0,9}})+", re.IGNORECASE)
# A full stop, what closes behind it, markers, and the start of another sentence.
_BEHIND = re.compile(
    rf"[.!?…。！？][\"'”’»)]{{0,3}}(?:[ \t]{{0,9}}{_MARKER})+(?=\s+\S)|"
    rf"(?:[ \t]{{0,9}}{_MARKER})+[.!?…。！？](?=\s+\S)",
    re.IGNORECASE,
)
_LINE = re.compile(r"\n(?=[ \t]*(?:[-*•+#>|]|\d{1,3}[.)][ \t]))|\n[ \t]*\n")
_BULLET = re.compile(r"\s{0,9}(?:[-*•+>]|#{1,6}|\d{1,3}[.)])(?:\s+|$)")
_EMPHASIS = re.compile(r"\*{1,3}|_{2,3}|(?<!\w)_|_(?!\w)|~~|`+|<[a-z/][^<>]{0,200}>", re.IGNORECASE)
_ENDS = ".!?…。！？"
_OPEN_MARKER = re.compile(r"\s*[\[［【〔]")
_LONGEST_HELD = 400
"""Characters behind which an open quotation mark is taken to stay open."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence with the passages that it cites."""

    text: str
    """As it is shown: markers as ``[n]``, none of passages that there aren't."""
    prose: str
    """What it says: without markers and Markdown's signs."""
    citations: tuple[int, ...]


def read(sentence: str, passages: int) -> Marked:
    """Takes the markers out of a sentence, and those of passages from 1 to ``passages`` apart."""
    sentence = _UNSEEN.sub("", sentence).strip()
    cited: dict[int, None] = {}

    def shown(match: re.Match[str]) -> str:
        ranks = dict.fromkeys(_ranks(match["markers"], passages))
        cited.update(ranks)
        space = " " if match.group()[0].isspace() and ranks else ""
        return space + "".join(f"[{rank}]" for rank in ranks)

    text = _MARKERS.sub(shown, sentence).strip()
    prose = _MARKERS.sub("", sentence)
    bullet = _BULLET.match(prose)
    prose = _EMPHASIS.sub("", prose[bullet.end() if bullet else 0 :])
    return Marked(text, prose.strip(), tuple(cited))


def with_marker(text: str, ranks: tuple[int, ...]) -> str:
    """A sentence that has no markers with some, before what ends it."""
    body = text.rstrip(_ENDS)
    return f"{body} {''.join(f'[{rank}]' for rank in ranks)}{text[len(body) :]}"


def split(text: str) -> list[str]:
    """The sentences of a generated text, each with the markers before or behind its full stop.

    Items of a list and paragraphs are never joined; a sentence keeps its bullet.
    """
    found: list[str] = []
    for block in _LINE.split(text):
        begun = len(found)
        for piece in _pieces(block):
            first = len(found) == begun
            leading = None if first else _LEADING.match(piece)
            if leading:
                found[-1] += " " + leading.group().strip()
            elif not first and _BULLET.fullmatch(found[-1]):
                found[-1] += " " + piece
                continue
            rest = piece[leading.end() :].strip() if leading else piece
            if rest:
                found.append(rest)
    return found


def complete(text: str) -> tuple[list[str], str]:
    """The sentences of a growing text that are whole, and the text behind them.

    The last sentence is whole only once a word of another is there: markers may still follow, and
    "Dr." is told from the end of a sentence by what follows. Nor is one while quotation marks are
    open, as the full stop may be a quotation's.
    """
    parts = split(text)
    position, whole = 0, 0
    for number, (part, following) in enumerate(pairwise(parts), start=1):
        position = _end_of(part, text, position)
        begun = " " in following and not _OPEN_MARKER.match(following)
        if number == len(parts) - 1 and not begun:
            break
        if _is_open(text[:position]) and len(text) - position < _LONGEST_HELD:
            break
        whole = number
    end = 0
    for part in parts[:whole]:
        end = _end_of(part, text, end)
    return parts[:whole], text[end:]


def _pieces(block: str) -> Iterator[str]:
    start = 0
    for match in _BEHIND.finditer(block):
        yield from _sentences(block[start : match.end()])
        start = match.end()
    yield from _sentences(block[start:])


def _sentences(text: str) -> Iterator[str]:
    return (span.slice(text) for span in sentences(text, 0, len(text)))


def _ranks(markers: str, passages: int) -> Iterator[int]:
    for part in _PART.finditer(markers):
        first, last = part["first"], part["last"] or part["first"]
        if max(len(first), len(last)) <= _LONGEST_RANK:
            yield from range(max(1, int(first)), min(passages, int(last)) + 1)


def _end_of(part: str, text: str, start: int) -> int:
    """Where a sentence of a text ends in it; white space may have changed between its pieces."""
    for character in part:
        if not character.isspace():
            start = text.index(character, start) + 1
    return start


def _is_open(text: str) -> bool:
    return text.count('"') % 2 == 1 or text.count("“") > text.count("”")
