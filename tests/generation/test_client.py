"""The client against a real server, and everything that one may do wrong."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.errors import LanguageModelError, SettingsError
from qa.generation import LanguageModel
from tests.language_model_server import (
    cuts,
    delta,
    language_model_server,
    refuses,
    says,
    says_at_once,
    sends,
    streams,
    trickles,
    waits,
)

ASK = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who?"}]


def failure(model, most_tokens=100):
    with pytest.raises(LanguageModelError) as caught:
        model.complete(ASK, most_tokens)
    return str(caught.value)


# ------------------------------------------------------------------ what it asks


def test_a_completion_comes_in_pieces_while_it_is_written(server, model):
    server.script = [says("Ann met Bob.", pause=0.1, size=4)]
    start = time.monotonic()
    pieces = model.stream(ASK, 100)
    assert next(pieces) == "Ann "
    assert time.monotonic() - start < 5
    assert "".join(pieces) == "met Bob."
    (request,) = server.requests
    assert request == {
        "model": "test", "messages": ASK, "temperature": 0, "stream": True, "max_tokens": 100,
    }  # fmt: skip
    assert server.paths == ["/v1/chat/completions"]


def test_nothing_of_another_service_is_sent_along(server, monkeypatch):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"OPENAI_{name}", "secret-of-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: secret-of-another\nX-Mine: secret")
    server.script = [says("Yes.")]
    LanguageModel(server.url, "test", None, 5).complete(ASK, 10)
    LanguageModel(server.url, "test", " ours\n", 5).complete(ASK, 10)
    without, with_key = server.headers
    assert without["authorization"] == "Bearer none"
    assert with_key["authorization"] == "Bearer ours"
    assert "secret" not in str(server.headers)
    assert set(without) == {
        "host", "content-length", "content-type", "accept", "authorization", "connection",
        "accept-encoding", "user-agent",
    }  # fmt: skip
    assert without["user-agent"] == "qa"


def test_a_key_that_no_header_can_carry_is_refused_at_once():
    with pytest.raises(SettingsError, match="QA_LLM_API_KEY"):
        LanguageModel("http://127.0.0.1:1/v1", "test", "a\nb", 5)


def test_loopback_is_never_reached_through_a_proxy(server, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.script = [says("Yes.")]
    assert LanguageModel(server.url, "test", None, 5).complete(ASK, 10) == "Yes."


@pytest.mark.parametrize(
    ("url", "first_line"),
    [
        ("https://llm.example/v1", b"CONNECT llm.example:443"),
        ("http://llm.invalid/v1", None),  # read along, passages would be somewhere else
    ],
)
def test_only_what_is_encrypted_passes_through_a_proxy(url, first_line, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(3 if first_line else 0.5)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        seen = []

        def serve():
            try:
                connection, _ = proxy.accept()
            except TimeoutError:
                return
            with connection:
                seen.append(connection.recv(1000))

        thread = threading.Thread(target=serve)
        thread.start()
        failure(LanguageModel(url, "test", "key", 1))
        thread.join()
    assert [line.split(b" HTTP")[0] for line in seen] == ([first_line] if first_line else [])


def test_a_redirect_is_not_followed_and_the_key_stays(server):
    with language_model_server() as elsewhere:
        server.script = [sends(307, Location=f"{elsewhere.url}/chat/completions")]
        message = failure(LanguageModel(server.url, "test", "secret", 5))
        assert elsewhere.requests == []
    assert len(server.requests) == 1
    assert "has moved (HTTP 307" in message


# ------------------------------------------------------------------ what comes back


def test_an_endpoint_that_does_not_stream_is_read_all_the_same(server, model):
    server.script = [says_at_once("Ann met Bob.")]
    assert model.complete(ASK, 100) == "Ann met Bob."


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "stream"])
def test_what_an_endpoint_refuses_is_left_out_from_then_on(server, model, name):
    server.script = [refuses(name)]
    assert model.complete(ASK, 100) == "It takes it."
    assert model.complete(ASK, 100) == "It takes it."
    assert [name in request for request in server.requests] == [True, False, False]
    if name == "max_tokens":
        assert server.requests[-1]["max_completion_tokens"] == 100


def test_instructions_go_to_the_user_where_there_is_no_system_role(server, model):
    error = json.dumps({"error": {"message": "System role not supported"}})
    server.script = [sends(400, error), says("Yes.")]
    assert model.complete(ASK, 10) == "Yes."
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Be short.\n\nWho?"}]


def test_thoughts_and_calls_of_tools_are_left_out(server, model):
    server.script = [
        streams(
            delta(None, reasoning_content="hm"),
            delta(None, tool_calls=[{"index": 0, "function": {"name": "rm", "arguments": "{}"}}]),
            {"choices": []},
            delta("<thi"), delta("nk>Bob? [2]</th"), delta("ink>Ann "), delta("< Bob."),
            delta(None, "stop"),
        )
    ]  # fmt: skip
    assert model.complete(ASK, 100) == "Ann < Bob."


RUBBISH = {
    "a web page": (sends(200, "<html>Hello</html>", "text/html"), "a web page"),
    "no JSON": (sends(200, "{", "application/json"), "no completion"),
    "other JSON": (sends(200, '{"choices": "none"}'), "no completion"),
    "a list": (sends(200, "[1]"), "no completion"),
    "deep JSON": (sends(200, "[" * 100_000), "no completion"),
    "no choices": (streams({"choices": []}), "broke off"),
    "a null": (says_at_once(None), "wrote nothing"),
    "a broken event": (streams("{"), "no completion"),
    "odd events": (streams([1], "7", "null", {"choices": {"0": 1}}, {"choices": [7]}), "broke off"),
    "odd text": (streams(delta({"a": 1}), delta(None, "stop")), "wrote nothing"),
    "an error event": (streams({"error": {"message": "out of <memory>"}}), "fails (out of memory"),
    "nothing": (streams(delta(None, "stop")), "wrote nothing"),
    "binary": (sends(200, "\x00\x01ÿ", "application/octet-stream"), "broke off"),
    "packed": (sends(200, "x", Content_Encoding="gzip"), "no completion"),
    "no end": (says("Ann met Bob.", end=None), "broke off"),
    "a cut": (cuts("Ann met Bob."), "broke off"),
    "the length": (says("Ann met", end="length"), "wrote more than it may"),
    "no HTTP": (lambda handler: handler.send("hello\r\n\r\n"), "broke off"),
    "a hang-up": (lambda handler: None, "broke off"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_one_clear_error(server, model, name):
    reply, expected = RUBBISH[name]
    server.script = [reply]
    message = failure(model)
    assert message.startswith(f"The language model at {server.url} ")
    assert expected in message
    assert "<" not in message


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, "refuses"), (401, "set QA_LLM_API_KEY"), (403, "set QA_LLM_API_KEY"),
     (404, "no model 'test'"), (413, "refuses"), (422, "refuses")],
)  # fmt: skip
def test_what_would_fail_again_is_asked_once(server, status, expected):
    body = json.dumps({"error": {"message": "Wrong key sk-secret, see <a href='x'>y</a>"}})
    server.script = [sends(status, body)]
    message = failure(LanguageModel(server.url, "test", "sk-secret", 5))
    assert expected in message
    assert str(status) in message
    assert "sk-secret" not in message
    assert "<" not in message
    assert len(server.requests) == 1


# ------------------------------------------------------------------ trying again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_what_may_pass_is_asked_again(server, model, status):
    server.script = [sends(status), sends(status), says("Yes.")]
    assert model.complete(ASK, 10) == "Yes."
    assert len(server.requests) == 3


def test_it_is_not_asked_for_ever(server, model):
    server.script = [sends(500)]
    assert "fails (HTTP 500)" in failure(model)
    assert len(server.requests) == 3


def test_it_waits_as_long_as_it_is_told_to(server, model):
    server.script = [sends(429, Retry_After="1"), says("Yes.")]
    start = time.monotonic()
    assert model.complete(ASK, 10) == "Yes."
    assert time.monotonic() - start >= 1


def test_it_does_not_wait_for_what_comes_too_late(server, model):
    server.script = [sends(429, Retry_After="60"), says("Yes.")]
    start = time.monotonic()
    assert "too much to do (HTTP 429)" in failure(model)
    assert time.monotonic() - start < 3


def test_nothing_is_written_twice(server, model):
    server.script = [cuts("Ann met Bob. "), says("Ann met Carl.")]
    written = []
    with pytest.raises(LanguageModelError):
        written.extend(model.stream(ASK, 10))
    assert len(server.requests) == 1


def test_an_endpoint_that_is_down_is_said_so_and_left_alone_for_a_while(server, monkeypatch):
    monkeypatch.setattr("qa.generation.client.REST", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    model = LanguageModel(url, "test", None, 5)
    message = failure(model)
    assert message == f"The language model at {url} can't be reached (Connection refused)"
    start = time.monotonic()
    assert failure(model) == message
    assert time.monotonic() - start < 0.01  # not even tried
    model = LanguageModel(server.url, "test", None, 5)
    server.script = [sends(500)] * 3 + [says("Yes.")]
    failure(model)
    failure(model)
    assert len(server.requests) == 3
    time.sleep(0.5)
    assert model.complete(ASK, 10) == "Yes."


# ------------------------------------------------------------------ limits


SLOW = {
    "silence": waits(),
    "silence within": says("Ann met Bob. " * 9, pause=1),
    "comments": trickles(": wait\n\n"),
    "half an event": trickles("x", pause=0.01),
    "empty events": trickles(f"data: {json.dumps(delta(''))}\n\n"),
    "headers": trickles("x", first="HTTP/1.1 200 OK\r\nX-Long: "),
}


@pytest.mark.parametrize("name", SLOW)
def test_time_is_over_when_it_is_over(server, name):
    server.script = [SLOW[name]]
    model = LanguageModel(server.url, "test", None, 0.6)
    start = time.monotonic()
    assert "took more than 0.6 seconds" in failure(model, 1000)
    assert time.monotonic() - start < 3
    assert len(server.requests) == 1


def test_text_without_end_is_cut(server, model):
    server.script = [trickles(f"data: {json.dumps(delta('again '))}\n\n", pause=0)]
    written = []
    with pytest.raises(LanguageModelError, match="more than it may"):
        written.extend(model.stream(ASK, 100))
    assert 900 < len("".join(written)) <= 1000


def test_a_line_without_end_is_cut(server, model):
    server.script = [trickles("x" * 65_536, pause=0)]
    assert "more than it may" in failure(model)


def test_who_stops_reading_hangs_up(server, model):
    server.script = [says("Ann met Bob. " * 1000, pause=0.01)]
    pieces = model.stream(ASK, 1000)
    next(pieces)
    pieces.close()
    assert server.hung_up.wait(3)


def test_several_threads_may_ask_at_once(server, model):
    server.script = [says("Ann met Bob.", pause=0.01)]
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: model.complete(ASK, 100), range(16)))
    assert texts == ["Ann met Bob."] * 16
