"""`import_store`: a store from a backup. All of it is checked before any of it is put in place."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from qa.backup.manifest import (
    FEEDBACK,
    ORIGINALS,
    Manifest,
    Part,
    read_manifest,
    unpack,
    zip_errors,
)
from qa.doctor import fault_of_catalog
from qa.errors import BackupError, DocumentError, StoreError, UsageError
from qa.files import absolute
from qa.parsing.reading import sha256_of
from qa.store import Catalog, Identity, Store
from qa.store.identity import FORMAT
from qa.store.opening import bring_up_to_date
from qa.store.schema import connect
from qa.store.shape import is_plain
from qa.store.store import CATALOG
from qa.uploads import FOLDER as UPLOADS
from qa.uploads import Uploads

_ROOM = 3
"""Times the catalog's size that it takes for a moment: unpacked, in the log, and in place."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a store holds now, and where the originals are that came with it."""

    store: str
    generation: int
    model: str
    documents: int
    passages: int
    uploads: int
    originals: int
    """How many were unpacked; others that came along lie where they lay."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class _Plan:
    """Where the parts go."""

    targets: dict[str, Path] = field(default_factory=dict)
    """Of uploads and originals, by the parts' names."""
    moved: dict[str, str] = field(default_factory=dict)
    """Where files are now, by where they were."""

    @property
    def has_originals(self) -> bool:
        return any(name.startswith(f"{ORIGINALS}/") for name in self.targets)

    def now(self, path: str) -> str:
        """Where a file is, or what lies in one."""
        for known in (path, *_above(path)):
            if known in self.moved:
                return self.moved[known] + path[len(known) :]
        return path


def import_store(
    store: Store,
    file: Path,
    *,
    replace: bool = False,
    originals_to: Path | None = None,
    wait: float = 0,
) -> Imported:
    """Puts what a backup holds into a store, whole or not at all; whoever asks it meanwhile gets
    answers from what was there before.

    Documents whose originals are unpacked are at those paths then; the others stay at theirs.

    Args:
        replace: in the place of what the store holds. Its API keys stay in force.
        originals_to: where to unpack originals; by default into the store's folder, and only those
            that don't lie where they lay.
        wait: how many seconds to wait for another writer to finish.

    Raises:
        UsageError: the store holds something, or another file is in an original's place.
        BackupError: the file is no backup, damaged, or not to be trusted.
        StoreError: the store is busy or can't be written.
    """
    file, folder = absolute(file), absolute(store.folder)
    if not replace and _holds_something(store):
        raise _occupied(folder)
    root = absolute(originals_to) if originals_to else folder / ORIGINALS
    try:
        archive = ZipFile(file)
    except OSError as error:
        raise BackupError(f"{file} can't be read ({error.strerror}): give a backup.") from error
    except Exception as error:  # whatever it makes of what is none
        raise BackupError(f"{file} is no backup, or is damaged ({error}): give another.") from error
    with archive, _write_errors(folder):
        with zip_errors(file):
            manifest = read_manifest(archive, file)
        plan = _plan(manifest, folder, root, anywhere=originals_to is not None)
        _check_room(manifest, folder)
        with _staged(folder) as staging, _staged(root, plan.has_originals) as for_originals:
            staged: dict[str, Path] = {}
            for part in manifest.parts:
                if "/" in part.name and part.name not in plan.targets:
                    continue
                place = for_originals if part.name.startswith(f"{ORIGINALS}/") else staging
                staged[part.name] = place / str(len(staged))
                with zip_errors(file):
                    unpack(archive, part, staged[part.name])
            with closing(_checked(staged[CATALOG], manifest, file)) as connection:
                catalog = Catalog(connection)
                generation = _put_in_place(store, catalog, staged, plan, replace=replace, wait=wait)
    return Imported(
        str(folder),
        generation,
        manifest.model,
        manifest.documents,
        manifest.passages,
        len(manifest.named(UPLOADS)),
        sum(part.name in plan.targets for part in manifest.originals),
    )


# ------------------------------------------------------------------ before anything is changed


def _holds_something(store: Store) -> bool:
    uploads = Uploads(store.folder).folder
    kept = any((store.folder / name).exists() for name in FEEDBACK)
    if kept or (uploads.is_dir() and any(path.is_dir() for path in uploads.iterdir())):
        return True
    try:
        return not store.is_new
    except StoreError:  # damaged, or of another format
        return True


def _occupied(folder: Path) -> UsageError:
    return UsageError(
        f"The store {folder} holds something already: give another --store, or --replace."
    )


def _plan(manifest: Manifest, folder: Path, root: Path, *, anywhere: bool) -> _Plan:
    """
    Args:
        anywhere: unpack originals also where they still lie at their paths.
    """
    plan = _Plan()
    for part in manifest.named(UPLOADS):
        plan.targets[part.name] = folder / part.name
    for part in manifest.named(ORIGINALS):
        if anywhere or not _is_at(Path(part.path or ""), part):
            target = root.joinpath(*part.name.split("/")[1:])
            if os.path.lexists(target) and not _is_at(target, part):
                raise UsageError(
                    f"There is another file at {target}: give another folder by --originals-to."
                )
            plan.targets[part.name] = target
    for part in manifest.parts:
        if part.name in plan.targets and part.path:
            plan.moved[part.path] = str(plan.targets[part.name])
    return plan


def _is_at(path: Path, part: Part) -> bool:
    try:
        return path.is_absolute() and sha256_of(path, part.bytes) == part.sha256
    except (DocumentError, ValueError):
        return False


def _check_room(manifest: Manifest, folder: Path) -> None:
    needed = sum(part.bytes * (_ROOM if part.name == CATALOG else 1) for part in manifest.parts)
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise StoreError(
            f"The backup needs {needed / 1e6:,.0f} MB for a while, and there are {free / 1e6:,.0f} "
            f"MB free at {folder}: make room, or give another --store."
        )


def _checked(path: Path, manifest: Manifest, file: Path) -> sqlite3.Connection:
    """A connection to the unpacked catalog, brought up to date, which is as the manifest says."""
    bad = f"The backup {file} can't be trusted: its catalog"
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA trusted_schema = OFF")
            if not is_plain(connection):
                raise BackupError(f"{bad} holds what no catalog does.")
            catalog = Catalog(connection)
            if catalog.meta("format") != FORMAT and not bring_up_to_date(catalog):
                raise BackupError(
                    f"The backup {file} is of a store of format {catalog.meta('format')}, and this "
                    f"qa reads format {FORMAT}: export it from a store that is up to date."
                )
            fault = fault_of_catalog(connection)
            if fault:
                raise BackupError(f"{bad} isn't whole ({fault}).")
            told = (manifest.generation, manifest.documents, manifest.passages)
            counts = catalog.count("documents"), catalog.count("passages")
            if told != (catalog.meta("generation"), *counts):
                raise BackupError(f"{bad} doesn't hold what the manifest says.")
            Identity(**catalog.meta("identity"))
        return connect(path)
    except (sqlite3.DatabaseError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise BackupError(f"{bad} can't be read ({error}).") from error


# ------------------------------------------------------------------ changing


def _put_in_place(
    store: Store,
    catalog: Catalog,
    staged: dict[str, Path],
    plan: _Plan,
    *,
    replace: bool,
    wait: float,
) -> int:
    """Returns the new generation. Until it is committed what is put beside it is of no use."""
    folder = absolute(store.folder)
    uploads, identity = Uploads(folder), Identity(**catalog.meta("identity"))
    is_used = uploads.folder.is_dir() or any(name.startswith(UPLOADS) for name in plan.targets)
    with (
        uploads.locked(wait) if is_used else nullcontext(),
        store.writer(identity, rebuild=replace, wait=wait) as writer,
        _undone_on_error() as placed,
    ):
        if writer.catalog.meta("generation") and not replace:
            raise _occupied(folder)  # somebody was faster
        for name, target in plan.targets.items():
            _place(staged[name], target, placed)
        writer.take_over(catalog, plan.now)
        is_whole = not writer.catalog.meta("ingesting")
        writer.commit(final=is_whole)
        placed.clear()
        for name in FEEDBACK:
            if name in staged:
                staged[name].replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        if is_used:
            _remove_uploads(uploads, keep=set(plan.targets.values()))
        return int(writer.catalog.meta("generation"))


def _place(staged: Path, target: Path, placed: list[Path]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        placed.append(target)
    staged.replace(target)


@contextmanager
def _undone_on_error() -> Iterator[list[Path]]:
    """A list of files which are removed again if something goes wrong."""
    placed: list[Path] = []
    try:
        yield placed
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise


def _remove_uploads(uploads: Uploads, keep: set[Path]) -> None:
    """Removes the originals of what the store held before."""
    for path in uploads.folder.glob("*/*"):
        if path not in keep:
            path.unlink(missing_ok=True)
    for folder in uploads.folder.iterdir():
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _staged(folder: Path, wanted: bool = True) -> Iterator[Path]:
    """A folder within another to unpack into, gone afterwards, and the other if it stays empty."""
    if not wanted:
        yield folder
        return
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".qa-import-", dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for path in made:
            if not any(path.iterdir()):
                path.rmdir()


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The backup can't be unpacked into {folder} ({error.strerror or error}): check the "
            "disk's free space and the folder's permissions."
        ) from error


def _above(path: str) -> Iterator[str]:
    """What a virtual path may lie in: ``a.zip`` of ``a.zip/notes/page.html``."""
    for match in reversed(list(re.finditer(r"[/\\]", path))):
        yield path[: match.start()]
