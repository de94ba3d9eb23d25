from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse

PAGE = """<!doctype html><html lang="en"><head><title>River levels</title>
<meta name="date" content="2024-03-05"><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<article><h1>River levels</h1>
<p>The river <b>rose</b>
two metres.<br>Nobody was hurt. The bridge was closed for the night by the police.</p>
<h2>What comes next</h2><p>Rain is expected until Friday, the weather service said on Monday.</p>
<ul><li>Stay away from the banks</li><li>Listen to the radio<ul><li>on FM</li></ul></li></ul>
<table><tr><th>Place</th><th>Level</th></tr><tr><td>Upper bridge</td><td>4.2 m</td></tr></table>
<pre><code>level = 4.2
limit = 5</code></pre><script>alert("evil")</script></article>
<footer>Copyright</footer></body></html>"""


def parse_html(html: str):
    return parse(html.encode(), Path("page.html"))


def test_the_main_text_without_what_surrounds_it():
    text = parse_html(PAGE).text
    assert "The river rose two metres.\nNobody was hurt." in text
    assert "- Stay away from the banks\n- Listen to the radio\n  - on FM" in text
    assert "Place: Upper bridge; Level: 4.2 m" in text
    assert "level = 4.2\nlimit = 5" in text
    for outside in ("Home", "Copyright", "alert", "color", "<"):
        assert outside not in text


def test_title_date_and_headings():
    document = parse_html(PAGE)
    assert document.title == "River levels"
    assert document.published == date(2024, 3, 5)
    assert [s.heading for s in document.structure] == [
        ("River levels",),
        ("River levels", "What comes next"),
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<p>Just a short one.</p>",
        "Just a short one.",
        "<html><body><div><span>Just a</span> short one.</div></body></html>",
        "<title>T</title><body><!-- no --><style>x{}</style><p>Just a short one.</p>",
    ],
)
def test_pages_too_small_for_main_text_detection_keep_all_visible_text(html):
    assert parse_html(html).text == "Just a short one."


@pytest.mark.parametrize("html", ["", "<html></html>", "<script>alert(1)</script>"])
def test_a_page_without_text_is_refused(html):
    with pytest.raises(DocumentError, match="no text"):
        parse_html(html)


def test_the_declared_encoding_counts():
    html = '<html><head><meta charset="iso-8859-9"></head><body><p>Şuşa şəhəri</p></body></html>'
    data = html.replace("ə", "e").encode("iso-8859-9")
    assert parse(data, Path("x.html")).text == "Şuşa şeheri"


@pytest.mark.parametrize("html", ["<h1>Ağdam</h1>", "<ul><li>Ağdam</li></ul>", "<nav>Ağdam</nav>"])
def test_utf8_that_is_not_declared_is_utf8(html):
    assert "Ağdam" in parse_html(html).text


def test_meta_elements_are_metadata_if_they_have_plain_names():
    metas = """<meta name="Author" content="Ada Lovelace"><meta name="keywords" content="harbour,
     light"><meta name="Projə" content=" x "><meta name="viewport" content="w"><meta>
     <meta name="empty" content=""><meta name="twitter:card" content="y"><meta property="p"
     content="z">"""
    document = parse_html(PAGE.replace("<style>", f"{metas}<style>"))
    expected = {"author": "Ada Lovelace", "keywords": "harbour, light", "projə": "x"}
    assert dict(document.metadata) == expected
    assert dict(parse_html("<p>Just a short one.</p>").metadata) == {}


def test_an_author_that_only_the_page_itself_names():
    byline = '<p class="author">By <span itemprop="author">Grace Hopper</span></p>'
    document = parse_html(PAGE.replace("<h1>River levels</h1>", f"<h1>River levels</h1>{byline}"))
    assert document.metadata["author"] == "Grace Hopper"


def test_no_page_fills_the_catalog_with_metadata():
    metas = "".join(f'<meta name="m{n}" content="{"x" * 5000}">' for n in range(500))
    metadata = parse_html(f"<head>{metas}</head><p>Just a short one.</p>").metadata
    assert len(metadata) == 100
    assert {len(value) for value in metadata.values()} == {2000}


def table(rows: str) -> str:
    return parse_html(f"<p>Levels.</p><table>{rows}</table>").text.removeprefix("Levels.\n\n")


def test_rows_carry_the_header_whatever_marks_it():
    row = "<tr><td>Upper bridge</td><td>4.2 m</td></tr>"
    expected = "Place: Upper bridge; Level: 4.2 m"
    assert table(f"<tr><th>Place</th><th>Level</th></tr>{row}") == expected
    assert table(f"<thead><tr><td>Place</td><td>Level</td></tr></thead>{row}") == expected
    assert table(f"<tr><td>Place</td><td>Level</td></tr>{row}") == expected
    assert table(f"<caption>By day</caption><tr><th>Place<th>Level{row}") == f"By day\n\n{expected}"


def test_cells_over_several_columns_leave_the_others_below_their_names():
    rows = (
        "<tr><th>Place<th>Morning<th>Evening</tr>"
        "<tr><td colspan=2>Upper bridge</td><td>4.2 m</td></tr>"
    )
    assert table(rows) == "Place: Upper bridge; Evening: 4.2 m"


def test_tables_that_put_things_in_their_places_are_read_cell_by_cell():
    rows = (
        "<tr><td><h2>News</h2><p>The river rose.</p></td><td><table><tr><th>Place<th>Level</tr>"
        "<tr><td>Upper bridge<td>4.2 m</tr></table></td></tr>"
    )
    assert table(rows) == "News\n\nThe river rose.\n\nPlace: Upper bridge; Level: 4.2 m"


def test_tables_in_tables_without_end_come_to_an_end():
    with pytest.raises(DocumentError):
        parse_html("<table><tr><td>" * 5000 + "x")
