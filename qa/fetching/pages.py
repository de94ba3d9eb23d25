"""Pages that a list or a feed names, downloaded into a folder as files that can be ingested.

Each page has a sidecar, ``NAME.meta.json``, that says where it is from; by what stands there the
next run asks only for what has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, unquote

from qa.errors import DocumentError
from qa.fetching.downloading import TAGS, FailedError, Page, checked, client, download
from qa.parsing.feeds import Link, links
from qa.sidecars import is_sidecar, sidecars_of

_MOST_LIST_BYTES = 20_000_000
_LONGEST_NAME = 120
"""Bytes, without what tells one address from another."""
_NAME = re.compile(r"(.+-[0-9a-f]{12})\.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one address."""

    url: str
    outcome: Literal["fetched", "unchanged", "failed"]
    path: Path | None = None
    """The file."""
    reason: str | None = None
    """Why it failed, as a clause ("it is …")."""

    def to_dict(self) -> dict[str, str | None]:
        path = str(self.path) if self.path else None
        return {"url": self.url, "outcome": self.outcome, "path": path, "reason": self.reason}


def fetch(file: Path, folder: Path, *, most_bytes: int, seconds: float = 120) -> Iterator[Fetched]:
    """Downloads what a file names: a line each, or the entries of an RSS or Atom feed.

    A page that the server says is unchanged, or whose bytes are the same, is not written anew.

    Args:
        folder: where the pages go; it is made if it isn't there.
        most_bytes: larger pages fail.
        seconds: the longest that one page may take.

    Raises:
        DocumentError: the file can't be read or the folder can't be made.
    """
    listed = _listed(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(f"The folder {folder} can't be made ({error.strerror}).") from error
    present = _present(folder)
    with client(seconds) as connection:
        for link in listed:
            try:
                stem = _stem(checked(link.url))
                before = present.get(stem)
                facts = _facts(before) if before else {}
                until = time.monotonic() + seconds
                page = download(connection, link.url, facts, most_bytes, until)
                is_new = page is not None and _keep(page, link, folder / stem, before, facts)
                path = before if page is None else folder / (stem + page.suffix)
                yield Fetched(link.url, "fetched" if is_new else "unchanged", path)
            except FailedError as error:
                yield Fetched(link.url, "failed", reason=str(error))


def _listed(file: Path) -> list[Link]:
    """What a file names, each address once."""
    try:
        if not file.is_file():
            raise DocumentError(f"There is no file {file}: give a list of addresses or a feed.")
        with file.open("rb") as opened:
            data = opened.read(_MOST_LIST_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{file} can't be read ({error.strerror}).") from error
    if len(data) > _MOST_LIST_BYTES:
        raise DocumentError(f"{file} has over {_MOST_LIST_BYTES / 1e6:g} MB: split it.")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        try:
            found = links(data)
        except DocumentError as error:
            raise DocumentError(f"{file} can't be read: {error}.") from error
    else:
        lines = (line.strip() for line in data.decode("utf-8-sig", "replace").splitlines())
        found = [Link(line) for line in lines if line and not line.startswith("#")]
    by_url: dict[str, Link] = {}
    for link in found:
        url = link.url.partition("#")[0]
        by_url.setdefault(url, replace(link, url=url))
    return list(by_url.values())


def _keep(
    page: Page, link: Link, name: Path, before: Path | None, facts: Mapping[str, Any]
) -> bool:
    """Writes a page and what is known of it, as far as that is new; returns whether the page is.

    Args:
        name: the file's, without suffix.
        before: the page that is there from before, and ``facts``, what stands in its sidecar.
    """
    path = name.with_name(name.name + page.suffix)
    is_new = path != before or not _has(path, page.data)
    said = {"title": link.title, "date": link.date}
    kept = {name: value for name, value in facts.items() if name not in TAGS}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new = {  # what a person put there, or the feed said at first, stays
        **{name: value for name, value in said.items() if value},
        **kept,
        "url": link.url,
        "fetched": now if is_new else facts.get("fetched", now),
        **page.tags,
    }
    try:
        if is_new:
            _write(path, page.data)
        if new != facts or path != before:
            _write(_sidecar(path), json.dumps(new, ensure_ascii=False, indent=2).encode() + b"\n")
        if before and before != path:  # it was of another kind
            before.unlink(missing_ok=True)
            _sidecar(before).unlink(missing_ok=True)
    except OSError as error:
        raise FailedError(f"it can't be written ({error.strerror})") from error
    return is_new


def _stem(parts: SplitResult) -> str:
    """A file's name for an address, without suffix: readable, safe on every system, its own."""
    readable = re.sub(r"[^\w.-]+", "-", unquote(f"{parts.hostname}{parts.path}"))
    short = readable.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    address = parts.geturl().encode("utf-8", "surrogatepass")
    return f"{short.strip('.-_') or 'page'}-{hashlib.sha256(address).hexdigest()[:12]}"


def _sidecar(path: Path) -> Path:
    return next(sidecars_of(path))


def _present(folder: Path) -> dict[str, Path]:
    """The pages that are there, by their names without suffix."""
    try:
        paths = [path for path in sorted(folder.iterdir()) if not is_sidecar(path)]
    except OSError as error:
        raise DocumentError(f"The folder {folder} can't be read ({error.strerror}).") from error
    found = ((_NAME.match(path.name), path) for path in paths)
    return {name[1]: path for name, path in found if name and path.is_file()}


def _facts(path: Path) -> dict[str, Any]:
    """What stands in a file's sidecar."""
    try:
        facts = json.loads(_sidecar(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _has(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Puts a file in its place, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
