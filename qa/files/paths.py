"""Paths, and how much lies at them."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the root, without "." and ".."; links keep their own names."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def size_of(path: Path) -> int:
    """The bytes in a file, or in all files of a folder."""
    if path.is_dir():
        return sum(size_of(child) for child in path.iterdir())
    return path.stat().st_size
