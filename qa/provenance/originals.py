"""The files that documents were made from, read again and compared by their sha256."""

from __future__ import annotations

import hashlib
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from qa.errors import DocumentError
from qa.parsing import Broken, members
from qa.parsing.reading import UnreadableError, read_file, sha256_of
from qa.store import Catalog
from qa.types import DocumentInfo


class State(StrEnum):
    """What is at a path now, from best to worst."""

    UNCHANGED = "unchanged"
    UNFILED = "unfiled"
    """There never was a file: a program added the document."""
    CHANGED = "changed"
    """A file is there, with other bytes."""
    UNREADABLE = "unreadable"
    """What is there can't be read now."""
    MISSING = "missing"

    @property
    def is_fine(self) -> bool:
        return self in (State.UNCHANGED, State.UNFILED)


_ORDER = list(State)


@dataclass(frozen=True, slots=True)
class PathState:
    """What is at one of a document's paths."""

    path: str
    state: State
    reason: str | None = None
    """Why it can't be read, as a clause ("it is …")."""

    def to_dict(self) -> dict[str, Any]:
        return {"path": self.path, "state": self.state.value, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class DocumentState:
    """Whether a document's original is still there: at one of its paths is enough."""

    document_id: str
    title: str
    state: State
    paths: tuple[PathState, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "document_id": self.document_id,
            "title": self.title,
            "state": self.state.value,
            "paths": [path.to_dict() for path in self.paths],
        }


def check_originals(
    catalog: Catalog, infos: Sequence[DocumentInfo], most_bytes: int
) -> Iterator[DocumentState]:
    """Reads the originals of some documents again; files that hold several once.

    A document none of whose paths is absolute was added by a program, and has no original.

    Args:
        most_bytes: larger files aren't opened to look for the documents in them.
    """
    places = catalog.places.all()
    records = {record.path: record.sha256 for record in catalog.places.files()}
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for info in infos:
        for path in info.paths:
            file = places[path].file if path in places else path
            wanted[file][path] = info.sha256
    states: dict[str, PathState] = {}
    for file, documents in wanted.items():
        for state in _states(Path(file), documents, records.get(file), most_bytes):
            states[state.path] = state
    for info in infos:
        paths = tuple(states[path] for path in info.paths)
        best = min((path.state for path in paths), key=_ORDER.index)
        yield DocumentState(info.id, info.title, best, paths)


def _states(
    file: Path, documents: Mapping[str, str], known: str | None, most_bytes: int
) -> Iterator[PathState]:
    """The state of each path that leads to a file or into it.

    Args:
        documents: the sha256 that is expected at each path.
        known: the file's own sha256 when it was read, if that is known.
    """
    common, reason, sha256 = None, None, ""
    if not file.is_absolute():
        common = State.UNFILED
    elif _is_missing(file):
        common = State.MISSING
    else:
        try:
            sha256 = sha256_of(file)
        except UnreadableError as error:
            common, reason = State.UNREADABLE, str(error)
    if common is not None:
        yield from (PathState(path, common, reason) for path in documents)
        return
    within = {path: wanted for path, wanted in documents.items() if path != str(file)}
    if str(file) in documents:
        is_same = documents[str(file)] == sha256
        yield PathState(str(file), State.UNCHANGED if is_same else State.CHANGED)
    if sha256 == known:  # and so is all that is in it
        yield from (PathState(path, State.UNCHANGED) for path in within)
    elif within:
        yield from _states_within(file, within, most_bytes)


def _is_missing(file: Path) -> bool:
    """Whether there is no file; that it can't be told is something else."""
    try:
        return stat.S_ISDIR(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False


def _states_within(
    file: Path, documents: Mapping[str, str], most_bytes: int
) -> Iterator[PathState]:
    """The state of documents in a file that isn't what it was."""
    found: dict[str, str] = {}
    reason = None
    try:
        for member in members(read_file(file, most_bytes), file):
            if not isinstance(member, Broken):
                found[str(file / member.name)] = hashlib.sha256(member.data).hexdigest()
    except DocumentError as error:
        reason = str(error)
    for path, wanted in documents.items():
        if found.get(path) == wanted:
            yield PathState(path, State.UNCHANGED)
        elif path in found or reason:
            yield PathState(path, State.CHANGED, reason)
        else:
            yield PathState(path, State.MISSING)
