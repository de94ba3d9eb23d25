"""The originals that were uploaded: ``uploads/<document id>/<name>`` in the store's folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO

from qa.errors import DocumentError, StoreError
from qa.parsing import PARSERS, can_parse, document_id
from qa.store.opening import locked

FOLDER = "uploads"
_LONGEST_NAME = 150
"""Bytes, without suffix. File systems take 255, but some of them less as they encrypt."""
_ID = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """The uploaded originals of one store; the catalog knows them by their paths as any file."""

    def __init__(self, store: Path) -> None:
        """
        Args:
            store: the store's folder, absolute.
        """
        self.folder = store / FOLDER

    @contextmanager
    def locked(self, wait: float = 0) -> Iterator[None]:
        """One change of the originals at a time, in whatever process.

        Raises:
            StoreBusyError: another change went on for ``wait`` seconds.
        """
        with _disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder, wait, ".lock"):
            yield

    def has(self, id_: str) -> bool:
        """Whether a document's original may be here."""
        return bool(_ID.fullmatch(id_)) and os.path.lexists(self.folder / id_)

    def keep(self, file: IO[bytes], id_: str, name: str) -> Path:
        """Writes a document's original, whole or not at all, and returns where it is.

        Args:
            name: as from `safe_name`.

        Raises:
            StoreError: it can't be written.
        """
        path = self.folder / id_ / name
        temporary = self.folder / f".{id_}.tmp"
        with _disk_errors(self.folder):
            try:
                file.seek(0)
                with temporary.open("wb") as target:
                    shutil.copyfileobj(file, target)
                    target.flush()
                    os.fsync(target.fileno())
                path.parent.mkdir(exist_ok=True)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        return path

    def discard(self, id_: str) -> None:
        """Removes a document's original, if there is one.

        Raises:
            StoreError: it can't be removed.
        """
        if not self.has(id_):
            return
        folder = self.folder / id_
        with _disk_errors(self.folder):
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink()  # whatever it points to is none of ours
            else:
                shutil.rmtree(folder)


def id_of(file: IO[bytes]) -> str:
    """The id of the document that a file's bytes are."""
    file.seek(0)
    return document_id(hashlib.file_digest(file, "sha256").hexdigest())  # type: ignore[arg-type]


def safe_name(name: str) -> str:
    """A name for a file that was given one by a stranger: fit for every system, and its last part.

    Raises:
        DocumentError: its format has no parser.
    """
    from pathvalidate import sanitize_filename

    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Category C: control characters, lone surrogates, and marks that turn the reading direction.
    visible = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    plain = " ".join(visible.split()).replace(" .", ".").rstrip(" .")
    stem, dot, suffix = plain.rpartition(".")
    short = stem.strip(" .").encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .")
    stem = sanitize_filename(short, platform="universal").strip(" .") or "document"
    if stem.upper().startswith(("CONIN$", "CONOUT$")):  # devices that it doesn't know of
        stem = f"_{stem}"
    safe = f"{stem}{dot}{suffix}"
    if not can_parse(PurePath(safe)):
        known = ", ".join(sorted(suffix for parser in PARSERS for suffix in parser.suffixes))
        raise DocumentError(f"Its format isn't supported: give a file named with one of {known}.")
    return safe


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The uploads in {folder} can't be changed ({error.strerror or error}): check the "
            "disk's free space and the folder's permissions."
        ) from error
