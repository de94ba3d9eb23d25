"""How the file is named in which a person says something of the one beside it.

What it says is read by `qa.parsing.sidecars`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

SUFFIX = ".meta.json"


def is_sidecar(path: PurePath) -> bool:
    """Whether a file is no document but says something of the one beside it."""
    return path.name.lower().endswith(SUFFIX)


def sidecars_of(file: Path) -> Iterator[Path]:
    """Where a file's sidecar may be, what counts first: ``a.pdf.meta.json``, ``a.meta.json``."""
    yield file.with_name(file.name + SUFFIX)
    if file.stem:
        yield file.with_name(file.stem + SUFFIX)


def sidecar_of(file: Path) -> Path | None:
    """A file's sidecar, if there is one."""
    return next((path for path in sidecars_of(file) if os.path.lexists(path)), None)
