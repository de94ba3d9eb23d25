"""Files whose names lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse
from tests.samples import FORMATS, Sample

SAMPLE = Sample("The keeper is Edith Marlow.", "Keepers", page=2)
BINARY = ("print.pdf", "letter.docx", "slides.pptx", "sheets.xlsx", "book.epub")


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("suffix", [".txt", ".pdf", ".docx", ".html", ".md", ".csv"])
def test_what_a_file_holds_counts_and_not_its_name(name, suffix, tmp_path):
    FORMATS[name].write(tmp_path / name, SAMPLE)
    data = (tmp_path / name).read_bytes()
    true = parse(data, Path(name))
    other = parse(data, Path(f"file{suffix}"))
    assert (other.media_type, other.text) == (true.media_type, true.text)


@pytest.mark.parametrize("name", BINARY)
def test_a_page_that_is_named_as_something_else_is_a_page(name, tmp_path):
    FORMATS["page.html"].write(tmp_path / "page.html", SAMPLE)
    document = parse((tmp_path / "page.html").read_bytes(), Path(name))
    assert document.media_type == "text/html"


@pytest.mark.parametrize("name", BINARY)
def test_a_text_that_is_named_as_something_else_is_refused(name):
    suffix = Path(name).suffix
    with pytest.raises(DocumentError, match=rf"it is named \{suffix} but isn't of that format"):
        parse(b"Just some text.", Path(name))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
        (b"{\\rtf1 text}", "it is RTF"),
        (b"\x7fELF\x02", "it is a program"),
        (b"PK\x03\x04 half of an archive", "damaged or truncated"),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".pdf", ".docx", ".html"])
def test_other_kinds_are_named_whatever_the_suffix(data, reason, suffix):
    with pytest.raises(DocumentError, match=reason):
        parse(data, Path(f"file{suffix}"))


def test_source_code_of_a_page_in_a_text_stays_text():
    assert parse(b"<html><p>Hi.</p></html>", Path("a.txt")).text == "<html><p>Hi.</p></html>"
