"""Where the service listens, and whether it may."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qa.errors import ListenError, UsageError
from qa.keys import Keys
from qa.settings import Settings

_REASONS = {
    errno.EADDRINUSE: "it is in use",
    errno.EACCES: "it takes more rights than this user has",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The address taken, while the rest is got ready: nothing is accepted on it yet.

    Raises:
        UsageError: it isn't loopback, and there is no API key.
        KeysError: the keys can't be read.
        ListenError: the address can't be had.
    """
    check_allowed(settings)
    family, kind, protocol, _, address = _addresses(settings.host, settings.port)[0]
    with socket.socket(family, kind, protocol) as listener:
        try:
            if os.name == "posix":  # elsewhere it means that several may listen
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError as error:
            raise refused(settings, error) from error
        yield listener


def check_allowed(settings: Settings) -> None:
    """See `listening`."""
    keys = Keys(settings.store).all()
    if not (keys or settings.insecure or is_loopback(settings.host)):
        raise UsageError(
            f"On {settings.host} others could ask your documents: create an API key with "
            "`qa keys create NAME`, or say --insecure."
        )


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach it there.

    Raises:
        ListenError: there is no such host.
    """
    names = (str(address[0]).partition("%")[0] for *_, address in _addresses(host, 0))
    return all(ipaddress.ip_address(name).is_loopback for name in names)


def url_of(listener: socket.socket) -> str:
    """What to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refused(settings: Settings, error: OSError) -> ListenError:
    """What to say of an address that can't be had."""
    reason = _REASONS.get(error.errno or 0, error.strerror)
    return ListenError(
        f"Port {settings.port} of {settings.host} can't be listened on ({reason}): give another "
        "--port or --host."
    )


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    """As `socket.getaddrinfo`'s."""
    try:
        return list[tuple[Any, ...]](socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        message = f"There is no host {host!r} to listen on: give another --host."
        raise ListenError(message) from error
