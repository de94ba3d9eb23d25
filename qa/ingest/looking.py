"""What a look at files says, short of reading them: which are new, changed, moved or the same."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path, PurePath

from qa.errors import DocumentError
from qa.parsing import VERSION, Options
from qa.parsing.reading import UnreadableError, sha256_of
from qa.parsing.sidecars import Sidecar, read_sidecar
from qa.parsing.workers import Limits
from qa.store import Catalog, FileRecord, Place


class State(Enum):
    NEW = "new"
    CHANGED = "changed"
    """It has other bytes, or would be read otherwise, or wasn't read to its end."""
    UNCHANGED = "unchanged"
    MOVED = "moved"
    """A file that is known has the same bytes: what was found in that is here, too."""
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    """It can't be read now, which says nothing of its contents."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a file without reading what it says."""

    path: str
    state: State
    sha256: str = ""
    sidecar: Sidecar | None = None
    record: FileRecord | None = None
    """Of the file, or where it is moved, of the one with the same bytes."""
    reason: str = ""
    """Why it is refused or unreadable, as a clause."""


class Known:
    """What a catalog knows of files and paths."""

    def __init__(self, catalog: Catalog | None) -> None:
        records = catalog.places.files() if catalog else ()
        self.records = {record.path: record for record in records}
        self.places: dict[str, Place] = catalog.places.all() if catalog else {}
        self.paths: dict[str, list[str]] = defaultdict(list)
        """The paths of the documents that a file is or holds."""
        for path, place in self.places.items():
            self.paths[place.file].append(path)
        self.files: Collection[str] = self.records.keys() | self.paths.keys()

    @cached_property
    def files_of(self) -> dict[str, set[str]]:
        """The files that each document is or lies in, by the documents' ids."""
        files: dict[str, set[str]] = defaultdict(set)
        for place in self.places.values():
            files[place.document_id].add(place.file)
        return files

    @cached_property
    def by_content(self) -> dict[tuple[str, str, str], FileRecord]:
        """The files by sha256, ending and what they were read with."""
        return {
            (record.sha256, PurePath(record.path).suffix.lower(), record.read_with): record
            for record in self.records.values()
        }


class Looker:
    """Looks at files with some settings in mind."""

    def __init__(self, known: Known, options: Options, limits: Limits) -> None:
        self._known = known
        self._limits = limits
        self._plain = repr((VERSION, options))
        self._limited = repr((limits.seconds, limits.memory_bytes))

    def look(self, file: Path) -> Look:
        """Reads a file's bytes and no more."""
        path = str(file)
        try:
            sha256 = sha256_of(file, self._limits.file_bytes)
        except UnreadableError as error:
            return Look(path, State.UNREADABLE, reason=str(error))
        except DocumentError as error:
            return Look(path, State.REFUSED, reason=str(error))
        sidecar = read_sidecar(file)
        record = self._known.records.get(path)
        if record and record.sha256 == sha256 and self._is_read(record, sidecar):
            return Look(path, State.UNCHANGED, sha256, sidecar, record)
        for with_ in (self.read_with(sidecar), self.read_with(sidecar, failed=True)):
            like = self._known.by_content.get((sha256, file.suffix.lower(), with_))
            if like:
                return Look(path, State.MOVED, sha256, sidecar, like)
        state = State.CHANGED if path in self._known.files else State.NEW
        return Look(path, state, sha256, sidecar, record)

    def read_with(self, sidecar: Sidecar | None, *, failed: bool = False) -> str:
        """What a reading depends on beside the file; where it failed, the limits, too."""
        parts = (self._plain, sidecar.sha256 if sidecar else "", self._limited if failed else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _is_read(self, record: FileRecord, sidecar: Sidecar | None) -> bool:
        return record.read_with == self.read_with(sidecar, failed=bool(record.failures))


def unlooked(path: str, record: FileRecord) -> Look:
    """The look at a file that is taken to be unchanged."""
    return Look(path, State.UNCHANGED, record.sha256, record=record)


def moved_path(path: str, record: FileRecord, look: Look) -> str:
    """Where that which was at ``path``, in the file of the record, is in the file looked at."""
    return look.path + path[len(record.path) :]


def is_among(file: Path, paths: Collection[Path]) -> bool:
    """Whether a file is one of some paths or below one, by its own path or behind links."""
    real = file.resolve()
    return any(path in paths for path in (file, *file.parents, real, *real.parents))
