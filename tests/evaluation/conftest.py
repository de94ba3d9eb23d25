"""Results that several tests look at; they are made once and only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import QA
from qa.evaluation import Dataset, Result, add_corpus, evaluate, load_dataset
from tests.evaluation.sets import SEED_QUESTIONS, write_beir


@pytest.fixture(scope="session")
def beir_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_beir(tmp_path_factory.mktemp("sets") / "small")


@pytest.fixture(scope="session")
def beir(beir_folder: Path) -> Dataset:
    return load_dataset(beir_folder)


@pytest.fixture(scope="session")
def beir_bot(beir: Dataset, tmp_path_factory: pytest.TempPathFactory) -> QA:
    bot = QA.open(tmp_path_factory.mktemp("beir") / "vectors")
    add_corpus(bot, beir)
    return bot


@pytest.fixture(scope="session")
def beir_result(beir_bot: QA, beir: Dataset) -> Result:
    return evaluate(beir_bot, beir)


@pytest.fixture(scope="session")
def seed_result(seed_bot: QA, beir: Dataset) -> Result:
    return evaluate(seed_bot, load_dataset(SEED_QUESTIONS), depth=20, negatives=beir)
