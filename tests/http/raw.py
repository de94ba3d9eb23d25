"""Bytes to a server as they are, without a client that tidies them up."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit


def connect(address: str, timeout: float = 10) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout)


def head(*lines: str, host: str = "127.0.0.1") -> bytes:
    """A request's head, of its first line and further ones."""
    return "\r\n".join([lines[0], f"Host: {host}", *lines[1:], "", ""]).encode()


def read_one(connection: socket.socket) -> bytes:
    """One response, that says its length; the connection stays."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    top, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", top)
    assert length, received
    while len(body) < int(length[1]):
        body += connection.recv(65536)
    return top + b"\r\n\r\n" + body


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes, or cuts."""
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def exchange(address: str, request: bytes, timeout: float = 10) -> bytes:
    """What a server answers to some bytes; it has to close the connection itself."""
    with connect(address, timeout) as connection:
        connection.sendall(request)
        return read_all(connection)


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def problem_of(response: bytes) -> dict:
    """The problem in a response, which has to be one."""
    top, _, body = response.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in top.lower(), response
    problem = json.loads(body)
    assert problem["status"] == status_of(response)
    return problem
