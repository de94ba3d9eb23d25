"""Zip archives that documents are (DOCX, PPTX, XLSX, EPUB), opened with care."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from qa.errors import DocumentError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from lxml.etree import _Element

MOST_RATIO = 200
"""Unpacked to packed size; text and XML come to 30 at the most."""
_SMALL = 4 * 1024 * 1024
"""Bytes up to which the ratio doesn't matter."""
_MOST_PARTS = 20_000
_MOST_BYTES = 512 * 1024 * 1024
_LARGEST_XML = 64 * 1024 * 1024
"""Bytes: a tree of it takes some ten times as much memory."""
_STREAMED = "xl/worksheets/"
"""Parts that aren't read as a tree."""


def is_bomb(info: ZipInfo) -> bool:
    """Whether an entry unfolds as no document does. No more than it claims is unpacked of one."""
    return info.file_size > _SMALL and info.file_size > MOST_RATIO * max(1, info.compress_size)


def open_document(data: bytes) -> ZipFile:
    """The archive that a document is, once its sizes are known to be sane.

    Raises:
        DocumentError: it is damaged, encrypted, a decompression bomb, or declares XML entities.
    """
    from zipfile import BadZipFile, ZipFile

    try:
        archive = ZipFile(BytesIO(data))
        _check(archive)
    except (BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise DocumentError(f"it is damaged or truncated ({error})") from error
    return archive


def _check(archive: ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        raise DocumentError(f"it has {len(parts):,} parts, over the limit of {_MOST_PARTS:,}")
    size = sum(part.file_size for part in parts)
    if size > _MOST_BYTES or any(map(is_bomb, parts)):
        raise DocumentError(f"it unpacks to {size / 1e6:,.0f} MB (a decompression bomb?)")
    for part in parts:
        if part.flag_bits & 1:
            raise DocumentError("it is encrypted: save it without a password")
        if not part.filename.endswith((".xml", ".rels", ".opf", ".ncx", ".xhtml", ".html")):
            continue
        if part.file_size > _LARGEST_XML and not part.filename.startswith(_STREAMED):
            raise DocumentError(f"its part {part.filename} has {part.file_size / 1e6:,.0f} MB")
        with archive.open(part) as opening:
            if b"<!ENTITY" in opening.read(65536):
                raise DocumentError("it declares XML entities, as entity bombs do")


def kind_of(names: Iterable[str]) -> str | None:
    """The suffix of the documents that archives with these entries are; None: a plain archive."""
    names = set(names)
    marks = {
        "word/document.xml": ".docx",
        "ppt/presentation.xml": ".pptx",
        "xl/workbook.xml": ".xlsx",
        "META-INF/container.xml": ".epub",
    }
    return next((suffix for name, suffix in marks.items() if name in names), None)


def read_xml(data: bytes) -> _Element:
    """The root of an XML document; no entity is resolved and nothing is fetched."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, recover=True
    )
    root = etree.fromstring(data, parser)
    if root is None:
        raise DocumentError("it holds XML that can't be read")
    return root
