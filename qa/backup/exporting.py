"""`export_store`: a store into one file, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from qa.backup.manifest import FEEDBACK, MANIFEST, ORIGINALS, Manifest, Part
from qa.doctor import fault_of_catalog
from qa.errors import BackupError, DocumentError, StoreDamagedError, UsageError
from qa.files import absolute
from qa.parsing import document_id
from qa.parsing.reading import read_file
from qa.sidecars import sidecar_of
from qa.store import Catalog, Store
from qa.store.copying import copy as copy_catalog
from qa.store.derived import flush
from qa.store.schema import connect, is_damage
from qa.store.store import CATALOG
from qa.uploads import FOLDER as UPLOADS

_LEVEL = 1
"""Of compression: vectors don't shrink, and text does at any level."""


@dataclass(slots=True)
class Exported:
    """What was written."""

    file: Path
    bytes: int
    generation: int
    documents: int
    uploads: int
    originals: int
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Originals that aren't in it: paths, and why (as a clause: "it …")."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "bytes": self.bytes,
            "generation": self.generation,
            "documents": self.documents,
            "uploads": self.uploads,
            "originals": self.originals,
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out],
        }


def export_store(
    store: Store, file: Path, max_file_bytes: int, *, originals: bool = False, force: bool = False
) -> Exported:
    """Writes a backup of the generation that is current now, while others ask and write.

    Args:
        max_file_bytes: larger originals are left out.
        originals: take the users' own files in as well, as far as they are what was ingested.
        force: replace a file that is there.

    Raises:
        UsageError: there is a file already.
        BackupError: it can't be written.
        StoreError: the store is empty, damaged, or can't be read.
    """
    file = absolute(file)
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already: give another name, or --force to replace it.")
    with _written_whole(file) as folder:
        copy, packed = folder / CATALOG, folder / file.name
        with store.snapshot() as snapshot, _write_errors(file):
            copy_catalog(snapshot.catalog, copy)
        with ZipFile(packed, "x", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            exported = _Packing(store.folder, archive, max_file_bytes).run(copy, originals)
        exported.file, exported.bytes = file, packed.stat().st_size
        flush(packed)
        packed.replace(file)
        flush(file.parent)
    return exported


class _Packing:
    def __init__(self, folder: Path, archive: ZipFile, max_file_bytes: int) -> None:
        self._folder = folder
        self._archive = archive
        self._max_file_bytes = max_file_bytes
        self._parts: dict[str, Part] = {}
        self._left_out: list[tuple[str, str]] = []

    def run(self, copy: Path, originals: bool) -> Exported:
        self._add_file(copy, CATALOG)
        for name in FEEDBACK:
            if (self._folder / name).exists():
                self._add(name, (self._folder / name).read_bytes())
        with closing(connect(copy)) as connection:
            fault = fault_of_catalog(connection)
            if fault:
                raise StoreDamagedError(
                    f"The catalog of the store {self._folder} is damaged ({fault}): run `qa doctor "
                    "--repair`, and export it then."
                )
            catalog = Catalog(connection)
            for path, sha256 in catalog.places.originals().items():
                self._add_original(path, sha256, originals)
            manifest = self._manifest(catalog)
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=1, exclude_none=True))
        return Exported(
            Path(),
            0,
            manifest.generation,
            manifest.documents,
            len(manifest.named(UPLOADS)),
            len(manifest.originals),
            self._left_out,
        )

    def _manifest(self, catalog: Catalog) -> Manifest:
        return Manifest(
            qa=version("qa"),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            store_format=catalog.meta("format"),
            generation=catalog.meta("generation"),
            model=catalog.meta("identity")["model"],
            documents=catalog.count("documents"),
            passages=catalog.count("passages"),
            parts=list(self._parts.values()),
        )

    def _add_original(self, path: str, sha256: str, wanted: bool) -> None:
        upload = self._upload(path, sha256)
        if upload is None and not wanted:
            return
        reason = self._take(upload or Path(path), sha256, path, _name(path, upload))
        if reason:
            self._left_out.append((path, reason))
        elif upload is None:
            self._add_sidecar(Path(path))

    def _upload(self, path: str, sha256: str) -> Path | None:
        """Where an upload lies now: the store's folder may have been moved."""
        folder, name = Path(path).parent, Path(path).name
        is_one = folder.parent.name == UPLOADS and folder.name == document_id(sha256)
        upload = absolute(self._folder) / UPLOADS / folder.name / name
        return upload if is_one and upload.exists() else None

    def _take(self, file: Path, sha256: str, path: str, name: str) -> str | None:
        """Adds a file, or says why not."""
        if not file.is_absolute() or not os.path.lexists(file):
            return "it isn't there"
        try:
            data = read_file(file, self._max_file_bytes)
        except DocumentError as error:
            return str(error)
        if hashlib.sha256(data).hexdigest() != sha256:
            return "it isn't what was ingested any more"
        if name not in self._parts:
            self._add(name, data, path)
        return None if self._parts[name].path == path else "another file has its name"

    def _add_sidecar(self, file: Path) -> None:
        sidecar = sidecar_of(file)
        name = _name(str(sidecar), None)
        if sidecar is None or name in self._parts:
            return
        try:
            self._add(name, read_file(sidecar, self._max_file_bytes), str(sidecar))
        except DocumentError as error:
            self._left_out.append((str(sidecar), str(error)))

    def _add(self, name: str, data: bytes, path: str | None = None) -> None:
        self._archive.writestr(name, data)
        sha256 = hashlib.sha256(data).hexdigest()
        self._parts[name] = Part(name=name, bytes=len(data), sha256=sha256, path=path)

    def _add_file(self, file: Path, name: str) -> None:
        self._archive.write(file, name)
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        self._parts[name] = Part(name=name, bytes=file.stat().st_size, sha256=sha256)


def _name(path: str, upload: Path | None) -> str:
    """What an original is called in the backup."""
    if upload is not None:
        return "/".join((UPLOADS, *upload.parts[-2:]))
    pure = Path(path)
    drive = pure.drive.replace(":", "").replace("\\", "/").strip("/")
    return "/".join(filter(None, (ORIGINALS, drive, *pure.parts[1:])))


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    """A folder beside a file to make it in, gone afterwards."""
    folder = None
    try:
        with _write_errors(file):
            folder = Path(tempfile.mkdtemp(prefix=".qa-export-", dir=file.parent))
            yield folder
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _write_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
            raise  # it is the catalog's
        reason = error.strerror if isinstance(error, OSError) else error
        raise BackupError(
            f"The backup {file} can't be written ({reason}): check the disk's free space and the "
            "folder's permissions."
        ) from error
