"""Real parts throughout: the bundled model, real files, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from qa import QA
from qa.embedding import Embedder, load_embedder
from qa.embedding.model import DEFAULT_MODEL, resolve_model

os.environ["HF_HUB_OFFLINE"] = "1"
for _name in [name for name in os.environ if name.startswith("QA_")]:
    del os.environ[_name]

# The tests of the page are for those who have what they need: `pip install ".[browser]"`.
collect_ignore = [] if find_spec("playwright") else ["browser"]

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
SEED = SEEDS / "000_848ef6e4a8e0730e.txt"

RunQA = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this run's own: the model is exported once a run, as on a new machine."""
    path = tmp_path_factory.mktemp("cache")
    os.environ["QA_CACHE_DIR"] = str(path)
    yield path
    del os.environ["QA_CACHE_DIR"]


@pytest.fixture(scope="session", autouse=True)
def _use_cache(cache_dir: Path) -> None:
    """Every test, and every process one starts, uses that cache."""


@pytest.fixture(scope="session")
def embedder(cache_dir: Path) -> Embedder:
    return load_embedder(resolve_model(DEFAULT_MODEL, cache_dir), cache_dir)


@pytest.fixture(scope="session")
def seed_bot(tmp_path_factory: pytest.TempPathFactory) -> QA:
    """A bot over the seed article; tests only read it."""
    bot = QA.open(tmp_path_factory.mktemp("seed") / "vectors", seeds=SEEDS)
    bot.prepare()
    return bot


@pytest.fixture
def bot(tmp_path: Path) -> QA:
    """A bot over an empty store, and ``tmp_path/docs`` to ingest."""
    (tmp_path / "docs").mkdir()
    return QA.open(tmp_path / "vectors", seeds=tmp_path / "docs")


@pytest.fixture
def qa(tmp_path: Path) -> RunQA:
    """Runs the installed `qa` command in ``tmp_path`` and returns what became of it."""
    command = str(Path(sys.executable).parent / "qa")

    def run(
        *arguments: str | Path, cwd: Path = tmp_path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *map(str, arguments)],
            cwd=cwd,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
