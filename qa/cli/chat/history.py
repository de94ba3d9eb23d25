"""What was typed in earlier chats, kept in the user's own folder where nobody else can read it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from qa.service import MAX_QUESTION

MOST = 1000
"""Entries that are kept from one chat to the next."""


def open_history(path: Path | None = None) -> History:
    """The history in a file, by default in the user's state folder; one that lasts only as long as
    the chat where there can't be any.
    """
    path = path or user_state_path("qa") / "chat-history"
    try:
        _make_private(path)
        _shorten(path)
    except OSError:
        return InMemoryHistory()
    return _PrivateHistory(str(path))


class _PrivateHistory(FileHistory):
    def store_string(self, string: str) -> None:
        if len(string) <= MAX_QUESTION:  # longer ones can't be asked
            with suppress(OSError):  # a full disk ends no chat
                _make_private(Path(os.fsdecode(self.filename)))
                super().store_string(string)


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    path.chmod(0o600)


def _shorten(path: Path) -> None:
    """Leaves the newest entries; what another chat adds at this very moment may be lost."""
    newest_first = list(FileHistory(str(path)).load_history_strings())
    if len(newest_first) <= MOST:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _make_private(temporary)
        shortened = FileHistory(str(temporary))
        for string in reversed(newest_first[:MOST]):
            shortened.store_string(string)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
