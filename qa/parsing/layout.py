"""The reading order of a printed page: columns one after the other, lines put into paragraphs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_GUTTER = 9.0
"""Points: the least white space between two columns."""
_COLUMN_CHARACTERS = 20
"""A column's lines have more on the average; shorter ones side by side are rows of a table."""
_MOST_BANDS = 400
"""Bands of lines that are searched for columns; a page has a hundred at the most."""
_ITEM = re.compile(r"(?:[•‣◦▪●○■\u2013*·-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
_BULLET = re.compile(r"[•‣◦▪●○■\u2013*·]\s+")
_SENTENCE_END = (".", "!", "?", ":", "…", "。")
_BROKEN = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of print: its box in points from the page's upper left corner, and its type."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    bold: bool = False

    @property
    def height(self) -> float:
        return max(1.0, self.bottom - self.top)


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, in reading order; ``size`` and ``bold`` are the first line's."""

    lines: list[Line]

    @property
    def size(self) -> float:
        return self.lines[0].size

    @property
    def bold(self) -> bool:
        return all(line.bold for line in self.lines)

    def text(self, words: Collection[str]) -> str:
        """Its text on one line. Words that were broken at line ends are joined, unless ``words``,
        those of the whole document, has the one with the hyphen."""
        text = ""
        for line in self.lines:
            text = joined(text, line.text, words)
        return _BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text


def joined(before: str, after: str, words: Collection[str]) -> str:
    """Two lines as one, mending the word that the end of the first breaks."""
    if not before:
        return after
    broken = _BROKEN.search(before)
    if not broken or not after[:1].islower():
        return f"{before} {after}"
    rest = _WORD.match(after)
    compound = f"{broken[1]}-{rest[0] if rest else ''}".lower()
    return before + after if compound in words else before[:-1] + after


def words_of(lines: Sequence[Line]) -> set[str]:
    """The words within lines, in lower case, those with hyphens whole; not those at line ends."""
    return {
        word.replace("\u2010", "-").lower() for line in lines for word in _WORD.findall(line.text)
    }


def paragraphs(lines: Sequence[Line]) -> Iterator[Paragraph]:
    """The lines of a page, or of the space between two tables, as paragraphs in reading order."""
    for column in _columns(_bands(lines)):
        yield from _paragraphs(column)


def _bands(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines in bands from top to bottom: those of one band stand side by side."""
    bands: list[list[Line]] = []
    bottom = 0.0
    for line in sorted(lines, key=lambda line: (line.top, line.x0)):
        if bands and line.top < bottom - 0.4 * line.height:
            bands[-1].append(line)
            bottom = max(bottom, line.bottom)
        else:
            bands.append([line])
            bottom = line.bottom
    return bands


def _columns(bands: list[list[Line]]) -> Iterator[list[Line]]:
    """The page's columns in reading order; a title over all of them is one of its own."""
    plain: list[Line] = []
    at = 0
    while at < len(bands):
        end, gutter = _longest_run(bands, at)
        if gutter is None:
            plain.append(_row(bands[at]))
            at += 1
            continue
        if plain:
            yield plain
            plain = []
        run = [line for band in bands[at:end] for line in band]
        for side in (
            [line for line in run if line.x1 <= gutter],
            [line for line in run if line.x0 >= gutter],
        ):
            yield from _columns(_bands(side))
        at = end
    if plain:
        yield plain


def _longest_run(bands: list[list[Line]], start: int) -> tuple[int, float | None]:
    """How far down from ``start`` one gutter divides the page, and where: its middle."""
    best: tuple[int, float | None] = (start, None)
    free: list[tuple[float, float]] | None = None
    run: list[Line] = []
    for end in range(start, min(len(bands), start + _MOST_BANDS)):
        gaps = _gaps(bands[end])
        free = gaps if free is None else _common(free, gaps)
        run += bands[end]
        if not free:
            break
        for left, right in free:
            middle = (left + right) / 2
            if _are_columns(run, middle):
                best = end + 1, middle
                break
    return best


def _gaps(band: list[Line]) -> list[tuple[float, float]]:
    """The white space of a band, as stretches of x, with what lies beyond its lines."""
    gaps, x = [], float("-inf")
    for line in sorted(band, key=lambda line: line.x0):
        if line.x0 - x >= _GUTTER:
            gaps.append((x, line.x0))
        x = max(x, line.x1)
    return [*gaps, (x, float("inf"))]


def _common(
    some: list[tuple[float, float]], others: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    both = (
        (max(left, other_left), min(right, other_right))
        for left, right in some
        for other_left, other_right in others
    )
    return [(left, right) for left, right in both if right - left >= _GUTTER]


def _are_columns(run: list[Line], gutter: float) -> bool:
    """Whether there is running text on both sides, and not the cells of a table's rows."""
    sides = (
        [len(line.text) for line in run if line.x1 <= gutter],
        [len(line.text) for line in run if line.x0 >= gutter],
    )
    return all(len(side) > 1 and sum(side) / len(side) > _COLUMN_CHARACTERS for side in sides)


def _row(band: list[Line]) -> Line:
    """What stands side by side, as one line."""
    if len(band) == 1:
        return band[0]
    band = sorted(band, key=lambda line: line.x0)
    return Line(
        text="  ".join(line.text for line in band),
        x0=band[0].x0,
        top=min(line.top for line in band),
        x1=max(line.x1 for line in band),
        bottom=max(line.bottom for line in band),
        size=band[0].size,
        bold=all(line.bold for line in band),
    )


def _paragraphs(column: list[Line]) -> Iterator[Paragraph]:
    gaps = [max(0.0, b.top - a.bottom) for a, b in pairwise(column)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    right = max(line.x1 for line in column)
    current = Paragraph([])
    for line in column:
        if current.lines and _begins(line, current, usual, right):
            yield current
            current = Paragraph([])
        current.lines.append(line)
    yield current


def _begins(line: Line, current: Paragraph, usual: float, right: float) -> bool:
    """Whether a paragraph begins with this line."""
    before = current.lines[-1]
    gap = line.top - before.bottom
    if gap > min(usual + 0.4 * line.height, 1.5 * line.height) or gap < -2 * line.height:
        return True
    if abs(line.size - before.size) > 0.12 * before.size or line.bold != before.bold:
        return True
    if "  " in line.text or "  " in before.text or _ITEM.match(line.text):
        return True  # a row of a table, or an item of a list
    if not before.text.endswith(_SENTENCE_END):
        return False
    is_short = before.x1 < right - 0.2 * (right - current.lines[0].x0)
    is_indented = line.x0 > before.x0 + 0.8 * line.height and len(current.lines) > 1
    return is_short or is_indented
