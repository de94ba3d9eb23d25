"""Each class of failure, brought about by small real documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa import QA
from qa.evaluation import Dataset, QueryResult, Question, Source, evaluate
from qa.evaluation.failures import CLASSES

DOCUMENTS = {
    # Asks nearly what will be asked, and doesn't say it.
    "riddle.txt": "Who painted the blue door? Nobody knows who painted the blue door.",
    "diary.txt": "On Friday Ella Stone brought her brushes to our house and was done by noon.",
    "prizes.txt": "The first prize of the evening in the great hall went to Anna Berg. "
    "Bruno Kraft of the rowing club came second after a long and hard fight.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failures")
    (folder / "docs").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "docs" / name).write_text(text)
    QA.open(folder / "vectors", passage_tokens=16).ingest([folder / "docs"])
    return folder


def outcome(
    folder: Path, question: Question, *, depth: int = 100, min_confidence: float = 0.0
) -> QueryResult:
    settings: dict[str, Any] = {"passage_tokens": 16, "min_confidence": min_confidence}
    bot = QA.open(folder / "vectors", **settings)
    result = evaluate(bot, Dataset("d", folder / "d.jsonl", (question,)), depth=depth)
    return result.queries[0]


PAINTER = Question(
    "q", "Who painted the blue door?", ("Ella Stone",), sources=(Source("diary.txt"),)
)


def test_outranked(folder):
    found = outcome(folder, PAINTER)
    assert found.failure == "outranked"
    assert found.first.path.endswith("riddle.txt")
    assert found.gold_passage.path.endswith("diary.txt")
    assert found.gold_passage.rank == found.gold_rank > 1


def test_not_retrieved(folder):
    found = outcome(folder, PAINTER, depth=1)
    assert (found.failure, found.gold_rank, found.gold_passage) == ("not retrieved", None, None)


def test_split_by_chunking(folder):
    across = "Anna Berg. Bruno Kraft"
    question = Question("q", "Who won the first prize?", (across,), sources=(Source("prizes.txt"),))
    found = outcome(folder, question)
    assert found.failure == "split by chunking"
    assert found.gold_rank == 1
    assert across in DOCUMENTS["prizes.txt"]


def test_a_passage_that_answers_but_was_not_reached_is_not_retrieved(folder):
    question = Question(
        "q", "Who won the first prize in the hall?", ("came second",),
        sources=(Source("prizes.txt"),),
    )  # fmt: skip
    found = outcome(folder, question, depth=1)
    assert (found.failure, found.gold_rank) == ("not retrieved", 1)


def test_not_in_the_source(folder):
    question = Question(
        "q", "Who won the first prize?", ("Ella Stone",), sources=(Source("prizes.txt"),)
    )
    assert outcome(folder, question).failure == "not in the source"


def test_wrongly_declined(folder):
    question = Question("q", "Who won the first prize?", ("Anna Berg",))
    found = outcome(folder, question, min_confidence=1.0)
    assert (found.correct, found.answered, found.failure) == (True, False, "wrongly declined")
    assert outcome(folder, question).failure is None


def test_wrongly_answered(folder):
    question = Question("q", "Who won the third prize?", answerable=False)
    assert outcome(folder, question).failure == "wrongly answered"
    assert outcome(folder, question, min_confidence=1.0).failure is None


def test_every_class_is_explained():
    from qa.evaluation import failures

    assert all(f"``{name}``" in failures.__doc__ for name in CLASSES)
