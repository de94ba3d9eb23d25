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
from qa.parsing.layout import Paragraph, joined, paragraphs, words_of
from qa.parsing.ocr import recognized
from qa.parsing.pdf_pages import Page, Table, drop_running_lines, read_page
from qa.parsing.pdf_streams import check_streams
from qa.parsing.tables import is_header

if TYPE_CHECKING:
    from pdfplumber.pdf import PDF

_HEADING_SIZE = 1.15
_LONGEST_HEADING = 200
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_SENTENCE_REST = re.compile(r".*?[.!?…][\"')\]»”]*(?=\s|$)", re.S)
_JUNK_TITLE = re.compile(
    r"untitled|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|tex|dvi|indd|qxd)"
)
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")


class PdfParser:
    media_type = "application/pdf"
    suffixes = (".pdf",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        if b"%%EOF" not in data[-65536:]:
            raise DocumentError("it is truncated: its end is missing")
        check_streams(data)
        with _opened(data) as pdf:
            pages = [read_page(page) for page in pdf.pages]
            info = {name.lower(): value for name, value in pdf.metadata.items()}
        drop_running_lines(pages)
        scans = [page for page in pages if page.has_image and not page.lines and not page.tables]
        if options.ocr and scans:
            for page, text in zip(scans, recognized(data, [p.number for p in scans]), strict=True):
                page.recognized = text
        elif len(scans) == len(pages):
            raise DocumentError(
                'it is scanned (no text layer): pip install "qa[ocr]" and set ocr = true to have '
                "its text recognized"
            )
        builder = TextBuilder()
        _Writer(pages).write(builder)
        stated = {name: _stated(info, name) for name in ("author", "subject", "keywords")}
        unread = ", ".join(str(page.number) for page in scans if not page.recognized)
        title = _stated(info, "title")
        return builder.parsed(
            title=None if _JUNK_TITLE.fullmatch(title.lower()) else title,
            published=_date(_stated(info, "creationdate")),
            metadata=stated | {"unread_pages": unread},
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


@dataclass(slots=True)
class _Block:
    """What is written: a paragraph, a heading where it has a level, or a table's rows."""

    text: str = ""
    level: int | None = None
    rows: list[list[str]] = field(default_factory=list)


class _Writer:
    """Puts pages into a builder: headings by their type, paragraphs, tables in their places."""

    def __init__(self, pages: Sequence[Page]) -> None:
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
        written = [
            list(_recognized(page)) if page.recognized else list(map(self._block, _blocks(page)))
            for page in self._pages
        ]
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

    def _block(self, block: Paragraph | Table) -> _Block:
        if isinstance(block, Table):
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


def _recognized(page: Page) -> Iterator[_Block]:
    for paragraph in page.recognized.split("\n\n"):
        text = ""
        for line in paragraph.split("\n"):
            text = joined(text, line.strip(), ())
        yield _Block(text)


def _add_table(builder: TextBuilder, rows: list[list[str]], columns: list[str]) -> list[str]:
    """Adds a table, with ``columns`` as its header if it goes on from the page before.

    Returns its header, or an empty list.
    """
    if len(columns) == len(rows[0]):
        builder.table([columns, *rows], has_header=True)
        return columns
    builder.table(rows)
    return rows[0] if is_header(rows[0]) else []


def _blocks(page: Page) -> Iterator[Paragraph | Table]:
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
