"""Cutting a document into passages.

A passage never crosses a heading and is made of whole sentences, unless one sentence alone is
over the limit. Paragraphs stay whole where they fit the target size; small neighbours share a
passage, and a long paragraph is cut into pieces of about equal size. Sizes are in the model's
own tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from qa.passages.sentences import paragraphs, sentences, trimmed
from qa.types import Document, Passage, Section, Span, surroundings

DEFAULT_TOKENS = 128
# Tokenizers make one "unknown" token of a long run without spaces, so characters count as well:
# this many for a token at the most.
_CHARACTERS_PER_TOKEN = 16

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is never cut: a sentence, a heading, or a piece of a sentence over the limit."""

    span: Span
    size: int
    paragraph: int
    is_heading: bool = False


class Splitter:
    """Cuts documents into passages of about ``target`` and at most ``limit`` tokens.

    What is embedded of a passage is `embedded_text`: its text, led by the document's title and
    headings. The limit holds for that whole; what is quoted is the passage's text alone.
    """

    def __init__(self, count_tokens: CountTokens, limit: int, target: int = DEFAULT_TOKENS) -> None:
        """
        Args:
            count_tokens: the number of the model's tokens in each of some texts.
            limit: the most tokens the model takes.
            target: the size to aim at, in tokens.
        """
        self._count = count_tokens
        self._limit = limit
        self._target = min(target, limit)

    def split(self, document: Document) -> list[Passage]:
        """The document's passages in order; they cover all text that isn't white space."""
        passages: list[Passage] = []
        for section in document.structure:
            context = self._context(document, section.heading)
            limit = self._limit - (self._count([context])[0] if context else 0)
            atoms = self._atoms(document.text, section, limit)
            for group in self._groups(document.text, atoms, limit):
                passages.append(_passage(document, section, group, len(passages)))
        return passages

    def embedded_text(self, document: Document, passage: Passage) -> str:
        """What is embedded of a passage: the title and headings that it doesn't show itself."""
        context = self._context(document, passage.heading)
        first_line = passage.text.split("\n", 1)[0]
        lines = [line for line in context.split("\n") if line and line != first_line]
        return "\n".join([*lines, passage.text])

    def _context(self, document: Document, heading: tuple[str, ...]) -> str:
        """Title and headings, a line each, in at most a quarter of the limit.

        The outermost go first where that is too much.
        """
        titles = [document.title] if document.title_stated else []
        lines = list(dict.fromkeys(" ".join(line.split()) for line in (*titles, *heading)))
        while lines and self._count(["\n".join(lines)])[0] > self._limit // 4:
            lines.pop(0)
        return "\n".join(lines)

    def _atoms(self, text: str, section: Section, limit: int) -> list[_Atom]:
        spans = [(span, -1) for span in trimmed(text, section.start, section.body)]
        for number, paragraph in enumerate(paragraphs(text, section.body, section.end)):
            spans += [(span, number) for span in sentences(text, paragraph.start, paragraph.end)]
        atoms: list[_Atom] = []
        for span, number, size in self._fit(text, spans, limit):
            is_heading = number == -1 and span.end - span.start == len(
                text[section.start : section.body].strip()
            )
            atoms.append(_Atom(span, size, number, is_heading))
        return atoms

    def _fit(
        self, text: str, spans: list[tuple[Span, int]], limit: int
    ) -> Iterator[tuple[Span, int, int]]:
        """The spans that fit the limit whole, the others cut between words; with their sizes."""
        longest = limit * _CHARACTERS_PER_TOKEN
        pieces = [
            (piece, number)
            for span, number in spans
            for piece in _halves(text, span, lambda part: part.end - part.start > longest)
        ]
        counts = self._count([piece.slice(text) for piece, _ in pieces])
        for (piece, number), count in zip(pieces, counts, strict=True):
            if count <= limit:
                yield piece, number, _size(piece, count)
                continue
            for part in _halves(text, piece, lambda part: self._tokens(text, part) > limit):
                yield part, number, _size(part, self._tokens(text, part))

    def _tokens(self, text: str, span: Span) -> int:
        return self._count([span.slice(text)])[0]

    def _groups(self, text: str, atoms: list[_Atom], limit: int) -> Iterator[list[_Atom]]:
        current: list[_Atom] = []
        for _, members in groupby(atoms, key=lambda atom: atom.paragraph):
            paragraph = list(members)
            only_heading = all(atom.is_heading for atom in current)
            if only_heading or _total(current) + _total(paragraph) <= self._target:
                pieces = _even_pieces(current + paragraph, self._target, limit)
            else:
                yield from self._checked(text, current, limit)
                pieces = _even_pieces(paragraph, self._target, limit)
            for piece in pieces[:-1]:
                yield from self._checked(text, piece, limit)
            current = pieces[-1]
        yield from self._checked(text, current, limit)

    def _checked(self, text: str, group: list[_Atom], limit: int) -> Iterator[list[_Atom]]:
        """The group, halved until it fits: a tokenizer may make more of a whole than of parts."""
        if not group:
            return
        whole = Span(group[0].span.start, group[-1].span.end)
        short = whole.end - whole.start <= 2 * limit * _CHARACTERS_PER_TOKEN  # gaps count here
        if len(group) == 1 or (short and self._tokens(text, whole) <= limit):
            yield group
            return
        middle = len(group) // 2
        yield from self._checked(text, group[:middle], limit)
        yield from self._checked(text, group[middle:], limit)


def _even_pieces(atoms: list[_Atom], target: int, limit: int) -> list[list[_Atom]]:
    """The atoms in as few pieces of about equal size as keep to the target."""
    total = _total(atoms)
    if total <= target:
        return [atoms]
    size = total / max(1, math.ceil(total / max(1, target)))
    pieces: list[list[_Atom]] = [[]]
    filled = 0
    for atom in atoms:
        piece = pieces[-1]
        only_headings = all(a.is_heading for a in piece)
        over_share = filled + atom.size / 2 > size * len(pieces) and not only_headings
        if piece and (over_share or _total(piece) + atom.size > limit):
            pieces.append([])
        pieces[-1].append(atom)
        filled += atom.size
    return pieces


def _total(atoms: Sequence[_Atom]) -> int:
    return sum(atom.size for atom in atoms)


def _size(span: Span, tokens: int) -> int:
    return max(tokens, math.ceil((span.end - span.start) / _CHARACTERS_PER_TOKEN))


def _halves(text: str, span: Span, too_long: Callable[[Span], bool]) -> Iterator[Span]:
    """The span in halves of halves, cut between words, until none is too long."""
    if span.end - span.start <= 1 or not too_long(span):
        yield span
        return
    middle = _cut_near_middle(text, span)
    for half in (*trimmed(text, span.start, middle), *trimmed(text, middle, span.end)):
        yield from _halves(text, half, too_long)


def _cut_near_middle(text: str, span: Span) -> int:
    """The place between two words nearest to the middle, or the middle if there is none near."""
    middle = (span.start + span.end) // 2
    for distance in range(min((span.end - span.start) // 4, 200)):
        for place in (middle - distance, middle + distance):
            if text[place].isspace():
                return place
    return middle


def _passage(document: Document, section: Section, group: list[_Atom], number: int) -> Passage:
    start, end = group[0].span.start, group[-1].span.end
    prefix, suffix = surroundings(document.text, start, end)
    return Passage(
        id=f"{document.id}:{number}",
        document_id=document.id,
        text=document.text[start:end],
        start=start,
        end=end,
        heading=section.heading,
        page=section.page,
        sentences=tuple(
            Span(a.span.start - start, a.span.end - start) for a in group if not a.is_heading
        ),
        number=number,
        prefix=prefix,
        suffix=suffix,
    )
