"""Connections to a catalog for reading, kept open from one snapshot to the next."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.store.schema import connect

_IDLE = 64
"""Connections that are kept at most while nobody reads."""

# Which file a connection is to, and whether it can take up a crashed writer's log.
_Target = tuple[int, int, bool]


class Connections:
    """Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[tuple[_Target, sqlite3.Connection]] = []
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in a read transaction, which ends with the context.

        Raises:
            sqlite3.Error, OSError: the file can't be opened.
        """
        target = self._target()
        connection = self._take(target) or connect(self._path)
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        with self._lock:
            keeps = len(self._idle) < _IDLE
            if keeps:
                self._idle.append((target, connection))
        if not keeps:
            connection.close()

    def _target(self) -> _Target:
        status = self._path.stat()
        return status.st_dev, status.st_ino, os.access(self._path.parent, os.W_OK)

    def _take(self, target: _Target) -> sqlite3.Connection | None:
        """An idle connection to the file that is there now; those to an earlier one are closed."""
        with self._lock:
            while self._idle:
                known, connection = self._idle.pop()
                if known == target:
                    return connection
                connection.close()
        return None


def _close(idle: list[tuple[_Target, sqlite3.Connection]]) -> None:
    while idle:
        idle.pop()[1].close()
