"""A store of an earlier qa: it says what to do, and what is done loses nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.errors import StoreMismatchError
from qa.parsing import document_id
from qa.store import Identity, Store
from qa.store.identity import FORMAT
from tests.conftest import RunQA

FORMAT_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_stated INTEGER NOT NULL,
    published TEXT,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    characters INTEGER NOT NULL,
    ingested_at TEXT NOT NULL,
    structure TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE paths (
    path TEXT PRIMARY KEY,
    document_key INTEGER NOT NULL REFERENCES documents(key) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX paths_by_document ON paths(document_key);
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    document_key INTEGER NOT NULL REFERENCES documents(key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    page INTEGER,
    heading TEXT NOT NULL,
    sentences TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX passages_by_document ON passages(document_key, number);
CREATE TABLE embeddings (
    passage_key INTEGER PRIMARY KEY REFERENCES passages(key) ON DELETE CASCADE,
    vector BLOB NOT NULL
);
"""
TEXTS = {
    "lighthouse.txt": "The lighthouse stands on the northern cape. Its lamp was lit in 1887.",
    "leuchtturm.txt": "Der alte Leuchtturm steht am nördlichen Kap. Seine Lampe brennt seit 1887.",
}


def write_format_1(folder: Path, documents: Path) -> None:
    """A store as qa made it in format 1, of documents that lay in a folder."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection, connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; {FORMAT_1}")
        meta = {
            "format": 1,
            "uid": "0" * 32,
            "generation": 3,
            "identity": {"model": "all-MiniLM-L6-v2", "fingerprint": "f" * 64,
                         "dimension": 384, "passage_tokens": 128},
            "ingesting": False,
            "index": {"file": "dense-3.faiss", "generation": 3, "sha256": "0" * 64},
        }  # fmt: skip
        for name, value in meta.items():
            connection.execute("INSERT INTO meta VALUES (?, ?)", (name, json.dumps(value)))
        for key, (name, text) in enumerate(TEXTS.items(), start=1):
            sha256, end = hashlib.sha256(text.encode()).hexdigest(), len(text)
            connection.execute(
                "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (key, document_id(sha256), name, 0, "2023-10-03", "text/plain", sha256, end,
                 "2023-10-04T08:00:00+00:00", json.dumps([[0, 0, end, [], None]]), text),
            )  # fmt: skip
            connection.execute("INSERT INTO paths VALUES (?, ?)", (str(documents / name), key))
            connection.execute(
                "INSERT INTO passages VALUES (?, ?, 0, 0, ?, NULL, '[]', ?, ?)",
                (key, key, end, json.dumps([0, end]), text),
            )
            vector = np.eye(384, dtype="<f4")[key]
            connection.execute("INSERT INTO embeddings VALUES (?, ?)", (key, vector.tobytes()))
    (folder / "dense-3.faiss").write_bytes(b"an index of format 1")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Its documents' files are gone: all there is of them is in the store."""
    write_format_1(tmp_path / "vectors", tmp_path / "gone")
    return tmp_path / "vectors"


def format_of(store: Path) -> int:
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
        return json.loads(
            connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]
        )


def test_opening_an_earlier_store_says_what_to_do(store):
    bot = QA.open(store)
    attempts = [lambda: bot.ask("Where is the lighthouse?"), bot.documents, bot.status,
                lambda: bot.ingest([store.parent]), lambda: bot.remove("x")]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(StoreMismatchError, match=r"format 1.*`qa ingest --rebuild` once"):
            attempt()
    assert format_of(store) == 1


def test_a_rebuild_keeps_the_documents_and_makes_everything_else_anew(store, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "cats.txt").write_text("Cats sleep all day.")
    bot = QA.open(store, seeds=tmp_path / "seeds")
    report = bot.ingest(rebuild=True)
    assert (report.embedded, report.added, report.removed) == (2, [], [])
    assert {Path(info.path).name: info.language for info in bot.documents()} == {
        "lighthouse.txt": "en", "leuchtturm.txt": "de"
    }  # fmt: skip
    for info in bot.documents():
        document, (passage,) = bot.document(info.id)
        assert document.text == passage.text == TEXTS[Path(info.path).name]
        assert document.published is not None
        assert document.published.isoformat() == "2023-10-03"
        assert document.metadata == {}
        assert len(passage.sentences) == 2
    with bot.store.snapshot() as snapshot:
        assert snapshot.generation == 4
        vectors = snapshot.vectors(snapshot.catalog.passage_keys().tolist())
        assert len(vectors) == 2
        for vector, sentences, fit in vectors.values():
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
            assert np.linalg.norm(sentences, axis=1) == pytest.approx([1, 1], abs=1e-3)
            assert 2 < fit < 6
    answer = bot.ask("Since when has the lamp of the lighthouse been lit?")
    assert answer.passages[0].text == TEXTS["lighthouse.txt"]
    evidence = answer.passages[0].evidence
    assert evidence is not None
    assert evidence.lexical > 0


def test_a_migrated_catalog_is_as_a_new_one(store, tmp_path):
    QA.open(store).ingest(rebuild=True)
    with Store(tmp_path / "new").writer(Identity("m", "f" * 64, 384, 128)):
        pass

    def columns(folder: Path) -> dict[str, list[tuple]]:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema")]
            return {
                name: connection.execute(
                    "SELECT * FROM pragma_table_info(?) UNION ALL SELECT *, 0, 0, 0 "
                    "FROM pragma_index_info(?)", (name, name),
                ).fetchall()
                for name in names
            }  # fmt: skip

    assert columns(store) == columns(tmp_path / "new")
    assert format_of(store) == format_of(tmp_path / "new") == FORMAT


def test_no_index_file_of_the_earlier_format_stays(store):
    QA.open(store).ingest(rebuild=True)
    assert not (store / "dense-3.faiss").exists()
    assert len(list(store.glob("dense-*"))) == len(list(store.glob("lexical-*"))) == 1


def test_a_rebuild_that_fails_leaves_the_earlier_store(store):
    before = (store / "catalog.sqlite").read_bytes()
    identity = Identity("m", "0" * 64, 384, 128)
    with pytest.raises(RuntimeError), Store(store).writer(identity, rebuild=True) as writer:
        assert [info.language for info in writer.catalog.infos()] == [None, None]
        raise RuntimeError
    assert (store / "catalog.sqlite").read_bytes() == before
    with pytest.raises(StoreMismatchError, match="format 1"), Store(store).snapshot():
        pass


def test_the_command_line_does_what_it_says(store, qa: RunQA):
    run = qa("ask", "Where is the lighthouse?")
    assert run.returncode == 1
    assert "run `qa ingest --rebuild` once" in run.stderr
    assert qa("ingest", "--rebuild").returncode == 0
    assert "northern cape" in qa("ask", "Where does the lighthouse stand?").stdout
