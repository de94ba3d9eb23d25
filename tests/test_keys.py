from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.errors import KeysError, NotFoundError, UsageError
from qa.keys import Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "vectors")


def test_a_token_is_found_again_and_stands_nowhere(keys):
    key, token = keys.create("Ada's phone", "write")
    assert token.startswith(f"qa_{key.id}_")
    assert len(token.rpartition("_")[2]) == 64
    assert keys.find(token) == key
    assert (key.name, key.scope) == ("Ada's phone", "write")
    kept = keys.path.read_text()
    assert token.rpartition("_")[2] not in kept
    assert [
        file.name for file in keys.path.parent.iterdir() if token[-64:] in file.read_text()
    ] == []


def test_only_the_owner_may_read_the_file_also_after_a_change(keys):
    key, _ = keys.create("one")
    keys.create("two")
    keys.revoke(key.id)
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in keys.path.parent.iterdir()) == ["keys.json", "keys.lock"]


def test_what_is_not_a_whole_key_is_none(keys):
    _, token = keys.create("one")
    _, other = keys.create("two")
    mixed = token[:12] + other[12:]
    for wrong in ["", "qa_", token[:-1], token + "0", token.upper(), mixed, f" {token}", "é" * 76]:
        assert keys.find(wrong) is None, wrong


def test_what_another_process_creates_and_revokes_is_seen_at_once(keys):
    elsewhere = Keys(keys.path.parent)
    assert not keys.demanded
    key, token = elsewhere.create("one")
    assert keys.demanded
    assert keys.find(token) == key
    elsewhere.revoke(key.id)
    assert keys.find(token) is None


def test_an_unchanged_file_is_not_read_again(keys):
    _, token = keys.create("one")
    assert keys.find(token)
    before = keys.path.stat()
    with keys.path.open("r+b") as file:  # of the same size and date: as if nothing had been
        file.write(b"#" * before.st_size)
    os.utime(keys.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert keys.find(token)
    os.utime(keys.path)
    with pytest.raises(KeysError, match="it is damaged"):
        keys.find(token)


def test_when_all_are_revoked_keys_are_still_demanded(keys):
    key, token = keys.create("one")
    keys.revoke(key.id)
    for each in (keys, Keys(keys.path.parent)):
        assert each.demanded
        assert each.all() == []
        assert each.find(token) is None


def test_removing_the_file_opens_what_is_started_afterwards_not_what_runs(keys):
    _, token = keys.create("one")
    assert keys.demanded
    keys.path.unlink()
    assert keys.demanded
    assert keys.find(token) is None
    assert not Keys(keys.path.parent).demanded


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"version": 2, "keys": []}',
        b'{"version": 1, "keys": [{"id": "00000000"}]}',
        b'{"version": 1, "keys": [], "open": true}',
    ],
)
def test_a_damaged_file_lets_nobody_in(keys, damage):
    _, token = keys.create("one")
    keys.path.write_bytes(damage)
    for each in (keys, Keys(keys.path.parent)):
        for use in (lambda k: k.demanded, lambda k: k.find(token), lambda k: k.create("two")):
            with pytest.raises(KeysError, match=r"keys\.json can't be read"):
                use(each)
    assert keys.path.read_bytes() == damage


def test_a_file_that_cannot_be_read_lets_nobody_in(keys):
    keys.path.mkdir(parents=True)
    with pytest.raises(KeysError, match="Is a directory"):
        _ = keys.demanded


def test_keys_created_at_the_same_time_are_all_kept(keys):
    def create(n: int) -> str:
        return Keys(keys.path.parent).create(f"number {n}")[1]

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(create, range(24)))
    assert all(keys.find(token) for token in tokens)
    assert {key.name for key in keys.all()} == {f"number {n}" for n in range(24)}


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[31m", "a\u202eb"])
def test_a_name_is_one_line_of_text(keys, name):
    with pytest.raises(UsageError, match="one line"):
        keys.create(name)
    assert not keys.path.exists()


def test_an_unknown_key_cannot_be_revoked(keys):
    keys.create("one")
    with pytest.raises(NotFoundError, match="qa keys list"):
        keys.revoke("00000000")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysError, match="can't be"):
        Keys(tmp_path / "file" / "vectors").create("one")


def test_the_file_is_plain_json(keys):
    key, _ = keys.create("one")
    kept = json.loads(keys.path.read_text())
    assert kept["version"] == 1
    assert set(kept["keys"][0]) == {"id", "name", "scope", "created", "sha256"}
    assert kept["keys"][0]["id"] == key.id
