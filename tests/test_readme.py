"""What the README tells people to run is what CI runs and what works."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_the_readmes_own_test_command():
    (command,) = re.findall(r"^pip install .*pytest$", README, re.M)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readmes_python_example_runs(seed_bot, monkeypatch):
    (code,) = re.findall(r"```python\n(from qa .*?)```", README, re.S)
    monkeypatch.chdir(seed_bot.store.folder.parent)
    names: dict = {}
    exec(code, names)
    source = names["answer"].passages[0].source
    assert f"start={source.start}, end={source.end}" in code
    assert "Shusha" in names["answer"].text


def test_the_questions_the_readme_shows_are_a_dataset(tmp_path):
    from qa.evaluation import load_dataset

    (lines,) = re.findall(r'```json\n({"question".*?)```', README, re.S)
    (tmp_path / "questions.jsonl").write_text(lines)
    dataset = load_dataset(tmp_path / "questions.jsonl")
    assert (dataset.answerable, dataset.unanswerable) == (1, 1)
    assert dataset.questions[0].answers[0] in dataset.questions[0].sources[0].quote


def test_every_command_the_readme_shows_exists(qa):
    names = r"ingest|ask|documents|status|config|serve|evaluate|compare|tune|keys|mcp|chat"
    for name in set(re.findall(rf"\bqa ({names})\b", README)):
        assert qa(name, "--help").returncode == 0


def test_the_settings_the_readme_shows_are_settings(tmp_path, monkeypatch):
    from qa.generation import KEY_VARIABLE
    from qa.settings import Settings, load_settings

    (toml,) = re.findall(r"```toml\n(.*?)```", README, re.S)
    (tmp_path / "qa.toml").write_text(toml)
    monkeypatch.chdir(tmp_path)
    assert load_settings().model == "BAAI/bge-small-en-v1.5"
    assert KEY_VARIABLE in README
    for name in re.findall(r"QA_([A-Z_]+)", README.replace(KEY_VARIABLE, "")):
        assert name.lower() in Settings.model_fields
