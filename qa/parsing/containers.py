"""Files that hold documents: which they are, and all that is in them, in whatever depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath, PurePosixPath

from qa.errors import DocumentError
from qa.parsing.unpacking import TARS, Broken, Found, LimitError, Limits, Member, opener, suffix_of

MOST_DEPTH = 3
"""Containers in containers."""
_JSON_LIST = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")

CONTAINER_SUFFIXES = (*TARS, ".zip", ".mbox", ".jsonl", ".ndjson", ".rss", ".atom")


def is_container(path: PurePath, data: bytes | None = None) -> bool:
    """Whether a file may hold documents, by its name.

    With its ``data`` it is known of JSON as well, which is several documents if it is a list that
    begins with an object. A message (.eml) is a document and a container of what is attached to it.
    """
    suffix = suffix_of(path.name)
    if suffix == ".json" and data is not None:
        return bool(_JSON_LIST.match(data))
    return suffix in CONTAINER_SUFFIXES or suffix == ".eml"


def members(data: bytes, path: PurePath) -> Iterator[Member | Broken]:
    """The files within a file, and within the containers there, one at a time.

    Hidden ones, links and folders are passed over. A container within that can't be read, and a
    member that can't, is `Broken`; so is what stands behind a limit, under the name "".

    Raises:
        DocumentError: the file itself can't be read, with the reason as a clause ("it is …").
    """
    names: dict[str, int] = {}
    try:
        for found in _walk(data, suffix_of(path.name), Limits(), depth=1):
            name = _unique(found.name, names) if found.name else ""
            if isinstance(found, Member):
                yield Member(name, found.data, found.suffix)
            else:
                yield Broken(name, found.reason)
    except LimitError as error:
        yield Broken("", str(error))


def _walk(data: bytes, suffix: str, limits: Limits, depth: int) -> Found:
    """The leaves below a container; a limit ends it with `LimitError`."""
    for found in _opened(data, suffix, limits):
        if isinstance(found, Broken):
            yield found
            continue
        inner = PurePosixPath(found.name)
        if not is_container(inner, found.data):
            yield found
            continue
        if found.suffix == ".eml":
            yield found
        if depth >= MOST_DEPTH:
            if found.suffix != ".eml":
                yield Broken(found.name, f"it lies more than {MOST_DEPTH} containers deep")
            continue
        try:
            for leaf in _walk(found.data, found.suffix, limits, depth + 1):
                name = f"{found.name}/{leaf.name}" if leaf.name else found.name
                yield (
                    Member(name, leaf.data, leaf.suffix)
                    if isinstance(leaf, Member)
                    else Broken(name, leaf.reason)
                )
        except LimitError:
            raise
        except DocumentError as error:
            yield Broken(found.name, str(error))


def _opened(data: bytes, suffix: str, limits: Limits) -> Found:
    """What is right within a container; whatever one makes a library do is a DocumentError."""
    try:
        yield from opener(suffix)(data, limits)
    except (DocumentError, MemoryError):
        raise
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    except Exception as error:
        raise DocumentError(f"it can't be unpacked ({type(error).__name__}: {error})") from error


def _unique(name: str, counts: dict[str, int]) -> str:
    """The name, with a number in front of the suffix where it is there already."""
    path, unique = PurePosixPath(name), name
    while unique in counts:
        counts[name] += 1
        unique = str(path.with_name(f"{path.stem} ({counts[name]}){path.suffix}"))
    counts[unique] = 1
    return unique
