"""A sentence in a file of every format is found, and its source says where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa import QA
from qa.parsing import Broken, documents
from qa.types import Document
from tests.conftest import RunQA
from tests.samples import FORMATS, Format, Sample

# fmt: off
SURNAMES = (
    "Marlow", "Vale", "Lind", "Teague", "Falk", "Haas", "Orton", "Quist", "Brandt", "Novak",
    "Ibarra", "Duarte", "Sorel", "Kemper", "Ruland", "Yates", "Zeman", "Ulrich", "Weaver",
    "Abbott", "Castell", "Egger", "Gallo", "Hobbs",
)
# fmt: on
TRADES = ("lighthouse", "fish market", "shipyard", "customs house", "chapel", "dredger")


def sample_of(number: int) -> Sample:
    """Another sentence for every format, so that one isn't found for another."""
    return Sample(
        f"Captain {SURNAMES[number]} has looked after the {TRADES[number % len(TRADES)]} since "
        f"{1970 + number}.",
        f"Duties {number}",
    )


def question_of(number: int) -> str:
    return f"Since when has Captain {SURNAMES[number]} looked after the " + (
        f"{TRADES[number % len(TRADES)]}?"
    )


CASES = [(number, name) for number, name in enumerate(FORMATS)]


def read(file: Path) -> list[Document]:
    found = list(documents(file.read_bytes(), file))
    assert not [one for one in found if isinstance(one, Broken)]
    return [one for one in found if isinstance(one, Document)]


def check_source(source: dict, name: str, file: Path, sample: Sample) -> None:
    format_: Format = FORMATS[name]
    assert source["path"] == str(file / format_.member if format_.member else file)
    heading = (source["heading"] or "").split(" > ")[-1]
    assert heading == (sample.heading if format_.heading else "")
    assert source["page"] == (sample.page if format_.page else None)


@pytest.mark.parametrize(("number", "name"), CASES, ids=[name for _, name in CASES])
def test_its_sentence_is_found_where_it_stands(number: int, name: str, bot: QA, tmp_path: Path):
    sample = sample_of(number)
    file = tmp_path / "docs" / name
    FORMATS[name].write(file, sample)
    bot.add(read(file))
    answer = bot.ask(question_of(number), top_k=1).to_dict()
    (passage,) = answer["passages"]
    assert sample.sentence in passage["text"]
    check_source(passage["source"], name, file, sample)


def test_one_folder_of_every_format_is_ingested_and_asked_by_command(qa: RunQA, tmp_path: Path):
    names = [name for name, format_ in FORMATS.items() if not format_.member]
    folder = tmp_path / "docs"
    folder.mkdir()
    numbers = {name: number for number, name in CASES}
    for name in names:
        FORMATS[name].write(folder / name, sample_of(numbers[name]))
    ingested = qa("ingest", "docs", "--json")
    assert ingested.returncode == 0, ingested.stderr
    report = json.loads(ingested.stdout)
    assert (report["added"], report["failed"]) == (len(names), [])
    for name in ("print.pdf", "slides.pptx", "sheets.xlsx", "book.epub"):
        sample = sample_of(numbers[name])
        asked = qa("ask", question_of(numbers[name]), "--json")
        best = json.loads(asked.stdout)["passages"][0]
        assert sample.sentence in best["text"]
        check_source(best["source"], name, folder / name, sample)


def test_there_is_a_sample_of_every_format_that_is_read():
    from qa.parsing import CONTAINER_SUFFIXES, PARSERS

    written = {"." + name.split(".", 1)[1] for name in FORMATS}
    assert all(written & set(parser.suffixes) for parser in PARSERS)
    synonyms = {".tgz", ".tbz2", ".txz", ".ndjson"}
    assert set(CONTAINER_SUFFIXES) - synonyms <= written
