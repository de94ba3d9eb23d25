"""The process that parses: it reads one file after another for `qa.parsing.workers`, and may die.

Jobs come in by stdin and what is found goes out by stdout, pickled.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qa.errors import DocumentError
from qa.parsing import Options, documents, parse
from qa.parsing.reading import read_file
from qa.parsing.unpacking import Broken
from qa.types import Document

_TIRED_MB = 400
"""Of memory in use: what Python once took it hardly gives back, so that a new process is had."""
_GRACE = 5.0
"""Seconds of processor time beyond the limit, for when nobody is there to end the process."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read."""

    path: Path
    options: Options
    max_bytes: int
    seconds: float
    is_single: bool = False
    """Whether the file is taken for one document, whatever lies in it."""


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a file."""

    sha256: str | None = None
    """Of its bytes; None where they could not be read."""
    error: DocumentError | None = None
    """Why nothing, or nothing further, could be had of it."""
    is_tired: bool = False
    """Whether the process ends with this."""


Frame = Document | Broken | Done


def main(memory_bytes: int) -> None:
    """Serves until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked decides what Ctrl-C means
    _limit_memory(memory_bytes)
    jobs, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library may have to say
    while True:
        try:
            job = pickle.load(jobs)  # noqa: S301 - from the one who started us
        except EOFError:
            return
        if not _serve(job, out, memory_bytes):
            return


def _serve(job: Job, out: BinaryIO, memory_bytes: int) -> bool:
    """Sends what is in a file; returns whether the process is good for another one."""
    _limit_processor(job.seconds)
    found = _read(job)
    while True:
        try:
            frame = next(found)
        except MemoryError:
            error = MemoryLimitError(
                f"it takes more than {memory_bytes / 1e6:,.0f} MB of memory to read: raise "
                "parse_memory_mb (QA_PARSE_MEMORY_MB) to take it in"
            )
            frame = Done(error=error, is_tired=True)
        if isinstance(frame, Document | Broken):
            _limit_processor(job.seconds)
        pickle.dump(frame, out, pickle.HIGHEST_PROTOCOL)
        out.flush()
        if isinstance(frame, Done):
            return not frame.is_tired


def _read(job: Job) -> Iterator[Frame]:
    sha256 = error = None
    try:
        data = read_file(job.path, job.max_bytes)
        sha256 = hashlib.sha256(data).hexdigest()
        if job.is_single:
            yield parse(data, job.path, sha256, job.options)
        else:
            yield from documents(data, job.path, job.options, sha256)
    except DocumentError as reason:
        error = reason
    yield Done(sha256, error, is_tired=_memory_mb() > _TIRED_MB)


class MemoryLimitError(DocumentError):
    """Reading a file took more memory than it may."""


def _limit_memory(most_bytes: int) -> None:
    """Of the process's own memory; a library's code doesn't count. Linux alone keeps to it."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def _limit_processor(seconds: float) -> None:
    """The system ends a process that works on although nobody is there any more to end it."""
    if sys.platform != "win32":
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        most = int(usage.ru_utime + usage.ru_stime + seconds + _GRACE)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


def _memory_mb() -> float:
    """What the process holds now, or held at its most where that can't be told; 0 if unknown."""
    if sys.platform == "win32":
        return 0
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
    return pages * resource.getpagesize() / 1e6
