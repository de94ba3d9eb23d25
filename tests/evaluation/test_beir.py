"""BEIR folders: queries by split, documents into a store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from qa import QA
from qa.errors import UsageError
from qa.evaluation import Source, add_corpus, load_dataset
from qa.evaluation.beir import documents
from tests.evaluation.sets import write_beir


def test_queries_come_with_their_judgements(beir):
    by_id = {question.id: question for question in beir.questions}
    assert list(by_id) == ["q1", "q2", "q3", "q4", "q 5", "q6", "q7"]
    assert by_id["q1"].sources == (Source("bees", grade=2), Source("bread", grade=0))
    assert by_id["q1"].answers == ("dance",)
    assert not by_id["q6"].answerable
    assert (beir.name, beir.split, beir.answerable, beir.unanswerable) == ("small", "test", 5, 2)


def test_a_split_has_its_own_queries(beir_folder):
    questions = load_dataset(beir_folder, split="train").questions
    assert [q.id for q in questions if q.answerable] == ["train-only"]
    with pytest.raises(UsageError, match=r"dev\.tsv.*--split.*test, train"):
        load_dataset(beir_folder, split="dev")


def test_documents_are_called_by_their_id_and_empty_ones_left_out(beir_folder):
    found = {document.path: document for document in documents(beir_folder / "corpus.jsonl")}
    assert "nothing" not in found
    assert found["doc 4"].title == "Glaciers"
    assert found["doc 4"].title_stated
    assert found["title-only"].text == "Volcanoes of Iceland"
    assert not found["bread"].title_stated
    for document in found.values():
        (section,) = document.structure
        assert (section.start, section.body, section.end) == (0, 0, len(document.text))


def test_a_corpus_that_is_stored_costs_nothing(beir_bot, beir):
    report = add_corpus(beir_bot, beir)
    assert (len(report.added), len(report.unchanged), report.embedded) == (0, 12, 0)


def test_a_store_of_other_documents_is_not_mixed_up_with_a_corpus(beir, bot: QA):
    (bot.settings.seeds / "mine.txt").write_text("My own diary.")
    bot.ingest()
    with pytest.raises(UsageError, match=r"mine\.txt.*--store"):
        add_corpus(bot, beir)
    assert len(bot.documents()) == 1


def test_progress_counts_documents(beir, bot: QA):
    seen = []
    add_corpus(bot, beir, seen.append)
    assert [(progress.done, progress.total) for progress in seen][-1] == (12, 12)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("queries.jsonl", '{"_id": "q1"}', r"queries\.jsonl:1 is no query"),
        ("queries.jsonl", '{"_id": "q1", "text": "Who?", "answers": "x"}', r":1 has answers"),
        ("queries.jsonl", '{"_id": "zz", "text": "Who?"}', "No query"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tbees", r"test\.tsv:2 is no judgement"),
        ("qrels/test.tsv", "q1\tbees\thigh", r"test\.tsv:1 is no judgement"),
    ],
)
def test_a_wrong_line_is_named(file, content, words, tmp_path):
    folder = write_beir(tmp_path / "set")
    (folder / file).write_text(content)
    with pytest.raises(UsageError, match=words):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "no id"}', r"corpus\.jsonl:1 is no document"),
        ('{"_id": "a", "text": "x"}\n["a"]', r"corpus\.jsonl:2 is no document"),
        ('{"_id": "a", "text": "x"}\n\n{"_id": "a", "text": "y"}', r":3 has the _id 'a'"),
    ],
)
def test_a_wrong_document_is_named(content, words, tmp_path, bot: QA):
    folder = write_beir(tmp_path / "set")
    (folder / "corpus.jsonl").write_text(content)
    with pytest.raises(UsageError, match=words):
        add_corpus(bot, load_dataset(folder))
    assert bot.store.is_new, "nothing was stored"


def test_a_folder_that_is_none_says_what_is_missing(tmp_path):
    with pytest.raises(UsageError, match=r"corpus\.jsonl"):
        load_dataset(tmp_path)
    shutil.rmtree(write_beir(tmp_path / "set") / "qrels")
    with pytest.raises(UsageError, match="there are none"):
        load_dataset(tmp_path / "set")


def test_a_text_that_is_no_unicode_is_taken_in(tmp_path: Path, bot: QA):
    folder = write_beir(tmp_path / "set")
    line = json.dumps({"_id": "x", "text": "a broken \ud800 character"})
    (folder / "corpus.jsonl").write_text(line)
    add_corpus(bot, load_dataset(folder))
    assert bot.documents()[0].path == "x"
