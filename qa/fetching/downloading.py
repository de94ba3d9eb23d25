"""One page over the network, bounded in time, size and redirects."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from qa.parsing import PARSERS, can_parse, is_container

if TYPE_CHECKING:
    import httpx2

MOST_REDIRECTS = 5
TAGS = ("etag", "last_modified")
"""What a server knows a state of a page by."""
_LONGEST_WAIT = 20.0
"""Seconds for the next bytes."""
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "text/plain", "text/xml",
          "application/xml")  # fmt: skip
"""Media types that say less than the end of an address."""
_SUFFIXES = {
    **{parser.media_type: parser.suffixes[0] for parser in PARSERS},
    "application/atom+xml": ".atom",
    "application/rss+xml": ".rss",
    "application/x-ndjson": ".jsonl",
    "application/xhtml+xml": ".html",
    "application/zip": ".zip",
    "text/x-markdown": ".md",
}


class FailedError(Exception):
    """A page can't be had, and why, as a clause ("it is …")."""


@dataclass(frozen=True, slots=True)
class Page:
    """What an address leads to."""

    data: bytes
    suffix: str
    tags: dict[str, str]
    """Those of `TAGS` that are known, to ask with the next time."""


def client(seconds: float) -> httpx2.Client:
    """What pages are asked for by, waiting at most so long for the next bytes of one."""
    from importlib.metadata import version

    import httpx2

    headers = {"User-Agent": f"qa/{version('qa')}"}
    return httpx2.Client(headers=headers, timeout=min(seconds, _LONGEST_WAIT))


def download(
    client: httpx2.Client, url: str, facts: Mapping[str, Any], most_bytes: int, until: float
) -> Page | None:
    """The page at an address, wherever that leads; None if it is as it was.

    Args:
        facts: the tags of the page that is there, if there is one.
        until: when it has to be through, by `time.monotonic`.

    Raises:
        FailedError: it can't be had, or must not.
    """
    import httpx2

    conditions = zip(("If-None-Match", "If-Modified-Since"), map(facts.get, TAGS), strict=True)
    headers = {name: tag for name, tag in conditions if isinstance(tag, str)}
    try:
        for _ in range(MOST_REDIRECTS + 1):
            if time.monotonic() > until:
                raise FailedError("the server takes too long")
            with client.stream("GET", url, headers=headers) as response:
                if response.has_redirect_location:
                    target = urljoin(url, response.headers["location"])
                    checked(target)
                    if _leads_inwards(url, target):
                        raise FailedError(f"it leads into this machine's own network: {target}")
                    url = target
                    continue
                if response.status_code == 304 and headers:
                    return None
                if response.status_code != 200:
                    status = f"{response.status_code} {response.reason_phrase}".strip()
                    raise FailedError(f"the server answers {status}")
                suffix = _suffix(response.headers.get("content-type", ""), url)
                tags = {name: response.headers.get(name.replace("_", "-"), "") for name in TAGS}
                data = _body(response, most_bytes, until)
                return Page(data, suffix, {name: tag for name, tag in tags.items() if tag})
    except httpx2.TimeoutException as error:
        raise FailedError("the server takes too long") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise FailedError(f"it can't be had ({error or type(error).__name__})") from error
    raise FailedError(f"it leads on more than {MOST_REDIRECTS} times")


def _body(response: httpx2.Response, most_bytes: int, until: float) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > most_bytes:
            raise FailedError(
                f"it has more than {most_bytes / 1e6:,g} MB: raise max_file_mb (QA_MAX_FILE_MB) "
                "to take it in"
            )
        if time.monotonic() > until:
            raise FailedError("the server takes too long")
    return bytes(data)


def checked(url: str) -> SplitResult:
    """The parts of an address that may be asked for.

    Raises:
        FailedError: it may not.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FailedError(f"it is no address ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FailedError(f"it is no http or https address: {url[:200]}")
    if parts.username is not None or parts.password is not None:
        raise FailedError("it holds a user name or password, which would be kept with the page")
    return parts


def _leads_inwards(url: str, target: str) -> bool:
    """Whether a page from outside leads to what only this machine or its network can reach."""
    return _is_inside(target) and not _is_inside(url)


def _is_inside(url: str) -> bool:
    import ipaddress
    import socket

    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError:  # then it can't be asked either
        return False
    addresses = (str(address[0]).partition("%")[0] for *_, address in found)
    return any(not ipaddress.ip_address(address).is_global for address in addresses)


def _suffix(content_type: str, url: str) -> str:
    """What a page's file has to end with, for its parser to be found."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _VAGUE:
        suffixes = PurePosixPath(unquote(urlsplit(url).path).lower()).suffixes
        for suffix in ("".join(suffixes[-1:]), "".join(suffixes[-2:])):
            if can_parse(name := PurePosixPath(f"x{suffix}")) or is_container(name):
                return suffix
    if media_type not in _SUFFIXES:
        raise FailedError(f"its format isn't supported ({media_type or 'unknown'})")
    return _SUFFIXES[media_type]
