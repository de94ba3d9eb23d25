"""Writes a folder of mixed documents in every format, one in twenty of them broken.

>>> items = write_corpus(Path("corpus"), 2000)
"""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from tests.samples import FORMATS, Sample, write_docx, write_pdf

# fmt: off
FIRST = ("Ada", "Bruno", "Clara", "Dario", "Edith", "Felix", "Greta", "Hugo", "Ines", "Jonas",
         "Karin", "Lionel", "Mara", "Nils", "Olga", "Pablo", "Quirin", "Rosa", "Silas", "Tilda")
LAST = ("Marlow", "Vale", "Lind", "Teague", "Falk", "Haas", "Orton", "Quist", "Brandt", "Novak",
        "Ibarra", "Duarte", "Sorel", "Kemper", "Ruland", "Yates", "Zeman", "Ulrich", "Weaver",
        "Abbott", "Castell", "Egger", "Gallo", "Hobbs", "Jansen", "Kovac", "Lowell", "Mercer",
        "Nagy", "Oakes", "Pereira", "Rossi", "Santos", "Tamm", "Ueda", "Varga", "Wirth", "Yilmaz",
        "Zorn", "Ackroyd", "Bellini", "Corvin", "Drago", "Elster", "Fabre", "Gruber", "Holt")
TOWN = (("Kar", "Bel", "Dor", "Mor", "Sil", "Tor", "Var", "Wen", "Ash", "Gren", "Hol", "Lin", "Nor",
         "Pel", "Rav", "Ulm", "Yar", "Zel", "Cor", "Fen"),
        ("va", "de", "mi", "lo", "tu", "ri", "se", "no", "ga", "pu"),
        ("holm", "stead", "ford", "mouth", "burg", "wick", "dale", "haven", "thorpe", "gate"))
DUTIES = ("lighthouse", "fish market", "shipyard", "customs house", "chapel", "dredger", "archive",
          "ferry", "signal mast", "granary", "rope works", "tide gauge")
MIX = (("plain.txt", 26), ("markdown.md", 14), ("page.html", 12), ("print.pdf", 14),
       ("letter.docx", 8), ("slides.pptx", 3), ("sheets.xlsx", 3), ("semicolons.csv", 2),
       ("tabs.tsv", 1), ("restructured.rst", 2), ("book.epub", 2), ("message.eml", 4),
       ("object.json", 2), ("list.json", 1), ("lines.jsonl", 1), ("mailbox.mbox", 1),
       ("archive.zip", 1), ("plain.tar", 1), ("packed.tar.gz", 1), ("news.rss", 1),
       ("news.atom", 1), ("latin1.txt", 1))
# fmt: on
MEGABYTE = 1024 * 1024
CHANGES = 100


@dataclass(frozen=True)
class Item:
    """A file of the corpus."""

    path: Path
    sentence: str = ""
    question: str = ""
    source: str = ""
    """The path that a citation of the sentence has."""
    broken: str = ""
    """What is wrong with it."""


def write_corpus(folder: Path, number: int, seed: int = 6) -> list[Item]:
    """Writes that many files; every twentieth is broken, in all the ways there are in turn."""
    order = random.Random(seed)
    towns = ["".join(parts) for parts in product(*TOWN)]
    order.shuffle(towns)
    formats = [name for name, weight in MIX for _ in range(weight)]
    items = []
    for n in range(number):
        below = folder / f"part-{n % 20:02}"
        below.mkdir(parents=True, exist_ok=True)
        if n % 20 == 19:
            items.append(_write_broken(below, n))
        else:
            items.append(_write_good(below, n, order.choice(formats), towns[n]))
    return items


def _write_good(folder: Path, n: int, name: str, town: str) -> Item:
    person = f"{FIRST[n % len(FIRST)]} {LAST[n % len(LAST)]}"
    duty, year = DUTIES[n % len(DUTIES)], 1900 + n % 124
    sentence = f"{person} has looked after the {duty} of {town} since {year}."
    path = folder / f"{n:04}-{name}"
    FORMATS[name].write(path, Sample(sentence, f"Duties {n}"))
    member = FORMATS[name].member
    source = str(path / member if member else path)
    return Item(
        path, sentence, f"Since when has {person} looked after the {duty} of {town}?", source
    )


def _write_broken(folder: Path, n: int) -> Item:
    kinds = list(BROKEN)
    kind = kinds[n // 20 % len(kinds)]
    suffix, write = BROKEN[kind]
    path = folder / f"{n:04}-broken{suffix}"
    write(path)
    return Item(path, broken=kind)


def change(items: list[Item]) -> tuple[list[Item], list[Item], dict[str, int]]:
    """Changes, renames, moves and deletes a quarter of `CHANGES` each, of every format that is one
    document: what there is now, what of it changed, and what a report says of it all."""
    single = [item for item in items if item.source == str(item.path)]
    chosen = random.Random(1).sample(single, CHANGES)
    quarter = CHANGES // 4
    changed = [with_other_words(item) for item in chosen[:quarter]]
    renamed = [
        moved(item, item.path.with_name(f"renamed-{item.path.name}"))
        for item in chosen[quarter : 2 * quarter]
    ]
    elsewhere = [
        moved(item, item.path.parent / "elsewhere" / item.path.name)
        for item in chosen[2 * quarter : 3 * quarter]
    ]
    for item in chosen[3 * quarter :]:
        item.path.unlink()
    others = [item for item in items if item not in chosen]
    counts = {"added": 0, "updated": quarter, "moved": 2 * quarter, "removed": quarter}
    return [*others, *changed, *renamed, *elsewhere], changed, counts


def with_other_words(item: Item) -> Item:
    name = item.path.name.split("-", 1)[1]
    sentence = item.sentence.replace("has looked after", "has painted")
    FORMATS[name].write(item.path, Sample(sentence, "Paint"))
    question = item.question.replace("looked after", "painted")
    return replace(item, sentence=sentence, question=question)


def moved(item: Item, path: Path) -> Item:
    path.parent.mkdir(exist_ok=True)
    item.path.rename(path)
    return replace(item, path=path, source=str(path))


SAMPLE = Sample("Nobody is to read this.", "Broken")


def _truncated(write: Callable[[Path, Sample], None]) -> Callable[[Path], None]:
    def write_half(path: Path) -> None:
        write(path, SAMPLE)
        os.truncate(path, path.stat().st_size // 2)

    return write_half


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.txt", bytes(60 * MEGABYTE))


def _docx_bomb(path: Path) -> None:
    write_docx(path, SAMPLE)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/bomb.xml", b"<a/>" * (20 * MEGABYTE))


def _one_line(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(200):
            file.write(b"All work and no play. " * (MEGABYTE // 22) + b" " * (MEGABYTE % 22))


def _nested_zip(path: Path) -> None:
    data = b"deep down"
    name = "a.txt"
    for depth in range(12):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, data)
        data, name = buffer.getvalue(), f"{depth}.zip"
    path.write_bytes(data)


def _password_pdf(path: Path) -> None:
    from fpdf import FPDF
    from fpdf.enums import EncryptionMethod

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(0, 6, SAMPLE.sentence)
    pdf.set_encryption("owner", "user", encryption_method=EncryptionMethod.RC4)
    pdf.output(str(path))


def _password_xlsx(path: Path) -> None:
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    path.write_bytes(header + "EncryptedPackage".encode("utf-16-le") + os.urandom(4096))


def _entity_bomb(path: Path) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<!DOCTYPE a [{entities}]><a>&a11;</a>")


def _bytes(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


BROKEN: dict[str, tuple[str, Callable[[Path], None]]] = {
    "truncated PDF": (".pdf", _truncated(write_pdf)),
    "truncated DOCX": (".docx", _truncated(write_docx)),
    "0 bytes": (".txt", _bytes(b"")),
    "0 bytes of PDF": (".pdf", _bytes(b"")),
    "wrong extension": (".docx", _bytes(b"\x89PNG\r\n\x1a\n" + bytes(999))),
    "text named as PDF": (".pdf", _bytes(b"This is no PDF.")),
    "zip bomb": (".zip", _zip_bomb),
    "bomb in a DOCX": (".docx", _docx_bomb),
    "entity bomb": (".docx", _entity_bomb),
    "deep nesting of JSON": (".json", _bytes(b"[" * 200_000 + b"]" * 200_000)),
    "deep nesting of archives": (".zip", _nested_zip),
    "invalid encoding": (".txt", _bytes(b"\xff\xfea\x00b\xd8\x00")),
    "binary": (".txt", _bytes(bytes(range(256)) * 20)),
    "password of a PDF": (".pdf", _password_pdf),
    "password of a workbook": (".xlsx", _password_xlsx),
    "broken JSON": (".json", _bytes(b'{"text": "cut')),
    "broken mailbox": (".mbox", _bytes(b"no message")),
    "broken feed": (".rss", _bytes(b"<rss><channel>")),
    "no text": (".html", _bytes(b"<html><body></body></html>")),
    "200 MB of one line": (".txt", _one_line),
}
"""How each kind of broken file is named and written."""
