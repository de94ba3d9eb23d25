"""OpenAI's own client, against a real server process."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import openai
import pytest
import uvicorn
from fastapi import FastAPI
from openai import OpenAI

from qa.http.chat_errors import OpenAIErrors
from qa.http.chat_responses import ChatModelsModel, CompletionModel, ErrorResponse
from qa.http.problems import problem
from tests.conftest import RunQA
from tests.http.test_markdown import RENDERER

QUESTION = "What was chosen as the 2024 Cultural Capital?"
CAKE = "How do I bake a chocolate cake?"
DO_NOT_SAY = "The documents don't say."


def user(text: object) -> dict:
    return {"role": "user", "content": text}


@pytest.fixture(scope="module")
def client(server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server[0]}/v1", api_key="none", max_retries=0) as opened:
        yield opened


def complete(client: OpenAI, *messages: dict, **options):
    return client.chat.completions.create(model="qa", messages=[*messages], **options)


def ask(server, question: str, **body) -> dict:
    answer = httpx.post(f"{server[0]}/ask", json={"question": question, **body}).json()
    return {name: value for name, value in answer.items() if name != "timings_ms"}


def of(message) -> dict:
    """The whole answer a message carries, without times."""
    return {name: value for name, value in message.qa.items() if name != "timings_ms"}


# ------------------------------------------------------------------ answers


def test_the_answer_has_numbered_links_to_its_sources_and_the_whole_answer(client, server):
    message = complete(client, user(QUESTION)).choices[0].message
    said, url = re.fullmatch(
        r"(.*) \[\[1\]\]\((.*)\)\n\nSources:\n\n- \[1\] \[.*, 2023-10-03\]\(\2\)", message.content
    ).groups()
    (cited,) = message.citations
    assert "Shusha" in said and cited["quote"] == message.qa["answer"]["text"]
    assert cited["number"] == 1 and cited["url"] == url
    assert url == f"{server[0]}/#/documents/{cited['document_id']}/passages/{cited['passage']}"
    assert cited.items() >= message.qa["answer"]["citation"].items()
    assert of(message) == ask(server, QUESTION)


def test_a_streamed_answer_is_the_same_in_pieces(client):
    whole = complete(client, user(QUESTION))
    chunks = list(
        complete(client, user(QUESTION), stream=True, stream_options={"include_usage": True})
    )
    *texts, ending, counted = chunks
    assert texts[0].choices[0].delta.role == "assistant"
    joined = "".join(chunk.choices[0].delta.content or "" for chunk in texts)
    assert joined == whole.choices[0].message.content
    assert ending.choices[0].finish_reason == "stop"
    assert of(ending) == of(whole.choices[0].message)
    assert ending.citations == whole.choices[0].message.citations
    assert counted.choices == [] and counted.usage == whole.usage
    assert len({(chunk.id, chunk.object, chunk.model) for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_without_include_usage_no_chunk_has_any_and_the_stream_ends_with_done(server):
    body = {"messages": [user(QUESTION)], "stream": True}
    response = httpx.post(f"{server[0]}/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert response.text.isascii(), "a client may split lines where Unicode does"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert all(chunk["choices"] and "usage" not in chunk for chunk in chunks)


def test_usage_counts_the_embedding_models_tokens(client, embedder):
    done = complete(client, {"role": "system", "content": "Be brief."}, user(QUESTION))
    sent = sum(embedder.count_tokens(["Be brief.", QUESTION]))
    (answered,) = embedder.count_tokens([done.choices[0].message.content])
    usage = done.usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (sent, answered)
    assert usage.total_tokens == sent + answered


def test_what_the_documents_dont_say_is_said_plainly_with_the_nearest_sources(client):
    message = complete(client, user(CAKE)).choices[0].message
    assert message.content.startswith(f"{DO_NOT_SAY}\n\nThe nearest passages are in:\n\n- [1] [")
    assert message.qa["answered"] is False
    assert message.citations[0]["document_id"] == message.qa["passages"][0]["source"]["document_id"]


def test_a_filter_that_leaves_nothing_leaves_no_sources(client):
    done = complete(client, user(QUESTION), extra_body={"filters": ["language=de"]})
    assert done.choices[0].message.content == DO_NOT_SAY
    assert done.choices[0].message.citations == []


def test_what_comes_back_is_what_is_described(server):
    for question in (QUESTION, CAKE):
        address = f"{server[0]}/v1/chat/completions"
        response = httpx.post(address, json={"messages": [user(question)]})
        CompletionModel.model_validate_json(response.text)
    ChatModelsModel.model_validate_json(httpx.get(f"{server[0]}/v1/models").text)
    ErrorResponse.model_validate_json(httpx.get(f"{server[0]}/v1/models/gpt-5").text)
    operation = httpx.get(f"{server[0]}/openapi.json").json()["paths"]["/v1/chat/completions"]
    assert set(operation["post"]["responses"]) == {"200", "4XX", "5XX"}
    assert set(operation["post"]["responses"]["200"]["content"]) == {
        "application/json",
        "text/event-stream",
    }


# ------------------------------------------------------------------ conversations


def test_a_follow_up_is_searched_with_the_question_before(client, server):
    first = complete(client, user(QUESTION)).choices[0].message
    before = [{"role": "assistant", "content": first.content}]
    message = complete(client, user(QUESTION), *before, user("Who chose it?")).choices[0].message
    history = [{"question": QUESTION, "answer": first.qa["answer"]["text"]}]
    assert of(message) == ask(server, "Who chose it?", history=history)
    assert message.qa["searched_for"].startswith("Who chose it? (")
    assert "Cultural Capital" in message.qa["searched_for"]


def test_content_may_be_parts_and_other_roles_are_no_questions(client):
    messages = [
        {"role": "developer", "content": "You are a pirate."},
        user("Who met whom?"),
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "A cake."},
        {"role": "assistant", "content": [{"type": "text", "text": "A minister."}]},
        user([{"type": "text", "text": "What was chosen as"},
              {"type": "text", "text": "the 2024 Cultural Capital?"}]),
    ]  # fmt: skip
    message = complete(client, *messages).choices[0].message
    assert message.qa["question"] == "What was chosen as\nthe 2024 Cultural Capital?"
    assert "Shusha" in message.content


# ------------------------------------------------------------------ what front ends send


def test_any_models_name_and_sampling_settings_are_taken(client):
    done = client.chat.completions.create(
        model="gpt-5", messages=[user(QUESTION)], temperature=0.2, top_p=0.9, max_tokens=5, seed=1,
        presence_penalty=1, stop=["\n"], user="ada", n=1, logit_bias={}, parallel_tool_calls=True,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        tool_choice="auto", response_format={"type": "text"},
        extra_body={"min_p": 0.1, "repetition_penalty": 1.1, "top_k": -1, "keep_alive": "5m"},
    )  # fmt: skip
    assert done.model == "qa" and "Shusha" in done.choices[0].message.content
    assert len(done.choices[0].message.qa["passages"]) == 5


def test_top_k_and_filters_are_those_of_ask(client, server):
    extra = {"top_k": 2, "filters": ["date=2023-10"]}
    message = complete(client, user(QUESTION), extra_body=extra).choices[0].message
    assert len(message.qa["passages"]) == 2
    assert of(message) == ask(server, QUESTION, **extra)


def test_the_models_are_one(client):
    (model,) = client.models.list().data
    assert (model.id, model.object) == ("qa", "model")
    assert client.models.retrieve("qa") == model
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("gpt-5")
    assert (error.value.code, error.value.param) == ("model_not_found", "model")


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("messages", "options", "said"),
    [
        ([user("x" * 4001)], {}, "4,001 characters"),
        ([user("  ")], {}, "empty"),
        ([], {}, "messages: "),
        ([{"role": "system", "content": "Hello"}], {}, "end with a user message"),
        ([{"role": "robot", "content": "Hello"}], {}, "messages.0.role"),
        ([user([{"type": "image_url", "image_url": {"url": "data:,"}}])], {}, "'image_url'"),
        ([user(QUESTION)], {"n": 2}, "n is 2"),
        ([user(QUESTION)], {"tool_choice": "required"}, "tool"),
        ([user(QUESTION)], {"response_format": {"type": "json_object"}}, "response_format"),
        ([user(QUESTION)], {"modalities": ["text", "audio"]}, "modalities"),
        ([user(QUESTION)], {"extra_body": {"filters": ["nonsense"]}}, "nonsense"),
        ([user(QUESTION)], {"extra_body": {"filters": ["x"] * 21}}, "filters"),
        ([user(QUESTION)], {"stream": True, "n": 3}, "n is 3"),
    ],
)
def test_what_cant_be_done_is_refused_in_openais_shape(messages, options, said, client):
    with pytest.raises(openai.BadRequestError) as error:
        complete(client, *messages, **options)
    assert error.value.type == "invalid_request_error"
    assert said in error.value.body["message"]
    assert set(error.value.body) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("content", [b"{half", b"\xff", b"[]", b"", b'{"messages": "Who?"}'])
def test_a_body_that_is_none_is_refused_in_openais_shape(content, server):
    response = httpx.post(
        f"{server[0]}/v1/chat/completions",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_half_a_character_is_a_question_mark(server):
    content = rb'{"messages": [{"role": "user", "content": [{"type": "text", "text": "\ud800"}]}]}'
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{server[0]}/v1/chat/completions", content=content, headers=headers)
    assert response.json()["choices"][0]["message"]["qa"]["question"] == "?"


def test_half_a_character_in_a_filter_is_refused(server):
    body = rb'{"messages": [{"role": "user", "content": "Who?"}], "filters": ["\ud800"]}'
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{server[0]}/v1/chat/completions", content=body, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, None)


def test_what_isnt_here_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as error:
        client.embeddings.create(model="qa", input="Who?")
    assert "/v1/chat/completions" in error.value.body["message"]
    response = httpx.put(f"{client.base_url}chat/completions", json={})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["error"]["type"] == "invalid_request_error"


@contextmanager
def answering_with_problems() -> Iterator[str]:
    """A server whose every answer is a problem, with the status that the path ends with."""
    app = FastAPI()

    @app.post("/{door}/{status}/chat/completions")
    async def fail(door: str, status: int):
        return problem(status, "No", "Because.", {"Retry-After": "7"})

    app.add_middleware(OpenAIErrors)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.02)
            assert thread.is_alive()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_the_guards_problems_raise_the_clients_own_errors_with_what_they_say():
    raised = {
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        413: openai.APIStatusError,
        429: openai.RateLimitError,
        503: openai.InternalServerError,
    }
    # Even where a problem would come as it is, the client goes by its status.
    with answering_with_problems() as address:
        for door, said in (("v1", "message"), ("elsewhere", "detail")):
            for status, kind in raised.items():
                base_url = f"{address}/{door}/{status}"
                with (
                    OpenAI(base_url=base_url, api_key="x", max_retries=0) as client,
                    pytest.raises(kind) as error,
                ):
                    complete(client, user(QUESTION))
                assert error.value.status_code == status
                assert error.value.body[said] == "Because."
                assert error.value.response.headers["Retry-After"] == "7"


# ------------------------------------------------------------------ hostile documents

HOSTILE = """\
---
title: '[x](javascript:alert(1)) <script>alert(2)</script> ![i](http://127.0.0.1:9/i.png) `c` # h'
date: 2024-02-30
---
The *drawbridge* of <img src=x onerror=alert(3)> Castle Zzyzx \\[opens\\](javascript:alert(4)) at
nine, says \\`Baron\\` [von Q](http://127.0.0.1:9/) &lt;b&gt; $1$ https://example.com/evil.
"""


def test_a_hostile_document_stays_text(client, server, qa: RunQA, tmp_path):
    name = "![p](javascript:alert(5)) <b>.txt"
    (tmp_path / name).write_text(HOSTILE)
    assert qa("ingest", tmp_path / name, cwd=server[1]).returncode == 0
    for question in ("When does the drawbridge of Castle Zzyzx open?", "Castle Zzyzx cake?"):
        message = complete(client, user(question)).choices[0].message
        assert message.citations[0]["path"].endswith(name)
        urls = {citation["url"] for citation in message.citations}
        kinds = set()
        for block in RENDERER.parse(message.content):
            kinds.add(block.type)
            for part in block.children or ():
                kinds.add(part.type)
                if part.type == "link_open":
                    assert part.attrs["href"] in urls
        assert not {kind for kind in kinds if re.match("html|image|code|fence|heading|em|s_", kind)}
    message = complete(client, user("When does the drawbridge of Castle Zzyzx open?"))
    assert message.choices[0].message.qa["answered"]
    inline = next(b for b in RENDERER.parse(message.choices[0].message.content) if b.children)
    shown = "".join(part.content for part in inline.children if part.type == "text")
    quoted = " ".join(message.choices[0].message.qa["answer"]["text"].split())
    assert shown == f"{quoted} [1]"
