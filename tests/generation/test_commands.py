"""The commands, as processes, with a language model."""

from __future__ import annotations

import json

import pytest

from qa import QA
from qa.errors import SettingsError
from tests.language_model_server import says

QUESTION = "What was chosen as the 2024 Cultural Capital?"
TRUE = (
    "The city of Shusha was chosen by ICESCO as the Cultural Capital of the Islamic World for 2024"
)
FALSE = "The city of Paris was chosen by NATO"


@pytest.fixture
def flags(seed_bot, server):
    store = str(seed_bot.store.folder)
    return ("--store", store, "--llm-base-url", server.url, "--llm-model", "test")


def test_ask_writes_an_answer_and_reports_each_sentence(qa, flags, server):
    server.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    run = qa("ask", QUESTION, "--json", *flags, QA_LLM_API_KEY="our-key", OPENAI_API_KEY="theirs")
    answer = json.loads(run.stdout)
    assert answer["answer"]["text"] == f"{TRUE} [1]. {FALSE} [1]. [unsupported]"
    assert [sentence["supported"] for sentence in answer["sentences"]] == [True, False]
    assert server.headers[0]["authorization"] == "Bearer our-key"
    assert "our-key" not in run.stdout + run.stderr
    run = qa("ask", QUESTION, "--json", "--strict", *flags)
    assert json.loads(run.stdout)["answer"]["text"] == f"{TRUE} [1]."


def test_an_endpoint_that_is_down_is_no_error(qa, seed_bot):
    store = ("--store", seed_bot.store.folder)
    down = {"QA_LLM_BASE_URL": "http://127.0.0.1:9/v1", "QA_LLM_MODEL": "test"}
    run = qa("ask", QUESTION, "--json", *store, **down)
    assert run.returncode == 0
    assert run.stderr == ""
    answer = json.loads(run.stdout)
    assert "Shusha" in answer["answer"]["text"]
    assert answer["notice"].startswith("The language model at http://127.0.0.1:9/v1 can't be")


def test_status_says_which_language_model_is_asked(qa, seed_bot, server):
    store = ("--store", seed_bot.store.folder)
    assert "none: answers are quoted" in qa("status", *store).stdout
    assert json.loads(qa("status", "--json", *store).stdout)["language_model"] is None
    named = {"QA_LLM_BASE_URL": server.url, "QA_LLM_MODEL": "test"}
    assert f"test at {server.url}" in qa("status", *store, **named).stdout
    facts = json.loads(qa("status", "--json", *store, **named).stdout)
    assert facts["language_model"] == {"base_url": server.url, "model": "test"}
    assert server.requests == []


def test_config_shows_no_secret(qa):
    named = {"QA_LLM_BASE_URL": "https://llm.example/v1/", "QA_LLM_MODEL": "test"}
    run = qa("config", QA_LLM_API_KEY="our-key", **named)
    assert "https://llm.example/v1\t" in run.stdout
    assert "our-key" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@llm.example/v1",
        "https://secret@llm.example/v1",
        "https://llm.example/v1?key=secret",
        "https://llm.example/v1#secret",
        "http://[::1/secret",
        "ftp://secret.example",
    ],
)
def test_an_address_with_a_secret_in_it_or_none_is_refused_and_not_repeated(url, tmp_path):
    with pytest.raises(SettingsError, match="llm_base_url") as caught:
        QA.open(tmp_path, llm_base_url=url, llm_model="test")
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"llm_base_url": "http://127.0.0.1:9/v1"}, "needs llm_model beside it"),
        ({"llm_model": "test"}, "needs llm_base_url beside it"),
    ],
)
def test_half_a_language_model_is_refused_at_the_start(settings, missing, tmp_path):
    with pytest.raises(SettingsError, match=missing):
        QA.open(tmp_path, **settings)


def test_a_key_that_cannot_be_sent_is_refused_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("QA_LLM_API_KEY", "clé")
    with pytest.raises(SettingsError, match="QA_LLM_API_KEY") as caught:
        QA.open(tmp_path, llm_base_url="http://127.0.0.1:9/v1", llm_model="test")
    assert "clé" not in str(caught.value)
