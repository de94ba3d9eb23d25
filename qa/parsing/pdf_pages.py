"""What is printed on the pages of a PDF: lines and tables, short of running heads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qa.parsing.layout import Line

if TYPE_CHECKING:
    from pdfplumber.page import Page as PlumberPage

_MARGIN = 0.12
"""Of a page's height, above and below: where running heads and page numbers stand."""
_MOST_SHAPES = 2000
"""Lines and boxes of a page among which tables are looked for: a drawing has more."""
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|sayfa|səhifə|página|pagina|стр|pg|p|s)\.? ?)?"
    r"[-\u2013|\[]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-\u2013|\]]?"
    r"(?:\s*(?:/|of|von|de|di|из|iz)\s*\d{1,4})?",
    re.I,
)
_FIRST_NUMBER, _LAST_NUMBER = re.compile(r"\d{1,9}"), re.compile(r"\d{1,9}(?=\D*$)")
_OFTEN = 3
_Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Table:
    """A table with ruled lines, and where it stands, in points from the page's upper edge."""

    rows: list[list[str]]
    top: float
    bottom: float


@dataclass(slots=True)
class Page:
    """What is printed on a page: lines, and tables in the places between them."""

    number: int
    height: float
    lines: list[Line] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    has_image: bool = False
    recognized: str = ""
    """Its text by tesseract, where it is a picture."""


def read_page(page: PlumberPage) -> Page:
    """A page's lines, in no order, and its tables from top to bottom.

    A page that lies on its side is turned; what runs across the rest of a page, as a stamp at its
    edge does, is left out.
    """
    turns = Counter(_turn(char) for char in _items(page.layout, "LTChar"))
    turn = turns.most_common(1)[0][0] if turns else 0
    if turn:
        page = _turned(page, turn)
    found = Page(page.page_number, float(page.height))
    found.has_image = next(_items(page.layout, "LTImage"), None) is not None
    found.lines = [
        line
        for item in _items(page.layout, "LTTextLineHorizontal")
        if (line := _line(item, found.height)) and line.text
    ]
    shapes = sum(1 for _ in _items(page.layout, "LTCurve", "LTLine", "LTRect"))
    if 0 < shapes <= _MOST_SHAPES:
        found.tables, boxes = _tables(page)
        found.lines = [line for line in found.lines if not any(_is_within(line, b) for b in boxes)]
    page.close()
    return found


def _items(layout: Any, *kinds: str) -> Iterator[Any]:
    """What is on a page of some of pdfminer's classes, also within figures."""
    todo = [layout]
    while todo:
        item = todo.pop()
        if type(item).__name__ in kinds:
            yield item
        elif hasattr(item, "bbox") and hasattr(item, "__iter__"):
            todo += item


def _turn(char: Any) -> int:
    """By how many degrees, clockwise, the page must be turned for a character to stand upright."""
    a, b, *_ = char.matrix
    if abs(b) > abs(a):
        return 90 if b > 0 else 270
    return 180 if a < 0 else 0


def _turned(page: PlumberPage, turn: int) -> PlumberPage:
    from pdfplumber.page import Page as PlumberPage

    printed = page.page_obj
    printed.rotate = (printed.rotate + turn) % 360
    printed.attrs["Rotate"] = printed.rotate
    return PlumberPage(page.pdf, printed, page.page_number, page.initial_doctop)


def _line(item: Any, height: float) -> Line | None:
    """A line of text; None if most of its characters don't stand upright."""
    letters = list(_items(item, "LTChar"))
    if sum(map(bool, map(_turn, letters))) * 2 > len(letters):
        return None
    sizes = Counter(round(char.size * 2) / 2 for char in letters)
    bold = sum(bool(re.search(r"bold|black|heavy", char.fontname, re.I)) for char in letters)
    return Line(
        text=" ".join(item.get_text().split()),
        x0=item.x0,
        top=height - item.y1,
        x1=item.x1,
        bottom=height - item.y0,
        size=sizes.most_common(1)[0][0] if sizes else 0.0,
        bold=bold * 2 > len(letters),
    )


def _tables(page: PlumberPage) -> tuple[list[Table], list[_Box]]:
    """The tables with ruled lines and their boxes; a frame around a text is none."""
    left, upper = page.mediabox[0], page.mediabox[1]
    tables, boxes = [], []
    for table in page.find_tables():
        rows = [[cell or "" for cell in row] for row in table.extract()]
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        columns = [column for column in zip(*rows, strict=True) if any(map(str.strip, column))]
        if len(rows) > 1 and len(columns) > 1:
            x0, top, x1, bottom = table.bbox
            boxes.append((x0 - left, top - upper, x1 - left, bottom - upper))
            tables.append(Table(rows, top - upper, bottom - upper))
    return sorted(tables, key=lambda table: table.top), boxes


def _is_within(line: Line, box: _Box) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.top + line.bottom) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def drop_running_lines(pages: Sequence[Page]) -> None:
    """Takes out page numbers, and lines that stand at one place in the margins of three pages."""
    margins = [list(_in_margins(page)) for page in pages]
    counts = Counter(
        key
        for page, lines in zip(pages, margins, strict=True)
        for key in {key for line in lines for key in _running_keys(line, page.number)}
    )
    for page, lines in zip(pages, margins, strict=True):
        running = {
            id(line)
            for line in lines
            if _PAGE_NUMBER.fullmatch(line.text)
            or any(counts[key] >= _OFTEN for key in _running_keys(line, page.number))
        }
        page.lines = [line for line in page.lines if id(line) not in running]


def _in_margins(page: Page) -> Iterator[Line]:
    height = page.height
    return (
        line
        for line in page.lines
        if line.bottom < height * _MARGIN or line.top > height * (1 - _MARGIN)
    )


def _running_keys(line: Line, page: int) -> set[tuple[int, str]]:
    """What a line has in common with its like on other pages: its place, and its words; a number
    that goes up from page to page is told by how far it is from the page's."""

    def relative(number: re.Match[str]) -> str:
        return f"#{int(number[0]) - page}"

    place = round(line.top / 4)
    texts = (
        line.text,
        _FIRST_NUMBER.sub(relative, line.text, count=1),
        _LAST_NUMBER.sub(relative, line.text, count=1),
    )
    return {(place, text) for text in texts}
