from __future__ import annotations

import textwrap
import zlib
from base64 import a85encode
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission

from qa.errors import DocumentError
from qa.parsing import parse, pdf_streams
from qa.types import Document

LEFT = (
    "The first column tells of the harbour and of the boats that come in during the summer, "
    "when the weather is mild and the fishing good, and of those that stay for the winter."
)
RIGHT = (
    "The second column speaks of the lighthouse, which was built by the grandfather of the "
    "keeper, who carried all of its stones up the hill by himself and needed eleven years."
)


def new_pdf(size: float = 11) -> FPDF:
    pdf = FPDF()
    pdf.set_compression(True)
    pdf.add_page()
    pdf.set_font("helvetica", size=size)
    return pdf


def say(pdf: FPDF, text: str) -> None:
    pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")


def read(pdf: FPDF | bytes) -> Document:
    data = pdf if isinstance(pdf, bytes) else bytes(pdf.output())
    return parse(data, Path("a.pdf"))


def pages_of(document: Document) -> dict[int | None, str]:
    pages: dict[int | None, str] = {}
    for section in document.structure:
        text = document.text[section.start : section.end]
        pages[section.page] = f"{pages[section.page]}\n\n{text}" if section.page in pages else text
    return pages


def test_columns_are_read_one_after_the_other_also_if_they_were_written_line_by_line():
    pdf = new_pdf()
    for number, (left, right) in enumerate(
        zip(textwrap.wrap(LEFT, 45), textwrap.wrap(RIGHT, 45), strict=True)
    ):
        pdf.text(10, 50 + 5 * number, left)
        pdf.text(110, 50 + 5 * number, right)
    pdf.text(10, 40, "This line stands above both of the columns and reaches over the gap of them.")
    pdf.text(10, 120, "And this one below, which as well is long enough to cover all of the page.")
    text = read(pdf).text
    places = [text.index(part) for part in ("This line", LEFT, RIGHT, "And this one")]
    assert places == sorted(places)


def test_cells_side_by_side_are_no_columns_but_stay_in_their_row():
    pdf = new_pdf()
    for number, (place, level) in enumerate([("Upper bridge", "4.2 m"), ("Lower bridge", "3 m")]):
        pdf.text(10, 40 + 6 * number, place)
        pdf.text(90, 40 + 6 * number, level)
    assert read(pdf).text == "Upper bridge  4.2 m\n\nLower bridge  3 m"


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_that_lies_on_its_side_is_turned(angle):
    pdf = new_pdf()
    with pdf.rotation(angle, 105, 140):
        for number, line in enumerate(textwrap.wrap(LEFT, 60)):
            pdf.text(50, 100 + 5 * number, line)
    assert read(pdf).text == LEFT


def test_a_stamp_that_runs_up_the_edge_is_left_out():
    pdf = new_pdf()
    with pdf.rotation(90, 10, 200):
        pdf.text(10, 200, "arXiv:2403.01234v1 [cs.CL] 5 Mar 2024")
    pdf.set_xy(30, 140)
    pdf.multi_cell(120, 6, LEFT)
    assert read(pdf).text == LEFT


def test_every_row_of_a_table_carries_its_header_on_the_next_page_too():
    pdf = new_pdf()
    say(pdf, "The levels were measured at many bridges.")
    with pdf.table(first_row_as_headings=False) as table:
        for cells in [("Place", "Level"), *((f"Bridge {n}", f"level {n}") for n in range(60))]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    say(pdf, "All were above the limit.")
    pages = pages_of(read(pdf))
    assert (
        "The levels were measured at many bridges.\n\nPlace: Bridge 0; Level: level 0" in pages[1]
    )
    assert pages[2].endswith("Place: Bridge 59; Level: level 59\n\nAll were above the limit.")
    assert all(f"Place: Bridge {n}; Level: level {n}" in "".join(pages.values()) for n in range(60))


def test_running_heads_and_page_numbers_are_dropped_and_body_lines_are_kept():
    pdf = FPDF()
    for page in range(1, 5):
        pdf.add_page()
        pdf.set_font("helvetica", size=9)
        pdf.text(10, 10, f"Harbour report {2020 + page}")
        pdf.text(100, 287, f"Page {page} of 4" if page % 2 else f"- {page} -")
        pdf.text(10, 150, "This line is on every page, but not in a margin.")
        pdf.text(10, 160, f"This is sentence {page}.")
    pages = pages_of(read(pdf))
    assert all("on every page" in text and f"sentence {n}." in text for n, text in pages.items())
    assert not any("report" in text or "Page" in text or "- " in text for text in pages.values())


def test_a_sentence_over_a_page_break_is_whole_and_belongs_to_the_page_it_begins_on():
    pdf = new_pdf()
    say(pdf, "The keeper of the light-")
    pdf.add_page()
    say(pdf, "house is called Marlow. She came in May.")
    assert pages_of(read(pdf)) == {
        1: "The keeper of the lighthouse is called Marlow.",
        2: "She came in May.",
    }


def test_words_broken_at_line_ends_are_joined_unless_they_have_a_hyphen_elsewhere():
    pdf = new_pdf()
    say(pdf, "The harbour-\nmaster came with his well-\nknown dog. A well-known dog, they say.")
    assert read(pdf).text == (
        "The harbourmaster came with his well-known dog. A well-known dog, they say."
    )


def test_larger_and_bold_lines_are_headings_and_list_items_stand_alone():
    pdf = new_pdf(size=20)
    say(pdf, "Harbour rules")
    pdf.set_font("helvetica", style="B", size=11)
    say(pdf, "On the pier")
    pdf.set_font("helvetica", size=11)
    say(pdf, "There are two rules for all of those who come:\n- Do not run.\n- Do not shout.")
    document = read(pdf)
    assert document.title == "Harbour rules"
    assert document.structure[-1].heading == ("Harbour rules", "On the pier")
    assert "come:\n\n- Do not run.\n\n- Do not shout." in document.text


def test_what_a_pdf_says_of_itself():
    pdf = new_pdf()
    pdf.set_title("Tides")
    pdf.set_author("Ada Brook")
    pdf.set_creation_date(datetime(2024, 3, 5, tzinfo=UTC))
    say(pdf, "The tide is high.")
    document = read(pdf)
    assert (document.title, document.title_stated) == ("Tides", True)
    assert document.published == date(2024, 3, 5)
    assert document.metadata["author"] == "Ada Brook"


def test_titles_that_programs_make_up_are_none():
    pdf = new_pdf()
    pdf.set_title("Microsoft Word - tides.doc")
    say(pdf, "The tide is high.")
    assert read(pdf).title == "The tide is high."


def test_an_encrypted_one_is_refused_unless_it_opens_without_a_password():
    for password, opens in (("secret", False), ("", True)):
        pdf = new_pdf()
        say(pdf, "The tide is high.")
        pdf.set_encryption("owner", password, permissions=AccessPermission.all())
        if opens:
            assert read(pdf).text == "The tide is high."
        else:
            with pytest.raises(DocumentError, match="it is encrypted"):
                read(pdf)


def scanned(before: str = "") -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (1200, 400), 255)
    drawing = ImageDraw.Draw(image)
    drawing.text((60, 120), "The keeper is called Marlow.", 0, ImageFont.load_default(60))
    pdf = new_pdf()
    if before:
        say(pdf, before)
        pdf.add_page()
    pdf.image(image, 10, 10, 180)
    return bytes(pdf.output())


def test_a_scan_is_refused_with_the_extra_that_reads_it():
    with pytest.raises(DocumentError, match=r"it is scanned \(no text layer\).*qa\[ocr\]"):
        read(scanned())


def test_scans_among_typed_pages_are_named():
    document = read(scanned("A typed page."))
    assert (document.text, document.metadata) == ("A typed page.", {"unread_pages": "2"})


def test_pages_without_anything_are_no_text():
    with pytest.raises(DocumentError, match="no text"):
        read(new_pdf())


def test_a_truncated_one_is_refused():
    pdf = new_pdf()
    say(pdf, LEFT)
    data = bytes(pdf.output())
    for end in (20, len(data) // 2, len(data) - 30):
        with pytest.raises(DocumentError, match=r"truncated|damaged"):
            read(data[:end])


def one_stream(content: bytes, filters: str = "/FlateDecode") -> bytes:
    return b"".join(
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
            b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj\n",
            f"4 0 obj<</Filter {filters}/Length {len(content)}>>stream\n".encode(),
            content,
            b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        )
    )


def test_decompression_bombs_are_refused_before_they_are_unpacked(monkeypatch):
    monkeypatch.setattr(pdf_streams, "_MOST_BYTES", 64 * 1024 * 1024)
    packer = zlib.compressobj()
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(80)) + packer.flush()
    with pytest.raises(DocumentError, match="unpacks to more than 64 MB"):
        read(one_stream(bomb))
    twice = zlib.compress(bomb)
    with pytest.raises(DocumentError, match="compressed twice"):
        read(one_stream(twice, "[/FlateDecode /FlateDecode]"))
    with pytest.raises(DocumentError, match="unpacks to more than 64 MB"):
        read(one_stream(bomb.hex().encode() + b">", "[/ASCIIHexDecode /FlateDecode]"))
    with pytest.raises(DocumentError, match="unpacks to more than 64 MB"):
        read(one_stream(a85encode(bomb) + b"~>", "[/ASCII85Decode /FlateDecode]"))


def test_page_trees_without_end_come_to_an_end():
    data = one_stream(zlib.compress(b"")).replace(b"/Kids[3 0 R]", b"/Kids[2 0 R 2 0 R 3 0 R]")
    with pytest.raises(DocumentError):
        read(data)


@pytest.mark.slow
def test_the_text_of_a_scan_is_recognized_if_that_is_asked_for():
    from qa.parsing import Options

    document = parse(scanned(), Path("scan.pdf"), options=Options(ocr=True))
    assert document.text == "The keeper is called Marlow."
    assert document.structure[0].page == 1
    document = parse(scanned("A typed page."), Path("mixed.pdf"), options=Options(ocr=True))
    assert pages_of(document) == {1: "A typed page.", 2: "The keeper is called Marlow."}
