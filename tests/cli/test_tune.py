"""`qa tune` as a person runs it: in a folder with a `qa.toml`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from qa import QA
from tests.cli.test_commands import assert_error
from tests.evaluation.sets import SEED_QUESTIONS, write_beir, write_conversations, write_two_sided

TOML = """# Settings of the workshop.
dense_weight = 0.0  # words only
top_k = 3

# where the documents are
seeds = "texts"
"""


@pytest.fixture
def project(store: Path, tmp_path: Path) -> Path:
    """A folder of one's own with `qa.toml` and question files."""
    write_two_sided(tmp_path / "set")
    (tmp_path / "qa.toml").write_text(TOML)
    return tmp_path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_two_sided(tmp_path_factory.mktemp("store") / "set")
    QA.open(folder / "vectors").ingest([folder / "texts"])
    return folder / "vectors"


def test_without_write_nothing_is_written(qa, project, store):
    run = qa("tune", "set/meanings.jsonl", "--store", store, "--json", "tuning.json")
    assert run.returncode == 0, run.stderr
    assert (project / "qa.toml").read_text() == TOML
    assert "\x1b" not in run.stdout + run.stderr
    data = json.loads((project / "tuning.json").read_text())
    weight = data["settings"]["dense_weight"]
    lines = run.stdout.splitlines()
    values = [weight["in_force"], weight["chosen"], *weight["by_fold"]]
    assert ["dense_weight", *(f"{value:g}" for value in values)] in [line.split() for line in lines]
    (row,) = [line for line in lines if "nDCG@10 by dense_weight" in line]
    held_out = weight["held_out"]
    assert f"{held_out['gain']:+.3f}" in row
    assert f"{held_out['low']:+.3f} to {held_out['high']:+.3f}" in row
    assert f"{held_out['p']:.4f}" in row
    assert "better than 0 by more than noise" in run.stdout
    assert "min_confidence is left alone: the dataset has no unanswerable questions" in run.stdout
    assert f"--write puts into qa.toml: dense_weight = {weight['chosen']:g}" in run.stdout


def test_write_changes_what_is_better_and_nothing_else(qa, project, store):
    run = qa("tune", "set/meanings.jsonl", "--store", store, "--write")
    assert run.returncode == 0, run.stderr
    text = (project / "qa.toml").read_text()
    chosen = tomllib.loads(text)["dense_weight"]
    assert chosen > 0.5
    assert text == TOML.replace("= 0.0", f"= {chosen}")
    assert f"Written to qa.toml: dense_weight = {chosen:g}" in run.stdout
    assert sorted(path.name for path in project.iterdir()) == ["qa.toml", "set"]
    config = json.loads(qa("config", "--json").stdout)
    assert config["dense_weight"] == {"value": chosen, "from": "qa.toml"}


def test_noise_is_written_only_if_forced(qa, project, store):
    text = TOML.replace("0.0", "1.0")
    (project / "qa.toml").write_text(text)
    command = ("tune", "set/few.jsonl", "--store", store, "--write")
    run = qa(*command)
    assert run.returncode == 0, run.stderr
    assert "gains no more than noise over 1 on held-out folds" in run.stdout
    assert "it stays at 1" in run.stdout
    assert "Nothing to change in qa.toml" in run.stdout
    assert (project / "qa.toml").read_text() == text
    run = qa(*command, "--force")
    assert run.returncode == 0, run.stderr
    chosen = tomllib.loads((project / "qa.toml").read_text())["dense_weight"]
    assert chosen < 1
    assert f"{chosen:g} is forced" in run.stdout


def test_a_file_is_made_where_there_is_none_and_a_variable_that_hides_it_is_named(
    qa, project, store
):
    (project / "qa.toml").unlink()
    run = qa(
        "tune", "set/unrelated.jsonl", "--store", store, "--write",
        QA_MIN_CONFIDENCE="1", QA_DENSE_WEIGHT="0.2",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    written = tomllib.loads((project / "qa.toml").read_text())
    assert 0 < written["min_confidence"] < 1
    assert "QA_MIN_CONFIDENCE is set and goes before qa.toml: unset it." in run.stderr


def test_a_beir_folder_brings_its_documents(qa, tmp_path):
    write_beir(tmp_path / "small")
    (tmp_path / "tmp").mkdir()
    run = qa("tune", "small", "--folds", 2, "--seed", 1, TMPDIR=str(tmp_path / "tmp"))
    assert run.returncode == 0, run.stderr
    assert "Ingested 12 documents" in run.stderr
    assert "small test: 7 questions (5 answerable), 12 documents" in run.stdout
    assert "2 folds, seed 1: questions on one document in one fold" in run.stdout
    assert "treated rightly by min_confidence" in run.stdout
    assert list((tmp_path / "tmp").glob("qa-*")) == []
    assert not (tmp_path / "qa.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.jsonl"], ["There is no dataset none.jsonl"]),
        (["talk"], ["talk holds conversations", "stand alone"]),
        ([SEED_QUESTIONS, "--force"], ["--write"]),
        ([SEED_QUESTIONS, "--folds", "1"], ["folds is 1"]),
        ([SEED_QUESTIONS, "--limit", "1"], ["one question"]),
        ([SEED_QUESTIONS, "--json", "no/such/folder.json"], ["folder.json", "can't be written"]),
    ],
)
def test_wrong_use_is_refused_before_the_work(arguments, words, qa, tmp_path):
    write_conversations(tmp_path / "talk")
    run = qa("tune", *arguments)
    assert_error(run, 2, *words)
    assert run.stdout == ""
    assert not (tmp_path / "vectors").exists()
