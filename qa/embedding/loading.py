"""Which embedder runs a model: the fast one wherever it is faithful."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from qa.embedding.base import Embedder
from qa.embedding.export import (
    FORMAT,
    GRAPH,
    TOKENIZER,
    WEIGHTS,
    Manifest,
    library_versions,
)
from qa.embedding.model import Model, unwritable_cache
from qa.errors import ModelError

Backend = Literal["auto", "onnx", "sentence-transformers"]

logger = logging.getLogger(__name__)


def load_embedder(
    model: Model,
    cache_dir: Path,
    backend: Backend = "auto",
    threads: int = 0,
    on_export: Callable[[], None] = lambda: None,
) -> Embedder:
    """The embedder for ``model``; exports it first if that was never done on this machine.

    Args:
        backend: "auto" takes ONNX where it is faithful and sentence-transformers elsewhere.
        threads: processor threads of the fast path; 0 for one a core.
        on_export: called before an export, which takes some ten seconds.

    Raises:
        ModelError: the model can't be loaded, or "onnx" was asked for and isn't faithful.
    """
    if backend != "sentence-transformers":
        folder = cache_dir / "onnx" / f"{model.fingerprint[:32]}-v{FORMAT}"
        manifest = _known(folder)
        if manifest is None:
            on_export()
            manifest = _export(model, folder)
        if manifest.reason is None:
            from qa.embedding.onnx import OnnxEmbedder

            try:
                return OnnxEmbedder(model, folder, manifest, threads)
            except Exception as error:  # ONNX Runtime's own, when a file is damaged
                logger.warning("The exported model is damaged (%s): it is made again.", error)
            shutil.rmtree(folder, ignore_errors=True)
            on_export()
            manifest = _export(model, folder)
            if manifest.reason is None:
                return OnnxEmbedder(model, folder, manifest, threads)
        message = f"The model {model.name!r} has no fast path: {manifest.reason}"
        if backend == "onnx":
            raise ModelError(f"{message}; set QA_EMBEDDER=auto to run it all the same.")
        logger.warning("%s. It runs on sentence-transformers, which starts slowly.", message)

    from qa.embedding.reference import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(model)


def _known(folder: Path) -> Manifest | None:
    manifest = Manifest.read(folder)
    if manifest is None:
        return None
    if manifest.reason is not None:  # other libraries may do better
        return manifest if manifest.versions == library_versions() else None
    whole = all((folder / name).is_file() for name in (GRAPH, WEIGHTS, TOKENIZER))
    return manifest if whole else None


def _export(model: Model, folder: Path) -> Manifest:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    except OSError as error:
        raise unwritable_cache(folder.parent.parent, error) from error
    try:
        run = _run_export(model, scratch)
        manifest = Manifest.read(scratch)
        if manifest is None:  # it crashed: say so, and try again next time
            last = (run.stderr.strip().splitlines() or ["no message"])[-1][:300]
            return Manifest(FORMAT, f"its export ended with code {run.returncode} ({last})", {})
        _move_into_place(scratch, folder)
        return manifest
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_export(model: Model, scratch: Path) -> subprocess.CompletedProcess[str]:
    package_parent = str(Path(__file__).resolve().parents[2])
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "qa.embedding.export", str(model.path), str(scratch)]
    return subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _move_into_place(scratch: Path, folder: Path) -> None:
    if folder.exists():
        if _known(folder) is not None:
            return  # another process was faster
        shutil.rmtree(folder, ignore_errors=True)
    try:
        scratch.rename(folder)
    except OSError:
        if _known(folder) is None:  # not lost to a faster process either
            raise
