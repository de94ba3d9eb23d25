"""RSS and Atom files by feedparser: an entry becomes a page of HTML, as it is meant to be read."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from io import BytesIO
from typing import Any

from qa.errors import DocumentError


def entries(data: bytes) -> Iterator[bytes]:
    """The entries of a feed; nothing is fetched.

    Raises:
        DocumentError: it isn't a feed.
    """
    import feedparser

    if b"<!ENTITY" in data[:65536]:
        raise DocumentError("it declares XML entities, as entity bombs do")
    feed = feedparser.parse(BytesIO(data), resolve_relative_uris=False)
    if not feed.get("version"):
        raise DocumentError(f"it is no RSS or Atom feed ({feed.get('bozo_exception', 'no entry')})")
    for entry in feed.entries:
        yield _page(entry, feed.feed).encode("utf-8", "replace")


def _page(entry: Any, feed: Any) -> str:
    title = entry.get("title", "")
    if entry.get("title_detail", {}).get("type") == "text/plain":
        title = escape(title)
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    fields = {
        "author": entry.get("author") or feed.get("author", ""),
        "date": "{:04}-{:02}-{:02}".format(*moment[:3]) if moment else "",
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
