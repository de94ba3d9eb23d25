from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qa import QA
from qa.generation import LanguageModel
from tests.language_model_server import LanguageModelServer, language_model_server


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off is there, but short."""
    monkeypatch.setattr("qa.generation.failures._BACK_OFF", (0.02, 0.05))


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        yield running


@pytest.fixture
def model(server: LanguageModelServer) -> LanguageModel:
    return LanguageModel(server.url, "test", None, 5)


@pytest.fixture
def writer(seed_bot: QA, server: LanguageModelServer) -> Callable[..., QA]:
    """Makes bots over the seed article with the server's language model."""

    def make(**settings: Any) -> QA:
        folder = seed_bot.store.folder
        return QA.open(folder, llm_base_url=server.url, llm_model="test", **settings)

    return make
