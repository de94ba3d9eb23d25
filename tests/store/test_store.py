"""The promises of a store: whole generations, one writer, an index that can always be remade."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreEmptyError,
    StoreError,
    StoreMismatchError,
    StorePathError,
)
from qa.store import Identity, Store, Writer
from qa.types import Document, Passage, Section, Span

IDENTITY = Identity(model="test", fingerprint="f" * 64, dimension=4, passage_tokens=128)


def make_document(text: str, path: str = "/docs/a.txt") -> Document:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    section = Section(0, 0, len(text), ("Heading",), page=3)
    return Document(
        sha256[:16], (path,), "Title", None, "text/plain", sha256, text, (section,), False
    )


def make_passages(document: Document) -> list[Passage]:
    """A passage a line."""
    passages, start = [], 0
    for number, line in enumerate(document.text.split("\n")):
        span = Span(0, len(line))
        passages.append(
            Passage(f"{document.id}:{number}", document.id, line, start, start + len(line),
                    ("Heading",), 3, (span,))
        )  # fmt: skip
        start += len(line) + 1
    return passages


def vectors_for(passages: list[Passage]) -> np.ndarray:
    """A unit vector that depends on the text alone."""
    rows = []
    for passage in passages:
        digest = hashlib.sha256(passage.text.encode()).digest()
        rows.append(np.frombuffer(digest[:4], np.uint8).astype(np.float32) + 1)
    vectors = np.array(rows, dtype=np.float32).reshape(-1, 4)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def add(writer: Writer, text: str, path: str = "/docs/a.txt") -> Document:
    document = make_document(text, path)
    passages = make_passages(document)
    writer.add(document, passages, vectors_for(passages))
    return document


def fill(store: Store, text: str, path: str = "/docs/a.txt") -> Document:
    with store.writer(IDENTITY) as writer:
        document = add(writer, text, path)
        writer.commit()
    return document


def texts(store: Store) -> set[str]:
    """The texts of all passages, found by searching: index and catalog must agree."""
    with store.snapshot() as snapshot:
        hits = snapshot.search(np.ones((1, 4), np.float32), 1000)[0]
        found = snapshot.passages([key for key, _ in hits])
        assert len(found) == len(hits) == snapshot.catalog.count("passages")
        return {passage.text for passage, _ in found.values()}


@pytest.fixture(params=["faiss", "numpy"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "vectors", request.param)


def reopened(store: Store) -> Store:
    return Store(store.folder, store.index_kind)


def index_files(store: Store) -> list[Path]:
    return sorted(store.folder.glob("dense-*"))


def test_what_is_written_is_read_back_the_same(store):
    written = fill(store, "One.\nTwo ☃.\nThree\x00!")
    with reopened(store).snapshot() as snapshot:
        assert snapshot.generation == 1
        assert snapshot.identity == IDENTITY
        assert snapshot.is_complete
        assert snapshot.catalog.document(written.id) == written
        assert snapshot.catalog.document_passages(written.id) == make_passages(written)
        (info,) = snapshot.catalog.infos()
        assert (info.id, info.paths, info.passages) == (written.id, written.paths, 3)
        vector = vectors_for(make_passages(written))[1:2]
        ((key, score),) = snapshot.search(vector, 1)[0]
        assert score == pytest.approx(1, abs=1e-5)
        passage, its_document = snapshot.passages([key])[key]
        assert passage == make_passages(written)[1]
        assert its_document == info


def test_nothing_is_visible_before_the_commit_and_undone_without_one(store):
    fill(store, "Old.")
    with store.writer(IDENTITY) as writer:
        add(writer, "New.", "/docs/b.txt")
        assert texts(store) == {"Old."}
    assert texts(store) == {"Old."}
    with pytest.raises(RuntimeError), store.writer(IDENTITY) as writer:
        add(writer, "New.", "/docs/b.txt")
        raise RuntimeError
    assert texts(store) == {"Old."}
    assert reopened(store).is_new is False


def test_a_reader_keeps_its_generation_while_others_are_committed(store):
    old = fill(store, "Old.")
    with store.snapshot() as before:
        with store.writer(IDENTITY) as writer:
            writer.remove_path(old.path)
            add(writer, "New.", "/docs/b.txt")
            writer.commit()
        assert texts(store) == {"New."}
        (hit,) = before.search(np.ones((1, 4), np.float32), 10)[0]
        assert before.passages([hit[0]])[hit[0]][0].text == "Old."
        assert before.generation == 1
    assert texts(store) == {"New."}


def test_a_document_without_a_path_goes_and_one_with_another_path_stays(store):
    with store.writer(IDENTITY) as writer:
        document = add(writer, "Copied.", "/docs/a.txt")
        writer.set_path("/docs/b.txt", document.id)
        writer.commit()
        writer.remove_path("/docs/a.txt")
        writer.commit()
        assert texts(store) == {"Copied."}
        with store.snapshot() as snapshot:
            assert snapshot.catalog.infos()[0].paths == ("/docs/b.txt",)
        writer.remove_path("/docs/b.txt")
        writer.commit()
    assert texts(store) == set()


def test_a_commit_without_a_change_makes_no_generation(store):
    fill(store, "One.")
    with store.writer(IDENTITY) as writer:
        writer.commit()
    with store.snapshot() as snapshot:
        assert snapshot.generation == 1


def test_there_is_one_index_file_and_it_is_of_the_current_generation(store):
    for number in range(4):
        fill(store, f"Text {number}.", f"/docs/{number}.txt")
    (file,) = index_files(store)
    assert file.stem == "dense-4"


@pytest.mark.parametrize(
    "damage", ["missing", "garbage", "truncated", "empty", "one bit", "of another generation"]
)
def test_an_unusable_index_file_is_remade_from_the_embeddings(store, damage, caplog):
    fill(store, "One.\nTwo.")
    older = index_files(store)[0].read_bytes()
    fill(store, "Three.", "/docs/b.txt")
    (file,) = index_files(store)
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        damaged = {
            "garbage": b"garbage" * 100,
            "truncated": data[: len(data) // 2],
            "empty": b"",
            "one bit": data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
            "of another generation": older,
        }
        file.write_bytes(damaged[damage])
    assert texts(reopened(store)) == {"One.", "Two.", "Three."}
    assert "made again" in caplog.text
    caplog.clear()
    assert texts(reopened(store)) == {"One.", "Two.", "Three."}
    assert not caplog.text, "the first reader repaired the file"


def test_the_kind_of_index_can_be_changed(store):
    fill(store, "One.\nTwo.")
    other = Store(store.folder, "numpy" if store.index_kind == "faiss" else "faiss")
    assert texts(other) == {"One.", "Two."}
    (file,) = index_files(store)
    assert file.suffix == (".npz" if store.index_kind == "faiss" else ".faiss")


def test_a_store_made_anew_under_a_reader_is_not_mistaken_for_the_old_one(store):
    fill(store, "Old.\nOlder.")
    assert texts(store) == {"Old.", "Older."}
    shutil.rmtree(store.folder)
    fill(reopened(store), "New.\nNewer.")  # the same generation and the same keys
    assert texts(store) == {"New.", "Newer."}
    new = vectors_for(make_passages(make_document("New.\nNewer.")))
    with store.snapshot() as snapshot:
        ((key, score),) = snapshot.search(new[1:2], 1)[0]
        assert snapshot.passages([key])[key][0].text == "Newer."
        assert score == pytest.approx(1, abs=1e-5)


def test_a_crash_between_index_file_and_commit_leaves_the_old_generation(store):
    fill(store, "Old.")
    code = f"""
import os
from pathlib import Path
from qa.store import Store
from tests.store.test_store import IDENTITY, add
store = Store(Path({str(store.folder)!r}), {store.index_kind!r})
with store.writer(IDENTITY) as writer:
    add(writer, "New.", "/docs/b.txt")
    execute = writer.catalog.execute
    writer.catalog.execute = lambda sql, *a: os._exit(9) if sql == "COMMIT" else execute(sql, *a)
    writer.commit()
"""
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 9
    assert len(index_files(store)) == 2
    assert texts(reopened(store)) == {"Old."}
    fill(reopened(store), "Other.", "/docs/c.txt")  # generation 2 again, with another content
    assert texts(reopened(store)) == {"Old.", "Other."}
    assert len(index_files(store)) == 1


def test_an_unfinished_ingest_shows_until_it_is_finished(store):
    with store.writer(IDENTITY) as writer:
        add(writer, "One.")
        writer.commit(final=False)
    with store.snapshot() as snapshot:
        assert not snapshot.is_complete
    with store.writer(IDENTITY) as writer:
        writer.commit()
    with store.snapshot() as snapshot:
        assert snapshot.is_complete


def test_a_growing_store_does_not_write_its_index_at_every_commit(store):
    with store.writer(IDENTITY) as writer:
        written = set()
        for number in range(40):
            add(writer, f"Text {number}.", f"/docs/{number}.txt")
            writer.commit(final=False)
            written |= set(index_files(store))
            assert len(texts(reopened(store))) == number + 1
        assert len(written) < 25
        writer.commit()
    assert len(texts(reopened(store))) == 40
    assert [file.stem for file in index_files(store)] == ["dense-41"]


def test_there_is_one_writer_at_a_time(store):
    with (
        store.writer(IDENTITY),
        pytest.raises(StoreBusyError, match="Another process is writing"),
        reopened(store).writer(IDENTITY),
    ):
        pass
    with store.writer(IDENTITY):
        pass


def test_a_store_of_another_model_is_refused_and_can_be_taken_over(store):
    document = fill(store, "One.")
    other = Identity("other", "0" * 64, dimension=6, passage_tokens=128)
    with pytest.raises(StoreMismatchError, match="--rebuild"), store.writer(other):
        pass
    smaller = Identity("test", "f" * 64, dimension=4, passage_tokens=64)
    with (
        pytest.raises(StoreMismatchError, match=r"128 tokens, not 64.*--rebuild"),
        store.writer(smaller),
    ):
        pass
    vectors = np.eye(6, dtype=np.float32)[:1]
    with store.writer(other, rebuild=True) as writer:
        writer.replace_passages(document, make_passages(document), vectors)
        writer.commit()
    with reopened(store).snapshot() as snapshot:
        assert snapshot.identity == other
        assert snapshot.search(vectors, 1)[0][0][1] == pytest.approx(1)
    with store.snapshot() as snapshot:  # the instance that knew the old dimension
        assert snapshot.search(vectors, 1)[0][0][1] == pytest.approx(1)


def test_a_store_of_a_later_format_is_refused(store):
    fill(store, "One.")
    with sqlite3.connect(store.folder / "catalog.sqlite") as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (json.dumps(99),))
    connection.close()
    with pytest.raises(StoreMismatchError, match="format 99"), store.snapshot():
        pass


@pytest.mark.parametrize("content", [b"no database at all, just text" * 100, b"SQLite format 3\0"])
def test_a_damaged_catalog_is_said_and_set_aside_by_a_rebuild(store, content):
    fill(store, "One.")
    catalog = store.folder / "catalog.sqlite"
    catalog.write_bytes(content)
    with pytest.raises(StoreDamagedError, match="--rebuild"), reopened(store).snapshot():
        pass
    with pytest.raises(StoreDamagedError), reopened(store).writer(IDENTITY):
        pass
    with reopened(store).writer(IDENTITY, rebuild=True) as writer:
        add(writer, "New.")
        writer.commit()
    assert texts(reopened(store)) == {"New."}
    assert catalog.with_name("catalog.sqlite.damaged").read_bytes() == content


@pytest.mark.parametrize(
    "damage", ["lost generation", "lost identity", "lost table", "bad structure", "spoilt pages"]
)
def test_a_catalog_damaged_within_is_set_aside_by_a_rebuild_too(store, damage):
    fill(store, "One.\n" * 2000)
    path = store.folder / "catalog.sqlite"
    if damage == "spoilt pages":
        data = bytearray(path.read_bytes())
        data[4096 * 8 : 4096 * 20] = b"\xa5" * 4096 * 12
        path.write_bytes(data)
    else:
        connection = sqlite3.connect(path)
        sql = {
            "lost generation": "DELETE FROM meta WHERE key = 'generation'",
            "lost identity": "DELETE FROM meta WHERE key = 'identity'",
            "lost table": "DROP TABLE paths",
            "bad structure": "UPDATE documents SET structure = 'x'",
        }
        connection.execute(sql[damage])
        connection.commit()
        connection.close()
    with reopened(store).writer(IDENTITY, rebuild=True) as writer:
        add(writer, "New.")
        writer.commit()
    assert texts(reopened(store)) == {"New."}


def test_no_store_and_an_empty_store_say_so(store):
    with pytest.raises(StoreEmptyError, match="qa ingest"), store.snapshot():
        pass
    assert store.is_new
    with store.writer(IDENTITY):
        pass
    assert store.is_new


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorePathError, match="is a file"):
        Store(tmp_path / "file")


def test_a_full_disk_is_one_clear_error_and_loses_nothing(store):
    fill(store, "Old.")
    with pytest.raises(StoreError, match="free space"), store.writer(IDENTITY) as writer:
        writer.catalog.execute("PRAGMA max_page_count = 1")  # SQLite's own "disk full"
        add(writer, "New. " * 100_000, "/docs/b.txt")
    assert texts(reopened(store)) == {"Old."}
