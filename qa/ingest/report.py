"""What an ingest tells: how far it is, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a document in one, that couldn't be taken in, and why (as a clause: "it is …")."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """A file or folder that was left out, and why (as a clause: "it is …")."""

    path: str
    reason: str


@dataclass(slots=True)
class IngestReport:
    """What an ingest did, or would do, by path; a document in a file has a path of its own."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """Where documents are that were elsewhere, and where they were."""
    removed: list[str] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    """What lies in a folder and isn't for a store: mostly files whose format has no parser."""
    failed: list[Failure] = field(default_factory=list)
    embedded: int = 0
    """Passages that were embedded."""

    @property
    def read(self) -> int:
        """How many documents could be read."""
        return len(self.added) + len(self.updated) + len(self.unchanged) + len(self.moved)

    @property
    def changed(self) -> int:
        """How many documents are not what or where they were."""
        return len(self.added) + len(self.updated) + len(self.moved) + len(self.removed)

    def to_dict(self, *, planned: bool = False) -> dict[str, Any]:
        """The counts, and each failure.

        Args:
            planned: it would do that; each change is named.
        """
        changes = {
            "added": self.added,
            "updated": self.updated,
            "moved": [{"from": before, "to": path} for path, before in self.moved.items()],
            "removed": self.removed,
        }
        return {
            "added": len(self.added),
            "updated": len(self.updated),
            "unchanged": len(self.unchanged),
            "moved": len(self.moved),
            "removed": len(self.removed),
            "skipped": [{"path": s.path, "reason": s.reason} for s in self.skipped],
            "failed": [{"path": f.path, "reason": f.reason} for f in self.failed],
            "embedded": self.embedded,
            **({"changes": changes} if planned else {}),
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is, in files; ``total`` is None where it isn't known."""

    done: int
    total: int | None
    path: str


OnProgress = Callable[[Progress], None]

OnStage = Callable[[str, int, int], None]
"""How far the work on one document or batch is: "parsed" (all its passages are known) or
"embedding", with the passages done and of how many."""
