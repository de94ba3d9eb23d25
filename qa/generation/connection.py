"""The HTTP side of one request to a language model: what is sent, where to, and for how long."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2

from qa.generation.failures import LONG, STRANGE

MOST_BYTES = 4_000_000
"""Of one response; a completion has a few thousand."""

# All else that the openai client adds stays here: OPENAI_CUSTOM_HEADERS (which may hold another key
# than ours), organisation and project of another service, this machine's system and versions.
_SENT = frozenset(
    (
        "accept",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
    )
)


class UnusableError(httpx2.RequestError):
    """A response that isn't read, or not to its end."""


class Connection:
    """The HTTP client for one question. At its deadline the connection is cut, whatever the
    endpoint does meanwhile.

    Redirects are not followed, cookies, compression and connections are not kept. The
    environment's proxies are used with https only, and never for loopback: a proxy that reads
    along is somewhere else.
    """

    def __init__(self, base_url: str, key: str, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.is_over = False
        self._key = key
        self._streams: list[Any] = []
        is_tls = urlsplit(base_url).scheme == "https"
        self.client = httpx2.Client(
            trust_env=is_tls and not is_loopback(base_url),
            verify=is_tls,
            follow_redirects=False,
            timeout=seconds,
            limits=httpx2.Limits(max_keepalive_connections=0),
            event_hooks={"request": [self._sending], "response": [_bound]},
        )

    @contextmanager
    def limited(self) -> Iterator[Connection]:
        """Within it the connection works; behind it, it is closed."""
        timer = threading.Timer(self.left, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield self
        finally:
            timer.cancel()
            self.client.close()

    @property
    def left(self) -> float:
        """Seconds to the deadline, never 0."""
        return max(0.001, self.deadline - time.monotonic())

    def _sending(self, request: httpx2.Request) -> None:
        for name in set(request.headers) - _SENT:
            del request.headers[name]
        request.headers["Authorization"] = f"Bearer {self._key}"
        request.headers["Accept-Encoding"] = "identity"
        request.headers["User-Agent"] = "qa"
        request.extensions["trace"] = self._watch

    def _watch(self, event: str, info: dict[str, Any]) -> None:
        """Notes each connection as it is opened (httpcore's "trace" extension)."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._streams.append(info["return_value"])

    def _cut(self) -> None:
        """Time-outs end one reading; a stream of little pieces must end as well."""
        self.is_over = True
        for stream in self._streams:
            sock = stream.get_extra_info("socket")
            if sock is not None:
                with suppress(OSError, ssl.SSLError):
                    sock.shutdown(socket.SHUT_RDWR)


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # It wasn't asked for, and could unpack to anything.
        raise UnusableError(STRANGE, request=response.request)
    assert isinstance(response.stream, httpx2.SyncByteStream)  # noqa: S101
    response.stream = _Bounded(response.stream, response.request)


class _Bounded(httpx2.SyncByteStream):
    """A response's bytes, up to a number of them."""

    def __init__(self, stream: httpx2.SyncByteStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise UnusableError(LONG, request=self._request)
            yield chunk

    def close(self) -> None:
        self._stream.close()
