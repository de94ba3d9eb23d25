"""Files to documents: one parser a media type, and containers of several documents.

A new format is a module here with a `Parser`, a line in ``PARSERS``, and a test. A file's content
decides where its name lies; see `qa.parsing.kinds`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from qa.analysis import detect_language
from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, Parser, PassingError
from qa.parsing.containers import CONTAINER_SUFFIXES, is_container, members
from qa.parsing.delimited import CsvParser, TsvParser
from qa.parsing.docx import DocxParser
from qa.parsing.epub import EpubParser
from qa.parsing.html import HtmlParser
from qa.parsing.json_documents import JsonParser
from qa.parsing.kinds import suffix_by_content
from qa.parsing.mail import MailParser
from qa.parsing.markdown import MarkdownParser
from qa.parsing.metadata import bounded, valid_unicode
from qa.parsing.pdf import PdfParser
from qa.parsing.pptx import PptxParser
from qa.parsing.rst import RstParser
from qa.parsing.text import TextParser
from qa.parsing.unpacking import Broken, Member
from qa.parsing.xlsx import XlsxParser
from qa.sidecars import is_sidecar
from qa.types import Document

PARSERS: tuple[Parser, ...] = (
    TextParser(),
    MarkdownParser(),
    RstParser(),
    HtmlParser(),
    PdfParser(),
    DocxParser(),
    PptxParser(),
    XlsxParser(),
    CsvParser(),
    TsvParser(),
    EpubParser(),
    MailParser(),
    JsonParser(),
)

VERSION = 1
"""Of the parsers: files that were read with another are read again. To be raised where a parser
makes something else of a file."""

_DEFAULT = Options()
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z]+)?")
_BY_SUFFIX = {suffix: parser for parser in PARSERS for suffix in parser.suffixes}

__all__ = [
    "CONTAINER_SUFFIXES",
    "PARSERS",
    "Broken",
    "Member",
    "Options",
    "Parsed",
    "Parser",
    "can_parse",
    "document_id",
    "documents",
    "is_container",
    "member",
    "members",
    "parse",
]


def can_parse(path: PurePath) -> bool:
    """Whether there is a parser for files named like this one."""
    return path.suffix.lower() in _BY_SUFFIX


def document_id(sha256: str) -> str:
    """A document's id: equal bytes are one document.

    Half of the hash: much less, and someone could make two documents with one id.
    """
    return sha256[:32]


def _with_valid_unicode(parsed: Parsed) -> Parsed:
    """Lone surrogates, which no tokenizer or database takes, as question marks; offsets hold."""
    return replace(
        parsed,
        text=valid_unicode(parsed.text),
        title=valid_unicode(parsed.title) if parsed.title else None,
        structure=tuple(
            replace(section, heading=tuple(map(valid_unicode, section.heading)))
            for section in parsed.structure
        ),
    )


def _stated_language(metadata: Mapping[str, str]) -> str | None:
    """The language that a document says it is in, by its ISO 639-1 code."""
    match = _LANGUAGE.fullmatch(metadata.get("language", metadata.get("lang", "")).lower())
    return match[1] if match else None


def documents(
    data: bytes, path: PurePath, options: Options = _DEFAULT, sha256: str | None = None
) -> Iterator[Document | Broken]:
    """The document that a file is, and those that it holds, in whatever depth.

    The path of one within is the file's, a slash, and its name there, and so is the name of what is
    `Broken`. Files within that have no parser are passed over.

    Raises:
        DocumentError: the file itself can't be read, or there is no document in it.
    """
    if not is_container(path, data):
        yield parse(data, path, sha256, options)
        return
    is_empty = True
    if path.suffix.lower() == ".eml":  # which has a text of its own
        is_empty = False
        try:
            yield parse(data, path, sha256, options)
        except DocumentError as error:
            yield _broken(path, error)
    for found in _within(data, path, options):
        is_empty = False
        yield found
    if is_empty:
        raise DocumentError("it holds no document of a supported format")


def _within(data: bytes, path: PurePath, options: Options) -> Iterator[Document | Broken]:
    for member in members(data, path):
        inner = path / member.name if member.name else path
        if isinstance(member, Broken):
            yield Broken(str(inner), member.reason)
        elif can_parse(inner) and not is_sidecar(inner):
            try:
                yield parse(member.data, inner, options=options)
            except DocumentError as error:
                yield _broken(inner, error)


def _broken(path: PurePath, error: DocumentError) -> Broken:
    return Broken(str(path), str(error), isinstance(error, PassingError))


def member(data: bytes, path: PurePath, sha256: str) -> bytes | None:
    """The bytes with this sha256 that lie in a file, in whatever depth, if there are such.

    Raises:
        DocumentError: the file can't be read.
    """
    for found in members(data, path):
        if not isinstance(found, Broken) and hashlib.sha256(found.data).hexdigest() == sha256:
            return found.data
    return None


def parse(
    data: bytes, path: PurePath, sha256: str | None = None, options: Options = _DEFAULT
) -> Document:
    """The one document that a file's bytes are.

    Raises:
        DocumentError: there is no parser for it, it can't be read, or it has no text.
    """
    suffix = path.suffix.lower()
    if suffix not in _BY_SUFFIX:
        known = ", ".join(sorted(_BY_SUFFIX))
        raise DocumentError(f"its format isn't supported; the supported ones are {known}")
    try:
        parser = _BY_SUFFIX[suffix_by_content(data, suffix)]
        parsed = parser.parse(data, path, options)
    except (DocumentError, MemoryError):  # of memory the one knows who limits it
        raise
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    except Exception as error:  # documents are untrusted: whatever one makes a library do
        raise DocumentError(f"it can't be parsed ({type(error).__name__}: {error})") from error
    if not parsed.text.strip():
        raise DocumentError("it holds no text")
    parsed = _with_valid_unicode(parsed)
    metadata = bounded(parsed.metadata)
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    return Document(
        id=document_id(sha256),
        paths=(str(path),),
        title=parsed.title or path.stem,
        published=parsed.published,
        media_type=parser.media_type,
        sha256=sha256,
        text=parsed.text,
        structure=parsed.structure,
        title_stated=parsed.title_stated and bool(parsed.title),
        language=_stated_language(metadata) or detect_language(parsed.text),
        metadata=metadata,
    )
