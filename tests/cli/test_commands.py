"""The command line as a contract: output, exit codes, and one clear sentence for every error."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qa.files import size_of
from qa.parsing import document_id
from tests.conftest import SEED, SEEDS

QUESTION = "What was chosen as the 2024 Cultural Capital?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with `seeds` and a store made from it; tests only read it."""
    from qa import QA

    folder = tmp_path_factory.mktemp("project")
    (folder / "seeds").mkdir()
    (folder / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    QA.open(folder / "vectors", seeds=folder / "seeds").prepare()
    return folder


def assert_error(run, code: int, *words: str) -> None:
    assert run.returncode == code, run.stderr
    message = run.stderr.strip().splitlines()[-1]
    assert message.startswith("Error: ")
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in message


def test_the_first_ask_ingests_the_seeds_and_answers(qa, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    run = qa("ask", QUESTION)
    assert run.returncode == 0, run.stderr
    first, source = run.stdout.splitlines()[:2]
    assert "Shusha" in first
    assert f"2023-10-03 · seeds/{SEED.name}:814-1072" in source
    assert "ingesting seeds first" in run.stderr
    assert "\x1b" not in run.stdout + run.stderr, "plain when piped"
    assert (tmp_path / "vectors" / "catalog.sqlite").is_file()
    assert qa("ask", QUESTION).stderr == ""


def test_the_json_of_an_answer_is_the_contract(qa, folder):
    run = qa("ask", QUESTION, "--json", "--top-k", 3, cwd=folder)
    answer = json.loads(run.stdout)
    assert list(answer) == [
        "question", "searched_for", "answered", "answer", "confidence", "notice",
        "sentences", "passages", "timings_ms",
    ]  # fmt: skip
    assert answer["question"] == answer["searched_for"] == QUESTION
    assert answer["answered"] is True
    assert 0 <= answer["confidence"] <= 1
    assert list(answer["answer"]) == ["text", "citation", "model"]
    assert len(answer["passages"]) == 3
    first = answer["passages"][0]
    assert list(first) == [
        "rank", "score", "text", "highlights", "source", "also", "evidence"
    ]  # fmt: skip
    assert list(first["source"]) == [
        "document_id", "path", "title", "date", "heading", "page", "passage", "start", "end",
        "sha256", "selector",
    ]  # fmt: skip
    text = SEED.read_text(encoding="utf-8")
    source = first["source"]
    assert text[source["start"] : source["end"]] == first["text"]
    position, quote = source["selector"]
    assert position == {
        "type": "TextPositionSelector", "start": source["start"], "end": source["end"]
    }  # fmt: skip
    assert list(quote) == ["type", "exact", "prefix", "suffix"]
    assert quote["type"] == "TextQuoteSelector"
    assert quote["exact"] == first["text"]
    assert text[: source["start"]].endswith(quote["prefix"])
    assert text[source["end"] :].startswith(quote["suffix"])
    (highlight,) = first["highlights"]
    assert "Shusha" in first["text"][highlight["start"] : highlight["end"]]
    assert first["also"] == []
    evidence = first["evidence"]
    assert list(evidence) == ["dense", "lexical", "sentence", "rerank"]
    for side in ("dense", "lexical"):
        assert list(evidence[side]) == ["rank", "score"]
        assert evidence[side]["rank"] in (1, 2)
        assert 0 < evidence[side]["score"] <= 1
    assert 0 < evidence["sentence"] <= 1
    assert evidence["rerank"] is None
    assert source["date"] == "2023-10-03"
    assert source["document_id"] == document_id(source["sha256"])
    assert answer["timings_ms"]["total"] > 0


def test_ingest_reports_as_text_and_json(qa, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# Cats\n\nCats sleep all day.")
    (docs / "bad.txt").write_bytes(b"\x00\x01")
    run = qa("ingest", docs)
    assert run.returncode == 0
    assert run.stdout.splitlines() == [
        "failed docs/bad.txt: it is binary, not text",
        "added 1, updated 0, unchanged 0, removed 0, failed 1",
    ]
    run = qa("ingest", docs, "--json")
    assert json.loads(run.stdout) == {
        "added": 0, "updated": 0, "unchanged": 1, "moved": 0, "removed": 0, "skipped": [],
        "failed": [{"path": str(docs / "bad.txt"), "reason": "it is binary, not text"}],
        "embedded": 0,
    }  # fmt: skip
    assert qa("ingest", docs, "--strict").returncode == 1


def test_documents_are_listed_shown_and_removed(qa, tmp_path):
    docs = tmp_path / "seeds"
    docs.mkdir()
    (docs / "cats.md").write_text("# Cats\n\nCats sleep all day.")
    assert qa("documents").stdout == "No documents yet: run `qa ingest PATH`.\n"
    qa("ingest")
    (listed,) = json.loads(qa("documents", "--json").stdout)
    id_ = listed["document_id"]
    assert qa("documents").stdout.split("\t")[0] == id_
    (docs / "long.md").write_text("Dogs bark at night, every night, and at the moon.")
    qa("ingest")
    listed = qa("documents", "--sort", "size", "--reverse", "--limit", 1).stdout.splitlines()
    assert [line.rpartition("/")[2] for line in listed] == ["long.md"]
    assert qa("documents", "--sort", "colour").returncode == 2
    (docs / "long.md").unlink()
    qa("ingest")
    shown = qa("documents", "show", id_[:6]).stdout
    assert "Cats sleep all day." in shown
    assert "text/markdown" in shown
    assert json.loads(qa("documents", "show", "seeds/cats.md", "--json").stdout)["text"] == (
        "Cats\n\nCats sleep all day."
    )
    assert qa("documents", "remove", id_).returncode == 0
    assert json.loads(qa("documents", "--json").stdout) == []
    assert_error(qa("documents", "show", id_), 1, "no document", "qa documents")
    run = qa("ask", "What do cats do?")
    assert (run.returncode, run.stdout.strip()) == (0, "The documents don't say.")


def test_status_counts_and_names_the_model(qa, folder, tmp_path):
    status = json.loads(qa("status", "--json", cwd=folder).stdout)
    assert status["documents"] == 1
    assert status["passages"] == status["embeddings"] == 5
    assert status["model"] == "all-MiniLM-L6-v2"
    assert status["complete"] is True
    for name, suffix in (("dense", "faiss"), ("lexical", "tantivy")):
        file = status[f"{name}_index"]
        assert re.fullmatch(rf"{name}-{status['generation']}-[0-9a-f]{{8}}\.{suffix}", file)
        assert status[f"{name}_index_bytes"] == size_of(folder / "vectors" / file) > 1000
    assert "all-MiniLM-L6-v2" in qa("status", cwd=folder).stdout
    empty = json.loads(qa("status", "--json").stdout)
    assert (empty["documents"], empty["generation"]) == (0, 0)
    assert not (tmp_path / "vectors").exists(), "asking for it makes no store"


def test_config_says_where_each_value_comes_from(qa, tmp_path):
    (tmp_path / "qa.toml").write_text("top_k = 3\n")
    config = json.loads(qa("config", "--json", "--store", "here", QA_PORT="8080").stdout)
    assert config["top_k"] == {"value": 3, "from": "qa.toml"}
    assert config["port"] == {"value": 8080, "from": "QA_PORT"}
    assert config["store"] == {"value": "here", "from": "--store"}
    assert config["index"] == {"value": "faiss", "from": "default"}
    assert "port\t8080\tQA_PORT" in qa("config", QA_PORT="8080").stdout


def test_version_and_help_with_examples_everywhere(qa):
    assert qa("--version").stdout.startswith("qa 0.")
    commands = (["ingest"], ["ask"], ["documents"], ["documents", "show"], ["documents", "remove"],
                ["status"], ["config"], ["serve"])  # fmt: skip
    for command in ([], *commands):
        run = qa(*command, "--help")
        assert run.returncode == 0
        assert "Example" in run.stdout or "Start with" in run.stdout, command


def test_shell_completion_is_offered(qa):
    run = qa("--show-completion", "bash")
    assert run.returncode == 0
    assert "_QA_COMPLETE" in run.stdout


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("question", ["", "   "])
def test_an_empty_question(question, qa, folder):
    assert_error(qa("ask", question, cwd=folder), 2, "question is empty", "qa ask")


def test_a_store_that_is_a_file(qa, tmp_path):
    (tmp_path / "file").write_text("x")
    for command in (["ask", "Who?"], ["ingest", SEEDS], ["status"], ["documents"]):
        assert_error(qa(*command, "--store", "file"), 2, "is a file", "--store")


def test_an_empty_folder(qa, tmp_path):
    (tmp_path / "empty").mkdir()
    assert_error(qa("ingest", "empty"), 1, "No document", "empty")


def test_nothing_to_ingest_and_nothing_to_ask(qa, tmp_path):
    assert_error(qa("ingest"), 1, "seeds")
    assert_error(qa("ask", "Who?"), 1, "no folder seeds", "qa ingest")
    (tmp_path / "seeds").mkdir()
    assert_error(qa("ask", "Who?"), 1, "No document could be read", "qa ingest")


def test_an_unreadable_file_alone(qa, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.symlink_to("/proc/self/mem")
    run = qa("ingest", bad)
    assert_error(run, 1, "No document")
    assert "can't be read" in run.stdout


def test_a_file_that_is_not_utf8_is_read_or_named(qa, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    sentence = "Die schöne Brücke führt über den großen Fluß nach Süden. " * 3
    (docs / "latin.txt").write_bytes(sentence.encode("latin-1"))
    (docs / "noise.txt").write_bytes(bytes(range(128, 256)) * 20)
    run = qa("ingest", docs)
    assert run.returncode == 0
    assert "failed docs/noise.txt: it is text in no known encoding; save it as UTF-8" in run.stdout
    assert "schöne Brücke" in qa("ask", "Wohin führt die Brücke?").stdout


def test_a_text_file_of_50_megabytes(qa, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "big.txt").write_text("All work and no play makes Jack a dull boy.\n" * 1_150_000)
    (docs / "good.txt").write_text("Cats sleep all day.")
    run = qa("ingest", docs)
    assert run.returncode == 0
    assert "big.txt: it has 50.6 MB, over the limit of 32 MB: raise max_file_mb" in run.stdout
    assert "added 1" in run.stdout
    assert_error(qa("ingest", docs / "big.txt"), 1, "No document")


def test_what_libraries_remark_on_a_document_is_not_printed(qa, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "empty.html").write_text("<html></html>")
    (tmp_path / "docs" / "good.html").write_text("<p>Cats sleep all day.</p>")
    run = qa("ingest", "docs")
    assert run.stdout.splitlines()[0] == "failed docs/empty.html: it holds no text"
    assert run.stderr in ("", "Preparing the embedding model; this is done once …\n")


@pytest.mark.parametrize("suffix", ["faiss", "tantivy"])
@pytest.mark.parametrize("damage", ["missing", "garbage", "empty"])
def test_a_missing_or_damaged_index_is_remade(suffix, damage, qa, tmp_path):
    qa("ingest", SEEDS)
    (index,) = (tmp_path / "vectors").glob(f"*.{suffix}")
    if damage == "missing":
        shutil.rmtree(index) if index.is_dir() else index.unlink()
    else:
        for file in index.iterdir() if index.is_dir() else [index]:
            file.write_bytes(b"garbage" * 1000 if damage == "garbage" else b"")
    run = qa("ask", QUESTION, "--json")
    assert run.returncode == 0
    assert f"{index.name} can't be used" in run.stderr
    assert "made again from the catalog" in run.stderr
    assert "Shusha" in json.loads(run.stdout)["passages"][0]["text"]
    assert qa("ask", QUESTION).stderr == ""


def test_a_catalog_from_another_model(qa, tmp_path):
    qa("ingest", SEEDS)
    with sqlite3.connect(tmp_path / "vectors" / "catalog.sqlite") as connection:
        connection.execute(
            "UPDATE meta SET value = json_set(value, '$.fingerprint', ?, '$.model', 'e5-base') "
            "WHERE key = 'identity'",
            ("0" * 64,),
        )
    connection.close()
    for command in (["ask", QUESTION], ["ingest", SEEDS]):
        assert_error(qa(*command), 1, "'e5-base'", "qa ingest --rebuild")
    assert qa("ingest", SEEDS, "--rebuild").returncode == 0
    assert "Shusha" in qa("ask", QUESTION).stdout


def test_a_damaged_catalog(qa, tmp_path):
    qa("ingest", SEEDS)
    (tmp_path / "vectors" / "catalog.sqlite").write_bytes(b"garbage" * 1000)
    for command in (["ask", QUESTION], ["ingest", SEEDS], ["status"], ["documents"]):
        assert_error(qa(*command), 1, "damaged", "qa ingest --rebuild")
    assert qa("ingest", SEEDS, "--rebuild").returncode == 0
    assert "Shusha" in qa("ask", QUESTION).stdout


def test_an_unknown_model(qa):
    assert_error(qa("ingest", SEEDS, "--model", "no/such"), 1, "no model 'no/such'")


def test_wrong_settings(qa, folder, tmp_path):
    assert_error(qa("ask", "Who?", "--top-k", 0, cwd=folder), 2, "top_k from --top-k")
    assert_error(qa("status", QA_INDEX="tape"), 2, "index from QA_INDEX")
    (tmp_path / "qa.toml").write_text("nonsense")
    assert_error(qa("status"), 2, "qa.toml")


def test_unknown_commands_and_options_are_wrong_use(qa):
    for arguments in (["answer"], ["ask"], ["ask", "Who?", "--nonsense"]):
        assert qa(*arguments).returncode == 2


def test_debug_shows_the_traceback(qa):
    for arguments in (["--debug", "ask", ""], ["ask", "", "--debug"]):
        run = qa(*arguments)
        assert run.returncode != 0
        assert "Traceback" in run.stderr


def test_a_hostile_document_does_nothing_on_the_terminal(qa, tmp_path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    evil = "\x1b]0;owned\x07\x1b[2J[bold]Cats[/bold]\u202e sleep \x9b31mall day."
    (seeds / "a\x1b[31mb.txt").write_text(f"{evil}\n\n{evil} They do.", encoding="utf-8")
    for command in (["ingest"], ["ask", "What do cats do?"], ["documents"], ["documents", "--json"],
                    ["ask", "What do cats do?", "--json"], ["documents", "show", "seeds/a\x1b[31mb.txt"]):  # fmt: skip  # noqa: E501
        run = qa(*command)
        assert run.returncode == 0, run.stderr
        for sign in "\x1b\x07\x9b\u202e":
            assert sign not in run.stdout + run.stderr
    assert "[bold]Cats[/bold] sleep all day." in qa("ask", "What do cats do?").stdout
    exact = json.loads(qa("ask", "What do cats do?", "--json").stdout)
    assert evil in exact["passages"][0]["text"] or exact["passages"][0]["text"] in evil


def test_an_interrupted_ingest_keeps_what_is_finished_and_says_so(qa, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(2000):
        (docs / f"{number}.txt").write_text(f"Report {number} covers the harbour. " * 10)
    process = subprocess.Popen(
        [Path(sys.executable).parent / "qa", "ingest", docs],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not json.loads(qa("status", "--json").stdout)["documents"]:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    status = json.loads(qa("status", "--json").stdout)
    assert message.endswith(
        f"Interrupted: what is finished is kept ({status['documents']:,} documents in the store); "
        "run it again to go on.\n"
    )
    assert 0 < status["documents"] < 2000
    assert status["complete"] is False


def test_a_reader_that_stops_reading_is_no_error(folder):
    status = os.system(  # a real pipe that closes early
        f"cd {folder} && qa documents show seeds/{SEED.name} 2>err.txt | head -c 10 >/dev/null"
    )
    assert status == 0
    assert (folder / "err.txt").read_text() == ""


def test_a_file_name_cannot_forge_lines(qa, tmp_path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "a\nffff\t2020-01-01\t9\tforged.txt").write_text("Cats sleep all day.")
    assert qa("ingest").returncode == 0
    assert len(qa("documents").stdout.splitlines()) == 1
    assert "a ffff 2020-01-01 9 forged.txt" in qa("ask", "What do cats do?").stdout
