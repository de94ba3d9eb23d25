"""A store of an earlier qa goes on: what can be done unasked is, and what is done loses nothing.

``data/store-format-N.zip`` holds a store that the qa of that format wrote (1: commit 9c538c3, the
first that landed; 2: a6591fe), the files that it was made from and, of format 2, what that qa
answered. Both were made in ``/srv/ada``: ``qa ingest notes --store store-N``, an upload (format 2),
the removal of one of the six files, and ``qa ingest`` again.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.backup import export_store, import_store
from qa.errors import BackupError, StoreMismatchError
from qa.store import Identity, Store
from qa.store.identity import FORMAT
from qa.store.shape import own_shape, shape_of
from tests.conftest import RunQA

DATA = Path(__file__).parent / "data"
NAMES = {"copy.txt", "leuchtturm.txt", "lighthouse.txt", "minutes.md", "page.html"}
OPEN = "import sys; from pathlib import Path; from qa.store import Store\n"
SNAPSHOT = "with Store(Path(sys.argv[1])).snapshot() as snapshot: print(snapshot.generation)"


def unpacked(folder: Path, format_: int) -> Path:
    """The store of a format, as if it had been made in ``folder``, with its files in ``notes``."""
    with zipfile.ZipFile(DATA / f"store-format-{format_}.zip") as archive:
        archive.extractall(folder)
    with closing(sqlite3.connect(folder / "store" / "catalog.sqlite")) as connection, connection:
        connection.execute("UPDATE paths SET path = replace(path, '/srv/ada', ?)", (str(folder),))
        connection.execute(
            "UPDATE paths SET path = replace(path, ?, ?)",
            (str(folder / "store-2"), str(folder / "store")),
        )
    return folder / "store"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return unpacked(tmp_path, 1)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return unpacked(tmp_path, 2)


def format_of(store: Path) -> int:
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
        return json.loads(
            connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]
        )


def check_shape(store: Path) -> None:
    """Its catalog is as a new one, down to every column."""
    assert format_of(store) == FORMAT
    with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
        assert shape_of(connection) == own_shape()


def names(bot: QA) -> set[str]:
    return {Path(path).name for info in bot.documents() for path in info.paths}


# ------------------------------------------------------------------ format 2, unasked


@pytest.mark.parametrize(
    "command",
    [("ask", "What is the ferry called?"), ("documents",), ("documents", "show", "4605"),
     ("status",), ("ingest", "notes"), ("doctor",), ("export", "b.qa")],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.usefixtures("embedder")  # the model is prepared
def test_a_store_of_format_2_is_brought_up_to_date_by_whatever_comes_first(
    second, qa: RunQA, command
):
    assert format_of(second) == 2
    run = qa(*command, "--store", "store")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    check_shape(second)
    assert names(QA.open(second)) == {*NAMES, "tower.txt"}


def test_what_was_answered_is_answered_alike(second, tmp_path):
    bot = QA.open(second)
    for before in json.loads(
        (tmp_path / "answers.json").read_text().replace("/srv/ada/store-2", str(second))
    ):
        now = bot.ask(before["question"]).to_dict()
        assert now["answered"] == before["answered"]
        assert (now["answer"] or {}).get("text") == (before["answer"] or {}).get("text")
        assert now["confidence"] == pytest.approx(before["confidence"], abs=1e-6)
        assert [passage["text"] for passage in now["passages"]] == [
            passage["text"] for passage in before["passages"]
        ]
        for passage, known in zip(now["passages"], before["passages"], strict=True):
            assert passage["score"] == pytest.approx(known["score"], abs=1e-6)
            # Later versions may say more of a source, and nothing else.
            known["source"]["path"] = known["source"]["path"].replace("/srv/ada", str(tmp_path))
            assert passage["source"] | known["source"] == passage["source"]


def test_what_format_3_knows_of_files_and_surroundings_is_filled_in(second):
    bot = QA.open(second)
    with bot.store.snapshot() as snapshot:
        files = {record.path: record for record in snapshot.catalog.places.files()}
        places = snapshot.catalog.places.all()
        assert {path: place.file for path, place in places.items()} == {p: p for p in places}
        assert files.keys() == places.keys()
        assert len(files) == 6
    for path, record in files.items():
        assert record.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
        assert record.failures == ()
    around = 0
    for info in bot.documents():
        document, passages = bot.document(info.id)
        for passage in passages:
            assert passage.prefix == document.text[max(0, passage.start - 32) : passage.start]
            assert passage.suffix == document.text[passage.end : passage.end + 32]
            around += bool(passage.prefix) + bool(passage.suffix)
    assert around >= 4
    assert bot.examine() == []


def test_an_ingest_afterwards_embeds_nothing_again(second, tmp_path):
    bot = QA.open(second)
    report = bot.ingest([tmp_path / "notes"])
    assert (report.embedded, report.changed, report.failed) == (0, 0, [])
    assert len(report.unchanged) == 5
    assert bot.examine() == []


def test_uploads_of_format_2_can_be_had_and_removed(second):
    bot = QA.open(second)
    (tower,) = [info for info in bot.documents() if info.path.endswith("tower.txt")]
    assert bot.library.original(tower.id).data.startswith(b"The tower on the hill")
    bot.remove(tower.id)
    assert not list((second / "uploads").glob("*/*"))
    assert names(bot) == NAMES


def test_several_processes_at_once_bring_it_up_to_date_once(tmp_path):
    for number in range(3):
        store = unpacked(tmp_path / str(number), 2)
        processes = [
            subprocess.Popen([sys.executable, "-c", OPEN + SNAPSHOT, store],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]  # fmt: skip
        for process in processes:
            out, error = process.communicate(timeout=60)
            assert (process.returncode, out, error) == (0, b"3\n", b"")
        check_shape(store)


@pytest.mark.parametrize("moment", ["fill_surroundings", "set_meta", "surroundings"])
def test_a_kill_in_the_midst_leaves_the_earlier_store(second, moment):
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    code = {
        "fill_surroundings": "from qa.store import migrations\n"
        f"migrations.fill_surroundings = lambda catalog, key: key > 3 and {kill}",
        "set_meta": "from qa.store import Catalog\n"
        f"Catalog.set_meta = lambda self, key, value: {kill}",
        "surroundings": "from qa.store import migrations\n"
        f"migrations.surroundings = lambda *arguments: {kill}",
    }[moment]
    run = subprocess.run(
        [sys.executable, "-c", f"import os, signal\n{OPEN}{code}\n{SNAPSHOT}", second],
        capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr
    with closing(sqlite3.connect(second / "catalog.sqlite")) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'files'").fetchone()
    assert format_of(second) == 2
    bot = QA.open(second)
    assert bot.ask("What is the ferry called?").text == "The ferry is called Seagull."
    assert bot.examine() == []
    check_shape(second)


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing(second, tmp_path):
    """A store large enough that bringing it up to date takes a while."""
    with closing(sqlite3.connect(second / "catalog.sqlite")) as connection, connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
            "INSERT INTO documents SELECT key + 100 * i, id || i, title, title_stated, published, "
            "media_type, sha256, characters, ingested_at, structure, text, language, metadata "
            "FROM documents CROSS JOIN n WHERE key < 100"
        )
        for table, columns in (
            ("paths", "path || '.' || (d.key / 100), d.key"),
            ("passages", "NULL, d.key, number, start, end, page, heading, sentences, t.text"),
        ):
            connection.execute(
                f"INSERT INTO {table} SELECT {columns} FROM {table} AS t "
                "JOIN documents AS d ON d.key % 100 = document_key AND d.key > 100"
            )
        passages = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
    whole = shutil.copytree(second, tmp_path / "whole")
    command = [sys.executable, "-c", OPEN + SNAPSHOT]
    started = time.perf_counter()
    subprocess.run([*command, whole], check=True, capture_output=True)
    longest = time.perf_counter() - started
    moments, interrupted = random.Random(1887), 0
    for _ in range(30):
        store = shutil.copytree(second, tmp_path / "killed")
        process = subprocess.Popen([*command, store], stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.1, longest))
        process.send_signal(signal.SIGKILL)
        process.wait()
        interrupted += (store / "catalog.sqlite-wal").exists() and format_of(store) == 2
        with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert connection.execute("SELECT count(*) FROM passages").fetchone()[0] == passages
        assert format_of(store) in (2, 3)
        run = subprocess.run([*command, store], check=False, capture_output=True)
        assert run.returncode == 0, run.stderr
        check_shape(store)
        with closing(sqlite3.connect(store / "catalog.sqlite")) as connection:
            bare = "prefix = '' AND suffix = '' AND start > 0"
            assert not connection.execute(f"SELECT 1 FROM passages WHERE {bare}").fetchone()
        shutil.rmtree(store)
    assert interrupted >= 5, "too few kills hit the middle of the work to prove anything"


def mounts() -> bool:
    """Whether a process may mount: as root in a container, or in a user namespace."""
    unshare = shutil.which("unshare")
    return (
        bool(unshare)
        and not subprocess.run(
            [unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
            check=False,
            capture_output=True,
        ).returncode
    )


def test_a_store_in_a_read_only_folder_says_what_to_do(second, tmp_path):
    if not mounts():
        pytest.skip("mounting isn't allowed here")
    qa = str(Path(sys.executable).parent / "qa")
    script = (
        f"mount --bind {second} {second} && mount -o remount,ro,bind {second} && {qa} documents"
    )
    run = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{script} --store {second}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr == (
        f"Error: The store {second} was made by an earlier qa (format 2): run `qa status` once as "
        "somebody who may write there; its documents stay.\n"
    )
    assert format_of(second) == 2


@pytest.mark.parametrize(("format_", "is_taken"), [(1, False), (2, True)])
def test_a_backup_of_an_earlier_format_is_brought_up_to_date_as_a_store_is(
    tmp_path, format_, is_taken
):
    """There was no export then: the catalog of a backup is exchanged for an earlier one."""
    store = unpacked(tmp_path / "old", format_)
    shutil.copytree(unpacked(tmp_path / "other", 2), tmp_path / "new")
    export_store(QA.open(tmp_path / "new").store, tmp_path / "new.qa", 10**6)
    data = (store / "catalog.sqlite").read_bytes()
    with (
        zipfile.ZipFile(tmp_path / "new.qa") as source,
        zipfile.ZipFile(tmp_path / "old.qa", "w") as target,
    ):
        manifest = json.loads(source.read("manifest.json"))
        part = manifest["parts"][0]
        part |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        manifest |= {"parts": [part], "store_format": format_}
        target.writestr("catalog.sqlite", data)
        target.writestr("manifest.json", json.dumps(manifest))
    bot = QA.open(tmp_path / "imported")
    if not is_taken:
        with pytest.raises(BackupError, match="of a store of format 1"):
            import_store(bot.store, tmp_path / "old.qa")
        return
    import_store(bot.store, tmp_path / "old.qa")
    check_shape(tmp_path / "imported")
    assert bot.ask("What is the ferry called?").text == "The ferry is called Seagull."
    assert [finding.kind for finding in bot.examine()] == []


# ------------------------------------------------------------------ format 1, by a rebuild


def test_opening_a_store_of_format_1_says_what_to_do(first):
    bot = QA.open(first)
    attempts = [lambda: bot.ask("Where is the lighthouse?"), bot.documents, bot.status, bot.examine,
                lambda: bot.ingest([first.parent / "notes"]), lambda: bot.remove("x")]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(StoreMismatchError, match=r"format 1.*`qa ingest --rebuild` once"):
            attempt()
    assert format_of(first) == 1


def test_a_rebuild_keeps_the_documents_and_makes_everything_else_anew(first, tmp_path):
    shutil.rmtree(tmp_path / "notes")  # all there is of them is in the store
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "cats.txt").write_text("Cats sleep all day.")
    bot = QA.open(first, seeds=tmp_path / "seeds")
    with closing(sqlite3.connect(first / "catalog.sqlite")) as connection:
        texts = dict(connection.execute("SELECT id, text FROM documents"))
        ingested = dict(connection.execute("SELECT id, ingested_at FROM documents"))
    report = bot.ingest(rebuild=True)
    assert (report.added, report.removed) == ([], [])
    assert names(bot) == NAMES
    infos = {Path(info.paths[-1]).name: info for info in bot.documents()}
    assert {name: info.language for name, info in infos.items()} == {
        "lighthouse.txt": "en", "leuchtturm.txt": "de", "minutes.md": "en", "page.html": "en"
    }  # fmt: skip
    assert str(infos["minutes.md"].published) == "2023-10-03"
    assert {info.id: info.ingested_at for info in infos.values()} == ingested
    assert {id_: bot.document(id_)[0].text for id_ in texts} == texts
    assert sum(info.passages for info in infos.values()) == report.embedded >= 6
    with bot.store.snapshot() as snapshot:
        assert snapshot.generation == 3
        keys = snapshot.catalog.passage_keys().tolist()
        for vector, sentences, fit in snapshot.vectors(keys).values():
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
            assert np.linalg.norm(sentences, axis=1) == pytest.approx(1, abs=1e-3)
            assert 2 < fit < 6
    answer = bot.ask("What is the ferry called?")
    assert answer.text == "The ferry is called Seagull."
    assert answer.passages[0].evidence is not None
    assert answer.passages[0].evidence.lexical > 0
    assert bot.examine() == []


def test_a_rebuilt_catalog_is_as_a_new_one(first):
    QA.open(first).ingest(rebuild=True)
    check_shape(first)


def test_no_index_file_of_the_earlier_format_stays(first):
    assert (first / "dense-2.faiss").exists()
    QA.open(first).ingest(rebuild=True)
    assert not (first / "dense-2.faiss").exists()
    assert len(list(first.glob("dense-*"))) == len(list(first.glob("lexical-*"))) == 1


def test_a_rebuild_that_fails_leaves_the_earlier_store(first):
    before = (first / "catalog.sqlite").read_bytes()
    identity = Identity("m", "0" * 64, 384, 128)
    with pytest.raises(RuntimeError), Store(first).writer(identity, rebuild=True) as writer:
        assert {info.language for info in writer.catalog.infos()} == {None}
        raise RuntimeError
    assert (first / "catalog.sqlite").read_bytes() == before
    with pytest.raises(StoreMismatchError, match="format 1"), Store(first).snapshot():
        pass


def test_the_command_line_does_what_it_says(first, qa: RunQA):
    run = qa("ask", "Where is the lighthouse?", "--store", first)
    assert run.returncode == 1
    assert "run `qa ingest --rebuild` once" in run.stderr
    assert qa("ingest", "--rebuild", "notes", "--store", first).returncode == 0
    run = qa("ask", "Where does the lighthouse stand?", "--store", first)
    assert "northern cape" in run.stdout
