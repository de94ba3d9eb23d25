"""What a parser is, and what parsers share: decoding, and building text with its structure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Protocol

from qa.errors import DocumentError
from qa.parsing.metadata import first_sentence, leading_date, shortened
from qa.parsing.tables import Rows, table_lines
from qa.types import Section

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_ASCII = bytes(range(128))
_EAST_ASIAN = [
    "big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jisx0213", "euc_jp",
    "euc_kr", "gb18030", "gb2312", "gbk", "hz", "iso2022_jp", "iso2022_kr", "johab", "shift_jis",
    "shift_jis_2004", "shift_jisx0213", "utf_16", "utf_16_be", "utf_16_le", "utf_32",
]  # fmt: skip
"""Encodings of which hardly a character is ASCII, and in which short Latin texts seem valid."""
_OTHERS = re.compile(rb"[\x80-\xff]+")
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257"]
_NEAR = 0.01
"""Of what charset_normalizer says of an encoding, 0 to 1: what differs by less is the same."""
_MOST_CHARACTERS = 32_000_000
"""Of a document that is put together: a small file may unfold to any length."""


class PassingError(DocumentError):
    """What may be otherwise the next time although the file is the same: something isn't installed,
    or the machine was at fault."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the settings say of parsing; each format takes what concerns it."""

    json_text: tuple[str, ...] = ("text", "body", "content")
    """The fields of a JSON object that may hold the text, the first there is counts; a dot
    leads into a nested object."""
    json_title: tuple[str, ...] = ("title", "name")
    json_date: tuple[str, ...] = ("date", "published")
    ocr: bool = False
    """Whether to read scanned pages by tesseract."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser makes of a file. ``structure`` covers all text that isn't white space."""

    text: str
    structure: tuple[Section, ...]
    title: str | None
    title_stated: bool
    published: date | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What else the document says of itself, by lower-case name."""


class Parser(Protocol):
    """Parses the files of one media type."""

    @property
    def media_type(self) -> str: ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file name endings of this media type, with the dot, in lower case."""

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        """Raises DocumentError, with the reason as a clause ("it is …"), if it can't."""


def decode(data: bytes) -> str:
    """The text in ``data``, by byte order mark, as UTF-8, or in a detected encoding.

    Raises:
        DocumentError: no encoding makes text of it.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise DocumentError(f"it is marked as {encoding} but isn't valid in it") from None
    if b"\0" in data[:65536]:
        raise DocumentError("it is binary, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _detect(data)


def _detect(data: bytes) -> str:
    from charset_normalizer import from_bytes

    others = len(data.translate(None, _ASCII))
    is_latin = others < len(data) / 10
    # Letters with accents stand alone; Cyrillic, Greek and East Asian ones stand together.
    stand_alone = others < len(data) / 4 and others < 1.5 * len(_OTHERS.findall(data))
    if stand_alone and (text := _western(data)) is not None:
        return text
    best = from_bytes(data, cp_exclusion=_EAST_ASIAN if is_latin else None).best()
    if best is None:
        raise DocumentError("it is text in no known encoding; save it as UTF-8")
    return str(best)


def _western(data: bytes) -> str | None:
    """Text with few letters that aren't ASCII: in Windows-1252, unless another of its family makes
    more sense. In a short text they look alike, and one has far more texts than the others."""
    from charset_normalizer import from_bytes

    found = list(from_bytes(data, cp_isolation=_LATIN))
    if not found:
        return None
    top = max(match.coherence for match in found)
    least = min(match.chaos for match in found)
    likely = [m for m in found if m.coherence > top - _NEAR and m.chaos < least + 10 * _NEAR]
    best = max(found, key=lambda match: (match.coherence, -match.chaos))
    return str(next((match for match in likely if match.encoding == _LATIN[0]), best))


class TextBuilder:
    """Puts a document's text together from headings and blocks, noting the structure."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._headings: list[tuple[int, str]] = []
        self._start: int | None = None
        self._body: int | None = None
        self._page: int | None = None

    def page(self, number: int) -> None:
        """What follows is on this page (or slide), counted from 1; headings go on over pages."""
        if self._start is not None:
            self._body = self._length if self._body is None else self._body
            self._end_section()
        self._page = number

    def heading(self, level: int, text: str) -> None:
        """Starts a section; level 1 is the outermost."""
        text = " ".join(text.split())
        if not text:
            return
        if self._body is not None:
            self._end_section()
        self._headings = [(above, t) for above, t in self._headings if above < level]
        self._headings.append((level, text))
        self._append(text, "\n\n")

    def block(self, text: str, separator: str = "\n\n") -> None:
        """Adds a paragraph or the like; ``separator`` stands between it and what went before."""
        text = text.strip("\n").rstrip()
        if not text.strip():
            return
        body = self._body
        self._append(text, separator)
        if body is None:
            self._body = self._length - len(text)

    def table(self, rows: Rows, has_header: bool | None = None) -> None:
        """Adds a table, a paragraph a row; see `qa.parsing.tables.table_lines`."""
        for line in table_lines(rows, has_header):
            self.block(line)

    def parsed(
        self,
        title: str | None = None,
        published: date | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        is_prose: bool = True,
    ) -> Parsed:
        """The document, with the title that its first heading is, where none is given.

        The date is, where none is given, the one that the text below the first heading opens with.

        Args:
            is_prose: false of mere data, which opens neither with its title nor with its date.
        """
        text, structure = self.build()
        if not is_prose:
            title = shortened(title or "")
            return Parsed(text, structure, title, title is not None, published, metadata or {})
        heading = next((section.heading[0] for section in structure if section.heading), "")
        stated = shortened(title or "") or shortened(heading)
        return Parsed(
            text=text,
            structure=structure,
            title=stated or first_sentence(text),
            title_stated=stated is not None,
            published=published or leading_date(text[structure[0].body :] if structure else ""),
            metadata=metadata or {},
        )

    def build(self) -> tuple[str, tuple[Section, ...]]:
        if self._start is not None:
            self._body = self._length if self._body is None else self._body
            self._end_section()
        return "".join(self._parts), tuple(self._sections)

    def _append(self, text: str, separator: str) -> None:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        self._start = self._length if self._start is None else self._start
        self._parts.append(text)
        self._length += len(text)
        if self._length > _MOST_CHARACTERS:
            raise DocumentError(
                f"its text is over the limit of {_MOST_CHARACTERS / 1e6:g} million characters: "
                "take it in in parts"
            )

    def _end_section(self) -> None:
        if self._start is not None and self._body is not None:
            path = tuple(text for _, text in self._headings)
            self._sections.append(Section(self._start, self._body, self._length, path, self._page))
        self._start = self._body = None
