"""Nothing leaves this machine: ONNX Runtime's telemetry is off before it is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_onnx_runtime_keeps_no_session_for_its_telemetry(cache_dir, embedder, tmp_path):
    """With telemetry on, it keeps a session file in the folder for temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = f"""
import os
from pathlib import Path
from qa.embedding import load_embedder
from qa.embedding.model import resolve_model
cache = Path({str(cache_dir)!r})
load_embedder(resolve_model("all-MiniLM-L6-v2", cache), cache).embed_queries(["Who met whom?"])
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"TMPDIR": str(scratch)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "1"
    assert list(scratch.iterdir()) == []
    assert not any(Path(tmp_path).rglob("*.ses"))
