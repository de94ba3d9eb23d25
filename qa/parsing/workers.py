"""Parsing in processes of their own, several at a time, each file within limits.

A document is untrusted, and so is what it makes of a parser: one that hangs, crashes or eats the
memory is reported, and the rest go in.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Full, Queue
from typing import IO

from qa.errors import DocumentError
from qa.parsing.base import Options, PassingError
from qa.parsing.unpacking import Broken
from qa.parsing.worker import Done, Frame, Job
from qa.types import Document

_AHEAD = 8
"""Files a worker that are read before they are asked for."""
_BUFFERED = 8
"""Documents of a file that wait to be taken."""
_TICK = 0.1
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""There is a process a core already, and each thread takes memory."""
_SCRIPT = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from qa.parsing.worker import main; main(int(sys.argv[1]))"
)


class TimeLimitError(DocumentError):
    """Reading a file took longer than it may."""


class CrashError(PassingError):
    """A parser ended its process; that may be the machine's fault rather than the file's."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take."""

    workers: int = field(default_factory=lambda: min(os.cpu_count() or 1, 4))
    """Processes at a time."""
    seconds: float = 180
    """To the first document, and from each to the next."""
    memory_bytes: int = 1_000_000_000
    """Of one process; kept to on Linux alone."""
    file_bytes: int = 32_000_000


class Reading:
    """A file that is being read: iterated once, it gives its documents and what is `Broken`."""

    def __init__(self, path: Path, is_single: bool = False) -> None:
        """
        Args:
            is_single: whether the file is taken for one document, whatever lies in it.
        """
        self.path = path
        self.is_single = is_single
        self.sha256: str | None = None
        """Of the bytes that were read; known when all was taken."""
        self._frames: Queue[Frame] = Queue(_BUFFERED)
        self._future: Future[None] | None = None

    def __iter__(self) -> Iterator[Document | Broken]:
        """Raises DocumentError where nothing, or nothing further, can be had."""
        while True:
            try:
                frame = self._frames.get(timeout=_TICK)
            except Empty:
                if self._future and self._future.done():
                    self._future.result()  # nothing more comes of a thread that failed
                continue
            if isinstance(frame, Done):
                self.sha256 = frame.sha256
                if frame.error:
                    raise frame.error
                return
            yield frame


class Workers:
    """Reads files by worker processes. Safe to use from several threads.

    One process is kept between two uses; all end with the program.
    """

    def __init__(self, limits: Limits | None = None, options: Options | None = None) -> None:
        self._limits = limits or Limits()
        self._options = options or Options()

    def warm(self) -> None:
        """Starts a process already, for when there is something else to do meanwhile."""
        _give_back(_take(self._limits.memory_bytes))

    @contextmanager
    def reading(self, files: Iterable[Reading]) -> Iterator[Iterator[Reading]]:
        """The files in their order, read some way ahead of who takes them; each has to be iterated
        before the next is taken. What isn't taken when the context ends is given up.
        """
        run = _Run(self._limits, self._options)
        try:
            yield run.ahead(files)
        finally:
            run.stop()


class _Run:
    """One use of the workers: a thread each, which a process reads for."""

    def __init__(self, limits: Limits, options: Options) -> None:
        self._limits = limits
        self._options = options
        self._free: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(limits.workers, "reading")
        self._watch = threading.Thread(target=self._end_the_late, daemon=True)

    def ahead(self, files: Iterable[Reading]) -> Iterator[Reading]:
        self._watch.start()
        waiting: deque[Reading] = deque()
        for reading in files:
            reading._future = self._pool.submit(self._read, reading)
            waiting.append(reading)
            if len(waiting) > _AHEAD * self._limits.workers:
                yield waiting.popleft()
        yield from waiting

    def stop(self) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._busy):
            worker.kill()
        self._pool.shutdown()
        for worker in self._free:
            _give_back(worker)

    def _read(self, reading: Reading) -> None:
        limits = self._limits
        try:
            worker = self._free.pop()
        except IndexError:
            worker = _take(limits.memory_bytes)
        self._busy.add(worker)
        if self._stopped.is_set():  # whoever stops may have missed it
            worker.kill()
        try:
            job = Job(reading.path, self._options, limits.file_bytes, limits.seconds,
                      reading.is_single)  # fmt: skip
            for frame in worker.run(job):
                if not self._put(reading, frame):
                    worker.kill()
                    break
        finally:
            self._busy.discard(worker)
            if worker.is_good:
                self._free.append(worker)
            else:
                worker.close()

    def _put(self, reading: Reading, frame: Frame) -> bool:
        while not self._stopped.is_set():
            try:
                reading._frames.put(frame, timeout=_TICK)
            except Full:
                continue
            return True
        return False

    def _end_the_late(self) -> None:
        while not self._stopped.wait(_TICK):
            now = time.monotonic()
            for worker in list(self._busy):
                if worker.deadline < now:
                    worker.is_late = True
                    worker.kill()


class _Worker:
    """One process, which reads one file at a time."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.deadline = float("inf")
        self.is_late = False
        self.is_good = True
        # -P: what lies in the current folder must not be taken for a library.
        command = [sys.executable, "-P", "-c", _SCRIPT, str(memory_bytes), *sys.path]
        self._process = subprocess.Popen(  # noqa: S603 - our own code by our own Python
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ONE_THREAD,
        )
        self._jobs: IO[bytes] = self._process.stdin  # type: ignore[assignment]  # they are pipes
        self._frames: IO[bytes] = self._process.stdout  # type: ignore[assignment]

    def run(self, job: Job) -> Iterator[Frame]:
        """What is in a file, `Done` last; whatever becomes of the process."""
        try:
            pickle.dump(job, self._jobs, pickle.HIGHEST_PROTOCOL)
            self._jobs.flush()
            while True:
                self.deadline = time.monotonic() + job.seconds
                frame: Frame = pickle.load(self._frames)  # noqa: S301 - from our own process
                self.deadline = float("inf")
                if isinstance(frame, Done):
                    if frame.is_tired:  # never true again: it may have been killed just now
                        self.is_good = False
                    yield frame
                    return
                yield frame
        except Exception:  # pickle raises anything where a process ends within a message
            self.deadline = float("inf")
            self.kill()
            yield Done(error=self._why_it_ended(job))

    def kill(self) -> None:
        self.is_good = False
        self._process.kill()

    def end(self) -> None:
        self.kill()
        self.close()

    def close(self) -> None:
        """Waits for the end of a process that is to end."""
        with contextlib.suppress(OSError):
            self._jobs.close()
        self._frames.close()
        self._process.wait()

    @property
    def is_alive(self) -> bool:
        return self.is_good and self._process.poll() is None

    def _why_it_ended(self, job: Job) -> DocumentError:
        code = self._process.wait()
        if self.is_late or code == -_signal("SIGXCPU"):
            return TimeLimitError(
                f"it takes longer than {job.seconds:g} s to read: raise parse_seconds "
                "(QA_PARSE_SECONDS) to take it in"
            )
        return CrashError(f"reading it ended the parser (exit code {code})")


def _signal(name: str) -> int:
    import signal

    return int(getattr(signal, name, 0))


_idle: list[_Worker] = []
_idle_lock = threading.Lock()


def _take(memory_bytes: int) -> _Worker:
    """A process that waits for work, or a new one."""
    with _idle_lock:
        while _idle:
            worker = _idle.pop()
            if worker.memory_bytes == memory_bytes and worker.is_alive:
                return worker
            worker.end()
    return _Worker(memory_bytes)


def _give_back(worker: _Worker) -> None:
    """Keeps a process for the next use, or ends it."""
    with _idle_lock:
        keeps = worker.is_alive and not _idle
        if keeps:
            _idle.append(worker)
    if not keeps:
        worker.close()


@atexit.register
def _end_the_idle() -> None:
    with _idle_lock:
        while _idle:
            _idle.pop().end()
