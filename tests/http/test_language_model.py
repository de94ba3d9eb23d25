"""Answers that a language model writes, over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from openai import OpenAI

from qa import QA
from qa.http import create_app
from qa.verification import UNSUPPORTED_MARK
from tests.http.conftest import events_of, serving
from tests.language_model_server import (
    LanguageModelServer,
    language_model_server,
    says,
    sends,
    waits,
)

QUESTION = "What was chosen as the 2024 Cultural Capital?"
TRUE = (
    "The city of Shusha was chosen by ICESCO as the Cultural Capital of the Islamic World for 2024"
)
FALSE = "The city of Paris was chosen by NATO in 1999"


@pytest.fixture
def model() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        yield running


def open_client(seed_bot: QA, model: LanguageModelServer, **settings) -> TestClient:
    store = seed_bot.store.folder
    bot = QA.open(store, llm_base_url=model.url, llm_model="test", **settings)
    return TestClient(create_app(bot), base_url="http://localhost")


@pytest.fixture
def client(seed_bot, model) -> Iterator[TestClient]:
    with open_client(seed_bot, model) as client:
        yield client


def test_an_answer_is_written_and_each_sentence_is_checked(client, model):
    model.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    answer = client.post("/ask", json={"question": QUESTION}).json()
    assert answer["answer"]["text"] == f"{TRUE} [1]. {FALSE} [1]. {UNSUPPORTED_MARK}"
    assert answer["answer"]["model"] == "test"
    assert [sentence["supported"] for sentence in answer["sentences"]] == [True, False]
    assert answer["sentences"][0]["source"] == answer["answer"]["citation"]
    assert client.get("/ask", params={"q": QUESTION}).json()["answer"]["model"] == "test"


def test_it_comes_sentence_by_sentence_after_the_passages(client, model):
    model.script = [says(f"{TRUE} [1]. It is the cradle of the culture of Azerbaijan [1].")]
    events = events_of(client.post("/ask/stream", json={"question": QUESTION}).text)
    assert [name for name, _ in events] == ["passages", "answer", "answer", "citations", "done"]
    pieces = [data for name, data in events if name == "answer"]
    ended = events[-2][1]
    assert "".join(piece["text"] for piece in pieces) == ended["answer"]["text"]
    assert [piece["sentence"] for piece in pieces] == ended["sentences"]
    assert {"write", "total"} <= set(events[-1][1]["timings_ms"])


def test_the_passages_are_there_before_the_first_word(seed_bot, model, tmp_path):
    model.script = [says(f"{TRUE} [1]. " * 2, pause=0.1)]
    environment = {"QA_LLM_BASE_URL": model.url, "QA_LLM_MODEL": "test"}
    store = str(Path(seed_bot.store.folder).absolute())
    times = {}
    with serving(tmp_path, "--store", store, **environment) as address:
        body = {"question": QUESTION}
        start = time.monotonic()
        with httpx.stream("POST", f"{address}/ask/stream", json=body, timeout=60) as response:
            for line in response.iter_lines():
                if line.startswith("event: "):
                    times.setdefault(line[7:], time.monotonic() - start)
    assert times["passages"] < 0.5 * times["answer"]


def test_nothing_unsupported_is_written_in_strict_mode(seed_bot, model):
    model.script = [says(f"{FALSE} [1]. {TRUE} [1].")]
    with open_client(seed_bot, model, llm_strict=True) as client:
        answer = client.post("/ask", json={"question": QUESTION}).json()
    assert answer["answer"]["text"] == f"{TRUE} [1]."


@pytest.mark.parametrize("reply", [sends(500), sends(200, "<html>", "text/html"), sends(401)])
def test_a_language_model_that_fails_is_a_notice_and_no_error(client, model, reply):
    model.script = [reply]
    response = client.post("/ask", json={"question": QUESTION})
    answer = response.json()
    assert response.status_code == 200
    assert "Shusha" in answer["answer"]["text"]
    assert answer["answer"]["model"] is None
    assert "language model" in answer["notice"]
    events = events_of(client.post("/ask/stream", json={"question": QUESTION}).text)
    assert [name for name, _ in events] == ["passages", "answer", "citations", "done"]
    assert events[-2][1]["notice"]


def test_where_nothing_is_supported_the_documents_do_not_say(client, model):
    model.script = [says(f"{FALSE} [1].")]
    events = events_of(client.post("/ask/stream", json={"question": QUESTION}).text)
    assert [name for name, _ in events] == ["passages", "citations", "done"]
    assert events[1][1]["answered"] is False
    assert events[1][1]["notice"]


def test_what_it_does_is_measured(client, model):
    model.script = [says(f"{TRUE} [1]. {FALSE} [1]."), says(f"{FALSE} [1]."), sends(401)]
    for _ in range(3):
        client.post("/ask", json={"question": QUESTION})
    lines = client.get("/metrics").text.splitlines()
    for outcome in ("written", "none", "quoted"):
        assert f'qa_language_model_answers_total{{outcome="{outcome}"}} 1.0' in lines
    assert 'qa_language_model_sentences_total{supported="true"} 1.0' in lines
    assert 'qa_language_model_sentences_total{supported="false"} 2.0' in lines
    assert any(line.startswith('qa_answer_stage_seconds_count{stage="write"}') for line in lines)


def test_a_follow_up_is_rewritten_and_remembered(client, model):
    model.script = [says(f"{TRUE} [1].")]
    conversation = {"conversation_id": "0123456789abcdef"}
    client.post("/ask", json={"question": QUESTION, **conversation})
    rewritten = "Who chose Shusha as the 2024 Cultural Capital?"
    model.script = [says(rewritten), says(f"{TRUE} [1].")]
    answer = client.post("/ask", json={"question": "Who chose it?", **conversation}).json()
    assert answer["question"] == "Who chose it?"
    assert answer["searched_for"] == rewritten
    assert QUESTION in model.requests[-2]["messages"][-1]["content"]


def test_so_many_ask_it_at_once_and_no_more(seed_bot, model):
    model.script = [says(f"{TRUE} [1].", pause=0.05)]
    settings = {"llm_concurrency": 1, "request_seconds": 0.4}
    with open_client(seed_bot, model, **settings) as client:
        client.post("/ask", json={"question": QUESTION})
        model.script = [says(f"{TRUE} [1].", pause=0.2)]
        answers = []

        def ask() -> None:
            answers.append(client.post("/ask", json={"question": QUESTION}).json())

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    written = [answer for answer in answers if answer["answer"]["model"]]
    busy = [answer for answer in answers if "too much to do" in (answer["notice"] or "")]
    assert (len(written), len(busy)) == (1, 2)


def test_what_is_written_ends_when_the_client_leaves(seed_bot, model, tmp_path):
    model.script = [says(f"{TRUE} [1]. It is old. " * 40, pause=0.03)]
    environment = {"QA_LLM_BASE_URL": model.url, "QA_LLM_MODEL": "test"}
    store = str(Path(seed_bot.store.folder).absolute())
    with serving(tmp_path, "--store", store, **environment) as address:
        body = {"question": QUESTION}
        with httpx.stream("POST", f"{address}/ask/stream", json=body, timeout=60) as response:
            next(line for line in response.iter_lines() if line == "event: answer")
        assert model.hung_up.wait(10)


def test_a_slow_one_makes_nothing_else_wait_and_is_given_up(seed_bot, model):
    answers = []
    with open_client(seed_bot, model, llm_seconds=1.5) as client:
        client.post("/ask", json={"question": QUESTION})
        model.script = [waits()]
        slow = threading.Thread(
            target=lambda: answers.append(client.post("/ask", json={"question": QUESTION}))
        )
        slow.start()
        while len(model.requests) < 2:
            time.sleep(0.01)
        start = time.monotonic()
        assert client.get("/documents").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert time.monotonic() - start < 1
        slow.join()
    assert answers[0].json()["notice"]


def test_who_writes_is_said(client, model, seed_bot):
    host = model.url.removeprefix("http://").removesuffix("/v1")
    assert client.get("/about").json()["language_model"] == {"model": "test", "host": host}
    with TestClient(create_app(seed_bot), base_url="http://localhost") as plain:
        assert plain.get("/about").json()["language_model"] is None


def test_chat_front_ends_get_it_with_its_citations_as_links(seed_bot, model, tmp_path):
    environment = {"QA_LLM_BASE_URL": model.url, "QA_LLM_MODEL": "test"}
    store = str(Path(seed_bot.store.folder).absolute())
    model.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    with serving(tmp_path, "--store", store, **environment) as address:
        client = OpenAI(base_url=f"{address}/v1", api_key="none")
        messages = [{"role": "user", "content": QUESTION}]
        message = client.chat.completions.create(model="qa", messages=messages).choices[0].message
        (cited,) = message.citations
        assert f"for 2024 [[1]]({cited['url']})." in message.content
        assert "&#91;unsupported&#93;" in message.content
        assert cited["number"] == 1
        assert "Shusha" in cited["quote"]
        chunks = list(client.chat.completions.create(model="qa", messages=messages, stream=True))
        pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
        assert "".join(filter(None, pieces)) == message.content
        assert len([piece for piece in pieces if piece]) == 3  # two sentences, and the sources
        last = chunks[-1].choices[0]
        assert last.finish_reason == "stop"
        assert chunks[-1].citations == message.citations

        again = [*messages, {"role": "assistant", "content": message.content}, messages[0]]
        client.chat.completions.create(model="qa", messages=again)
        said = json.dumps(model.requests[-2]["messages"])
        assert "Shusha was chosen" in said
        assert "](http" not in said


def test_language_models_that_ask_by_mcp_are_given_quotes(client, model):
    call = {"name": "ask", "arguments": {"question": QUESTION}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {"Accept": "application/json, text/event-stream"}
    result = client.post("/mcp", json=body, headers=headers).json()["result"]["structuredContent"]
    assert "Shusha" in result["answer"]
    assert model.requests == []
