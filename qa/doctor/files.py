"""The other files in a store's folder: uploaded originals, and what interrupted writers left."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from qa.doctor.findings import Finding, Kind
from qa.files import absolute
from qa.parsing import document_id
from qa.parsing.reading import UnreadableError, sha256_of
from qa.store import Catalog
from qa.store.derived import unrecorded
from qa.uploads import FOLDER

_AGE = 600.0
"""Seconds after which nobody is still writing a temporary file."""
_TEMPORARY = re.compile(
    r"\.(qa-(import|export|repair)-.+|(feedback|feedback-review)\.jsonl\.\d+\.tmp"
    r"|keys\.json\.[0-9a-f]{16}\.tmp|[0-9a-f]{32}\.tmp)"
)
_ID = re.compile(r"[0-9a-f]{32}")


def leftovers(folder: Path, catalog: Catalog) -> Iterator[Path]:
    """Temporary files and folders of writers that came to no end, and indexes of no generation."""
    latest = time.time() - _AGE
    for path in [*folder.glob(".*"), *(folder / FOLDER).glob(".*"), *unrecorded(folder, catalog)]:
        is_ours = _TEMPORARY.fullmatch(path.name) or not path.name.startswith(".")
        if is_ours and path.lstat().st_mtime < latest:
            yield path


def check_leftovers(folder: Path, catalog: Catalog) -> Iterator[Finding]:
    for path in leftovers(folder, catalog):
        yield Finding(
            Kind.LEFTOVER, f"{path.name} was left by an interrupted writer", path=str(path)
        )


def check_uploads(store: Path, catalog: Catalog) -> Iterator[Finding]:
    """Uploads that are no document's, not what they were, or gone."""
    folder = absolute(store) / FOLDER
    wanted = {
        Path(file): sha256
        for file, sha256 in catalog.places.originals().items()
        if folder in Path(file).parents
    }
    there = {path for path in folder.glob("*/*") if _ID.fullmatch(path.parent.name)}
    for path in sorted(there - wanted.keys()):
        yield _finding(path, "belongs to no document: take it in by `qa ingest`, or delete it")
    for path in sorted(there):
        fault = _bytes_fault(path)
        if fault:
            yield _finding(path, fault)
    for path in sorted(wanted.keys() - there):
        yield _finding(path, "is gone; its document still answers: upload it again")


def _finding(path: Path, what: str) -> Finding:
    return Finding(
        Kind.UPLOAD, f"The upload {path.parent.name[:12]}/{path.name} {what}", path=str(path)
    )


def _bytes_fault(path: Path) -> str | None:
    try:
        if document_id(sha256_of(path)) == path.parent.name:
            return None
    except UnreadableError as error:
        return f"can't be read: {error}"
    return "isn't what was uploaded any more: upload it again"
