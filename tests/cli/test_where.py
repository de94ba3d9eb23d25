"""`--where` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa import QA

QUESTION = "How large is the budget?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a store; tests only read it."""
    folder = tmp_path_factory.mktemp("project")
    ada = "Ada Lovelace"
    files = ("a", ada, "2023-09-30"), ("b", ada, "2023-10-01"), ("c", "Bo", "2024-01-01")
    for name, author, day in files:
        path = folder / "seeds" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f'---\nauthor: {author}\ndate: {day}\nevil: "\\e[31mred"\nid: forged\n---\n'
            f"The budget of the town of {name}ville is {len(name + author)} million euros.\n"
        )
    QA.open(folder / "vectors", seeds=folder / "seeds").prepare()
    return folder


def names(paths: list[str]) -> str:
    return "".join(sorted(Path(path).stem for path in paths))


def test_ask_takes_several_conditions(qa, folder):
    def asked(*conditions: str) -> str:
        options = [word for condition in conditions for word in ("--where", condition)]
        run = qa("ask", QUESTION, "--json", *options, cwd=folder)
        assert run.returncode == 0, run.stderr
        return names([p["source"]["path"] for p in json.loads(run.stdout)["passages"]])

    assert asked() == "abc"
    assert asked("date>=2023-10-01") == "bc"
    assert asked("date>=2023-10-01", "author=Ada Lovelace") == "b"
    assert asked("path=seeds/*", "author!=Bo") == "ab"


def test_documents_are_listed_by_the_same_conditions(qa, folder):
    run = qa("documents", "--where", "date<2024", "--where", "path=a.*|c.*", "--json", cwd=folder)
    (listed,) = json.loads(run.stdout)
    assert names([listed["path"]]) == "a"
    assert listed["metadata"]["author"] == "Ada Lovelace"
    assert listed["language"] == "en"
    assert qa("documents", "--where", "date=2024", cwd=folder).stdout.count("\n") == 1
    none = qa("documents", "--where", "language=xx", cwd=folder)
    assert (none.returncode, none.stdout) == (0, "No document matches the filter.\n")
    assert json.loads(qa("documents", "--where", "x=1", "--json", cwd=folder).stdout) == []


def test_where_nothing_matches_it_says_so(qa, folder):
    run = qa("ask", QUESTION, "--where", "language=xx", cwd=folder)
    assert run.returncode == 0
    assert run.stdout.strip() == "The documents don't say."
    assert "qa documents --where" in run.stderr
    run = qa("ask", QUESTION, "--where", "language=xx", "--json", cwd=folder)
    answer = json.loads(run.stdout)
    assert (answer["answered"], answer["passages"], answer["confidence"]) == (False, [], None)


@pytest.mark.parametrize("command", [["ask", QUESTION], ["documents"]])
@pytest.mark.parametrize("condition", ["nonsense", "date>=lately", "language==de", "title='x"])
def test_a_mistake_is_one_sentence_and_exit_code_2(condition, command, qa, tmp_path):
    run = qa(*command, "--where", condition)
    assert run.returncode == 2
    (message,) = run.stderr.splitlines()
    assert message.startswith("Error: The filter ")
    assert "as in" in message
    assert not (tmp_path / "vectors").exists()


def test_bytes_that_are_no_text_are_only_a_value(qa, folder):
    run = qa("ask", QUESTION, "--where", "title~\udcff", "--where", "\udcff=1", cwd=folder)
    assert run.returncode == 0
    assert "Traceback" not in run.stderr


def test_show_has_language_and_metadata_that_can_not_pass_for_ours(qa, folder):
    shown = qa("documents", "show", "seeds/a.md", cwd=folder).stdout
    lines = dict(line.split(maxsplit=1) for line in shown.split("\n\n")[0].splitlines())
    assert lines["language"] == "en"
    assert lines["metadata"] == "author: Ada Lovelace; evil: red; id: forged"
    assert lines["id"] != "forged"
    assert "\x1b" not in shown
    shown = json.loads(qa("documents", "show", "seeds/a.md", "--json", cwd=folder).stdout)
    assert shown["language"] == "en"
    assert shown["metadata"]["author"] == "Ada Lovelace"


def test_help_has_examples(qa):
    for command in ("ask", "documents"):
        assert "date>=2023-10-01" in qa(command, "--help").stdout
