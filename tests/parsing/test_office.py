"""DOCX, PPTX and XLSX, written by the libraries and, where these wouldn't, by hand."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from qa.errors import DocumentError
from qa.parsing import parse
from qa.types import Document

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def saved(file) -> bytes:
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def read(data: bytes, suffix: str) -> Document:
    return parse(data, Path(f"file{suffix}"))


def changed(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The archive with one of its XML parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", 8) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    return buffer.getvalue()


# ---------------------------------------------------------------- DOCX


def test_a_word_document_keeps_headings_lists_and_tables_in_their_order():
    document = docx.Document()
    document.add_heading("Harbour", 1)
    document.add_paragraph("It has two piers.")
    document.add_paragraph("North pier", style="List Bullet")
    document.add_paragraph("in the shade", style="List Bullet 2")
    document.add_paragraph("South pier", style="List Number")
    document.add_heading("Fees", 2)
    table = document.add_table(3, 2)
    rows = (("Boat", "Fee"), ("Dinghy", "2 €"), ("Yacht", "12 €"))
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("They are due in May.")
    read_ = read(saved(document), ".docx")
    assert read_.text == (
        "Harbour\n\nIt has two piers.\n\n- North pier\n  - in the shade\n- South pier\n\nFees\n\n"
        "Boat: Dinghy; Fee: 2 €\n\nBoat: Yacht; Fee: 12 €\n\nThey are due in May."
    )
    assert [s.heading for s in read_.structure] == [("Harbour",), ("Harbour", "Fees")]


def test_what_a_word_document_says_of_itself():
    document = docx.Document()
    document.core_properties.title = "Fees"
    document.core_properties.author = "Ada Brook"
    document.core_properties.modified = datetime(2024, 3, 5)
    document.add_paragraph("They are due in May.")
    read_ = read(saved(document), ".docx")
    assert (read_.title, read_.published) == ("Fees", date(2024, 3, 5))
    assert read_.metadata["author"] == "Ada Brook"


def test_insertions_count_deletions_do_not_and_what_controls_wrap_is_read():
    body = (
        "<w:p><w:r><w:t>The fee </w:t></w:r><w:ins><w:r><w:t>of May</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>of June</w:delText></w:r></w:del></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>A control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    data = changed(
        saved(docx.Document()),
        "word/document.xml",
        lambda xml: xml.replace("<w:body>", f"<w:body>{body}"),
    )
    assert read(data, ".docx").text == "The fee of May\n\nA control."


def test_merged_cells_and_tables_in_tables_neither_repeat_nor_vanish():
    document = docx.Document()
    table = document.add_table(2, 3)
    for cell, value in zip(table.rows[0].cells, ("Boat", "Fee", "Due"), strict=True):
        cell.text = value
    wide = table.cell(1, 0).merge(table.cell(1, 1))
    wide.text = "All boats"
    table.cell(1, 2).text = "May"
    inner = table.cell(1, 2).add_table(1, 1)
    inner.cell(0, 0).text = "or later"
    text = read(saved(document), ".docx").text
    assert text == "Boat: All boats; Due: May or later"


# ---------------------------------------------------------------- PPTX


def test_slides_are_pages_with_their_titles_lists_tables_charts_and_notes():
    deck = pptx.Presentation()
    one = deck.slides.add_slide(deck.slide_layouts[1])
    one.shapes.title.text = "Piers"
    one.placeholders[1].text = "North pier\nSouth pier"
    one.notes_slide.notes_text_frame.text = "Say that both are open."
    two = deck.slides.add_slide(deck.slide_layouts[5])
    two.shapes.title.text = "Fees"
    table = two.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for at, value in zip(
        [(0, 0), (0, 1), (1, 0), (1, 1)], ("Boat", "Fee", "Yacht", "12 €"), strict=True
    ):
        table.cell(*at).text = value
    chart = CategoryChartData()
    chart.categories = ["2023", "2024"]
    chart.add_series("Boats", (31, 42))
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED
    two.shapes.add_chart(kind, Inches(1), Inches(4), Inches(4), Inches(2), chart)
    read_ = read(saved(deck), ".pptx")
    sections = {s.page: (s.heading, read_.text[s.body : s.end]) for s in read_.structure}
    assert sections == {
        1: (("Piers",), "- North pier\n- South pier\n\nSay that both are open."),
        2: (("Fees",), "Boat: Yacht; Fee: 12 €\n\n2023; Boats: 31.0\n\n2024; Boats: 42.0"),
    }


def test_a_slide_of_a_title_alone_is_a_section_of_its_own():
    deck = pptx.Presentation()
    for title in ("One", "Two"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    read_ = read(saved(deck), ".pptx")
    assert [(s.page, s.heading) for s in read_.structure] == [(1, ("One",)), (2, ("Two",))]


# ---------------------------------------------------------------- XLSX


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return saved(book)


def test_sheets_are_headings_and_rows_carry_the_names_of_their_columns():
    fees = [["Boat", "Fee", "Due"], ["Yacht", 12.5, datetime(2024, 5, 1)], [], ["Dinghy", 2, None]]
    read_ = read(workbook(("Fees", fees), ("Notes", [["They are paid in cash."]])), ".xlsx")
    assert read_.text == (
        "Fees\n\nBoat: Yacht; Fee: 12.5; Due: 2024-05-01\n\nBoat: Dinghy; Fee: 2\n\n"
        "Notes\n\nThey are paid in cash."
    )
    assert [s.heading for s in read_.structure] == [("Fees",), ("Notes",)]
    assert (read_.title, read_.title_stated) == ("file", False)


def test_rows_and_columns_that_a_sheet_only_claims_cost_nothing():
    data = workbook(("Fees", [["Boat", "Fee"], ["Yacht", 12]]))
    far = '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
    data = changed(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace("</sheetData>", far))
    started = time.perf_counter()
    assert read(data, ".xlsx").text == "Fees\n\nBoat: Yacht; Fee: 12\n\n7"
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("row", ["99999999999", "3000000"])
def test_a_sheet_that_claims_rows_without_end_is_refused_soon(row):
    far = f'<row r="{row}"><c r="A{row}"><v>7</v></c></row></sheetData>'
    data = changed(
        workbook(("Fees", [["Boat", "Fee"]])),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("</sheetData>", far),
    )
    started = time.perf_counter()
    with pytest.raises(DocumentError, match="too many rows"):
        read(data, ".xlsx")
    assert time.perf_counter() - started < 10


def test_rows_that_are_all_as_wide_as_can_be_are_refused_soon():
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>7</v></c></row>' for n in range(3, 3000))
    data = changed(
        workbook(("Fees", [["Boat", "Fee"]])),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("</sheetData>", f"{rows}</sheetData>"),
    )
    with pytest.raises(DocumentError, match="too many rows or columns"):
        read(data, ".xlsx")


def test_a_huge_cell_and_a_huge_header_stay_within_bounds():
    rows = [["x" * 32_000, "Fee"], *([n, n] for n in range(100))]
    text = read(workbook(("Fees", rows)), ".xlsx").text
    assert len(text) < 40_000


# ---------------------------------------------------------------- all of them

WORD = saved(docx.Document())
BOOK = workbook(("Fees", [["Boat"]]))
DECK = saved(pptx.Presentation())
ALL = [
    (".docx", WORD, "word/document.xml"),
    (".pptx", DECK, "ppt/presentation.xml"),
    (".xlsx", BOOK, "xl/workbook.xml"),
]


@pytest.mark.parametrize(("suffix", "data", "part"), ALL)
def test_entity_bombs_are_refused(suffix, data, part):
    bomb = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    hostile = changed(data, part, lambda xml: bomb + xml.partition("?>\n")[2] or bomb + xml)
    with pytest.raises(DocumentError, match="entities"):
        read(hostile, suffix)


@pytest.mark.parametrize(("suffix", "data", "part"), ALL)
def test_decompression_bombs_are_refused_before_they_are_unpacked(suffix, data, part):
    hostile = changed(data, part, lambda xml: xml + " " * 50_000_000)
    assert len(hostile) < 500_000
    with pytest.raises(DocumentError, match="decompression bomb"):
        read(hostile, suffix)


@pytest.mark.parametrize(("suffix", "data", "part"), ALL)
def test_truncated_ones_are_refused(suffix, data, part):
    for end in (10, len(data) // 2, len(data) - 10):
        with pytest.raises(DocumentError, match="damaged or truncated"):
            read(data[:end], suffix)


@pytest.mark.parametrize("suffix", [suffix for suffix, _, _ in ALL])
def test_encrypted_ones_and_those_in_the_old_format_are_told_apart(suffix):
    old = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000)
    with pytest.raises(DocumentError, match="old Office format"):
        read(old, suffix)
    with pytest.raises(DocumentError, match="it is encrypted"):
        read(old + "EncryptedPackage".encode("utf-16-le"), suffix)


def test_deep_nesting_is_an_honest_error():
    depth = 5000
    nested = "<w:sdt><w:sdtContent>" * depth + "</w:sdtContent></w:sdt>" * depth
    data = changed(
        WORD, "word/document.xml", lambda xml: xml.replace("<w:body>", f"<w:body>{nested}")
    )
    with pytest.raises(DocumentError):
        read(data, ".docx")
