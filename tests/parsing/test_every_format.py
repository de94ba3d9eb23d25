"""A sentence in a file of every format is found, and its source says where it stands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import FORMATS, Sample

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


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that `qa ingest` made of a folder with a file of every format."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "docs").mkdir()
    for number, name in CASES:
        FORMATS[name].write(folder / "docs" / name, sample_of(number))
    run = run_qa("ingest", folder / "docs", "--store", folder / "vectors", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["failed"] == report["skipped"] == []
    return folder / "vectors"


def run_qa(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).parent / "qa")
    return subprocess.run(
        [command, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("embedder")
@pytest.mark.parametrize(("number", "name"), CASES, ids=[name for _, name in CASES])
def test_its_sentence_is_found_where_it_stands(number: int, name: str, store: Path):
    run = run_qa("ask", question_of(number), "--top-k", "1", "--json", "--store", store)
    assert run.returncode == 0, run.stderr
    (passage,) = json.loads(run.stdout)["passages"]
    sample, format_ = sample_of(number), FORMATS[name]
    assert sample.sentence in passage["text"]
    source, file = passage["source"], store.parent / "docs" / name
    assert source["path"] == str(file / format_.member if format_.member else file)
    heading = (source["heading"] or "").split(" > ")[-1]
    assert heading == (sample.heading if format_.heading else "")
    assert source["page"] == (sample.page if format_.page else None)


def test_there_is_a_sample_of_every_format_that_is_read():
    from qa.parsing import CONTAINER_SUFFIXES, PARSERS

    written = {"." + name.split(".", 1)[1] for name in FORMATS}
    assert all(written & set(parser.suffixes) for parser in PARSERS)
    synonyms = {".tgz", ".tbz2", ".txz", ".ndjson"}
    assert set(CONTAINER_SUFFIXES) - synonyms <= written
