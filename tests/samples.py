"""Writes a small real file of every format, which says one sentence in one place.

>>> write_pdf(Path("a.pdf"), Sample("The keeper is Edith Marlow.", "Staff", page=2))
"""

from __future__ import annotations

import io
import json
import mailbox
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

FILLER = "The harbour office keeps a list of all boats that come in during the year."


@dataclass(frozen=True)
class Sample:
    """What a file is to say: a sentence, below a heading, on a page (or slide), from 1."""

    sentence: str
    heading: str
    page: int = 2


def write_text(path: Path, sample: Sample) -> None:
    path.write_text(f"{sample.heading}\n\n{FILLER}\n\n{sample.sentence}\n", encoding="utf-8")


def write_latin1(path: Path, sample: Sample) -> None:
    german = (
        "Der Hafenmeister führt das Verzeichnis der Schiffe, die im Laufe des Jahres einlaufen."
    )
    path.write_text(f"{german}\n\n{sample.sentence} Für Gäste ist geöffnet.\n", encoding="cp1252")


def write_markdown(path: Path, sample: Sample) -> None:
    path.write_text(f"# Harbour\n\n{FILLER}\n\n## {sample.heading}\n\n{sample.sentence}\n")


def write_rst(path: Path, sample: Sample) -> None:
    under = "-" * len(sample.heading)
    path.write_text(
        f"Harbour\n=======\n\n{FILLER}\n\n{sample.heading}\n{under}\n\n{sample.sentence}\n"
    )


def write_html(path: Path, sample: Sample) -> None:
    path.write_text(html(sample))


def html(sample: Sample) -> str:
    return (
        f"<!doctype html><html><head><title>Harbour</title></head><body><h1>Harbour</h1>"
        f"<p>{FILLER}</p><h2>{escape(sample.heading)}</h2><p>{escape(sample.sentence)}</p>"
        "</body></html>"
    )


def write_pdf(path: Path, sample: Sample) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    for page in range(1, sample.page + 1):
        pdf.add_page()
        if page == sample.page:
            pdf.set_font("helvetica", size=20)
            pdf.multi_cell(0, 12, sample.heading, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("helvetica", size=11)
        text = sample.sentence if page == sample.page else FILLER
        pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(path))


def write_docx(path: Path, sample: Sample) -> None:
    import docx

    document = docx.Document()
    document.core_properties.title = "Harbour"
    document.core_properties.author = "Ada Brook"
    document.add_heading("Harbour", 1)
    document.add_paragraph(FILLER)
    document.add_heading(sample.heading, 2)
    document.add_paragraph(sample.sentence)
    document.save(str(path))


def write_pptx(path: Path, sample: Sample) -> None:
    import pptx

    presentation = pptx.Presentation()
    for page in range(1, sample.page + 1):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        is_it = page == sample.page
        slide.shapes.title.text = sample.heading if is_it else f"Slide {page}"
        slide.placeholders[1].text = sample.sentence if is_it else FILLER
    presentation.save(str(path))


def write_xlsx(path: Path, sample: Sample) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active.title = "Boats"
    workbook.active.append(["Boat", "Length"])
    workbook.active.append(["Marigold", 12.5])
    sheet = workbook.create_sheet(sample.heading)
    sheet.append(["Number", "Remark"])
    sheet.append([1, FILLER])
    sheet.append([2, sample.sentence])
    workbook.save(path)


def write_csv(path: Path, sample: Sample) -> None:
    path.write_text(f'Number;Remark\n1;"{FILLER}"\n2;"{sample.sentence}"\n')


def write_tsv(path: Path, sample: Sample) -> None:
    path.write_text(f"Number\tRemark\n1\t{FILLER}\n2\t{sample.sentence}\n")


def write_epub(path: Path, sample: Sample) -> None:
    chapters = {"one.xhtml": html(Sample(FILLER, "Foreword")), "two.xhtml": html(sample)}
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
            '<rootfiles><rootfile full-path="book/book.opf"/></rootfiles></container>',
        )
        book.writestr(
            "book/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Harbour</dc:title>'
            "<dc:creator>Ada Brook</dc:creator><dc:date>2024-03-05</dc:date></metadata>"
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for name, chapter in chapters.items():
            book.writestr(f"book/{name}", chapter)


def message(sample: Sample) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = (
        sample.heading,
        "Ada <ada@example.org>",
        "Bo <b@c.d>",
    )
    mail["Date"] = "Tue, 05 Mar 2024 10:00:00 +0000"
    mail.set_content(f"{FILLER}\n\n{sample.sentence}\n")
    return mail


def write_eml(path: Path, sample: Sample) -> None:
    path.write_bytes(message(sample).as_bytes())


def write_mbox(path: Path, sample: Sample) -> None:
    with_mailbox = mailbox.mbox(path)
    try:
        with_mailbox.add(message(Sample(FILLER, "Hello")))
        with_mailbox.add(message(sample))
        with_mailbox.flush()
    finally:
        with_mailbox.close()


def write_json(path: Path, sample: Sample) -> None:
    path.write_text(json.dumps({"title": sample.heading, "text": f"{FILLER}\n\n{sample.sentence}"}))


def write_json_list(path: Path, sample: Sample) -> None:
    path.write_text(json.dumps([{"text": FILLER}, _record(sample)]))


def write_jsonl(path: Path, sample: Sample) -> None:
    path.write_text(f"{json.dumps({'text': FILLER})}\n{json.dumps(_record(sample))}\n")


def _record(sample: Sample) -> dict[str, str]:
    return {"title": sample.heading, "body": sample.sentence, "date": "2024-03-05"}


def write_zip(path: Path, sample: Sample) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes/other.txt", FILLER)
        archive.writestr("notes/page.html", html(sample))


def write_tar(path: Path, sample: Sample) -> None:
    compression = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{compression}") as archive:  # type: ignore[call-overload]
        data = html(sample).encode()
        entry = tarfile.TarInfo("notes/page.html")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))


def write_rss(path: Path, sample: Sample) -> None:
    path.write_text(
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour news</title>'
        f"<item><title>Boats</title><description>{FILLER}</description></item>"
        f"<item><title>{escape(sample.heading)}</title><description>&lt;p&gt;"
        f"{escape(sample.sentence)}&lt;/p&gt;</description>"
        "<pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate></item></channel></rss>"
    )


def write_atom(path: Path, sample: Sample) -> None:
    path.write_text(
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour</title>'
        f"<entry><title>{escape(sample.heading)}</title><updated>2024-03-05T10:00:00Z</updated>"
        '<content type="html">&lt;p&gt;'
        f"{escape(sample.sentence)}&lt;/p&gt;</content></entry></feed>"
    )


@dataclass(frozen=True)
class Format:
    """How a file of a format is written, and what a citation of its sentence tells."""

    write: Callable[[Path, Sample], None]
    heading: bool = True
    page: bool = False
    member: str = ""
    """The name, within the file, of the document that says the sentence."""


FORMATS: dict[str, Format] = {
    "plain.txt": Format(write_text, heading=False),
    "latin1.txt": Format(write_latin1, heading=False),
    "markdown.md": Format(write_markdown),
    "restructured.rst": Format(write_rst),
    "page.html": Format(write_html),
    "print.pdf": Format(write_pdf, page=True),
    "letter.docx": Format(write_docx),
    "slides.pptx": Format(write_pptx, page=True),
    "sheets.xlsx": Format(write_xlsx),
    "semicolons.csv": Format(write_csv, heading=False),
    "tabs.tsv": Format(write_tsv, heading=False),
    "book.epub": Format(write_epub),
    "message.eml": Format(write_eml),
    "object.json": Format(write_json),
    "list.json": Format(write_json_list, member="2.json"),
    "lines.jsonl": Format(write_jsonl, member="2.json"),
    "mailbox.mbox": Format(write_mbox, member="2.eml"),
    "archive.zip": Format(write_zip, member="notes/page.html"),
    "plain.tar": Format(write_tar, member="notes/page.html"),
    "packed.tar.gz": Format(write_tar, member="notes/page.html"),
    "packed.tar.bz2": Format(write_tar, member="notes/page.html"),
    "packed.tar.xz": Format(write_tar, member="notes/page.html"),
    "news.rss": Format(write_rss, member="2.html"),
    "news.atom": Format(write_atom, member="1.html"),
}
"""Every format by a file's name."""
