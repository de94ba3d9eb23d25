"""The promises of a store: whole generations, one writer, indexes that can always be remade."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.analysis import Terms, analyse
from qa.embedding.base import Embedded
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
                    ("Heading",), 3, (span,), number)
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


def embedded(passages: list[Passage], vectors: np.ndarray | None = None) -> Embedded:
    """Each passage is one sentence, and both have one vector."""
    vectors = vectors_for(passages) if vectors is None else vectors
    return Embedded(vectors, [vector[np.newaxis] for vector in vectors], [4.5] * len(vectors))


def add(writer: Writer, text: str, path: str = "/docs/a.txt") -> Document:
    document = make_document(text, path)
    passages = make_passages(document)
    writer.add(document, passages, embedded(passages))
    return document


def fill(store: Store, text: str, path: str = "/docs/a.txt") -> Document:
    with store.writer(IDENTITY) as writer:
        document = add(writer, text, path)
        writer.commit()
    return document


ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = np.ones((1, 4), np.float32)


def words(text: str) -> dict[str, Terms]:
    """A question in words, to documents whose language isn't known."""
    return {"": analyse(text, "")}


def texts(store: Store) -> set[str]:
    """The texts of all passages, found by searching: indexes and catalog must agree."""
    with store.snapshot() as snapshot:
        hits = snapshot.search_dense(EVERYWHERE, 1000)[0]
        by_words = snapshot.search_lexical(words("heading"), 1000)  # every passage stands under it
        found = snapshot.passages([key for key, _ in hits])
        assert len(found) == len(hits) == snapshot.catalog.count("passages")
        assert sorted(key for key, _ in by_words) == sorted(found)
        return {passage.text for passage, _ in found.values()}


@pytest.fixture(params=[("faiss", "tantivy"), ("numpy", "memory")], ids="-".join)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "vectors", *request.param)


def reopened(store: Store) -> Store:
    return Store(store.folder, store.index_kind, store.lexical_kind)


def index_files(store: Store, name: str = "dense") -> list[Path]:
    """An index's files or folders, the oldest first."""
    return sorted(store.folder.glob(f"{name}-*"), key=lambda path: int(path.name.split("-")[1]))


def generations(store: Store, name: str) -> list[int]:
    """The generations that an index's files are named after."""
    names = [re.fullmatch(rf"{name}-(\d+)-[0-9a-f]{{8}}", f.stem) for f in index_files(store, name)]
    assert all(names)
    return [int(match[1]) for match in names if match]


def kept(store: Store, *generations: int) -> list[int]:
    """What of these generations there must be of a lexical index: folders are kept once more."""
    return list(generations[-2:] if store.lexical_kind == "tantivy" else generations[-1:])


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
        ((key, score),) = snapshot.search_dense(vector, 1)[0]
        assert score == pytest.approx(1, abs=1e-5)
        passage, its_document = snapshot.passages([key])[key]
        assert passage == make_passages(written)[1]
        assert its_document == info
        its_vector, sentences, fit = snapshot.vectors([key])[key]
        assert its_vector.tolist() == vector[0].tolist()
        assert sentences == pytest.approx(vector, abs=1e-3)  # kept as float16
        assert fit == 4.5


def test_a_documents_language_and_metadata_are_kept(store):
    text = "Kediler uyur."
    document = replace(make_document(text), language="tr", metadata={"author": "Ayşe"})
    passages = make_passages(document)
    with store.writer(IDENTITY) as writer:
        writer.add(document, passages, embedded(passages))
        add(writer, "One.", "/docs/b.txt")
        add(writer, "Two.", "/docs/c.txt")
        writer.commit()
    with reopened(store).snapshot() as snapshot:
        assert snapshot.catalog.document(document.id) == document
        (info,) = snapshot.catalog.find(document.id)
        assert (info.language, info.metadata) == ("tr", {"author": "Ayşe"})
        assert snapshot.catalog.languages() == [None, "tr"]
        assert snapshot.analyses() == ["", "tr"]


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
        (hit,) = before.search_dense(EVERYWHERE, 10)[0]
        assert before.passages([hit[0]])[hit[0]][0].text == "Old."
        assert [key for key, _ in before.search_lexical(words("heading"), 10)] == [hit[0]]
        assert before.search_lexical(words("new"), 10) == []
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


def test_the_index_files_are_of_the_current_generation(store):
    for number in range(1, 6):
        fill(store, f"Text {number}.", f"/docs/{number}.txt")
        assert generations(store, "dense") == [number]
        assert generations(store, "lexical") == kept(store, *range(1, number + 1))
    with store.snapshot() as snapshot:
        assert snapshot.index_files == {
            "dense": index_files(store, "dense")[-1],
            "lexical": index_files(store, "lexical")[-1],
        }


def damage(path: Path, how: str, older: Path) -> None:
    """Spoils an index file, or the largest file of an index folder."""
    if how == "missing":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return
    if how == "of another generation":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        older.rename(path)
        return
    if path.is_dir():
        path = max(path.iterdir(), key=lambda file: file.stat().st_size)
    data = path.read_bytes()
    damaged = {
        "garbage": b"garbage" * 100,
        "truncated": data[: len(data) // 2],
        "empty": b"",
        "one bit": data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    }
    path.unlink()  # a hard link's other names must not change
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("name", ["dense", "lexical"])
@pytest.mark.parametrize(
    "how", ["missing", "garbage", "truncated", "empty", "one bit", "of another generation"]
)
def test_an_unusable_index_file_is_remade_from_the_catalog(store, name, how, tmp_path, caplog):
    fill(store, "One.\nTwo.")
    (file,) = index_files(store, name)
    older = tmp_path / "older"
    shutil.copytree(file, older) if file.is_dir() else shutil.copyfile(file, older)
    fill(store, "Three.", "/docs/b.txt")
    file = index_files(store, name)[-1]
    damage(file, how, older)
    assert texts(reopened(store)) == {"One.", "Two.", "Three."}
    assert f"The index {file} can't be used" in caplog.text
    assert "made again from the catalog" in caplog.text
    caplog.clear()
    assert texts(reopened(store)) == {"One.", "Two.", "Three."}
    assert not caplog.text, "the first reader repaired the file"
    with store.snapshot() as snapshot:
        repaired = snapshot.index_files[name]
    assert repaired is not None
    assert repaired != file, "a name is never given twice"


def test_stale_index_files_are_brought_into_step_and_repaired(store):
    fill(store, "One line.\n" * 9 + "The tenth.")
    with store.writer(IDENTITY) as writer:
        add(writer, "One more.", "/docs/b.txt")
        writer.commit(final=False)  # as in the midst of a long ingest: no index is written
    assert generations(store, "dense") == generations(store, "lexical") == [1]
    with store.snapshot() as snapshot:
        assert snapshot.index_files == {"dense": None, "lexical": None}
    assert texts(reopened(store)) == {"One line.", "The tenth.", "One more."}
    assert generations(store, "dense") == [2]
    assert generations(store, "lexical") == kept(store, 1, 2)
    with store.snapshot() as snapshot:
        assert snapshot.index_files["lexical"] == index_files(store, "lexical")[-1]


def test_an_older_lexical_folder_is_kept_for_one_generation(tmp_path):
    store = Store(tmp_path / "vectors")
    fill(store, "One.")
    (first,) = index_files(store, "lexical")
    contents = {file: file.read_bytes() for file in first.iterdir()}
    fill(store, "Two.", "/docs/b.txt")
    assert {file: file.read_bytes() for file in contents} == contents
    fill(store, "Three.", "/docs/c.txt")
    assert not first.exists()


@pytest.mark.parametrize(
    "name",
    ["dense-notes.txt", "dense-1.txt", "dense-1-0a1b2c3d.faiss.bak", "lexical-notes.txt",
     "lexical-1-0a1b2c3d", "lexical-one-0a1b2c3d.json", "dense-1-0A1B2C3D.npz"],
)  # fmt: skip
def test_a_persons_own_file_is_never_removed(store, name):
    store.folder.mkdir()
    own = store.folder / name
    own.write_text("Trees stand close together.")
    for number in range(3):
        fill(store, f"Text {number}.", f"/docs/{number}.txt")
    assert own.read_text() == "Trees stand close together."


def test_a_persons_own_folder_is_never_removed(store):
    own = store.folder / "lexical-works"
    own.mkdir(parents=True)
    (own / "note.txt").write_text("Trees stand close together.")
    for number in range(3):
        fill(store, f"Text {number}.", f"/docs/{number}.txt")
    assert (own / "note.txt").read_text() == "Trees stand close together."


def test_the_kind_of_index_can_be_changed(store):
    fill(store, "One.\nTwo.")
    if store.index_kind == "faiss":
        other, suffixes = Store(store.folder, "numpy", "memory"), {".npz", ".json"}
    else:
        other, suffixes = Store(store.folder, "faiss", "tantivy"), {".faiss", ".tantivy"}
    assert texts(other) == {"One.", "Two."}
    with other.snapshot() as snapshot:
        assert {file.suffix for file in snapshot.index_files.values() if file} == suffixes
    assert [file.suffix for file in index_files(store)] == [
        ".npz" if store.index_kind == "faiss" else ".faiss"
    ]


def test_after_a_change_of_kind_no_file_of_the_other_stays(store):
    fill(store, "One.")
    fill(store, "Two.", "/docs/b.txt")
    memory = Store(store.folder, "numpy", "memory")
    fill(memory, "Three.", "/docs/c.txt")
    assert texts(memory) == {"One.", "Two.", "Three."}
    assert [file.suffix for file in index_files(memory, "lexical")] == [".json"]
    assert [file.suffix for file in index_files(memory, "dense")] == [".npz"]


@pytest.mark.parametrize("generations_between", [1, 2, 3])
def test_a_running_reader_sees_what_another_process_ingests(store, generations_between):
    fill(store, "Old.\nOlder.")
    assert texts(store) == {"Old.", "Older."}
    code = f"""
from pathlib import Path
from qa.store import Store
from tests.store.test_store import IDENTITY, add
store = Store(Path({str(store.folder)!r}), {store.index_kind!r}, {store.lexical_kind!r})
for number in range({generations_between}):
    with store.writer(IDENTITY) as writer:
        writer.remove_path("/docs/a.txt")
        add(writer, f"New {{number}}.", f"/docs/new{{number}}.txt")
        writer.commit()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert texts(store) == {f"New {number}." for number in range(generations_between)}
    with store.snapshot() as snapshot:
        assert snapshot.search_lexical(words("old"), 10) == []
        assert len(snapshot.search_lexical(words("new"), 10)) == generations_between


def test_a_store_made_anew_under_a_reader_is_not_mistaken_for_the_old_one(store):
    fill(store, "Old.\nOlder.")
    assert texts(store) == {"Old.", "Older."}
    shutil.rmtree(store.folder)
    fill(reopened(store), "New.\nNewer.")  # the same generation and the same keys
    assert texts(store) == {"New.", "Newer."}
    new = vectors_for(make_passages(make_document("New.\nNewer.")))
    with store.snapshot() as snapshot:
        ((key, score),) = snapshot.search_dense(new[1:2], 1)[0]
        assert snapshot.passages([key])[key][0].text == "Newer."
        assert score == pytest.approx(1, abs=1e-5)
        assert snapshot.search_lexical(words("old"), 10) == []


def test_a_store_that_cannot_be_written_is_read_and_its_indexes_left_as_they_are(
    store, monkeypatch
):
    fill(store, "One.\nTwo.")

    def files() -> dict[Path, bytes]:
        indexes = [*store.folder.glob("dense-*"), *store.folder.glob("lexical-*")]
        found = [path for index in indexes for path in (index, *index.rglob("*"))]
        return {path: path.read_bytes() for path in found if path.is_file()}

    before = files()
    can = os.access  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and can(path, mode))
    assert texts(reopened(store)) == {"One.", "Two."}
    assert files() == before


def test_a_crash_between_index_file_and_commit_leaves_the_old_generation(store):
    fill(store, "Old.")
    code = f"""
import os
from pathlib import Path
from qa.store import Store
from tests.store.test_store import IDENTITY, add
store = Store(Path({str(store.folder)!r}), {store.index_kind!r}, {store.lexical_kind!r})
with store.writer(IDENTITY) as writer:
    add(writer, "New.", "/docs/b.txt")
    execute = writer.catalog.execute
    writer.catalog.execute = lambda sql, *a: os._exit(9) if sql == "COMMIT" else execute(sql, *a)
    writer.commit()
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 9
    assert generations(store, "dense") == generations(store, "lexical") == [1, 2]
    assert texts(reopened(store)) == {"Old."}
    fill(reopened(store), "Other.", "/docs/c.txt")  # generation 2 again, with another content
    assert texts(reopened(store)) == {"Old.", "Other."}
    assert generations(store, "dense") == [2]
    assert generations(store, "lexical") == kept(store, 1, 2)


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


def test_a_growing_store_does_not_write_its_indexes_at_every_commit(store):
    with store.writer(IDENTITY) as writer:
        written = set()
        for number in range(40):
            add(writer, f"Text {number}.", f"/docs/{number}.txt")
            writer.commit(final=False)
            written |= {*index_files(store, "dense"), *index_files(store, "lexical")}
            assert len(texts(reopened(store))) == number + 1
        for name in ("dense", "lexical"):
            assert len([path for path in written if path.name.startswith(name)]) < 25
        writer.commit()
    assert len(texts(reopened(store))) == 40
    assert generations(store, "dense") == [41]
    assert generations(store, "lexical")[-1] == 41
    assert len(index_files(store, "lexical")) == len(kept(store, 1, 2))


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
        passages = make_passages(document)
        writer.replace(document, passages, embedded(passages, vectors))
        writer.commit()
    with reopened(store).snapshot() as snapshot:
        assert snapshot.identity == other
        assert snapshot.search_dense(vectors, 1)[0][0][1] == pytest.approx(1)
    with store.snapshot() as snapshot:  # the instance that knew the old dimension
        assert snapshot.search_dense(vectors, 1)[0][0][1] == pytest.approx(1)


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
