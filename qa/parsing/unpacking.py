"""What is in an archive, a mailbox, a feed, a list of JSON or a message, file by file.

Nothing is written to disk, and what a hostile file can ask for is limited: `Limits`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, Any

from qa.errors import DocumentError
from qa.parsing.archive import is_bomb, kind_of
from qa.parsing.base import decode
from qa.parsing.feeds import entries
from qa.parsing.json_documents import read_json
from qa.parsing.mail import attachments, read_message, split_mailbox

MOST_MEMBERS = 100_000
MOST_BYTES = 512 * 1024 * 1024
"""Of all that is unpacked of one file."""
LARGEST_MEMBER = 64 * 1024 * 1024
_LONGEST_NAME = 500
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Member:
    """A file within a file. ``name`` is relative, with "/" between its parts, and safe."""

    name: str
    data: bytes = field(repr=False)
    suffix: str
    """In lower case, with the dot."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What can't be had of a file, and why (as a clause: "it is …")."""

    name: str
    reason: str
    is_passing: bool = False
    """Whether it may be had the next time; see `qa.parsing.base.PassingError`."""


@dataclass(slots=True)
class Limits:
    """What may still be unpacked of one file, its containers' contents included."""

    members: int = field(default_factory=lambda: MOST_MEMBERS)
    bytes: int = field(default_factory=lambda: MOST_BYTES)

    def take(self, size: int) -> None:
        self.members -= 1
        self.bytes -= size
        if self.members < 0:
            raise LimitError(f"it holds more than {MOST_MEMBERS:,} files: the rest is left out")
        if self.bytes < 0:
            raise LimitError(
                f"it unpacks to more than {MOST_BYTES // 1024**2} MB: the rest is left out"
            )


class LimitError(DocumentError):
    """Nothing more is taken from the file, in whatever depth."""


Found = Iterator[Member | Broken]


def suffix_of(name: str) -> str:
    """The end of a file's name that says what it is: ".tar.gz" as a whole."""
    lower = PurePosixPath(name).name.lower()
    return next((tar for tar in TARS if lower.endswith(tar)), PurePosixPath(lower).suffix)


def opener(suffix: str) -> Callable[[bytes, Limits], Found]:
    """What opens containers that are named with this suffix. It raises DocumentError if the data
    is no such container, and LimitError where a limit is reached.
    """
    if suffix in TARS:
        return _tar
    return {".zip": _zip, ".mbox": _mbox, ".eml": _attached, ".json": _json_list,
            ".jsonl": _json_lines, ".ndjson": _json_lines}.get(suffix, _feed)  # fmt: skip


def _zip(data: bytes, limits: Limits) -> Found:
    from zipfile import BadZipFile, ZipFile

    try:
        archive = ZipFile(BytesIO(data))
    except (BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(f"it is no ZIP archive, or damaged ({error})") from error
    with archive:
        entries_ = archive.infolist()
        if kind_of(entry.filename for entry in entries_):
            raise DocumentError("it is an Office document or book named as an archive")
        for entry in entries_:
            name = _safe(entry.filename)
            if entry.is_dir() or name is None:
                continue
            reason = _refusal(entry.file_size)
            if is_bomb(entry):
                reason = "it is a decompression bomb"
            if entry.flag_bits & 1:
                reason = "it is encrypted: pack it without a password"
            if reason:
                limits.take(0)
                yield Broken(name, reason)
                continue
            limits.take(entry.file_size)
            try:
                content = archive.read(entry)
            except (BadZipFile, NotImplementedError, EOFError, zlib.error, ValueError, OSError,
                    RuntimeError) as error:  # fmt: skip
                yield Broken(name, f"it is damaged ({error})")
            else:
                yield Member(name, content, suffix_of(name))


def _tar(data: bytes, limits: Limits) -> Found:
    import lzma
    import tarfile

    try:
        with _Unpacked(data) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
            for entry in archive:
                name = _safe(entry.name)
                if not entry.isreg() or name is None:
                    continue
                reason = "it is a sparse file" if entry.issparse() else _refusal(entry.size)
                if reason:
                    limits.take(0)
                    yield Broken(name, reason)
                    continue
                limits.take(entry.size)
                file = archive.extractfile(entry)
                content = file.read() if file else b""
                yield Member(name, content, suffix_of(name))
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError) as error:
        raise DocumentError(f"it is no TAR archive, or damaged ({error})") from error


class _Unpacked:
    """The bytes of a compressed file, in order and up to the limit."""

    def __init__(self, data: bytes) -> None:
        import bz2
        import gzip
        import lzma

        raw = BytesIO(data)
        self._file: IO[bytes] | Any = raw
        if data.startswith(b"\x1f\x8b"):
            self._file = gzip.GzipFile(fileobj=raw)
        elif data.startswith(b"BZh"):
            self._file = bz2.BZ2File(raw)
        elif data.startswith(b"\xfd7zXZ"):
            self._file = lzma.LZMAFile(raw)  # noqa: SIM115 - closed by __exit__
        self._left = 2 * MOST_BYTES  # what is passed over counts here, too

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise LimitError(
                f"it unpacks to more than {MOST_BYTES // 1024**2} MB: the rest is left out"
            )
        return data

    def __enter__(self) -> IO[bytes]:
        return self  # type: ignore[return-value]  # all that tarfile needs of a stream

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _mbox(data: bytes, limits: Limits) -> Found:
    number = 0
    for number, message in enumerate(split_mailbox(data), start=1):
        limits.take(len(message))
        yield Member(f"{number}.eml", message, ".eml")
    if not number:
        raise DocumentError("it is no MBOX mailbox: no message begins in it")


def _attached(data: bytes, limits: Limits) -> Found:
    for name, content in attachments(read_message(data)):
        limits.take(len(content))
        safe = _safe(name)
        if safe is not None:
            yield Member(safe, content, suffix_of(safe))


def _json_list(data: bytes, limits: Limits) -> Found:
    values = read_json(data)
    if not isinstance(values, list):
        raise DocumentError("it is no list")
    for number, value in enumerate(values, start=1):
        content = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        limits.take(len(content))
        yield Member(f"{number}.json", content, ".json")


def _json_lines(data: bytes, limits: Limits) -> Found:
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if line.strip():
            content = line.strip().encode()
            limits.take(len(content))
            yield Member(f"{number}.json", content, ".json")


def _feed(data: bytes, limits: Limits) -> Found:
    for number, page in enumerate(entries(data), start=1):
        limits.take(len(page))
        yield Member(f"{number}.html", page, ".html")


def _refusal(size: int) -> str | None:
    if size <= LARGEST_MEMBER:
        return None
    return f"it has {size / 1e6:,.0f} MB, over the limit of {LARGEST_MEMBER / 1e6:,.0f} MB"


def _safe(name: str) -> str | None:
    """A member's name as a relative path that leads nowhere else; None if it is hidden."""
    parts = [
        part.strip()
        for part in re.split(r"[/\\]", _UNSAFE.sub("_", name))
        if part.strip() not in ("", ".", "..") and not re.fullmatch(r"[A-Za-z]:", part)
    ]
    if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    return "/".join(parts)[-_LONGEST_NAME:].lstrip("/ .") or None
