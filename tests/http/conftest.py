"""Real server processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from qa import QA
from qa.http import create_app
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


@pytest.fixture(scope="module")
def http(server: tuple[str, Path]) -> Iterator[httpx.Client]:
    """A client of that server's."""
    with httpx.Client(base_url=server[0], timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def uploading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server that takes uploads, likewise: (address, folder)."""
    folder = tmp_path_factory.mktemp("uploading")
    (folder / "seeds").symlink_to(SEEDS)
    with serving(folder, QA_UPLOADS="true", QA_MAX_UPLOAD_MB="0.2") as address:
        yield address, folder


@pytest.fixture
def client(bot: QA) -> Iterator[TestClient]:
    """The application over `bot`, whose store and settings the test may see to first."""
    with TestClient(
        create_app(bot), base_url="http://localhost", raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def uploader(tmp_path: Path) -> Iterator[TestClient]:
    """An application that takes uploads of 100 kB, over a store that holds the seed article."""
    bot = QA.open(tmp_path / "vectors", seeds=SEEDS, uploads=True, max_upload_mb=0.1)
    bot.prepare()
    with TestClient(
        create_app(bot), base_url="http://localhost", raise_server_exceptions=False
    ) as client:
        yield client


def events_of(text: str) -> list[tuple[str, Any]]:
    """Server-sent events, by name and data."""
    events = []
    for block in text.strip().split("\n\n"):
        event, data = block.split("\n")
        assert event.startswith("event: ") and data.startswith("data: ")
        events.append((event[7:], json.loads(data[6:])))
    return events


def bot_of(client: TestClient) -> QA:
    """The bot behind an application."""
    return client.app.state.dispatcher.bot
