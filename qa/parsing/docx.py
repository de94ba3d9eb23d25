"""DOCX by python-docx: headings, paragraphs, lists and tables in their order, and footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qa.parsing.archive import open_document, read_xml
from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.office import core_properties

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING_NAME = re.compile(r"heading (\d)", re.I)
_WRAPPERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml")}
_LEFT_OUT = {_FALLBACK, f"{_W}del", f"{_W}moveFrom"}
_WHITE = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_DEEPEST_LIST = 8


class DocxParser:
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    suffixes = (".docx",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        import docx

        open_document(data).close()
        document = docx.Document(BytesIO(data))
        builder = TextBuilder()
        _Body(document, builder).add(document.element.body)
        for footnote in _footnotes(document):
            builder.block(footnote)
        return builder.parsed(*core_properties(document.core_properties))


class _Body:
    def __init__(self, document: Document, builder: TextBuilder) -> None:
        self._builder = builder
        self._levels = dict(_heading_levels(document))
        self._in_list = False

    def add(self, element: Any) -> None:
        for child in element:
            if child.tag == f"{_W}p":
                self._add_paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._in_list = False
                self._builder.table(_rows(child), has_header=None)
            elif child.tag in _WRAPPERS:
                self.add(child)

    def _add_paragraph(self, paragraph: Any) -> None:
        text = _text(paragraph).strip()
        if not text:
            return
        properties = paragraph.find(f"{_W}pPr")
        level = self._level(properties)
        item = _list_level(properties)
        if level:
            self._builder.heading(level, text)
        elif item is not None:
            line = f"{'  ' * item}- {' '.join(text.split())}"
            self._builder.block(line, "\n" if self._in_list else "\n\n")
        else:
            self._builder.block(text)
        self._in_list = item is not None and not level

    def _level(self, properties: Any) -> int | None:
        if properties is None:
            return None
        own = _value(properties, "outlineLvl")
        if own is not None and own.isdigit():
            return int(own) + 1 if int(own) < 9 else None
        return self._levels.get(_value(properties, "pStyle") or "")


def _heading_levels(document: Document) -> Iterator[tuple[str, int]]:
    """The styles that make headings, by id; their names are English in every language's Word."""
    for style in document.styles.element.iter(f"{_W}style"):
        name = _value(style, "name") or ""
        match = _HEADING_NAME.fullmatch(name)
        outline = next((e.get(f"{_W}val", "") for e in style.iter(f"{_W}outlineLvl")), "")
        if match or outline.isdigit():
            level = int(match[1]) if match else int(outline) + 1
            if level < 10:
                yield style.get(f"{_W}styleId", ""), level
        elif name.lower() == "title":
            yield style.get(f"{_W}styleId", ""), 1


def _list_level(properties: Any) -> int | None:
    """How deep a paragraph stands in a list, from 0; None if it is in none."""
    if properties is None:
        return None
    numbering = properties.find(f"{_W}numPr")
    if numbering is not None and _value(numbering, "numId") != "0":
        level = _value(numbering, "ilvl") or "0"
        return min(int(level), _DEEPEST_LIST) if level.isdigit() else 0
    style = re.fullmatch(r"List(?:Bullet|Number)(\d?)", _value(properties, "pStyle") or "")
    return int(style[1] or 1) - 1 if style else None


def _value(element: Any, name: str) -> str | None:
    child = element.find(f"{_W}{name}")
    value = child.get(f"{_W}val") if child is not None else None
    return value if isinstance(value, str) else None


def _text(element: _Element) -> str:
    """All that is to be seen of a paragraph, insertions as if they were accepted."""
    parts = []
    for child in element:
        if child.tag in _LEFT_OUT:
            continue
        if child.tag == f"{_W}t":
            parts.append(child.text or "")
        elif child.tag in _WHITE:
            parts.append(_WHITE[child.tag])
        elif child.tag == f"{_W}txbxContent":
            parts.append(f" {_text(child)} ")
        elif child.tag != f"{_W}pPr":
            parts.append(_text(child))
            parts.append(" " if child.tag == f"{_W}p" else "")
    return "".join(parts)


def _rows(table: _Element) -> Iterator[list[str]]:
    """A table's rows; a cell over several columns is followed by empty ones."""
    for row in table.iterchildren(f"{_W}tr", *_WRAPPERS):
        if row.tag != f"{_W}tr":
            yield from _rows(row)
            continue
        cells: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr")) is not row:
                continue  # of a table within; its text is in the outer cell
            properties = cell.find(f"{_W}tcPr")
            span = _value(properties, "gridSpan") if properties is not None else None
            cells.append(_text(cell))
            cells += [""] * (min(int(span), 100) - 1 if span and span.isdigit() else 0)
        yield cells


def _footnotes(document: Document) -> Iterator[str]:
    for relation in document.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            for note in read_xml(relation.target_part.blob):
                yield " ".join(_text(note).split())
