"""A small server that speaks the protocol of language models, and does what they do wrong.

Each request is answered by the next reply of ``script``, the last one again and again.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


class LanguageModelServer:
    """On a free port of 127.0.0.1, until it is stopped."""

    def __init__(self) -> None:
        self.script: list[Reply] = [says("NOT SAID")]
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.hung_up = threading.Event()
        """Set when a client has gone before its reply was through."""
        self.stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"of": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def prompt(self) -> str:
        """The last message of the last request."""
        return str(self.requests[-1]["messages"][-1]["content"])

    def stop(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def language_model_server() -> Iterator[LanguageModelServer]:
    server = LanguageModelServer()
    try:
        yield server
    finally:
        server.stop()


class Handler(BaseHTTPRequestHandler):
    of: LanguageModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        script = self.of.script
        reply = script.pop(0) if len(script) > 1 else script[0]
        self.of.requests.append(json.loads(body))
        self.of.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.of.paths.append(self.path)
        self.close_connection = True
        try:
            reply(self)
        except OSError:
            self.of.hung_up.set()

    def log_message(self, *_: Any) -> None:
        """A test's output is its own."""

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def event(self, data: Any) -> None:
        self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    def pause(self, seconds: float) -> None:
        self.of.stopping.wait(seconds)


def delta(text: str | None, end: str | None = None, **others: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text, **others}, "finish_reason": end}
    return {"id": "1", "object": "chat.completion.chunk", "model": "test", "choices": [choice]}


def says(text: str, pause: float = 0, end: str | None = "stop", size: int = 7) -> Reply:
    """Streams a text in little pieces."""

    def reply(handler: Handler) -> None:
        handler.begin(Content_Type="text/event-stream")
        for start in range(0, len(text), size):
            handler.event(delta(text[start : start + size]))
            if pause:
                handler.pause(pause)
        if end:
            handler.event(delta(None, end))
            handler.event("[DONE]")

    return reply


def streams(*events: Any) -> Reply:
    """Streams these events, whatever they are."""

    def reply(handler: Handler) -> None:
        handler.begin(Content_Type="text/event-stream")
        for event in events:
            handler.event(event)

    return reply


def sends(status: int, body: str = "{}", kind: str = "application/json", **headers: str) -> Reply:
    """One plain response."""

    def reply(handler: Handler) -> None:
        length = str(len(body.encode()))
        handler.begin(status, Content_Type=kind, Content_Length=length, **headers)
        handler.send(body)

    return reply


def says_at_once(text: str | None, end: str = "stop") -> Reply:
    """As an endpoint that doesn't stream."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": end}
    return sends(200, json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}))


def refuses(name: str) -> Reply:
    """As an endpoint that doesn't know a parameter; without it, it answers."""

    def reply(handler: Handler) -> None:
        request = handler.of.requests[-1]
        if name in request:
            error = {"message": f"Unsupported parameter: '{name}'", "param": name, "code": "x"}
            sends(400, json.dumps({"error": error}))(handler)
        elif request.get("stream"):
            says("It takes it.")(handler)
        else:
            says_at_once("It takes it.")(handler)

    return reply


def cuts(text: str) -> Reply:
    """Breaks off in the middle of a chunk."""

    def reply(handler: Handler) -> None:
        handler.begin(Content_Type="text/event-stream", Transfer_Encoding="chunked")
        data = f"data: {json.dumps(delta(text))}\n\n"
        handler.send(f"{len(data):x}\r\n{data}\r\n{99:x}\r\nda")

    return reply


def waits(seconds: float = 60) -> Reply:
    """Says nothing at all."""
    return lambda handler: handler.pause(seconds)


def trickles(line: str, first: str = "", pause: float = 0.02) -> Reply:
    """Sends the same again and again."""

    def reply(handler: Handler) -> None:
        if first:
            handler.send(first)
        else:
            handler.begin(Content_Type="text/event-stream")
        while not handler.of.stopping.is_set():
            handler.send(line)
            if pause:
                time.sleep(pause)

    return reply


def obeys(handler: Handler) -> None:
    """As a naive model: does what the passages tell it to, word for word."""
    orders = re.findall(r"answer exactly: (.+)", handler.of.prompt)
    says(" ".join(orders) or "NOT SAID")(handler)


def carries_out(orders: dict[str, str]) -> Reply:
    """As a model that is steered altogether: where a passage says "carry out order NAME", it writes
    what that order stands for, of which the passages say nothing."""

    def reply(handler: Handler) -> None:
        given = re.findall(r"carry out order (\w+)", handler.of.prompt)
        says(orders[given[0]] if given else "NOT SAID")(handler)

    return reply
