from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qa import QA
from qa.retrieval import Query, make_query
from qa.store import Snapshot

LIBRARY = {
    "lighthouse": "The lighthouse stands on the northern cape. Its lamp was lit in 1887.",
    "harbour": "The harbour has nine cranes. They move ten thousand containers a year.",
    "ferry": "A ferry crosses the strait twice a day. In winter it stays in port.",
    "bakery": "The bakery sells rye bread. It opens at six in the morning.",
    "library": "The library lends novels for four weeks. Fines are a coin a day.",
    "school": "The school teaches three languages. Its roof was renewed last summer.",
    "beacon": "A beacon warns ships of rocks at night. Sailors look for its beam.",
    "market": "On the market farmers offer apples and cheese. It is held on Fridays.",
    "leuchtturm": "Der alte Leuchtturm steht am nördlichen Kap. Seine Lampe brennt seit langem.",
}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> QA:
    """A bot over some short texts, all but one in English; tests only read it."""
    folder = tmp_path_factory.mktemp("library")
    for name, text in LIBRARY.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    bot = QA.open(tmp_path_factory.mktemp("library-store") / "vectors")
    bot.ingest([folder])
    return bot


@contextmanager
def asked(bot: QA, question: str) -> Iterator[tuple[Snapshot, Query]]:
    """A question to a bot's store, as it goes into a search."""
    with bot.store.snapshot() as snapshot:
        yield snapshot, make_query(question, bot.embedder.embed_queries([question]), snapshot)
