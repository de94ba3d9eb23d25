"""What can be wrong with a store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is wrong, by what repairs it."""

    DAMAGE = "damage"
    """SQLite can't read the catalog, or not all of it: what can be read makes a new one."""
    ROWS = "rows"
    """Rows that belong to nothing, or say what isn't so: they are deleted."""
    FACTS = "facts"
    """What can be reckoned again from a document's text."""
    PASSAGES = "passages"
    """Passages or embeddings that aren't as they should be: the document is cut and embedded
    again."""
    INDEX = "index"
    """An index that isn't in step with the catalog: it is made again."""
    LEFTOVER = "leftover"
    """A temporary file that an interrupted writer left: it is deleted."""
    UPLOAD = "upload"
    """An uploaded original that isn't what it should be: nothing here can make it again."""
    NOTE = "note"
    """Nothing is wrong, but it is good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what it means."""

    kind: Kind
    message: str
    """One line, for a person."""
    document_id: str | None = None
    """The document that it concerns, if it is a single one."""
    path: str | None = None
    """The file that it concerns."""

    @property
    def is_fault(self) -> bool:
        return self.kind is not Kind.NOTE

    @property
    def is_repairable(self) -> bool:
        return self.kind not in (Kind.NOTE, Kind.UPLOAD)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"repairable": self.is_repairable}
