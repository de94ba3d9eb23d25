"""The answer as events: the passages first, and together what `POST /ask` says."""

from __future__ import annotations

import socket
import time
from contextlib import closing

import httpx
import pytest

from qa import QA
from qa.http.dispatch import Dispatcher
from qa.http.schemas import AskRequest
from tests.http.conftest import events_of

QUESTION = "What was chosen as the 2024 Cultural Capital?"


def stream(http: httpx.Client, **body) -> httpx.Response:
    return http.post("/ask/stream", json=body)


def joined(events: list) -> dict:
    """The answer that events are of."""
    last = {name: data for name, data in events if name != "answer"}
    text = "".join(data["text"] for name, data in events if name == "answer")
    assert text == (last["citations"]["answer"] or {"text": ""})["text"]
    return last["passages"] | last["citations"]


def test_its_events_are_the_answer_in_order(http):
    response = stream(http, question=QUESTION, top_k=3)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    events = events_of(response.text)
    assert [name for name, _ in events] == ["passages", "answer", "citations", "done"]
    whole = http.post("/ask", json={"question": QUESTION, "top_k": 3}).json()
    expected = {name: whole[name] for name in whole if name not in ("question", "timings_ms")}
    assert joined(events) == expected
    assert "Shusha" in joined(events)["passages"][0]["text"]
    assert events[-1][1]["timings_ms"].keys() == whole["timings_ms"].keys()


def test_what_the_documents_do_not_say_has_no_answer_event(http):
    events = events_of(stream(http, question="How tall is the Eiffel Tower in metres?").text)
    assert [name for name, _ in events] == ["passages", "citations", "done"]
    assert joined(events)["answered"] is False
    assert joined(events)["answer"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [({"question": "  "}, 400), ({"question": "Who?", "filters": ["nonsense"]}, 400),
     ({"question": "Who?", "top_k": 0}, 422), ({}, 422),
     ({"question": "Who?", "conversation_id": "0" * 8, "history": [{"question": "?"}]}, 400)],
)  # fmt: skip
def test_an_error_before_it_begins_is_a_problem(http, body, status):
    response = http.post("/ask/stream", json=body)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_conversation_goes_on_in_it(http):
    asked = {"conversation_id": "conversation-1"}
    stream(http, question="Who met Salim bin Mohammed Almalik?", **asked)
    events = events_of(stream(http, question="When did he meet him?", **asked).text)
    assert events[0][1]["searched_for"] != "When did he meet him?"


def test_a_client_that_leaves_leaves_nothing_behind(server, http):
    host, port = server[0].removeprefix("http://").split(":")
    body = b'{"question": "Who met whom?"}'
    for _ in range(20):
        with closing(socket.create_connection((host, int(port)))) as connection:
            connection.sendall(
                b"POST /ask/stream HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (host.encode(), port.encode(), len(body), body)
            )
    end = time.monotonic() + 20
    while not all(f'qa_queue{{kind="questions",state="{state}"}} 0.0' in http.get("/metrics").text
                  for state in ("waiting", "working")):  # fmt: skip
        assert time.monotonic() < end
        time.sleep(0.05)
    assert stream(http, question=QUESTION).status_code == 200


async def _settles_after_questions(bot: QA) -> list[str]:
    import anyio

    dispatch, order = Dispatcher(bot), []

    async def ask() -> None:
        await dispatch.ask(AskRequest(question=QUESTION))
        order.append("answered")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
        await anyio.sleep(0)  # they begin
        await dispatch.settled()
        order.append("settled")
    return order


def test_it_is_settled_when_those_who_were_there_have_their_answers(seed_bot):
    import anyio

    assert anyio.run(_settles_after_questions, seed_bot).index("settled") == 2
