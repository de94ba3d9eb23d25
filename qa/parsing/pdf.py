"""PDF: the text layer by pdfplumber (pdfminer.six), in reading order, page by page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.layout import Line, Paragraph, joined, paragraphs, words_of
from qa.parsing.pdf_streams import check_streams
from qa.parsing.tables import is_header

if TYPE_CHECKING:
    from pdfplumber.page import Page as PlumberPage
    from pdfplumber.pdf import PDF

_MARGIN = 0.12
"""Of a page's height, above and below: where running heads and page numbers stand."""
_MOST_SHAPES = 2000
"""Lines and boxes of a page among which tables are looked for: a drawing has more."""
_HEADING_SIZE = 1.15
_LONGEST_HEADING = 200
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|sayfa|səhifə|página|pagina|стр|pg|p|s)\.? ?)?"
    r"[-\u2013|\[]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-\u2013|\]]?"
    r"(?:\s*(?:/|of|von|de|di|из|iz)\s*\d{1,4})?",
    re.I,
)
_FIRST_NUMBER, _LAST_NUMBER = re.compile(r"\d{1,9}"), re.compile(r"\d{1,9}(?=\D*$)")
_OFTEN = 3
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_SENTENCE_REST = re.compile(r".*?[.!?…][\"')\]»”]*(?=\s|$)", re.S)
_JUNK_TITLE = re.compile(
    r"untitled|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|tex|dvi|indd|qxd)"
)
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")


@dataclass(slots=True)
class _Table:
    rows: list[list[str]]
    top: float
    bottom: float


@dataclass(slots=True)
class _Page:
    """What is printed on a page: lines, and tables in the places between them."""

    number: int
    height: float
    lines: list[Line] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)
    has_image: bool = False


class PdfParser:
    media_type = "application/pdf"
    suffixes = (".pdf",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        if b"%%EOF" not in data[-65536:]:
            raise DocumentError("it is truncated: its end is missing")
        check_streams(data)
        with _opened(data) as pdf:
            pages = [_page(page) for page in pdf.pages]
            info = {name.lower(): value for name, value in pdf.metadata.items()}
        builder = TextBuilder()
        if any(page.lines or page.tables for page in pages):
            _drop_running_lines(pages)
            _Writer(pages).write(builder)
        elif any(page.has_image for page in pages):
            _recognize(data, builder, options)
        title = _stated(info, "title")
        return builder.parsed(
            title=None if _JUNK_TITLE.fullmatch(title.lower()) else title,
            published=_date(_stated(info, "creationdate")),
            metadata={name: _stated(info, name) for name in ("author", "subject", "keywords")},
        )


def _opened(data: bytes) -> PDF:
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        return pdfplumber.open(BytesIO(data), laparams={"boxes_flow": None}, unicode_norm="NFC")
    except PdfminerException as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise DocumentError("it is encrypted: save it without a password") from error
        raise DocumentError(f"it is damaged ({cause})") from error


def _page(page: PlumberPage) -> _Page:
    from pdfminer.layout import LTCurve, LTImage, LTTextLineHorizontal

    found = _Page(page.page_number, float(page.height))
    shapes = 0
    todo: list[Any] = list(page.layout)
    while todo:
        item = todo.pop()
        if isinstance(item, LTTextLineHorizontal):
            line = _line(item, found.height)
            if line.text:
                found.lines.append(line)
        elif isinstance(item, LTCurve):  # lines and rectangles as well
            shapes += 1
        elif isinstance(item, LTImage):
            found.has_image = True
        elif hasattr(item, "bbox") and hasattr(item, "__iter__"):
            todo += item
    if 0 < shapes <= _MOST_SHAPES:
        found.tables, boxes = _tables(page)
        found.lines = [line for line in found.lines if not any(_is_within(line, b) for b in boxes)]
    page.close()
    return found


def _line(item: Any, height: float) -> Line:
    from pdfminer.layout import LTChar

    letters = [char for char in item if isinstance(char, LTChar)]
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


def _tables(page: PlumberPage) -> tuple[list[_Table], list[tuple[float, float, float, float]]]:
    """The tables with ruled lines and their boxes; a frame around a text is none."""
    left, upper = page.mediabox[0], page.mediabox[1]
    tables, boxes = [], []
    for table in page.find_tables():
        rows = [[cell or "" for cell in row] for row in table.extract()]
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        if (
            len(rows) > 1
            and sum(any(row[n].strip() for row in rows) for n in range(len(rows[0]))) > 1
        ):
            x0, top, x1, bottom = table.bbox
            boxes.append((x0 - left, top - upper, x1 - left, bottom - upper))
            tables.append(_Table(rows, top - upper, bottom - upper))
    return sorted(tables, key=lambda table: table.top), boxes


def _is_within(line: Line, box: tuple[float, float, float, float]) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.top + line.bottom) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _recognize(data: bytes, builder: TextBuilder, options: Options) -> None:
    """Writes what tesseract reads on the pages of a scan, if that is asked for."""
    if not options.ocr:
        raise DocumentError(
            "it is scanned (no text layer): install qa's extra ocr and set ocr = true to have its "
            "text recognized"
        )
    from qa.parsing.ocr import recognized

    for number, text in enumerate(recognized(data), start=1):
        builder.page(number)
        for paragraph in text.split("\n\n"):
            whole = ""
            for line in paragraph.split("\n"):
                whole = joined(whole, line.strip(), ())
            builder.block(whole)


def _drop_running_lines(pages: Sequence[_Page]) -> None:
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


def _in_margins(page: _Page) -> Iterator[Line]:
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


@dataclass(slots=True)
class _Block:
    """What is written: a paragraph, a heading where it has a level, or a table's rows."""

    text: str = ""
    level: int | None = None
    rows: list[list[str]] = field(default_factory=list)


class _Writer:
    """Puts pages into a builder: headings by their type, paragraphs, tables in their places."""

    def __init__(self, pages: Sequence[_Page]) -> None:
        self._pages = pages
        lines = [line for page in pages for line in page.lines]
        self._words = words_of(lines)
        characters: Counter[float] = Counter()
        for line in lines:
            characters[line.size] += len(line.text)
        self._body = characters.most_common(1)[0][0] if characters else 0.0
        larger = sorted((s for s in characters if s >= self._body * _HEADING_SIZE), reverse=True)
        self._levels = {size: level for level, size in enumerate(larger, start=1)}

    def write(self, builder: TextBuilder) -> None:
        written = [[self._block(block) for block in _blocks(page)] for page in self._pages]
        for blocks, following in pairwise(written):
            self._complete(blocks, following)
        columns: list[str] = []  # of the table that ended the page before, which may go on
        for page, blocks in zip(self._pages, written, strict=True):
            builder.page(page.number)
            for number, block in enumerate(blocks):
                if block.level:
                    builder.heading(block.level, block.text)
                elif block.rows:
                    columns = _add_table(builder, block.rows, columns if number == 0 else [])
                else:
                    builder.block(block.text)
            columns = columns if blocks and blocks[-1].rows else []

    def _block(self, block: Paragraph | _Table) -> _Block:
        if isinstance(block, _Table):
            return _Block(rows=block.rows)
        text = _readable(block.text(self._words))
        return _Block(text, self._level(block, text))

    def _complete(self, blocks: list[_Block], following: list[_Block]) -> None:
        """Moves what is left of a sentence to the page on which it began."""
        if not blocks or not following:
            return
        last, first = blocks[-1], following[0]
        if not last.text or last.level or first.level or not first.text[:1].islower():
            return
        if last.text.endswith((".", "!", "?", ":", "…")):
            return
        match = _SENTENCE_REST.match(first.text)
        rest = match[0] if match else first.text
        last.text = joined(last.text, rest, self._words)
        first.text = first.text[len(rest) :].lstrip()

    def _level(self, block: Paragraph, text: str) -> int | None:
        """The level of a paragraph that is a heading, by the size of its type or as it is bold."""
        if len(text) > _LONGEST_HEADING or not any(char.isalpha() for char in text):
            return None
        if block.size in self._levels:
            return self._levels[block.size]
        is_bold = block.bold and len(block.lines) == 1 and not text.endswith((".", ":", ","))
        return len(self._levels) + 1 if is_bold and "  " not in text else None


def _add_table(builder: TextBuilder, rows: list[list[str]], columns: list[str]) -> list[str]:
    """Adds a table, with ``columns`` as its header if it goes on from the page before.

    Returns its own header, or an empty list.
    """
    if len(columns) == len(rows[0]) and not is_header(rows[0]):
        rows = [columns, *rows]
    builder.table(rows)
    return rows[0] if is_header(rows[0]) else []


def _blocks(page: _Page) -> Iterator[Paragraph | _Table]:
    """A page's paragraphs and tables from top to bottom."""
    rest = page.lines
    for table in page.tables:
        above = [line for line in rest if line.top < table.top]
        rest = [line for line in rest if line.top >= table.top]
        yield from paragraphs(above) if above else ()
        yield table
    yield from paragraphs(rest) if rest else ()


def _readable(text: str) -> str:
    unmapped = sum(map(len, _UNMAPPED.findall(text)))
    if unmapped * 2 > len(text) > 20:
        raise DocumentError("its text can't be read: its fonts don't say what letters they show")
    return _UNMAPPED.sub("", text)


def _stated(info: dict[str, Any], name: str) -> str:
    value = info.get(name)
    return value.strip() if isinstance(value, str) else ""


def _date(value: str) -> date | None:
    match = _DATE.match(value)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
