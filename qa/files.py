"""Which files there are below some paths, and why others are left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the root, without "." and ".."; links keep their own names."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def size_of(path: Path) -> int:
    """The bytes in a file, or in all files of a folder."""
    if path.is_dir():
        return sum(size_of(child) for child in path.iterdir())
    return path.stat().st_size


@dataclass(slots=True)
class Files:
    """What was found, by absolute path."""

    found: dict[Path, None] = field(default_factory=dict)
    """Regular files that can be taken in, in a stable order."""
    skipped: list[Path] = field(default_factory=list)
    """Files in folders whose kind isn't wanted."""
    failed: dict[Path, str] = field(default_factory=dict)
    """What can't be read, and why."""
    leave_out: Path | None = None
    """The folder that was passed over."""

    def is_gone(self, path: Path, roots: Iterable[Path]) -> bool:
        """Whether a file known from before was looked for, and isn't there any more.

        What lies below something unreadable or missing was not looked for: a drive that isn't
        mounted must not empty a store.
        """
        if path in self.found or path in self.failed:
            return False
        own = [path, *path.parents]
        if self.leave_out in own:  # a walk from above never came here
            own = own[: own.index(self.leave_out) + 1]
        return any(root in own for root in roots) and not any(p in self.failed for p in own)


def find_files(
    roots: Iterable[Path], wanted: Callable[[Path], bool], known: Iterable[str], leave_out: Path
) -> Files:
    """The files at and below ``roots`` (absolute paths), hidden ones left out.

    Args:
        wanted: whether a file is of a kind that can be taken in.
        known: paths of files that were there before: one named and missing is gone, not wrong.
        leave_out: a folder to pass over (the store itself).
    """
    files = Files(leave_out=leave_out)
    known = set(known)
    for root in roots:
        try:
            is_folder = root.is_dir()
        except OSError as error:
            files.failed[root] = f"it can't be read ({error.strerror})"
            continue
        if is_folder:
            _walk(root, wanted, leave_out, files)
        elif not os.path.lexists(root):
            if str(root) not in known:
                files.failed[root] = "there is no such file or folder"
        elif not wanted(root):
            files.failed[root] = "its format isn't supported"
        else:
            _take(root, files)
    return files


def _walk(root: Path, wanted: Callable[[Path], bool], leave_out: Path, files: Files) -> None:
    def unreadable(error: OSError) -> None:
        files.failed[Path(error.filename)] = f"it can't be read ({error.strerror})"

    for folder, folders, names in os.walk(root, onerror=unreadable):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and here / name != leave_out
        )
        for path in _visible(here, names):
            if wanted(path):
                _take(path, files)
            else:
                files.skipped.append(path)


def _visible(folder: Path, names: list[str]) -> Iterator[Path]:
    return (folder / name for name in sorted(names) if not name.startswith("."))


def _take(path: Path, files: Files) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        files.failed[path] = f"it can't be read ({error.strerror})"
        return
    if stat.S_ISREG(mode):
        files.found[path] = None
    else:  # reading a pipe or device might never end
        files.failed[path] = "it is not a regular file"
