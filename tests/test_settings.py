from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.settings import load_settings, origins, write_settings


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_flag_before_environment_before_file_before_default(tmp_path, monkeypatch):
    assert (load_settings().top_k, origins()["top_k"]) == (5, "default")
    Path("qa.toml").write_text("top_k = 6\nmodel = 'file-model'\n")
    assert (load_settings().top_k, origins()["top_k"]) == (6, "qa.toml")
    monkeypatch.setenv("QA_TOP_K", "7")
    assert (load_settings().top_k, origins()["top_k"]) == (7, "QA_TOP_K")
    assert (load_settings(top_k=8).top_k, origins(top_k=8)["top_k"]) == (8, "--top-k")
    assert load_settings(top_k=None).top_k == 7
    assert (load_settings().model, origins()["model"]) == ("file-model", "qa.toml")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("top_k = 0", "top_k from qa.toml"),
        ("top_k = 'many'", "top_k from qa.toml"),
        ("topk = 3", "topk from qa.toml"),
        ("index = 'milvus'", "index from qa.toml"),
        ("top_k = [", "qa.toml can't be read"),
        ("cors_origins = ['*']", "cors_origins from qa.toml"),
        ("cors_origins = ['https://a.example/']", "cors_origins from qa.toml"),
        ("allowed_hosts = ['*.example.org']", "allowed_hosts from qa.toml"),
        ("rate_limit = 'often'", "rate_limit from qa.toml"),
    ],
)
def test_a_wrong_file_is_named(toml, message):
    Path("qa.toml").write_text(toml)
    with pytest.raises(SettingsError, match=message):
        load_settings()


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("QA_PORT", "eighty")
    with pytest.raises(SettingsError, match="port from QA_PORT"):
        load_settings()


def test_in_a_variable_commas_stand_between_values(monkeypatch):
    monkeypatch.setenv("QA_ALLOWED_HOSTS", "qa.lan, qa.example.org")
    assert load_settings().allowed_hosts == ["qa.lan", "qa.example.org"]
    monkeypatch.setenv("QA_ALLOWED_HOSTS", "*")
    with pytest.raises(SettingsError, match="allowed_hosts from QA_ALLOWED_HOSTS"):
        load_settings()


def test_every_setting_is_described():
    from qa.settings import Settings

    assert all(field.description for field in Settings.model_fields.values())


def test_writing_a_setting_keeps_all_else(tmp_path):
    path = tmp_path / "qa.toml"
    text = (
        '# mine\r\ntop_k = 3\r\nmin_confidence = 0.3   # low\r\n\r\n# a folder\r\nstore = "a"\r\n'
    )
    path.write_bytes(text.encode())
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    write_settings({"min_confidence": 0.42}, link)
    assert path.read_bytes().decode() == text.replace("0.3 ", "0.42 ")
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    write_settings({"dense_weight": 0.7}, path)
    assert path.read_bytes().decode().startswith(text.replace("0.3 ", "0.42 "))
    assert tomllib.loads(path.read_text())["dense_weight"] == 0.7
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.toml", "qa.toml"]


@pytest.mark.parametrize("content", [b"top_k = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_left_as_it_is(content, tmp_path):
    path = tmp_path / "qa.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"qa\.toml can't be changed"):
        write_settings({"top_k": 3}, path)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["qa.toml"]
