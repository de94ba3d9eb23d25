"""Reading a file's bytes: whatever lies at a path, the reading ends."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from qa.errors import DocumentError


class UnreadableError(DocumentError):
    """The file could not be read now, which says nothing of its contents."""


@contextmanager
def opened(path: Path, most_bytes: int) -> Iterator[BufferedReader]:
    """A regular file of at most this size.

    Raises:
        UnreadableError: it can't be opened or read, or it is none.
        DocumentError: it is larger.
    """

    def without_waiting(name: str, flags: int) -> int:  # as the opening of a pipe does
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        str(path).encode()
        with open(path, "rb", opener=without_waiting) as file:  # Path.open takes no opener
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("it is not a regular file")
            if status.st_size > most_bytes:
                raise DocumentError(
                    f"it has {status.st_size / 1e6:,.1f} MB, over the limit of "
                    f"{most_bytes / 1e6:,g} MB: raise max_file_mb (QA_MAX_FILE_MB) to take it in"
                )
            yield file
    except UnicodeEncodeError:
        raise UnreadableError("its name isn't valid Unicode: rename it") from None
    except OSError as error:
        raise UnreadableError(f"it can't be read ({error.strerror or error})") from error


def read_file(path: Path, most_bytes: int) -> bytes:
    """All of a regular file; raises what `opened` does."""
    with opened(path, most_bytes) as file:
        return file.read(most_bytes + 1)


def sha256_of(path: Path, most_bytes: int = sys.maxsize) -> str:
    """Of a regular file's bytes, in hex; raises what `opened` does."""
    with opened(path, most_bytes) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
