"""EPUB: the chapters in the order in which the book puts them, each read as HTML."""

from __future__ import annotations

from pathlib import PurePath
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from qa.errors import DocumentError
from qa.parsing.archive import open_document, read_xml
from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.html import add_visible
from qa.parsing.metadata import to_date

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element

_PAGES = ("application/xhtml+xml", "text/html")
_MOST_CHAPTERS = 5000


class EpubParser:
    media_type = "application/epub+zip"
    suffixes = (".epub",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        with open_document(data) as archive:
            package_path = _package_path(archive)
            package = _read(archive, package_path)
            locked = _encrypted(archive)
            builder = TextBuilder()
            for chapter in _chapters(package, dirname(package_path))[:_MOST_CHAPTERS]:
                if chapter in locked:
                    raise DocumentError("it is encrypted: get it without copy protection")
                if chapter in archive.namelist():
                    add_visible(builder, archive.read(chapter))
        return builder.parsed(
            title=_said(package, "title"),
            published=to_date(_said(package, "date")),
            metadata={
                "author": _said(package, "creator"),
                "language": _said(package, "language"),
                "publisher": _said(package, "publisher"),
                "subject": _said(package, "subject"),
            },
        )


def _read(archive: ZipFile, name: str) -> _Element:
    try:
        return read_xml(archive.read(name))
    except KeyError:
        raise DocumentError(f"it is damaged: it has no {name}") from None


def _package_path(archive: ZipFile) -> str:
    container = _read(archive, "META-INF/container.xml")
    for file in container.iterfind(".//{*}rootfile"):
        return file.get("full-path", "")
    raise DocumentError("it is damaged: it doesn't say where its contents are")


def _chapters(package: _Element, folder: str) -> list[str]:
    """The paths of the chapters within the archive, in reading order."""
    pages = {
        item.get("id"): normpath(join(folder, unquote(item.get("href", ""))))
        for item in package.iterfind("{*}manifest/{*}item")
        if item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split()
    }
    spine = (reference.get("idref") for reference in package.iterfind("{*}spine/{*}itemref"))
    return list(dict.fromkeys(pages[id_] for id_ in spine if id_ in pages))


def _encrypted(archive: ZipFile) -> set[str]:
    """What is encrypted in the book; often only fonts are, which doesn't matter."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return set()
    encryption = _read(archive, "META-INF/encryption.xml")
    return {unquote(e.get("URI", "")) for e in encryption.iterfind(".//{*}CipherReference")}


def _said(package: _Element, name: str) -> str:
    values = package.iterfind(f"{{*}}metadata/{{http://purl.org/dc/elements/1.1/}}{name}")
    return ", ".join(text for value in values if (text := " ".join((value.text or "").split())))
