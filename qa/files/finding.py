"""A walk over files and folders."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qa.files.patterns import Patterns, Scope
from qa.sidecars import is_sidecar

IGNORE_FILE = ".qaignore"
UNSUPPORTED = "its format isn't supported"
"""Why most of what is skipped is skipped."""
_NO_FILE = "it is not a regular file"
_MOST_IGNORE_BYTES = 1_000_000
_LEADS_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

_Ignores = tuple[tuple[Path, Patterns], ...]
"""The folders that have an ignore file, from the root on, with what it says."""


@dataclass(slots=True)
class Files:
    """What was found, by absolute path."""

    found: dict[Path, None] = field(default_factory=dict)
    """Regular files that can be taken in, in a stable order."""
    skipped: dict[Path, str] = field(default_factory=dict)
    """What isn't wanted, and why (as a clause: "it is …")."""
    failed: dict[Path, str] = field(default_factory=dict)
    """What can't be read, and why."""
    leave_out: Path | None = None
    """The folder that was passed over."""
    scopes: dict[Path, Scope] = field(default_factory=dict)
    """What was looked at, by root."""
    unseen: set[Path] = field(default_factory=set)
    """Links that lead nowhere now: what was there isn't known to be gone."""

    def is_gone(self, path: Path, roots: Iterable[Path]) -> bool:
        """Whether a file known from before was looked for, and isn't there any more.

        What lies below something unreadable or missing was not looked for: a drive that isn't
        mounted must not empty a store. Nor was what include, exclude or a root's wildcards leave
        out. What an ignore file names was: it is gone.
        """
        if path in self.found or path in self.failed:
            return False
        own = [path, *path.parents]
        if self.leave_out in own:  # a walk from above never came here
            own = own[: own.index(self.leave_out) + 1]
        if any(p in self.failed or p in self.unseen for p in own):
            return False
        scopes = (self.scopes[root] for root in roots)
        return any(scope.root in own and scope.holds(path) for scope in scopes)


def find_files(
    roots: Iterable[Path],
    wanted: Callable[[Path], bool],
    known: Iterable[str],
    leave_out: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Files:
    """The files at and below ``roots`` (absolute paths), hidden ones and sidecars left out.

    A root that isn't there and has wildcards is a pattern: ``docs/**/*.pdf``. Folders may have a
    ``.qaignore``, which works as a .gitignore does. Links to folders are followed once all other
    folders of the root have been read, so that a folder keeps its own path.

    Args:
        wanted: whether a file is of a kind that can be taken in.
        known: paths of files that were there before: one named and missing is gone, not wrong.
        leave_out: a folder to pass over (the store itself).
        include: patterns in gitignore's syntax, relative to each root, without which a file isn't
            looked at. They don't hold for roots within ``leave_out``.
        exclude: patterns of what isn't looked at.

    Raises:
        UsageError: something that should be a pattern is none.
    """
    files = Files(leave_out=leave_out)
    known = set(known)
    for root in roots:
        own = ((), ()) if leave_out in root.parents else (include, exclude)
        try:
            scope = Scope.of(root, *own)
            is_folder = scope.root.is_dir()
        except OSError as error:
            files.scopes[root] = Scope(root, root)
            files.failed[root] = _unreadable(error)
            continue
        files.scopes[root] = scope
        if is_folder:
            walk = _Walk(scope, wanted, leave_out, files)
            walk.run()
            if scope.glob and not walk.is_matched and not _covers(scope, known):
                files.failed[root] = "no file matches it"
        elif scope.glob:
            files.failed[scope.root] = "there is no such folder"
        elif not os.path.lexists(root):
            if str(root) not in known:
                files.failed[root] = "there is no such file or folder"
        else:
            _take_named(scope, wanted, files)
    return files


def _covers(scope: Scope, known: Iterable[str]) -> bool:
    paths = (path for path in map(Path, known) if path.is_relative_to(scope.root))
    return any(scope.holds(path) for path in paths)


def _take_named(scope: Scope, wanted: Callable[[Path], bool], files: Files) -> None:
    """Takes a file that is a root itself."""
    path = scope.root
    if not scope.holds(path):
        files.skipped[path] = "include or exclude leaves it out"
    elif is_sidecar(path):
        files.failed[path] = "it describes the file beside it and is no document"
    elif not wanted(path):
        files.failed[path] = UNSUPPORTED
    else:
        try:
            is_file = stat.S_ISREG(path.stat().st_mode)
        except OSError as error:
            files.failed[path] = _unreadable(error)
            return
        if is_file:
            files.found[path] = None
        else:  # reading a pipe or device might never end
            files.failed[path] = _NO_FILE


class _Walk:
    """All that lies below one folder."""

    def __init__(
        self, scope: Scope, wanted: Callable[[Path], bool], leave_out: Path, files: Files
    ) -> None:
        self.is_matched = False
        self._scope = scope
        self._wanted = wanted
        self._files = files
        self._leave_out = _identity(leave_out) if os.path.isdir(leave_out) else None  # noqa: PTH112 - it doesn't raise
        self._read: dict[tuple[int, int], Path] = {}
        self._links: deque[tuple[Path, _Ignores]] = deque()

    def run(self) -> None:
        self._tree(self._scope.root, ())
        while self._links:
            link, ignores = self._links.popleft()
            target = Path(os.path.realpath(link))
            if link.parent.resolve().is_relative_to(target):
                self._files.skipped[link] = f"it is a link to a folder that it lies in: {target}"
            else:
                self._tree(link, ignores)

    def _tree(self, top: Path, ignores: _Ignores) -> None:
        pending = [(top, ignores)]
        while pending:  # not by recursion: there is no telling how deep it goes
            folder, ignores = pending.pop()
            try:
                if not self._is_new(folder):
                    continue
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
                ignores = _with_own(folder, entries, ignores)
            except OSError as error:
                self._files.failed[folder] = _unreadable(error)
            except ValueError as error:
                self._files.failed[folder] = f"its {IGNORE_FILE} can't be used ({error})"
            else:
                folders = self._entries(folder, entries, ignores)
                pending += [(child, ignores) for child in reversed(folders)]

    def _is_new(self, folder: Path) -> bool:
        """Whether a folder is to be read: it is not the store, and wasn't read before."""
        identity = _identity(folder)
        if identity == self._leave_out and folder != self._scope.root:
            return False
        before = self._read.setdefault(identity, folder)
        if before != folder:
            what = "a link to a folder" if folder.is_symlink() else "a folder"
            self._files.skipped[folder] = f"it is {what} that was read already: {before}"
        return before == folder

    def _entries(
        self, folder: Path, entries: Sequence[os.DirEntry[str]], ignores: _Ignores
    ) -> list[Path]:
        """Takes what lies in a folder; returns the folders there."""
        folders = []
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            try:
                is_folder = entry.is_dir()
                if _is_ignored(path, is_folder, ignores):
                    continue
                if not is_folder:
                    self._take(path, entry)
                elif self._scope.leads_on(path):
                    if entry.is_symlink():
                        self._links.append((path, ignores))
                    else:
                        folders.append(path)
            except OSError as error:
                self._lose(path, error)
        return folders

    def _take(self, path: Path, entry: os.DirEntry[str]) -> None:
        if is_sidecar(path) or not self._scope.holds(path):
            return
        self.is_matched = True
        if not entry.is_file():
            path.stat()  # raises if the entry is a link that leads nowhere
            self._files.skipped[path] = _NO_FILE
        elif self._wanted(path):
            self._files.found[path] = None
        else:
            self._files.skipped[path] = UNSUPPORTED

    def _lose(self, path: Path, error: OSError) -> None:
        if error.errno in _LEADS_NOWHERE and path.is_symlink():
            self._files.skipped[path] = "it is a link that leads nowhere"
            self._files.unseen.add(path)
        else:
            self._files.failed[path] = _unreadable(error)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _with_own(folder: Path, entries: Sequence[os.DirEntry[str]], ignores: _Ignores) -> _Ignores:
    """What is to be ignored in a folder: what was so far, and what its own file says.

    Raises:
        OSError, ValueError: that file can't be read, or isn't one of patterns.
    """
    if not any(entry.name == IGNORE_FILE and not entry.is_dir() for entry in entries):
        return ignores
    path = folder / IGNORE_FILE
    if not path.is_file():
        raise ValueError(_NO_FILE)
    with path.open("rb") as file:
        data = file.read(_MOST_IGNORE_BYTES + 1)
    if len(data) > _MOST_IGNORE_BYTES:
        raise ValueError(f"it has over {_MOST_IGNORE_BYTES / 1e6:g} MB")
    lines = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).split("\n")
    return (*ignores, (folder, Patterns(line.removesuffix("\r") for line in lines)))


def _is_ignored(path: Path, is_folder: bool, ignores: _Ignores) -> bool:
    """What the nearest ignore file says that says something."""
    for folder, patterns in reversed(ignores):
        ignored = patterns.say(path.relative_to(folder).parts, is_folder=is_folder)
        if ignored is not None:
            return ignored
    return False


def _unreadable(error: OSError) -> str:
    return f"it can't be read ({error.strerror})"
