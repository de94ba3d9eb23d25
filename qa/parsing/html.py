"""HTML: the main text by trafilatura, or all visible text of pages it finds no main text in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.metadata import first_sentence, leading_date, shortened, to_date

if TYPE_CHECKING:
    from lxml.etree import _Element
    from trafilatura.settings import Document as Extracted

    from qa.types import Section

# trafilatura's names and HTML's own, since either's tree may have to be read
_HEADINGS = {"head": 2} | {f"h{level}": level for level in range(1, 7)}
_LISTS = {"list", "ul", "ol", "dl"}
_ITEMS = {"item", "li", "dt", "dd"}
_ROWS = {"row", "tr"}
_LAID_OUT = {"table"} | _HEADINGS.keys()
"""What makes a table around it one that only puts things in their places."""
_LARGEST_ARTICLE = 2_000_000
"""Bytes; what is larger is data or a book, with no menus worth looking for half a minute."""
_AROUND_TEXT = 300
"""Characters of menus and the like that a short page may have."""
_MOST_COLUMNS = 100
_BLOCKS = _HEADINGS.keys() | _LISTS | _ITEMS | _ROWS | {
    "address", "article", "aside", "blockquote", "body", "caption", "cell", "details", "div",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "main", "nav", "p",
    "pre", "quote", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
}  # fmt: skip
_PLAIN_NAME = re.compile(r"[^\W\d_]\w*")  # not such as "twitter:card" or "theme-color"
_TECHNICAL = {"title", "date", "viewport", "robots", "googlebot", "generator", "referrer"}
_LINE_BREAK = "\N{LINE SEPARATOR}"  # while a text is put together: source line ends mean nothing


class HtmlParser:
    media_type = "text/html"
    suffixes = (".html", ".htm", ".xhtml")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        page = _main_text(data) if len(data) <= _LARGEST_ARTICLE else None
        text, structure = _text(page.body if page else None)
        visible = _text(_visible_body(data))
        if not text or _says_the_same(text, visible[0]) or _lost_all_structure(text, *visible):
            text, structure = visible
        headings = [section.heading[0] for section in structure if section.heading]
        stated = shortened((page and page.title) or _title(data) or "".join(headings[:1]))
        return Parsed(
            text=text,
            structure=structure,
            title=stated or first_sentence(text),
            title_stated=stated is not None,
            published=to_date(page.date if page else None) or leading_date(text),
            metadata=_metadata(data, page.author if page else None),
        )


def _says_the_same(text: str, visible: str) -> bool:
    """Then all that is visible has more of the structure."""
    return "".join(text.split()) == "".join(visible.split())


def _lost_all_structure(text: str, visible: str, structure: Sequence[Section]) -> bool:
    """Whether a short page with headings has become one paragraph; what stands around its text is
    the lesser evil."""
    is_short = len(visible) < 2 * len(text) + _AROUND_TEXT
    return is_short and "\n" not in text and any(section.heading for section in structure)


def visible_text(html: str) -> str:
    """What a reader would see of a piece of HTML."""
    return _text(_visible_body(html.encode()))[0]


def add_visible(builder: TextBuilder, html: bytes) -> None:
    """Adds what a reader would see of a page, with its headings, to a document."""
    body = _visible_body(html)
    if body is not None:
        _add_contents(builder, body)


def _main_text(data: bytes) -> Extracted | None:
    from trafilatura import bare_extraction
    from trafilatura.settings import set_date_params

    page = bare_extraction(
        data,
        favor_recall=True,
        include_comments=False,
        with_metadata=True,
        # Only a date that the page states: not whatever year its text or its footer names.
        date_extraction_params=set_date_params(extensive=False),
    )
    return None if isinstance(page, dict) else page  # a dict only when asked for one


def _visible_body(data: bytes) -> _Element | None:
    """The page's body, less scripts, styles and comments; None if there is nothing in it."""
    from lxml_html_clean import Cleaner

    tree = _tree(data)
    if tree is None:
        return None
    Cleaner(page_structure=False, safe_attrs_only=False, style=True)(tree)
    return tree.find("body")


def _title(data: bytes) -> str | None:
    tree = _tree(data)
    return tree.findtext(".//title") if tree is not None else None


def _metadata(data: bytes, author: str | None) -> dict[str, str]:
    """What the page's meta elements say under plain names, with its section, and the author
    wherever it is said."""
    tree = _tree(data)
    metadata: dict[str, str] = {}
    for element in tree.iter("meta") if tree is not None else ():
        name = element.get("name", "").strip().lower()
        if element.get("property") == "article:section":
            name = "section"
        if _PLAIN_NAME.fullmatch(name) and name not in _TECHNICAL:
            metadata.setdefault(name, " ".join(element.get("content", "").split()))
    return metadata | ({"author": author} if author else {})


def _tree(data: bytes) -> _Element | None:
    from lxml import etree, html

    try:
        data.decode("utf-8")
        encoding = "utf-8"  # lxml would take it for Latin-1 where the page doesn't say
    except UnicodeDecodeError:
        encoding = None  # as the page says
    try:
        return html.document_fromstring(data, parser=html.HTMLParser(encoding=encoding))
    except etree.ParserError:  # "Document is empty"
        return None


def _text(tree: _Element | None) -> tuple[str, tuple[Section, ...]]:
    builder = TextBuilder()
    if tree is not None:
        _add_contents(builder, tree)
    return builder.build()


def _add(builder: TextBuilder, element: _Element) -> None:
    tag = _tag(element)
    if tag in _HEADINGS:
        level = element.get("rend", "")[1:] if tag == "head" else tag[1:]
        builder.heading(
            int(level) if level.isdigit() else _HEADINGS[tag], _collapsed(_inline(element))
        )
    elif tag in _LISTS:
        builder.block("\n".join(_list_lines(element, indent="")))
    elif tag == "table":
        _add_table(builder, element)
    elif tag in ("pre", "code"):
        builder.block("".join(map(str, element.itertext())))
    else:
        _add_contents(builder, element)


def _add_contents(builder: TextBuilder, element: _Element) -> None:
    """Adds an element's blocks, and as paragraphs what stands between them."""
    between = [element.text or ""]
    for child in element:
        if _is_block(child):
            builder.block(_collapsed("".join(between)))
            between = []
            _add(builder, child)
        else:
            between.append(_inline(child))
        between.append(child.tail or "")
    builder.block(_collapsed("".join(between)))


def _list_lines(element: _Element, indent: str) -> Iterator[str]:
    for item in element:
        if _tag(item) in _LISTS:  # a list right inside a list: not valid, but common
            yield from _list_lines(item, indent + "  ")
            continue
        nested = [child for child in item if _tag(child) in _LISTS]
        own = [item.text or ""]
        for child in item:
            own.append("" if child in nested else _inline(child))
            own.append(child.tail or "")
        text = _collapsed("".join(own)).replace("\n", " ")
        if text:
            yield f"{indent}- {text}"
        for child in nested:
            yield from _list_lines(child, indent + "  ")


def _add_table(builder: TextBuilder, table: _Element) -> None:
    """Adds a table; one that only puts things in their places is read cell by cell."""
    rows = [row for row in table.iter(*_ROWS) if _table_of(row) is table]
    is_layout = any(next(cell.iter(*_LAID_OUT), None) is not None for row in rows for cell in row)
    if is_layout:
        for row in rows:
            for cell in row:
                _add_contents(builder, cell)
        return
    for caption in table.iterchildren("caption"):
        builder.block(_collapsed(_inline(caption)))
    builder.table([list(_cells(row)) for row in rows], (bool(rows) and _is_header(rows[0])) or None)


def _table_of(row: _Element) -> _Element | None:
    return next(row.iterancestors("table"), None)


def _cells(row: _Element) -> Iterator[str]:
    """The cells' texts; one over several columns is followed by empty ones."""
    for cell in row:
        if not _tag(cell):  # a comment
            continue
        yield _collapsed(_inline(cell)).replace("\n", " ")
        span = cell.get("colspan", "")
        yield from [""] * (min(int(span), _MOST_COLUMNS) - 1 if span.isdecimal() else 0)


def _is_header(row: _Element) -> bool:
    parent = row.getparent()
    return (parent is not None and _tag(parent) == "thead") or all(
        _tag(cell) == "th" or cell.get("role") == "head" for cell in row
    )


def _inline(element: _Element) -> str:
    tag = _tag(element)
    if tag in ("lb", "br"):
        return _LINE_BREAK
    if not tag:  # a comment or processing instruction
        return ""
    parts = [element.text or ""]
    for child in element:
        # Words of neighbouring blocks must not run together.
        parts.append(f" {_inline(child)} " if _is_block(child) else _inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_block(element: _Element) -> bool:
    tag = _tag(element)
    if tag == "code":  # both kinds have this name: a block has lines
        return "\n" in "".join(map(str, element.itertext()))
    return tag in _BLOCKS


def _tag(element: _Element) -> str:
    return element.tag if isinstance(element.tag, str) else ""


def _collapsed(text: str) -> str:
    """White space as a browser shows it: one space, or one line break for each <br>."""
    lines = (" ".join(line.split()) for line in text.split(_LINE_BREAK))
    return "\n".join(lines).strip()
