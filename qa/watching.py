"""Keeping a store in step with folders while they change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from qa.errors import QAError, UsageError
from qa.files import IGNORE_FILE, beginning_of
from qa.ingest import IngestReport
from qa.sidecars import is_sidecar, sidecars_of

RETRY_SECONDS = 5.0
_TICK_MS = 500
_QUIET_MS = 200
"""Changes are taken together until so long nothing happens, …"""
_MOST_MS = 2000
"""… or for so long."""

_Mark = tuple[int, ...] | None


def watch(
    ingest: Callable[[Collection[Path] | None], IngestReport],
    roots: Sequence[Path],
    store: Path,
    *,
    stop: threading.Event | None = None,
    on_error: Callable[[QAError], None] = lambda error: None,
) -> Iterator[IngestReport]:
    """Ingests now and whenever something changes, until ``stop`` is set; yields what each did.

    An ingest that fails is tried again after some seconds. A root that goes away empties nothing,
    and is watched again once it is back.

    Args:
        ingest: brings the store into step with the roots, given what may have changed in them
            (None: anything).
        roots: files, folders and patterns, as absolute paths.
        store: the store's folder, whose own changes don't count.
        on_error: told why an ingest failed; once, until one succeeds or another error occurs.

    Raises:
        UsageError: a root lies in the store's folder.
        QAError: the system can't watch so many folders.
    """
    if any(beginning_of(root).is_relative_to(store) for root in roots):
        raise UsageError(
            f"The store's own folder {store} can't be watched: keep the documents outside of it."
        )
    return _Watch(ingest, roots, store, stop or threading.Event(), on_error).reports()


class _Watch:
    def __init__(
        self,
        ingest: Callable[[Collection[Path] | None], IngestReport],
        roots: Sequence[Path],
        store: Path,
        stop: threading.Event,
        on_error: Callable[[QAError], None],
    ) -> None:
        self._ingest = ingest
        self._roots = roots
        self._store = store.resolve()
        self._stop = stop
        self._on_error = on_error
        self._changed: set[Path] | None = None
        """What may have changed since the last ingest; None: anything."""
        self._not_before = 0.0
        self._told = ""

    def reports(self) -> Iterator[IngestReport]:
        while not self._stop.is_set():
            self._changed = None  # whatever happened while nothing was watched
            tops = list(dict.fromkeys(map(beginning_of, self._roots)))
            marks = [_mark(top) for top in tops]
            with closing(self._changes([top for top in tops if top.is_dir()])) as batches:
                for batch in batches:  # the first comes once the watching has begun
                    changed = [path for path in batch if self._matters(path, tops)]
                    self._note(changed)
                    if any(path.is_symlink() for path in changed):
                        break  # what is behind a new link isn't watched yet
                    if marks != [_mark(top) for top in tops]:
                        break
                    if self._is_due and time.monotonic() >= self._not_before:
                        yield from self._report()

    def _note(self, changed: Iterable[Path]) -> None:
        if self._changed is not None:
            for path in map(_subject, changed):
                # A folder that links lead to is told of by one of its names, whichever.
                self._changed |= {path, Path(os.path.realpath(path))}

    @property
    def _is_due(self) -> bool:
        return self._changed is None or bool(self._changed)

    def _report(self) -> Iterator[IngestReport]:
        try:
            report = self._ingest(self._changed)
        except QAError as error:
            self._not_before = time.monotonic() + RETRY_SECONDS
            if str(error) != self._told:
                self._told = str(error)
                self._on_error(error)
            return
        self._changed, self._told = set(), ""
        yield report

    def _changes(self, folders: Sequence[Path]) -> Generator[set[Path]]:
        """What changed in some folders, as often as anything does and at every tick."""
        import watchfiles

        if not folders:
            while not self._stop.wait(_TICK_MS / 1000):
                yield set()
            return
        batches = watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=_MOST_MS,
            step=_QUIET_MS,
            stop_event=self._stop,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        try:
            for batch in batches:
                yield {Path(path) for _, path in batch}
        except FileNotFoundError:  # it went away just now
            self._stop.wait(_TICK_MS / 1000)
        except (OSError, RuntimeError) as error:
            raise QAError(
                f"The folders can't be watched ({error}): raise the system's limit (on Linux "
                "fs.inotify.max_user_watches), or set WATCHFILES_FORCE_POLLING=1."
            ) from error

    def _matters(self, path: Path, tops: Iterable[Path]) -> bool:
        """Whether a change may be one of documents, sidecars or ignore files."""
        for top in tops:
            if path.is_relative_to(top):
                parts = path.relative_to(top).parts
                hidden = [part for part in parts if part.startswith(".")]
                if hidden in ([], [IGNORE_FILE]):
                    return not Path(os.path.realpath(path)).is_relative_to(self._store)
        return False


def _subject(path: Path) -> Path:
    """What a change may be of: a sidecar's is of files in its folder."""
    return path.parent if is_sidecar(path) else path


def _mark(top: Path) -> _Mark:
    """What tells whether another folder is in its place, or whether a file or what a person says
    of it has changed."""
    try:
        status = top.stat()
    except OSError:
        return None
    if top.is_dir():
        return status.st_dev, status.st_ino
    return tuple(number for path in (top, *sidecars_of(top)) for number in _state(path))


def _state(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return (0,)
    return status.st_ino, status.st_mtime_ns, status.st_size
