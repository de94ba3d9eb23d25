"""`qa evaluate` and `qa compare` as a person or a CI job runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import assert_error
from tests.conftest import SEED
from tests.evaluation.sets import (
    SEED_QUESTIONS,
    write_beir,
    write_conversations,
    write_jsonl,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with `seeds`, a BEIR folder, and no store yet."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "seeds").mkdir()
    (folder / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    write_beir(folder / "small")
    return folder


def test_the_seed_questions_end_to_end(qa, folder):
    run = qa(
        "evaluate", SEED_QUESTIONS, "--store", "vectors", "--depth", 5,
        "--json", "result.json", "--run", "seed.run", "--report", "report.html",
        "--fail-under", "nDCG@10=1", "--fail-under", "Answer@1=1", "--fail-under", "Declined=1",
        "--fail-under", "Answered=0.9", "--fail-under", "ECE=0.4",
        cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "ingesting seeds first" in run.stderr
    assert "\x1b" not in run.stdout + run.stderr
    assert "seed_questions: 42 questions (27 answerable), 1 document, 5 passages" in run.stdout
    result = json.loads((folder / "result.json").read_text())
    for name, metric in result["metrics"].items():
        (line,) = [line for line in run.stdout.splitlines() if line.split()[:1] == [name]]
        assert line.split()[1] == f"{metric['value']:.3f}"
        assert line.split()[-1] == str(metric["n"])
    assert result["settings"]["depth"] == 5
    assert len((folder / "seed.run").read_text().splitlines()) == 42
    assert "</html>" in (folder / "report.html").read_text()

    run = qa("compare", "result.json", "result.json", cwd=folder)
    assert run.returncode == 0, run.stderr
    assert "42 questions paired; significant at 5%: none" in run.stdout
    assert "won by B in Answer@1: 0" in run.stdout
    run = qa("compare", "result.json", "result.json", "--json", "--by", "Declined", cwd=folder)
    assert json.loads(run.stdout)["metrics"]["Answer@1"]["p_holm"] == 1


def test_a_metric_that_falls_short_fails_the_command(qa, folder):
    run = qa(
        "evaluate", SEED_QUESTIONS, "--limit", 3, "--depth", 5,
        "--fail-under", "Answer@1=1.01", "--fail-under", "R@5=0.1", cwd=folder,
    )  # fmt: skip
    assert_error(run, 1, "fell short", "Answer@1 is", "below 1.01")
    assert "R@5 is" not in run.stderr
    assert "Answer@1" in run.stdout, "the figures are shown all the same"


def test_a_corpus_is_kept_where_a_store_is_named(qa, folder):
    command = ("evaluate", "small", "--store", "kept", "--limit", 4, "--seed", 3)
    run = qa(*command, "--negatives", SEED_QUESTIONS, "--coverage", 0.5, cwd=folder)
    assert run.returncode == 0, run.stderr
    assert "Ingested 12 documents into" in run.stderr
    assert "AUROC(other)" in run.stdout
    assert "Accuracy@0.5" in run.stdout
    again = qa(*command, cwd=folder)
    assert again.returncode == 0
    assert "Ingested" not in again.stderr
    assert (
        json.loads(qa("status", "--store", "kept", "--json", cwd=folder).stdout)["documents"] == 12
    )


def test_a_corpus_goes_into_a_temporary_store_otherwise(qa, tmp_path):
    write_beir(tmp_path / "small")
    (tmp_path / "tmp").mkdir()
    run = qa("evaluate", "small", "--limit", 2, TMPDIR=str(tmp_path / "tmp"))
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / "vectors").exists()
    assert list((tmp_path / "tmp").glob("qa-*")) == [], "nothing is left of it"


def test_conversations_are_asked_in_three_ways_side_by_side(qa, tmp_path):
    write_conversations(tmp_path / "talk")
    run = qa(
        "evaluate", "talk", "--depth", 5, "--json", "talk.json", "--run", "talk.run",
        "--report", "talk.html", "--fail-under", "Success@1=1.01",
    )  # fmt: skip
    assert_error(run, 1, "fell short", "Success@1 is", "below 1.01")
    result = json.loads((tmp_path / "talk.json").read_text())
    lines = [result["baselines"]["raw"], result["metrics"], result["baselines"]["rewrite"]]
    rows = [line.split() for line in run.stdout.splitlines()]
    three, *gains = [" ".join(row) for row in rows if row[:1] == ["metric"]]
    assert three == "metric raw 95% interval ours 95% interval rewrite 95% interval"
    assert [gain.split(" 95%")[0] for gain in gains] == [
        "metric ours - raw",
        "metric ours - rewrite",
    ]
    for name in result["metrics"]:
        side_by_side, *differences = [row for row in rows if row[:1] == [name]]
        assert side_by_side[1::2] == [f"{line[name]['value']:.3f}" for line in lines]
        assert [float(row[1]) for row in differences] == [
            pytest.approx(each[name]["value"], abs=0.0005)
            for each in result["differences"].values()
            if name in each
        ]
    assert "3 of 4 questions have a rewrite" in run.stdout
    assert len((tmp_path / "talk.run").read_text().splitlines()) == 4 * 5
    assert "Gain over rewrite" in (tmp_path / "talk.html").read_text()
    assert qa("compare", "talk.json", "talk.json").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bad-talk"], ["conversations.jsonl:1", "turn 1", "no turn"]),
        (["none.jsonl"], ["There is no dataset none.jsonl"]),
        (["bad.jsonl"], ["bad.jsonl:1", "no question"]),
        ([SEED_QUESTIONS, "--fail-under", "MAP=0.5"], ["no metric 'MAP'", "nDCG@10"]),
        (["small", "--fail-under", "Passage@1=0.5"], ["Passage@1"]),
        (["small", "--split", "dev"], ["dev.tsv", "--split"]),
        (["small", "--coverage", "1.5"], ["coverage"]),
        ([SEED_QUESTIONS, "--depth", "0"], ["depth"]),
        ([SEED_QUESTIONS, "--limit", "0"], ["limit"]),
        ([SEED_QUESTIONS, "--json", "no/such/folder.json"], ["folder.json", "can't be written"]),
        ([SEED_QUESTIONS, "--negatives", "none"], ["There is no dataset none"]),
    ],
)
def test_wrong_use_is_refused_before_the_work(arguments, words, qa, tmp_path):
    write_beir(tmp_path / "small")
    write_jsonl(tmp_path / "bad.jsonl", [{"query": "Who?"}])
    write_conversations(tmp_path / "bad-talk", [{"_id": 1, "turns": [{"question": "Who?"}]}])
    run = qa("evaluate", *arguments)
    assert_error(run, 2, *words)
    assert run.stdout == ""
    assert not (tmp_path / "vectors").exists()


def test_results_that_cannot_be_compared(qa, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert_error(qa("compare", "a.json", "b.json"), 2, "a.json", "qa evaluate")
    assert_error(qa("compare", "b.json", "a.json"), 2, "b.json", "can't be read")


def test_what_a_dataset_says_cannot_act_on_the_terminal(qa, folder):
    path = folder / "\x1b[31mred.jsonl"
    write_jsonl(path, [{"question": "Who? \x1b[31m", "answers": ["\x1b]0;x\x07"], "id": "\x1b[1m"}])
    run = qa("evaluate", path, "--depth", 1, "--json", "hostile.json", cwd=folder)
    assert run.returncode == 0, run.stderr
    assert "\x1b" not in run.stdout + run.stderr
    result = json.loads((folder / "hostile.json").read_text())
    (query,) = result["queries"]
    query["values"]["Answer@1"] = 1.0
    (folder / "better.json").write_text(json.dumps(result))
    run = qa("compare", "hostile.json", "better.json", cwd=folder)
    assert "won by B in Answer@1: 1" in run.stdout
    assert "Who?" in run.stdout
    assert "\x1b" not in run.stdout + run.stderr
