"""Real server processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import SEEDS


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """`qa serve` on a free port, run in ``folder``; gives its address."""
    command = [str(Path(sys.executable).parent / "qa"), "serve", "--port", "0", *arguments]
    path = folder / "log.txt"
    with path.open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=os.environ | environment
        )
    try:
        for _ in range(600):
            found = re.search(r"running on (http://\S+)", path.read_text())
            if found or process.poll() is not None:
                break
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        assert found, path.read_text()
        yield found[1]
    finally:
        process.terminate()
        assert process.wait(20) in (0, -15), path.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server over a store it makes itself of the seed article: (address, folder)."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "seeds").symlink_to(SEEDS)
    with serving(folder) as address:
        yield address, folder
