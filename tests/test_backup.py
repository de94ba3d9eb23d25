"""A backup holds all that a store is, and what is given for one is trusted in nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from qa import QA
from qa.backup import export_store, import_store
from qa.errors import BackupError, StoreBusyError, StoreEmptyError, StoreError, UsageError
from qa.feedback import Feedback, record
from qa.keys import Keys
from tests.conftest import RunQA

TOWNS = ("Arnsby", "Bexholm", "Carrow", "Denlow", "Elmsea", "Farnet", "Gorley", "Hexham", "Isling",
         "Jarlby")  # fmt: skip
TRADES = {
    "harbour": ("The harbour of {} has {} cranes.", "How many cranes has the harbour of {}?"),
    "library": ("The library of {} was founded in 18{}.", "When was the library of {} founded?"),
    "mill": ("The mill at {} is run by {} people.", "How many people run the mill at {}?"),
    "school": ("The school of {} has {} pupils in its oldest class.", "How old is {}'s school?"),
    "bridge": ("The bridge of {} is {} metres long.", "How long is the bridge of {}?"),
}
QUESTIONS = [asks.format(town) for town in TOWNS[:4] for _, asks in TRADES.values()]
MOST = 32_000_000
ASK = """
import json, sys
from qa import QA
bot = QA.open(sys.argv[1])
answers = [bot.ask(question).to_dict() for question in json.load(sys.stdin)]
print(json.dumps([{name: answer[name] for name in answer if name != "timings_ms"}
                  for answer in answers]))
"""


def write_documents(folder: Path) -> None:
    """Fifty documents in forty-one files; one of these is an archive."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "bridges.zip", "w") as archive:
        for number, town in enumerate(TOWNS, start=11):
            for name, (says, _) in TRADES.items():
                text = f"{says.format(town, number)} It is the pride of all who live there."
                if name == "bridge":
                    archive.writestr(f"bridges/{town}.txt", text)
                else:
                    (folder / f"{name}-{town}.txt").write_text(text)


def asked(store: Path) -> list[dict]:
    """What another process answers to the questions."""
    run = subprocess.run(
        [sys.executable, "-c", ASK, str(store)], input=json.dumps(QUESTIONS), cwd=store.parent,
        # Sums go in the order of sets: another seed of hashes gives another sixteenth digit.
        env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, embedder: object) -> Path:
    """A folder with ``docs``, their store ``vectors`` (with an upload, feedback and a key), and a
    backup of it without originals and one with them; tests only read it."""
    folder = tmp_path_factory.mktemp("made")
    write_documents(folder / "docs")
    bot = QA.open(folder / "vectors", seeds=folder / "docs")
    bot.ingest()
    bot.library.upload(BytesIO(b"The ferry of Arnsby is called Seagull."), "ferry.txt")
    record(bot, Feedback("What is the ferry called?", "up", False))
    Keys(bot.store.folder).create("phone")
    export_store(bot.store, folder / "small.qa", MOST)
    export_store(bot.store, folder / "large.qa", MOST, originals=True)
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """A copy of that store, to be changed."""
    return shutil.copytree(made / "vectors", tmp_path / "vectors")


def names(backup: Path) -> set[str]:
    with zipfile.ZipFile(backup) as archive:
        return set(archive.namelist())


def held(folder: Path) -> dict[str, bytes]:
    """All files below a folder but for locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("lock")
    }


def sha256s_in(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


# ------------------------------------------------------------------ there and back


def test_an_import_elsewhere_answers_alike_in_another_process(made, tmp_path, qa: RunQA):
    run = qa("import", made / "small.qa", "--store", tmp_path / "elsewhere")
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"imported 51 documents, 1 upload into {tmp_path / 'elsewhere'}\n"
    before, after = asked(made / "vectors"), asked(tmp_path / "elsewhere")
    assert before == after
    assert sum(answer["answered"] for answer in before) > 10


def test_an_import_has_its_indexes_and_needs_no_repair_at_the_first_question(made, tmp_path):
    bot = QA.open(tmp_path / "new")
    import_store(bot.store, made / "small.qa")
    with bot.store.snapshot() as snapshot:
        assert all(snapshot.index_files.values())
    before = held(bot.store.folder).keys()
    assert bot.ask("What is the ferry of Arnsby called?").passages
    assert held(bot.store.folder).keys() == before


def test_a_backup_holds_uploads_and_feedback_but_no_key(made, tmp_path):
    inside = names(made / "small.qa")
    assert {name.split("/")[0] for name in inside} == {
        "manifest.json", "catalog.sqlite", "uploads", "feedback.jsonl"
    }  # fmt: skip
    secret = json.loads((made / "vectors" / "keys.json").read_text())["keys"][0]["sha256"]
    with zipfile.ZipFile(made / "large.qa") as archive:
        assert all(secret.encode() not in archive.read(name) for name in archive.namelist())
    bot = QA.open(tmp_path / "new")
    import_store(bot.store, made / "small.qa")
    (upload,) = [info for info in bot.documents() if info.path.endswith("ferry.txt")]
    assert Path(upload.path).is_relative_to(tmp_path / "new" / "uploads" / upload.id)
    assert bot.library.original(upload.id).data == b"The ferry of Arnsby is called Seagull."
    assert (tmp_path / "new" / "feedback.jsonl").read_text().count("\n") == 1
    assert not Keys(tmp_path / "new").demanded


def test_a_documents_path_stays_where_no_original_came_along(made, tmp_path):
    bot = QA.open(tmp_path / "new")
    import_store(bot.store, made / "small.qa")
    paths = [info.path for info in bot.documents() if "uploads" not in info.path]
    assert len(paths) == 50
    assert all(Path(path).is_relative_to(made / "docs") for path in paths)


def test_originals_that_lie_where_they_lay_are_left_there(made, tmp_path):
    bot = QA.open(tmp_path / "new")
    assert import_store(bot.store, made / "large.qa").originals == 0
    assert not (tmp_path / "new" / "originals").exists()


@pytest.mark.parametrize("to", [None, "mine"])
def test_originals_that_came_along_can_be_had_again(made, tmp_path, to):
    """As on another machine: the files of the store aren't there."""
    docs = tmp_path / "docs"
    write_documents(docs)
    (docs / "mill-Carrow.txt.meta.json").write_text('{"author": "Ada Brook"}')
    bot = QA.open(tmp_path / "vectors", seeds=docs)
    bot.ingest()
    export_store(bot.store, tmp_path / "b.qa", MOST, originals=True)
    sha256s = sha256s_in(docs)
    shutil.rmtree(docs)
    new = QA.open(tmp_path / "new", seeds=docs)
    root = tmp_path / to if to else tmp_path / "new" / "originals"
    imported = import_store(new.store, tmp_path / "b.qa", originals_to=to and tmp_path / to)
    assert imported.originals == 41
    below = root.joinpath(*docs.parts[1:])
    assert sha256s_in(below) == sha256s
    mill = next(info for info in new.documents() if "mill-Carrow.txt" in info.path)
    assert Path(mill.path) == below / "mill-Carrow.txt"
    assert new.library.original(mill.id).name == "mill-Carrow.txt"
    assert mill.metadata == {"author": "Ada Brook"}
    bridge = next(info for info in new.documents() if "bridges/Carrow" in info.path)
    assert Path(bridge.path) == below / "bridges.zip" / "bridges" / "Carrow.txt"
    if to:  # outside of the store they can be kept in step
        report = new.ingest([below])
        assert (report.embedded, report.changed, report.failed) == (0, 0, [])


def test_an_original_that_is_gone_or_changed_is_named_and_left_out(made, tmp_path, qa: RunQA):
    docs = tmp_path / "seeds"
    docs.mkdir()
    for name in ("a", "b", "c"):
        (docs / f"{name}.txt").write_text(f"The boat {name} is blue.")
    assert qa("ingest").returncode == 0
    (docs / "a.txt").unlink()
    (docs / "b.txt").write_text("Another boat.")
    run = qa("export", "b.qa", "--originals", "--json")
    left_out = json.loads(run.stdout)["left_out"]
    assert [(Path(out["path"]).name, out["reason"]) for out in left_out] == [
        ("a.txt", "it isn't there"), ("b.txt", "it isn't what was ingested any more")
    ]  # fmt: skip
    assert [name for name in names(tmp_path / "b.qa") if "originals" in name] == [
        f"originals{docs / 'c.txt'}"
    ]


def test_uploads_are_found_in_a_store_that_was_moved(store, tmp_path):
    moved = store.rename(tmp_path / "moved")
    assert export_store(QA.open(moved).store, tmp_path / "b.qa", MOST).uploads == 1


# ------------------------------------------------------------------ exporting


def test_an_export_during_an_ingest_is_one_generation(tmp_path):
    for folder in ("one", "two"):
        write_documents(tmp_path / folder)
    for path in (tmp_path / "two").glob("*.txt"):
        path.write_text(f"{path.read_text()} That was so last year as well. " * 8)
    bot = QA.open(tmp_path / "vectors", seeds=tmp_path / "one")
    bot.ingest()
    others = QA.open(tmp_path / "vectors")
    ingest = threading.Thread(target=others.ingest, args=([tmp_path / "two"],))
    ingest.start()
    counts = []
    while ingest.is_alive() or not counts:
        file = tmp_path / f"{len(counts)}.qa"
        exported = export_store(bot.store, file, MOST)
        new = QA.open(tmp_path / f"new-{len(counts)}")
        imported = import_store(new.store, file)
        status = new.status()
        assert status["passages"] == status["embeddings"] == imported.passages
        assert status["documents"] == exported.documents == len(new.documents())
        counts.append(exported.documents)
    ingest.join()
    assert counts == sorted(counts)
    assert counts[0] >= 50


def test_a_backup_is_not_overwritten_unless_forced(made, tmp_path, qa: RunQA):
    file = tmp_path / "b.qa"
    file.write_text("mine")
    run = qa("export", file, "--store", made / "vectors")
    assert (run.returncode, file.read_text()) == (2, "mine")
    assert run.stderr.endswith("give another name, or --force to replace it.\n")
    assert qa("export", file, "--store", made / "vectors", "--force").returncode == 0
    assert zipfile.is_zipfile(file)


def test_what_cannot_be_written_leaves_nothing(made, tmp_path):
    bot = QA.open(made / "vectors")
    with pytest.raises(BackupError, match=r"can't be written \(No such file or directory\)"):
        export_store(bot.store, tmp_path / "no" / "b.qa", MOST)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_store_has_nothing_to_export(tmp_path):
    with pytest.raises(StoreEmptyError):
        export_store(QA.open(tmp_path / "none").store, tmp_path / "b.qa", MOST)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_catalog_is_not_made_a_backup_of(store, tmp_path):
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection, connection:
        connection.execute("DELETE FROM passages WHERE key = 1")  # its embedding stays
    with pytest.raises(StoreError, match=r"belong to no passage.*qa doctor --repair"):
        export_store(QA.open(store).store, tmp_path / "b.qa", MOST)
    assert not (tmp_path / "b.qa").exists()


# ------------------------------------------------------------------ importing


def test_a_store_that_holds_something_is_refused_unless_replaced(made, store, tmp_path, qa: RunQA):
    bot = QA.open(store)
    bot.remove(next(info.id for info in bot.documents() if "mill-Arnsby" in info.path))
    bot.library.upload(BytesIO(b"The tower of Arnsby is round."), "tower.txt")
    keys = (store / "keys.json").read_bytes()
    assert bot.ask("What is the tower of Arnsby like?").answered
    run = qa("import", made / "small.qa")
    assert run.returncode == 2
    assert "holds something already: give another --store, or --replace." in run.stderr
    run = qa("import", made / "small.qa", "--replace")
    assert run.returncode == 0, run.stderr
    assert (store / "keys.json").read_bytes() == keys  # a service stays as closed as it was
    assert len(bot.documents()) == 51
    assert "tower" not in (bot.ask("What is the tower of Arnsby like?").text or "")
    assert [path.name for path in (store / "uploads").glob("*/*")] == ["ferry.txt"]
    assert asked(store) == asked(made / "vectors")


def test_a_damaged_store_can_be_replaced(made, store):
    (store / "catalog.sqlite").write_bytes(b"rubbish" * 1000)
    with pytest.raises(UsageError, match="holds something"):
        import_store(QA.open(store).store, made / "small.qa")
    import_store(QA.open(store).store, made / "small.qa", replace=True)
    assert len(QA.open(store).documents()) == 51
    assert (store / "catalog.sqlite.damaged").read_bytes() == b"rubbish" * 1000


def test_an_import_waits_for_no_other_writer(made, store):
    bot = QA.open(store)
    with bot.store.snapshot() as snapshot:
        identity = snapshot.identity
    with bot.store.writer(identity), pytest.raises(StoreBusyError):
        import_store(bot.store, made / "small.qa", replace=True)
    assert len(bot.documents()) == 51


def test_another_file_in_an_originals_place_is_never_overwritten(made, tmp_path):
    place = tmp_path.joinpath("to", *(made / "docs" / "mill-Carrow.txt").parts[1:])
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    with pytest.raises(UsageError, match="another file at"):
        import_store(
            QA.open(tmp_path / "new").store, made / "large.qa", originals_to=tmp_path / "to"
        )
    assert place.read_text() == "mine"
    assert not (tmp_path / "new").exists()


def test_an_import_that_fails_at_the_commit_leaves_the_store_as_it_was(made, store, monkeypatch):
    from qa.store import Writer

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    bot = QA.open(store)
    bot.remove(next(info.id for info in bot.documents() if "ferry" in info.path))
    before = held(store)
    monkeypatch.setattr(Writer, "commit", fail)
    with pytest.raises(StoreError, match="No space left"):
        import_store(bot.store, made / "small.qa", replace=True)
    assert {name: data for name, data in held(store).items() if "-wal" not in name} == {
        name: data for name, data in before.items() if "-wal" not in name
    }
    assert len(bot.documents()) == 50


# ------------------------------------------------------------------ what isn't to be trusted


def rewritten(
    backup: Path, target: Path, change: Callable[[dict[str, bytes], dict], None], **options: object
) -> Path:
    """A backup with parts and manifest changed; the manifest is true to the parts again."""
    with zipfile.ZipFile(backup) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    known = {part["name"]: part for part in manifest["parts"]}
    change(parts, manifest)
    for name, data in parts.items():
        entry = known.setdefault(name, {"name": name, "path": "/a/path"})
        entry |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["parts"] = [known[name] for name in parts]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, data)
    return target


def refused(file: Path, match: str) -> None:
    """The backup is refused, and nothing stays of it."""
    store = QA.open(file.parent / "new").store
    with pytest.raises(BackupError, match=match) as caught:
        import_store(store, file)
    assert "\n" not in str(caught.value)
    assert not store.folder.exists()
    assert not (file.parent / "evil.txt").exists()


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "originals/../../evil.txt", "/evil.txt", "originals//evil.txt",
     "uploads/../evil.txt", "uploads/" + "0" * 32 + "/a/evil.txt", "keys.json", "qa.toml",
     "dense-1-00000000.faiss", "originals/./evil.txt", "uploads/" + "0" * 32 + "/evil.txt"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(made, tmp_path, name):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        parts[name] = b"evil"

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "can't be trusted")


def test_a_link_is_refused(made, tmp_path):
    file = rewritten(made / "small.qa", tmp_path / "b.qa", lambda parts, manifest: None)
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: (entry, archive.read(entry)) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, (entry, data) in parts.items():
            entry.external_attr = (0o120777 if name == "catalog.sqlite" else 0o100644) << 16
            archive.writestr(entry, data)
    refused(file, "no plain file")


def test_a_bomb_is_refused_before_it_is_unpacked(made, tmp_path):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        parts["originals/evil.txt"] = bytes(150_000_000)

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "would unpack to")


def test_a_part_longer_than_it_says_is_not_unpacked_further(made, tmp_path):
    """Its true size is in the data alone: both the list of the archive and the manifest lie."""
    file = tmp_path / "b.qa"
    with zipfile.ZipFile(made / "small.qa") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = json.loads(parts["manifest.json"])
        for part in manifest["parts"]:
            if part["name"] == "feedback.jsonl":
                part["bytes"] = 10
        for name, data in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, data)
        archive.getinfo("feedback.jsonl").file_size = 10
    refused(file, "is damaged")


def test_a_disk_too_small_is_said_before_anything_is_unpacked(made, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    store = QA.open(tmp_path / "new").store
    with pytest.raises(StoreError, match="make room"):
        import_store(store, made / "small.qa")
    assert not store.folder.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_backup_is_refused(made, tmp_path, share):
    data = (made / "small.qa").read_bytes()
    (tmp_path / "b.qa").write_bytes(data[: int(share * len(data))])
    refused(tmp_path / "b.qa", "no backup|damaged")


def test_any_flipped_byte_is_found_or_harmless(bot, tmp_path):
    (tmp_path / "docs" / "a.txt").write_text("The boat is blue. It is called Seagull.")
    bot.ingest()
    export_store(bot.store, tmp_path / "whole.qa", MOST)
    data = (tmp_path / "whole.qa").read_bytes()
    found = 0
    end = len(data) - 1
    for place in [*range(0, end, end // 30), *range(end - 20, end, 2)]:
        file = tmp_path / "b.qa"
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        new = QA.open(tmp_path / str(place))
        try:
            import_store(new.store, file)
        except BackupError:
            found += 1
        else:  # a date in the archive's list, or the like
            assert len(new.documents()) == 1
    assert found > 30


def test_a_later_format_is_told_as_such(made, tmp_path):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        manifest.update(format=2, more="fields")

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "format 2.*upgrade qa")


@pytest.mark.parametrize(
    "changes", [{"documents": 50}, {"generation": 7}, {"passages": 1}, {"documents": -1},
                {"format": "1"}, {"evil": 1}, {"qa": None}]
)  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused(made, tmp_path, changes):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        manifest.update(changes)

    refused(
        rewritten(made / "small.qa", tmp_path / "b.qa", change), "damaged|what the manifest says"
    )


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"[" * 100_000, b'{"format": 1}'])
def test_rubbish_for_a_manifest_is_refused(tmp_path, data):
    with zipfile.ZipFile(tmp_path / "b.qa", "w") as archive:
        archive.writestr("manifest.json", data)
    refused(tmp_path / "b.qa", "damaged")


def test_what_is_no_backup_is_refused(tmp_path):
    (tmp_path / "b.qa").write_text("a text")
    refused(tmp_path / "b.qa", "no backup")
    with zipfile.ZipFile(tmp_path / "c.qa", "w") as archive:
        archive.writestr("a.txt", "a text")
    refused(tmp_path / "c.qa", "no backup")
    refused(tmp_path / "none.qa", "can't be read")


@pytest.mark.parametrize(
    "statement",
    ["CREATE TRIGGER evil AFTER INSERT ON meta BEGIN DELETE FROM documents; END",
     "CREATE VIEW evil AS SELECT * FROM meta",
     "CREATE TABLE evil (a)",
     "CREATE VIRTUAL TABLE evil USING fts5(a)",
     "CREATE INDEX evil ON documents(title)",
     "DROP INDEX paths_by_file",
     "ALTER TABLE documents ADD COLUMN evil",
     "ALTER TABLE documents ADD COLUMN evil GENERATED ALWAYS AS (length(text))",
     "ALTER TABLE documents DROP COLUMN metadata",
     "DELETE FROM passages WHERE key = 1",
     "DELETE FROM meta WHERE key = 'identity'",
     "UPDATE meta SET value = '{\"model\": 1}' WHERE key = 'identity'",
     "UPDATE meta SET value = '9' WHERE key = 'format'",
     "UPDATE meta SET value = '1' WHERE key = 'format'",
     "UPDATE meta SET value = 'rubbish' WHERE key = 'generation'",
     "UPDATE files SET failures = '[1]'",
     "UPDATE passages SET text = 'evil'",
     "UPDATE documents SET title = x'ff'",
     "UPDATE embeddings SET vector = x'00'"],
)  # fmt: skip
def test_a_catalog_that_is_not_exactly_ours_is_refused(made, tmp_path, statement):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        path = tmp_path / "evil.sqlite"
        path.write_bytes(parts["catalog.sqlite"])
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            try:
                connection.execute(statement)
            except sqlite3.OperationalError:  # an index needs the column
                connection.execute("DROP INDEX documents_by_facts")
                connection.execute(statement)
        parts["catalog.sqlite"] = path.read_bytes()

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "can't be trusted|of format")


@pytest.mark.parametrize("data", [b"", b"rubbish" * 1000, b"SQLite format 3\0" + bytes(4080)])
def test_a_catalog_that_is_none_is_refused(made, tmp_path, data):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        parts["catalog.sqlite"] = data

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "can't be trusted|of format")


def test_a_catalog_with_damaged_pages_is_refused(made, tmp_path):
    def change(parts: dict[str, bytes], manifest: dict) -> None:
        data = bytearray(parts["catalog.sqlite"])
        data[5 * 4096 : 5 * 4096 + 200] = os.urandom(200)
        parts["catalog.sqlite"] = bytes(data)

    refused(rewritten(made / "small.qa", tmp_path / "b.qa", change), "can't be trusted")
