"""Patterns in gitignore's syntax, and which part of a folder an ingest is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import Self

from qa.errors import UsageError

_WILDCARDS = re.compile(r"[*?[]")


class Patterns:
    """Lines as in a .gitignore; of those that match a path the last decides.

    pathspec by itself takes a pattern that names a folder to be about all that lies below, as well:
    after ``!src`` nothing in ``src`` would be ignored any more, where git still does.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """
        Raises:
            ValueError: a line is no pattern.
        """
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

        self._patterns = []
        for line in lines:
            is_for_folders = line.rstrip().endswith("/")
            try:
                if "[[:" in line:  # which the library takes for something else
                    raise ValueError
                pattern = GitIgnoreSpecPattern(
                    line.rstrip().rstrip("/") if is_for_folders else line
                )
            except (ValueError, re.error):
                raise ValueError(f"{line[:80]!r} is no pattern") from None
            if pattern.include is not None:
                self._patterns.append((pattern, is_for_folders))
        self._patterns.reverse()

    def say(self, parts: Sequence[str], *, is_folder: bool = False) -> bool | None:
        """Whether a file or folder itself is meant; None if no pattern is about it.

        Args:
            parts: its path's, from the patterns' folder on.
        """
        path = "/".join(parts).replace("\n", "\0")  # a line's end would end the matching
        for pattern, is_for_folders in self._patterns:
            if is_folder or not is_for_folders:
                found = pattern.match_file(path)
                if found and not found.match.groupdict().get("ps_d"):  # set: a folder above it is
                    return pattern.include
        return None


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a root an ingest looks at."""

    root: Path
    """A file or folder; of a pattern its beginning, up to the first wildcard."""
    base: Path
    """What include and exclude are relative to: the root, or the folder that a file lies in."""
    glob: tuple[str, ...] = ()
    """The parts of a pattern behind its beginning."""
    _glob: Patterns | None = None
    _include: Patterns | None = None
    _exclude: Patterns | None = None

    @classmethod
    def of(cls, root: Path, include: Sequence[str], exclude: Sequence[str]) -> Self:
        """The scope of a file, a folder, or a pattern: what isn't there and has wildcards.

        Raises:
            UsageError: something that should be a pattern is none.
        """
        beginning = beginning_of(root)
        root, parts = beginning, root.relative_to(beginning).parts
        return cls(
            root,
            root if parts or root.is_dir() else root.parent,
            parts,
            _checked(["/" + "/".join(parts)]) if parts else None,
            _checked(include) if include else None,
            _checked(exclude) if exclude else None,
        )

    def holds(self, path: Path) -> bool:
        """Whether a file at or below the root is looked at."""
        parts = path.relative_to(self.base).parts
        return (
            (self._glob is None or _names(self._glob, parts))
            and (self._include is None or _names(self._include, parts))
            and (self._exclude is None or not _shuts_out(self._exclude, parts))
        )

    def leads_on(self, folder: Path) -> bool:
        """Whether something below a folder, whose parents lead here, may be looked at."""
        parts = folder.relative_to(self.base).parts
        pattern = takewhile(lambda part: part != "**", self.glob)
        if not all(map(fnmatchcase, parts, pattern)):
            return False
        return self._exclude is None or not self._exclude.say(parts, is_folder=True)


def _names(patterns: Patterns, parts: Sequence[str]) -> bool:
    """Whether a file is meant, or the nearest folder above it that anything is said of."""
    said = patterns.say(parts)
    for end in range(len(parts) - 1, 0, -1):
        if said is not None:
            break
        said = patterns.say(parts[:end], is_folder=True)
    return bool(said)


def _shuts_out(patterns: Patterns, parts: Sequence[str]) -> bool:
    """Whether a file is meant, or any folder above it: in a walk nothing brings that back."""
    folders = (parts[:end] for end in range(1, len(parts)))
    return any(patterns.say(folder, is_folder=True) for folder in folders) or bool(
        patterns.say(parts)
    )


def beginning_of(root: Path) -> Path:
    """The folder that a pattern is about, and a file or folder itself.

    A pattern is what isn't there and has wildcards; names with wildcards that are there are names.
    """
    if os.path.lexists(root):
        return root
    folder = Path(root.anchor)
    for part in root.parts[1:]:
        if _WILDCARDS.search(part) and not os.path.lexists(folder / part):
            break
        folder /= part
    return folder


def _checked(lines: Sequence[str]) -> Patterns:
    try:
        return Patterns(lines)
    except ValueError as error:
        raise UsageError(
            f"These patterns can't be used ({error}): write them as in a .gitignore."
        ) from None
