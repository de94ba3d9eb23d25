"""`qa keys` as a person uses it."""

from __future__ import annotations

import json

from qa.keys import Keys
from tests.cli.test_commands import assert_error


def test_create_prints_the_key_alone_and_says_that_it_is_shown_once(qa, tmp_path):
    run = qa("keys", "create", "phone")
    token = run.stdout.removesuffix("\n")
    assert run.returncode == 0
    assert "can't be shown again" in run.stderr
    key = Keys(tmp_path / "vectors").find(token)
    assert key
    assert (key.name, key.scope) == ("phone", "read")


def test_the_list_shows_names_and_scopes_and_no_secret(qa, tmp_path):
    read = qa("keys", "create", "phone").stdout.strip()
    write = json.loads(qa("keys", "create", "scanner", "--scope", "write", "--json").stdout)
    listed = qa("keys", "list").stdout
    lines = [line.split("\t") for line in listed.splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        (read.split("_")[1], "read", "phone"),
        (write["id"], "write", "scanner"),
    ]
    as_json = qa("keys", "list", "--json").stdout
    assert [key["name"] for key in json.loads(as_json)] == ["phone", "scanner"]
    for token in (read, write["key"]):
        assert Keys(tmp_path / "vectors").find(token)
        assert token.split("_")[2] not in listed + as_json
    assert "sha256" not in as_json


def test_a_revoked_key_is_gone_and_the_last_one_leaves_the_service_closed(qa, tmp_path):
    assert "demands none" in qa("keys", "list").stdout
    token = qa("keys", "create", "phone", "--store", "work").stdout.strip()
    run = qa("keys", "revoke", token.split("_")[1], "--store", "work")
    assert "revoked" in run.stdout
    assert "nobody is let in now" in run.stderr
    assert Keys(tmp_path / "work").find(token) is None
    assert "the service demands one" in qa("keys", "list", "--store", "work").stdout


def test_what_goes_wrong_is_said_in_a_sentence(qa, tmp_path):
    assert_error(qa("keys", "revoke", "00000000"), 1, "qa keys list")
    assert_error(qa("keys", "create", ""), 2, "one line")
    assert qa("keys", "create", "phone", "--scope", "all").returncode == 2
    (tmp_path / "vectors" / "keys.json").write_text("{")
    assert_error(qa("keys", "list"), 1, "correct the file, or remove it")
    assert_error(qa("keys", "create", "phone"), 1, "correct the file, or remove it")
