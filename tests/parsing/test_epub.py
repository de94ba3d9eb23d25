from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse
from tests.samples import FILLER, Sample, write_epub


@pytest.fixture
def book(tmp_path: Path) -> bytes:
    write_epub(tmp_path / "a.epub", Sample("The keeper is Edith Marlow.", "Keepers"))
    return (tmp_path / "a.epub").read_bytes()


def changed(book: bytes, leave_out: str = "", **parts: str) -> bytes:
    """The book without an entry, and with others (a name's "_" stand for "/" and ".")."""
    buffer = io.BytesIO()
    added = {name.replace("__", "/").replace("_", "."): text for name, text in parts.items()}
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            if name != leave_out and name not in added:
                new.writestr(name, old.read(name))
        for name, text in added.items():
            new.writestr(name, text)
    return buffer.getvalue()


def test_chapters_in_the_order_of_the_book_with_their_headings(book):
    document = parse(book, Path("a.epub"))
    assert [s.heading[-1] for s in document.structure] == [
        "Harbour",
        "Foreword",
        "Harbour",
        "Keepers",
    ]
    assert document.text.index(FILLER) < document.text.index("The keeper is Edith Marlow.")


def test_what_a_book_says_of_itself(book):
    document = parse(book, Path("a.epub"))
    assert (document.title, document.published) == ("Harbour", date(2024, 3, 5))
    assert document.metadata["author"] == "Ada Brook"


def test_a_chapter_that_is_missing_leaves_the_others(book):
    document = parse(changed(book, leave_out="book/one.xhtml"), Path("a.epub"))
    assert "The keeper is Edith Marlow." in document.text


def test_a_book_without_its_contents_or_with_copy_protection_is_refused(book):
    with pytest.raises(DocumentError, match=r"damaged: it has no book/book\.opf"):
        parse(changed(book, leave_out="book/book.opf"), Path("a.epub"))
    locked = (
        '<encryption><EncryptedData><CipherData><CipherReference URI="book/one.xhtml"/>'
        "</CipherData></EncryptedData></encryption>"
    )
    with pytest.raises(DocumentError, match="it is encrypted"):
        parse(changed(book, **{"META-INF__encryption_xml": locked}), Path("a.epub"))


def test_entities_and_paths_out_of_the_book_are_refused_or_nothing(book):
    bomb = '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><package>&x;</package>'
    with pytest.raises(DocumentError, match="entities"):
        parse(changed(book, book__book_opf=bomb), Path("a.epub"))
    outside = (
        '<container><rootfiles><rootfile full-path="../../etc/passwd"/></rootfiles></container>'
    )
    with pytest.raises(DocumentError, match="it has no"):
        parse(changed(book, **{"META-INF__container_xml": outside}), Path("a.epub"))
