"""The two files of a result: JSON as a contract, and a run that trec_eval reads."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from qa.errors import UsageError
from qa.evaluation import read_json, write_json, write_run
from qa.evaluation.results import RankedDocument, run_id

FIELDS = [
    "version", "qa", "dataset", "metrics", "latency_ms", "settings", "curves", "queries",
    "negatives", "baselines", "differences", "gap_closed",
]  # fmt: skip
QUERY_FIELDS = [
    "id", "question", "answerable", "answers", "values", "correct", "confidence", "answered",
    "failure", "gold", "gold_rank", "documents", "first", "gold_passage", "latency_ms", "extra",
    "searched_for",
]  # fmt: skip
PASSAGE_FIELDS = [
    "document", "path", "title", "start", "end", "rank", "score", "text", "sentence", "evidence",
]  # fmt: skip


def test_the_json_is_the_contract(seed_result, tmp_path):
    write_json(seed_result, tmp_path / "result.json")
    value = json.loads((tmp_path / "result.json").read_text(encoding="ascii"))
    assert list(value) == FIELDS
    assert value["version"] == 1
    assert value["dataset"]["answerable"] == 27
    assert list(value["metrics"]["nDCG@10"]) == ["value", "low", "high", "n"]
    assert list(value["latency_ms"]) == ["mean", "p50", "p90", "p95", "p99", "stages"]
    assert value["latency_ms"]["p50"] <= value["latency_ms"]["p99"]
    assert value["settings"]["passage_tokens"] == 128
    assert set(value["curves"]) == {"recall", "answers", "risk_coverage", "calibration"}
    assert [row["k"] for row in value["curves"]["recall"]] == [1, 2, 3, 5, 10, 20]
    assert value["curves"]["risk_coverage"][-1]["coverage"] == 1
    assert sum(row["n"] for row in value["curves"]["calibration"]) == pytest.approx(42)
    first = value["queries"][0]
    assert list(first) == QUERY_FIELDS
    assert first["id"] == "cultural-capital"
    assert first["extra"] == {"kind": "answerable"}
    assert list(first["first"]) == PASSAGE_FIELDS
    assert [negative["id"] for negative in value["negatives"]][:2] == ["q1", "q2"]


def test_what_was_written_is_read_back(seed_result, tmp_path):
    write_json(seed_result, tmp_path / "result.json")
    assert read_json(tmp_path / "result.json") == seed_result


def test_the_json_lists_the_first_documents_only(beir_result, tmp_path):
    assert len(beir_result.queries[0].documents) == 12
    write_json(beir_result, tmp_path / "result.json")
    assert len(read_json(tmp_path / "result.json").queries[0].documents) == 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no result of this version"),
        ("{}", "no result of this version"),
        ('{"version": 2}', "no result of this version"),
        ("[]", "no result of this version"),
    ],
)
def test_something_else_is_no_result(content, words, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UsageError, match=words):
        read_json(tmp_path / "a.json")
    with pytest.raises(UsageError, match="can't be read"):
        read_json(tmp_path / "none.json")


def test_an_unreadable_place_is_an_error(seed_result, tmp_path):
    with pytest.raises(UsageError, match="can't be written"):
        write_json(seed_result, tmp_path)


def test_the_run_has_six_columns_ranks_and_falling_scores(beir_result, tmp_path):
    write_run(beir_result, tmp_path / "small.run")
    lines = (tmp_path / "small.run").read_text().splitlines()
    rows = [line.split(" ") for line in lines]
    assert all(len(row) == 6 for row in rows)
    assert {row[0] for row in rows} == {"q1", "q2", "q3", "q4", "q%205", "q6", "q7"}
    assert "doc%204" in {row[2] for row in rows}
    assert {(row[1], row[5]) for row in rows} == {("Q0", "qa")}
    for query in beir_result.queries:
        own = [row for row in rows if row[0] == run_id(query.id)]
        assert [int(row[3]) for row in own] == list(range(1, 13))
        scores = np.array([row[4] for row in own], dtype=np.float32)
        assert (np.diff(scores) < 0).all()


def test_equal_scores_are_told_apart_even_as_trec_eval_holds_them(beir_result, tmp_path):
    scores = [30.0, 30.0, 30.0, 1e-8, 0.0, 0.0, -1.0]
    documents = tuple(RankedDocument(f"d{n}", score) for n, score in enumerate(scores))
    tied = replace(beir_result.queries[0], documents=documents)
    write_run(replace(beir_result, queries=(tied,)), tmp_path / "tied.run")
    rows = [line.split() for line in (tmp_path / "tied.run").read_text().splitlines()]
    written = np.array([row[4] for row in rows], dtype=np.float32)
    assert (np.diff(written) < 0).all()
    assert written == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize(
    ("id_", "safe"),
    [
        ("MED-10", "MED-10"),
        ("a b\tc\n", "a%20b%09c%0A"),
        ("50%", "50%25"),
        ("no\u00a0break", "no%C2%A0break"),
        ("Şuşa/1.txt", "Şuşa/1.txt"),
    ],
)
def test_ids_in_a_run_have_no_white_space(id_, safe):
    assert run_id(id_) == safe
    assert len(safe.split()) == 1
