"""Documents in any order, a page at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest

from qa import QA
from qa.errors import UsageError
from qa.types import Document, DocumentInfo, Section, Sort

DOCUMENTS = {
    # title, date, language, day of ingestion, text
    "b": ("apples", date(2023, 5, 1), "en", 3, "Apples keep for months in the cellar."),
    "a": ("Zebras", None, "de", 1, "Zebras live in herds. " * 60),
    "d": ("Éclairs", date(2021, 1, 2), None, 2, "123 456 789"),
    "c": ("zebras", date(2023, 5, 1), "de", 3, "Zebras graze all day long."),
}


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> QA:
    """Documents whose orders differ; tests only read it."""
    bot = QA.open(tmp_path_factory.mktemp("listed") / "vectors", passage_tokens=64)
    documents = [
        Document(
            f"{number:032}", (f"{name}.md", f"{name}-copy.md"), title, published, "text/markdown",
            f"{number:064}", text, (Section(0, 0, len(text)),), language=language,
        )
        for number, (name, (title, published, language, _, text)) in enumerate(DOCUMENTS.items())
    ]  # fmt: skip
    bot.add(documents)
    with closing(sqlite3.connect(bot.store.catalog_path)) as catalog:
        for number, (_, _, _, day, _) in enumerate(DOCUMENTS.values()):
            moment = f"2026-01-0{day}T00:00:00+00:00"
            catalog.execute(
                "UPDATE documents SET ingested_at = ? WHERE id = ?", (moment, f"{number:032}")
            )
        catalog.commit()
    return bot


def names(infos: list[DocumentInfo]) -> str:
    return "".join(info.path[0] for info in infos)


@pytest.mark.parametrize(
    ("sort", "forwards", "backwards"),
    [
        ("path", "abcd", "dcba"),
        ("title", "bacd", "dacb"),  # capitals don't matter
        ("date", "dbca", "bcda"),  # without one: last
        ("ingested", "adbc", "bcda"),
        ("size", "dcba", "abcd"),
        ("passages", "bcda", "abcd"),
        ("language", "acbd", "bacd"),
    ],
)
def test_documents_are_listed_in_any_order_and_ties_by_path(sort, forwards, backwards, bot):
    assert names(bot.documents(sort=sort)) == forwards
    assert names(bot.documents(sort=sort, is_reverse=True)) == backwards


@pytest.mark.parametrize("sort", get_args(Sort))
def test_pages_of_any_order_make_up_all_of_it(sort, bot):
    for is_reverse in (False, True):
        order = {"sort": sort, "is_reverse": is_reverse}
        everything = bot.documents(**order)
        pages = [bot.library.page((), start, 3, **order) for start in (0, 3, 6)]
        assert list(chain.from_iterable(infos for infos, _ in pages)) == everything
        assert {total for _, total in pages} == {4}
        assert bot.documents(limit=2, **order) == everything[:2]
        where = ["language=de"]
        german = [info for info in everything if info.language == "de"]
        assert bot.documents(where=where, **order) == german


def test_another_order_is_wrong(bot):
    with pytest.raises(UsageError, match="aren't sorted by 'colour': path, title"):
        bot.documents(sort="colour")


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs Linux to count")
def test_listing_all_reads_no_text(tmp_path):
    """Counted by what SQLite reads: with texts of many pages, hardly more than without."""
    bot = QA.open(tmp_path / "vectors")
    text = "Cats sleep all day."
    bot.add([
        Document(f"{n:032}", (f"{n}.txt",), "Cats", None, "text/plain", f"{n:064}",
                 f"{text} {n}", (Section(0, 0, len(text)),))
        for n in range(20)
    ])  # fmt: skip
    with closing(sqlite3.connect(bot.store.catalog_path)) as catalog:
        catalog.execute("UPDATE documents SET text = ?", ("x" * 2_000_000,))
        catalog.commit()
    before = Path("/proc/self/io").read_text()
    assert len(bot.documents()) == 20
    after = Path("/proc/self/io").read_text()
    read = [int(io.split("rchar: ")[1].split()[0]) for io in (before, after)]
    assert read[1] - read[0] < 2_000_000, "of 40 MB of text"
