"""NLI models. No weights of one can be had where the tests run: these are tiny, randomly
initialised and saved by the test. They know nothing, so what is tested is the mechanism."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.errors import ModelError
from qa.models import Models
from qa.settings import load_settings
from qa.verification import CrossEncoderEntailment, Verifier, load_entailment
from tests.retrieval.test_rerank import save_cross_encoder

LABELS = ["contradiction", "entailment", "neutral"]
PAIRS = [("It was built in 1887.", "It was built."), ("It was not.", "It was.")]


def save_nli_model(folder: Path, labels: list[str]) -> str:
    save_cross_encoder(folder, len(labels))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["id2label"] = {str(i): label for i, label in enumerate(labels)}
    config["label2id"] = {label: i for i, label in enumerate(labels)}
    path.write_text(json.dumps(config))
    return str(folder)


def test_the_label_is_found_by_its_name_wherever_it_stands(tmp_path):
    probabilities = {
        labels: CrossEncoderEntailment(
            save_nli_model(tmp_path / str(number), list(labels))
        ).probabilities(PAIRS)
        for number, labels in enumerate(
            [("Entailment", "b", "c"), ("a", "entailment", "c"), ("a", "b", "ENTAILMENT")]
        )
    }
    for parts in zip(*probabilities.values(), strict=True):  # the same weights each time
        assert all(0 < part < 1 for part in parts)
        assert sum(parts) == pytest.approx(1, abs=1e-5)


def test_it_decides_the_meaning_and_nothing_else(embedder, town, tmp_path):
    model = CrossEncoderEntailment(save_nli_model(tmp_path / "nli", LABELS))
    verifier = Verifier(embedder, model)
    checked = verifier.check("The harbour of Larvik was built in 1888 [1].", town)
    (meaning,) = [check for check in checked.checks if check.kind == "meaning"]
    assert 0 < checked.score < 1
    assert meaning.found == (checked.score >= 0.5)
    assert [c.found for c in checked.checks if c.kind == "date"] == [False]


def test_what_is_no_nli_model_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="can't be loaded"):
        load_entailment(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match='has no label "entailment"'):
        load_entailment(save_cross_encoder(tmp_path / "ranking"))
    with pytest.raises(ModelError, match='has no label "entailment"'):
        load_entailment(save_nli_model(tmp_path / "other", ["good", "not_entailment"]))


def test_the_models_of_a_service_have_one_if_it_is_named(tmp_path):
    assert Models(load_settings(), lambda: None).load_entailment() is None
    name = save_nli_model(tmp_path / "nli", LABELS)
    named = Models(load_settings(nli_model=name), lambda: None).load_entailment()
    assert isinstance(named, CrossEncoderEntailment)
