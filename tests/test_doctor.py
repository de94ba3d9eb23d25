"""Every kind of damage, planted in a real store, is found and, where it can be, repaired."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.doctor import Kind
from qa.errors import StoreBusyError, StoreDamagedError, StoreEmptyError
from qa.store.store import CATALOG
from tests.conftest import RunQA
from tests.samples import Sample, write_markdown, write_pdf

QUESTION, ANSWER = "What is the keeper's dog called?", "The keeper's dog is called Barnaby."
LONG = " ".join(
    f"In the year {year} the harbour took in {year * 7 % 911} boats." for year in range(1750, 1990)
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, embedder: object) -> Path:
    """A folder with ``docs`` and their store ``vectors``, which has an upload, too."""
    folder = tmp_path_factory.mktemp("made")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "long.txt").write_text(f"The harbour book.\n\n{LONG}\n")
    (docs / "dog.txt").write_text(f"{ANSWER} It sleeps in the lamp room.")
    write_markdown(docs / "staff.md", Sample("The mayor is Ann Berg.", "Staff"))
    write_pdf(docs / "plan.pdf", Sample("The plan was drawn by Edith Marlow.", "Plans"))
    bot = QA.open(folder / "vectors", seeds=docs)
    bot.ingest()
    bot.library.upload(BytesIO(b"The ferry is called Seagull."), "ferry.txt")
    return folder


@pytest.fixture
def bot(made: Path, tmp_path: Path) -> QA:
    """A bot over a copy of that store, to be damaged; what its paths lead to is as it was, but
    for the upload, which is uploaded again."""
    shutil.copytree(made / "vectors", tmp_path / "vectors")
    bot = QA.open(tmp_path / "vectors", seeds=made / "docs")
    run(bot, "UPDATE paths SET path = replace(path, ?, ?), file = replace(file, ?, ?)",
        *(str(made / "vectors"), str(tmp_path / "vectors")) * 2)  # fmt: skip
    run(bot, "UPDATE files SET path = replace(path, ?, ?)",
        str(made / "vectors"), str(tmp_path / "vectors"))  # fmt: skip
    return bot


def run(bot: QA, statement: str, *parameters: object) -> None:
    """Does to the catalog what nothing of ours would do."""
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection, connection:
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (0,)
        for part in statement.split(";"):
            connection.execute(part, parameters)


def key_of(bot: QA, name: str) -> int:
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection:
        return connection.execute(
            "SELECT document_key FROM paths WHERE path LIKE ?", (f"%{name}",)
        ).fetchone()[0]


def index_file(bot: QA, name: str) -> Path:
    with bot.store.snapshot() as snapshot:
        path = snapshot.index_files[name]
    assert path is not None
    return path


def kinds(bot: QA) -> list[Kind]:
    return [finding.kind for finding in bot.examine()]


def check_repaired(bot: QA, kind: Kind, message: str) -> None:
    """What was planted is found, as that and nothing else, and repaired; answers are right."""
    found = bot.examine()
    assert {finding.kind for finding in found} == {kind}, found
    assert any(message in finding.message for finding in found), found
    assert all("\n" not in finding.message for finding in found)
    assert bot.repair(found) == []
    again = QA.open(bot.store.folder, seeds=bot.settings.seeds)
    assert again.examine() == []
    assert again.ask(QUESTION).text == ANSWER
    assert again.ask("Who drew the plan?").text == "The plan was drawn by Edith Marlow."


def test_a_sound_store_has_nothing(bot):
    assert bot.examine() == []


def test_a_store_with_what_is_usual_has_nothing(bot, made):
    """After updates, moves, removals, an unfinished ingest and another kind of index."""
    bot.remove(next(info.id for info in bot.documents() if "long" in info.path))
    bot.ingest()
    numpy = QA.open(bot.store.folder, seeds=made / "docs", index="numpy", lexical_index="memory")
    numpy.ask(QUESTION)
    assert numpy.examine() == bot.examine() == []
    run(bot, "UPDATE meta SET value = 'true' WHERE key = 'ingesting'")
    assert kinds(bot) == [Kind.NOTE]
    assert bot.repair(bot.examine()) == bot.examine()


# ------------------------------------------------------------------ rows


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("INSERT INTO passages SELECT 9000, 8000, number, start, end, page, heading, sentences, "
         "text, prefix, suffix FROM passages WHERE key = 1", "1 passages belong to no document"),
        ("INSERT INTO embeddings SELECT 9000, vector, sentences, fit FROM embeddings "
         "WHERE passage_key = 1", "1 embeddings belong to no passage"),
        ("INSERT INTO paths VALUES ('/gone/a.txt', 8000, '/gone/a.txt')",
         "1 paths lead to no document"),
        ("INSERT INTO documents SELECT 8000, 'f', title, title_stated, published, media_type, "
         "sha256, characters, ingested_at, structure, text, language, metadata FROM documents "
         "WHERE key = 1", "1 documents are at no path"),
        ("INSERT INTO files VALUES ('/gone/a.txt', 'f', 'f', '[]')",
         "/gone/a.txt counts as read, but no document is there"),
    ],
)  # fmt: skip
def test_rows_that_belong_to_nothing_are_deleted(bot, statement, message):
    run(bot, statement)
    found = bot.examine()
    assert any(message in finding.message for finding in found)
    left = bot.repair(found)
    assert left == []
    assert len(bot.documents()) == 5
    assert bot.ask(QUESTION).text == ANSWER


def test_a_document_whose_row_is_gone_comes_back_by_the_next_ingest(bot):
    run(bot, "DELETE FROM documents WHERE key = ?", key_of(bot, "dog.txt"))
    check = {finding.message.split(" ", 1)[1] for finding in bot.examine()}
    assert any("paths lead to no document" in message for message in check)
    assert any("passages belong to no document" in message for message in check)
    assert bot.repair(bot.examine()) == []
    assert bot.ask(QUESTION).text != ANSWER
    assert len(bot.ingest([bot.settings.seeds]).added) == 1
    assert bot.ask(QUESTION).text == ANSWER
    assert bot.examine() == []


# ------------------------------------------------------------------ documents


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE passages SET text = replace(text, 'Barnaby', 'Bernard')",
         "passage 0 doesn't say what its text says there"),
        ("UPDATE passages SET start = start + 1 WHERE document_key = :dog", "passage 0"),
        ("UPDATE passages SET end = 100000 WHERE document_key = :dog", "isn't within its text"),
        ("UPDATE passages SET number = 1 WHERE document_key = :dog", "numbered one by one"),
        ("UPDATE passages SET sentences = '[0, 9999]' WHERE document_key = :dog",
         "sentences that aren't within it"),
        ("UPDATE passages SET sentences = '[0, 10, 5, 30]' WHERE document_key = :dog",
         "sentences that aren't within it"),
        ("UPDATE passages SET sentences = 'rubbish' WHERE document_key = :dog", "can't be read"),
        ("UPDATE passages SET heading = '[1]' WHERE document_key = :dog", "headings"),
        ("DELETE FROM passages WHERE document_key = :dog; "
         "DELETE FROM embeddings WHERE passage_key NOT IN (SELECT key FROM passages)",
         "its end is in no passage"),
        ("DELETE FROM embeddings", "no embedding: no question finds them"),
        ("UPDATE embeddings SET vector = substr(vector, 5)", "wrong size"),
        ("UPDATE embeddings SET sentences = x'00000000'", "wrong size"),
        ("UPDATE embeddings SET vector = zeroblob(4 * 384)", "isn't of unit length"),
        ("UPDATE embeddings SET sentences = zeroblob(length(sentences))", "isn't of unit length"),
        ("UPDATE embeddings SET fit = 9e999", "isn't of unit length"),
        ("UPDATE documents SET structure = '[]' || structure WHERE key = :dog", "can't be read"),
        ("UPDATE documents SET structure = '[[0, 0, 9999, [], null]]' WHERE key = :dog",
         "its headings and pages aren't within its text"),
        ("UPDATE documents SET structure = '{}' WHERE key = :dog", "under no heading, on no page"),
        ("UPDATE documents SET metadata = '{\"a\": 1}' WHERE key = :dog", "its metadata"),
        ("UPDATE documents SET published = 'soon' WHERE key = :dog", "its date or metadata"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_document_is_made_again_from_its_text(bot, statement, message):
    dog = str(key_of(bot, "dog.txt"))
    run(bot, statement.replace(":dog", dog))
    check_repaired(bot, Kind.PASSAGES, message)


def test_a_vector_that_is_no_number_is_found(bot):
    run(bot, "UPDATE embeddings SET vector = ?", np.full(384, np.nan, "<f4").tobytes())
    check_repaired(bot, Kind.PASSAGES, "isn't of unit length")


def test_a_lost_passage_in_the_midst_is_found(bot):
    long = key_of(bot, "long.txt")
    run(bot, f"DELETE FROM embeddings WHERE passage_key IN (SELECT key FROM passages WHERE "
        f"document_key = {long} AND number = 3); "
        f"DELETE FROM passages WHERE document_key = {long} AND number = 3; "
        f"UPDATE passages SET number = -number WHERE document_key = {long} AND number > 3; "
        f"UPDATE passages SET number = -number - 1 WHERE document_key = {long} AND number < 0"
        )  # fmt: skip
    check_repaired(bot, Kind.PASSAGES, "text before passage 3 is in no passage")
    assert "1931" in (
        bot.ask("How many boats did the harbour take in in the year 1931?").text or ""
    )


def test_only_the_document_that_is_broken_is_embedded_again_and_its_file_is_read_again(bot):
    before = vectors_of(bot)
    run(bot, "UPDATE passages SET text = 'x' WHERE document_key = ?", key_of(bot, "dog.txt"))
    assert len(bot.examine()) == 1
    assert bot.repair(bot.examine()) == []
    after = vectors_of(bot)
    assert len(after.keys() - before.keys()) == 1
    assert all(after[key] == before[key] for key in after.keys() & before.keys())
    report = bot.ingest([bot.settings.seeds])
    assert (report.embedded, report.changed, report.failed) == (0, 0, [])


def vectors_of(bot: QA) -> dict[int, bytes]:
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection:
        return dict(connection.execute("SELECT passage_key, vector FROM embeddings"))


def test_a_text_that_was_altered_is_put_right_by_the_next_ingest(bot):
    run(bot, "UPDATE documents SET text = replace(text, 'Barnaby', 'Bernard')")
    (finding,) = bot.examine()
    assert "doesn't say what its text says" in finding.message
    assert bot.repair([finding]) == []
    assert bot.ask(QUESTION).text != ANSWER  # the text is all there is
    assert len(bot.ingest([bot.settings.seeds]).updated) == 1
    assert bot.ask(QUESTION).text == ANSWER
    assert bot.examine() == []


def test_lost_headings_come_back_by_the_next_ingest(bot):
    run(bot, "UPDATE documents SET structure = '[[]]', metadata = '[' WHERE media_type LIKE '%pdf'")
    check_repaired(bot, Kind.PASSAGES, "can't be read")
    assert bot.ask("Who drew the plan?").passages[0].source.page is None
    bot.ingest([bot.settings.seeds])
    assert bot.ask("Who drew the plan?").passages[0].source.page == 2


@pytest.mark.parametrize(
    ("statement", "message"),
    [("UPDATE documents SET characters = 7", "number of characters"),
     ("UPDATE passages SET prefix = 'x' WHERE number = 2", "the text around passage 2"),
     ("UPDATE passages SET suffix = 'x' WHERE number = 0", "the text around passage 0")],
)  # fmt: skip
def test_what_follows_from_a_text_is_reckoned_again(bot, statement, message):
    run(bot, statement)
    before = vectors_of(bot)
    check_repaired(bot, Kind.FACTS, message)
    assert vectors_of(bot) == before


# ------------------------------------------------------------------ indexes


def flip(path: Path, place: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0xFF
    path.write_bytes(bytes(data))


def test_an_index_with_a_flipped_byte_is_made_again(bot):
    flip(index_file(bot, "dense"))
    check_repaired(bot, Kind.INDEX, "The dense index is damaged")
    flip(max(index_file(bot, "lexical").glob("*.term")))
    check_repaired(bot, Kind.INDEX, "The lexical index is damaged")


def test_an_index_that_is_gone_is_made_again(bot):
    index_file(bot, "dense").unlink()
    shutil.rmtree(index_file(bot, "lexical"))
    assert [finding.message.split(" (")[0] for finding in bot.examine()] == [
        "The dense index is gone", "The lexical index is gone"
    ]  # fmt: skip
    check_repaired(bot, Kind.INDEX, "is gone")


@pytest.mark.parametrize("name", ["dense", "lexical"])
def test_an_index_that_is_not_recorded_is_made_again(bot, name):
    run(bot, f"DELETE FROM meta WHERE key = '{name}_index'")
    with bot.store.snapshot() as snapshot:
        folder, catalog = bot.store.folder, snapshot.catalog
        assert list(folder.glob(f"{name}-*"))
        assert catalog.meta(f"{name}_index") is None
    check_repaired(bot, Kind.INDEX, f"The {name} index isn't there")


@pytest.mark.parametrize("name", ["dense", "lexical"])
def test_an_index_of_another_generation_is_made_again(bot, name):
    run(bot, "UPDATE meta SET value = '77' WHERE key = 'generation'")
    check_repaired(bot, Kind.INDEX, f"The {name} index isn't that of generation 77")


def test_an_index_with_other_keys_is_made_again(bot):
    """All is well with both but for what they say together."""
    last = f"(SELECT max(key) FROM passages WHERE document_key = {key_of(bot, 'long.txt')})"
    run(bot, f"UPDATE embeddings SET passage_key = 9000 WHERE passage_key = {last}; "
             f"UPDATE passages SET key = 9000 WHERE key = {last}")  # fmt: skip
    check_repaired(bot, Kind.INDEX, "lacks 1 passages, and has 1 that are gone")


def test_an_index_with_other_vectors_is_made_again(bot):
    run(bot, "UPDATE embeddings SET vector = ? WHERE passage_key = 1",
        np.eye(384, dtype="<f4")[0].tobytes())  # fmt: skip
    check_repaired(bot, Kind.INDEX, "The dense index has other vectors than the catalog")


# ------------------------------------------------------------------ files


@pytest.mark.parametrize(
    "name", ["dense-9-0123abcd.faiss", "lexical-9-0123abcd.tantivy.tmp", ".qa-import-abc/0",
             ".feedback.jsonl.77.tmp", "uploads/." + "0" * 32 + ".tmp"]
)  # fmt: skip
def test_what_an_interrupted_writer_left_is_deleted_when_it_is_old(bot, name):
    path = bot.store.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    top = path if path.parent.name in ("vectors", "uploads") else path.parent
    assert bot.examine() == []  # somebody may be at it
    os.utime(top, (1e9, 1e9))
    check_repaired(bot, Kind.LEFTOVER, "was left by an interrupted writer")
    assert not top.exists()


def test_a_persons_own_file_is_no_leftover(bot):
    for name in (".hidden", "dense-notes.txt", ".qa-notes.txt", "notes.tmp"):
        (bot.store.folder / name).write_text("mine")
        os.utime(bot.store.folder / name, (1e9, 1e9))
    assert bot.examine() == []


def test_uploads_that_are_gone_altered_or_nobodys_are_told_and_never_deleted(bot):
    (upload,) = (bot.store.folder / "uploads").glob("*/*")
    for change, message in (
        (lambda: upload.write_bytes(b"Another text."), "isn't what was uploaded any more"),
        (upload.unlink, "is gone; its document still answers"),
    ):
        change()
        (finding,) = bot.examine()
        assert message in finding.message
        assert bot.repair([finding]) == [finding]
    other = bot.store.folder / "uploads" / ("0" * 32) / "b.txt"
    other.parent.mkdir()
    other.write_text("Whose?")
    assert [finding.kind for finding in bot.examine()] == [Kind.UPLOAD] * 3
    assert bot.repair(bot.examine()) == bot.examine()
    assert other.exists()
    assert bot.ask("What is the ferry called?").text == "The ferry is called Seagull."


# ------------------------------------------------------------------ a damaged catalog


def page_of(bot: QA, table: str) -> int:
    """The place in the file of a table's first page."""
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()[0]
        return (root - 1) * connection.execute("PRAGMA page_size").fetchone()[0]


def spoil(bot: QA, table: str) -> None:
    place = page_of(bot, table)
    data = bytearray(bot.store.catalog_path.read_bytes())
    data[place : place + 4096] = np.random.default_rng(1).bytes(4096)
    bot.store.catalog_path.write_bytes(bytes(data))


def test_an_index_of_sqlites_is_made_again_without_a_new_catalog(bot):
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        row = connection.execute(
            "SELECT * FROM sqlite_schema WHERE name = 'documents_by_language'"
        ).fetchone()
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'documents_by_language'")
        connection.commit()
    run(bot, "UPDATE documents SET language = 'nn' WHERE key = ?", key_of(bot, "long.txt"))
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    check_repaired(bot, Kind.DAMAGE, "missing from index documents_by_language")
    assert not list(bot.store.folder.glob("*.damaged"))


@pytest.mark.parametrize("table", ["passages", "embeddings", "files", "meta"])
def test_a_catalog_whose_texts_can_be_read_becomes_a_new_one(bot, table):
    spoil(bot, table)
    before = bot.store.catalog_path.read_bytes()
    check_repaired(bot, Kind.DAMAGE, "")
    assert (bot.store.folder / f"{CATALOG}.damaged").read_bytes() == before
    paths = {info.path for info in bot.documents()}
    assert len(paths) == 5
    assert bot.ask("Who drew the plan?").passages[0].source.page == 2
    report = bot.ingest([bot.settings.seeds])
    assert (report.embedded, report.changed, report.failed) == (0, 0, [])
    assert bot.examine() == []


def test_documents_that_can_be_read_are_kept_where_others_cannot(bot):
    """The text of the long one goes on on pages of its own, and the chain of these is broken."""
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(bot.store.catalog_path.read_bytes())
    pages = [
        place
        for place in range(0, len(data), 4096)
        if 0 < int.from_bytes(data[place : place + 4]) < 2**16
        and data.count(b"In the year", place, place + 4096) > 50
    ]
    data[pages[0] : pages[0] + 4] = b"\xff" * 4
    bot.store.catalog_path.write_bytes(bytes(data))
    check_repaired(bot, Kind.DAMAGE, "")
    names = {Path(info.path).name for info in bot.documents()}
    assert names == {"dog.txt", "staff.md", "plan.pdf", "ferry.txt"}
    report = bot.ingest([bot.settings.seeds])
    assert [Path(path).name for path in report.added] == ["long.txt"]
    assert bot.examine() == []


def test_where_no_document_can_be_read_all_stays_as_it_is(bot):
    spoil(bot, "documents")
    before = bot.store.catalog_path.read_bytes()
    with pytest.raises(StoreDamagedError, match="qa import"):
        bot.repair(bot.examine())
    assert bot.store.catalog_path.read_bytes() == before
    assert not list(bot.store.folder.glob("*.damaged"))
    assert not list(bot.store.folder.glob(".qa-repair*"))


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
def test_a_catalog_that_is_none_is_said_and_left(bot, content):
    bot.store.catalog_path.write_bytes(content)
    if not content:
        with pytest.raises(StoreEmptyError):
            bot.examine()
        return
    (finding,) = bot.examine()
    assert finding.kind is Kind.DAMAGE
    with pytest.raises(StoreDamagedError, match="qa ingest --rebuild"):
        bot.repair([finding])
    assert bot.store.catalog_path.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    ["DROP INDEX paths_by_file", "CREATE TABLE more (a)",
     "CREATE TRIGGER more AFTER INSERT ON meta BEGIN SELECT 1; END".replace(";", "\0")],
)  # fmt: skip
def test_other_tables_than_ours_are_left_behind(bot, statement):
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection, connection:
        connection.execute(statement.replace("\0", ";"))
    check_repaired(bot, Kind.DAMAGE, "tables aren't those of a catalog")


def test_a_value_of_another_type_is_found(bot):
    run(bot, "UPDATE documents SET title = x'ff00' WHERE key = ?", key_of(bot, "dog.txt"))
    check_repaired(bot, Kind.DAMAGE, "1 values of documents.title aren't of the type TEXT")


# ------------------------------------------------------------------ the command


def test_the_command_says_what_is_wrong_and_repairs_it(bot, qa: RunQA):
    run_ = qa("doctor")
    assert (run_.returncode, run_.stdout) == (0, "Nothing is wrong.\n")
    index_file(bot, "dense").unlink()
    run(bot, "UPDATE documents SET characters = 7 WHERE key = ?", key_of(bot, "dog.txt"))
    run_ = qa("doctor")
    assert run_.returncode == 1
    assert [line.split(":")[0] for line in run_.stdout.splitlines()] == ["facts", "index"]
    assert run_.stderr == "`qa doctor --repair` repairs it.\n"
    found = json.loads(qa("doctor", "--json").stdout)["found"]
    assert [(each["kind"], each["repairable"]) for each in found] == [
        ("facts", True),
        ("index", True),
    ]
    run_ = qa("doctor", "--repair")
    assert run_.returncode == 0, run_.stderr
    assert run_.stdout.endswith("Repaired.\n")
    assert qa("doctor", "--json").returncode == 0


def test_the_command_exits_with_1_while_something_is_left(bot, qa: RunQA):
    next((bot.store.folder / "uploads").glob("*/*")).unlink()
    run_ = qa("doctor", "--repair")
    assert run_.returncode == 1
    assert run_.stdout.splitlines()[1] == "Left after the repair:"


def test_a_look_needs_no_lock_and_a_repair_does(bot):
    index_file(bot, "dense").unlink()
    with bot.store.snapshot() as snapshot:
        identity = snapshot.identity
    with bot.store.writer(identity):
        found = bot.examine()
        assert kinds(bot) == [Kind.INDEX]
        with pytest.raises(StoreBusyError):
            bot.repair(found)
    assert bot.repair(found) == []


def test_no_store_is_said(tmp_path):
    with pytest.raises(StoreEmptyError):
        QA.open(tmp_path / "none").examine()
