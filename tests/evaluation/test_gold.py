"""A dataset's sources in a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import QA
from qa.errors import UsageError
from qa.evaluation.datasets import Dataset, Question, Source
from qa.evaluation.gold import Gold, locate
from qa.types import Span

TEXT = "Ann Berg  won\nthe race. Bo Cox lost it. Ann Berg won the race."


@pytest.fixture
def stored(bot: QA) -> QA:
    for folder in ("one", "two"):
        (bot.settings.seeds / folder).mkdir()
    (bot.settings.seeds / "one" / "a.txt").write_text(TEXT)
    (bot.settings.seeds / "one" / "same.txt").write_text("One of that name.")
    (bot.settings.seeds / "two" / "same.txt").write_text("Another of that name.")
    bot.ingest()
    return bot


def gold(bot: QA, *sources: Source) -> Gold:
    question = Question("q", "Who?", ("Ann",), sources=sources)
    dataset = Dataset("d", bot.settings.seeds / "sets" / "d.jsonl", (question,))
    return locate(bot, dataset, bot.documents())["q"]


def test_a_document_is_named_by_id_or_the_end_of_its_path(stored):
    (info,) = [info for info in stored.documents() if info.path.endswith("a.txt")]
    for reference in (info.id, info.id[:8], info.path, "a.txt", "one/a.txt", "../one/a.txt"):
        assert gold(stored, Source(reference)).relevant == (info.id,), reference


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("b.txt", "the store has no document 'b.txt'"),
        (".txt", "the store has no document"),
        ("same.txt", "several documents match"),
        ("three/same.txt", "the store has no document"),
    ],
)
def test_a_document_that_is_not_there_is_an_error(reference, words, stored):
    with pytest.raises(UsageError, match=rf"d\.jsonl, question 'q': {words}"):
        gold(stored, Source(reference))


def test_a_quote_is_found_everywhere_whatever_the_white_space(stored):
    found = gold(stored, Source("a.txt", quote="Ann Berg won the race."))
    (spans,) = found.spans.values()
    assert [span.slice(TEXT) for span in spans] == [TEXT[:23], TEXT[40:]]
    found = gold(stored, Source("a.txt", start=24, end=39))
    assert list(found.spans.values()) == [(Span(24, 39),)]


def test_a_wrong_quote_or_offset_is_an_error(stored):
    with pytest.raises(UsageError, match=r"quote 'Bo won' isn't in 'a\.txt'"):
        gold(stored, Source("a.txt", quote="Bo won"))
    with pytest.raises(UsageError, match="ends at 900"):
        gold(stored, Source("a.txt", start=1, end=900))


def test_judgements_of_a_corpus_are_taken_as_they_are(stored):
    question = Question("q", "Who?", sources=(Source("x", grade=2), Source("y", grade=0)))
    dataset = Dataset("d", Path("d"), (question,), corpus=Path("d/corpus.jsonl"))
    found = locate(stored, dataset, stored.documents())["q"]
    assert (found.grades, found.relevant) == ({"x": 2, "y": 0}, ("x",))
