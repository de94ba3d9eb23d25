"""What a backup says of itself, and whether that is so: the file may come from anywhere."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal
from zipfile import ZipFile, ZipInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import BackupError
from qa.feedback import FILE, REVIEW_FILE
from qa.parsing import document_id
from qa.sidecars import sidecars_of
from qa.store.store import CATALOG
from qa.uploads import FOLDER as UPLOADS

FORMAT = 1
MANIFEST = "manifest.json"
ORIGINALS = "originals"
FEEDBACK = (FILE, REVIEW_FILE)
MAX_MANIFEST = 500_000_000
"""Bytes; some hundred for each original."""
_MAX_RATIO = 200
"""How much larger than the file its contents may be; text and vectors come to about five."""
_ALWAYS = 100_000_000
"""Bytes that a file may unpack to, however small it is."""
_COPIED = 1_000_000

_Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A file within a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    bytes: _Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    path: str | None = None
    """Where an original lay, as the catalog has it."""


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    qa: str
    created: str
    store_format: int
    generation: _Count
    model: str
    documents: _Count
    passages: _Count
    parts: list[Part]

    def named(self, folder: str) -> list[Part]:
        """The parts below a folder."""
        return [part for part in self.parts if part.name.startswith(f"{folder}/")]

    @property
    def originals(self) -> list[Part]:
        """The users' own files, without what they say of them beside."""
        parts = self.named(ORIGINALS)
        sidecars = {path.as_posix() for part in parts for path in sidecars_of(Path(part.name))}
        return [part for part in parts if part.name not in sidecars]


@contextmanager
def zip_errors(path: Path) -> Iterator[None]:
    """Turns whatever a file that is no backup, or a damaged one, makes of its reader into ours."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise BackupError(f"{path} is no backup, or is damaged ({error}): give another.") from error
    except (zlib.error, EOFError, struct.error, ValueError, RuntimeError, LookupError) as error:
        raise BackupError(f"The backup {path} is damaged ({error}): give another.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # it was sent to a place before the file's beginning
            raise
        raise BackupError(f"The backup {path} is damaged: give another.") from error


def read_manifest(archive: ZipFile, path: Path) -> Manifest:
    """The manifest of a backup whose parts are named, sized and packed as it says.

    Raises:
        BackupError: there is none, it is of a later format, or the parts aren't as it says.
    """
    entries = {entry.filename: entry for entry in archive.infolist()}
    if MANIFEST not in entries or entries[MANIFEST].file_size > MAX_MANIFEST:
        raise BackupError(f"{path} is no backup: give a file that `qa export` wrote.")
    manifest = _parsed(archive.read(MANIFEST), path)
    names = [part.name for part in manifest.parts]
    told = len(names) == len(set(names)) and {*names, MANIFEST} == entries.keys()
    if not told or len(entries) != len(archive.infolist()) or CATALOG not in names:
        raise BackupError(f"The backup {path} is damaged: its parts aren't those that it lists.")
    for part in manifest.parts:
        fault = _fault(part, entries[part.name])
        if fault:
            raise BackupError(f"The backup {path} can't be trusted: {part.name!r} {fault}.")
    total = sum(part.bytes for part in manifest.parts)
    if total > max(_ALWAYS, _MAX_RATIO * path.stat().st_size):
        raise BackupError(
            f"The backup {path} can't be trusted: its {path.stat().st_size:,} bytes would unpack "
            f"to {total:,}."
        )
    return manifest


def unpack(archive: ZipFile, part: Part, target: Path) -> None:
    """Writes a part to a new file, no further than it should be long.

    Raises:
        BackupError: it isn't what the manifest says.
        OSError: it can't be written.
    """
    digest, left = hashlib.sha256(), part.bytes
    with archive.open(part.name) as source, target.open("xb") as file:
        while data := source.read(min(_COPIED, left + 1)):
            left -= len(data)
            if left < 0:
                break
            digest.update(data)
            file.write(data)
    if left or digest.hexdigest() != part.sha256:
        raise BackupError(
            f"The backup {archive.filename} is damaged: {part.name!r} isn't what it was."
        )


def _parsed(data: bytes, path: Path) -> Manifest:
    try:
        fields = json.loads(data)
        format_ = fields["format"] if isinstance(fields, dict) else None
        if isinstance(format_, int) and format_ > FORMAT:
            raise BackupError(
                f"The backup {path} has format {format_}, this qa reads {FORMAT}: upgrade qa."
            )
        return Manifest.model_validate(fields, strict=True)
    except (ValidationError, ValueError, KeyError, RecursionError) as error:
        raise BackupError(
            f"The backup {path} is damaged: its manifest isn't what it should be."
        ) from error


def _fault(part: Part, entry: ZipInfo) -> str | None:
    """What is wrong with a part, as the end of a sentence."""
    if not is_safe(part.name):
        return "is no name that a backup gives"
    folder, *inner = part.name.split("/")
    if inner and not part.path:
        return "has no path in the catalog"
    if folder == UPLOADS and inner[0] != document_id(part.sha256):
        return "isn't named by its sha256"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or entry.is_dir():
        return "is no plain file"
    if entry.file_size != part.bytes:
        return "hasn't the size that the manifest says"
    return None


def is_safe(name: str) -> bool:
    """Whether a part may be written below a folder under its name."""
    inner = PurePosixPath(name).parts[1:]
    folder, _, rest = name.partition("/")
    if not rest:
        return name in (CATALOG, *FEEDBACK)
    whole = "/".join((folder, *inner)) == name  # without "//", "." and an end in "/"
    ours = folder == ORIGINALS or (folder == UPLOADS and len(inner) == 2)
    special = "\0\\:" if os.name == "nt" else "\0"
    return whole and ours and ".." not in inner and not any(char in name for char in special)
