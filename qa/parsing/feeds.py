"""RSS and Atom files by feedparser: an entry becomes a page of HTML, as it is meant to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import Any

from qa.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Link:
    """A page that a feed leads to, and what the feed says of it."""

    url: str
    title: str | None = None
    date: str | None = None
    """As 2024-03-05."""


def entries(data: bytes) -> Iterator[bytes]:
    """The entries of a feed; nothing is fetched.

    Raises:
        DocumentError: it isn't a feed.
    """
    feed = _parsed(data)
    for entry in feed.entries:
        yield _page(entry, feed.feed).encode("utf-8", "replace")


def links(data: bytes) -> list[Link]:
    """What a feed's entries lead to.

    Raises:
        DocumentError: it isn't a feed.
    """
    return [
        Link(entry["link"], _plain(entry), _day(entry) or None)
        for entry in _parsed(data).entries
        if entry.get("link")
    ]


def _parsed(data: bytes) -> Any:
    import feedparser

    if b"<!ENTITY" in data[:65536]:
        raise DocumentError("it declares XML entities, as entity bombs do")
    feed = feedparser.parse(BytesIO(data), resolve_relative_uris=False)
    if not feed.get("version"):
        raise DocumentError(f"it is no RSS or Atom feed ({feed.get('bozo_exception', 'no entry')})")
    return feed


def _plain(entry: Any) -> str | None:
    """An entry's title without markup."""
    import lxml.html

    title = entry.get("title", "").strip()
    if title and entry.get("title_detail", {}).get("type") != "text/plain":
        title = "".join(map(str, lxml.html.fromstring(f"<p>{title}</p>").itertext()))
    return " ".join(title.split()) or None


def _day(entry: Any) -> str:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    return "{:04}-{:02}-{:02}".format(*moment[:3]) if moment else ""


def _page(entry: Any, feed: Any) -> str:
    title = entry.get("title", "")
    if entry.get("title_detail", {}).get("type") == "text/plain":
        title = escape(title)
    fields = {
        "author": entry.get("author") or feed.get("author", ""),
        "date": _day(entry),
        "link": entry.get("link", ""),
        "feed": feed.get("title", ""),
    }
    metas = "".join(
        f'<meta name="{name}" content="{escape(text)}">' for name, text in fields.items() if text
    )
    bodies = [part.get("value", "") for part in entry.get("content", ())]
    body = max([entry.get("summary", ""), *bodies], key=len)
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>{metas}</head>'
        f"<body><article><h1>{title}</h1><div>{body}</div></article></body></html>"
    )
