"""The layout's one rule, and what the fast paths must not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "transformers", "sentence_transformers", "scipy", "sklearn"}


def test_imports_run_downwards():
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert "1 kept, 0 broken" in run.stdout


def imported_by(code: str, cwd: Path) -> set[str]:
    """The top-level modules that are imported once ``code`` has run in a new process."""
    report = "import sys, json; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    script = f"import atexit\natexit.register(lambda: exec({report!r}))\n{code}"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return {name.partition(".")[0] for name in json.loads(run.stderr)}


def test_help_imports_nothing_heavy(tmp_path):
    code = "import sys; sys.argv = ['qa', '--help']\nfrom qa.cli import main\nmain()"
    imported = imported_by(code, tmp_path)
    light = {"numpy", "faiss", "tantivy", "onnxruntime", "pydantic", "fastapi", "mcp"}
    assert not imported & (HEAVY | light | {"ir_measures", "jinja2", "tomlkit", "prompt_toolkit"})


def test_a_question_imports_neither_torch_nor_transformers(seed_bot, tmp_path):
    arguments = ["qa", "ask", "Who met whom?", "--store", str(seed_bot.store.folder)]
    code = f"import sys; sys.argv = {arguments!r}\nfrom qa.cli import main\nmain()"
    imported = imported_by(code, tmp_path)
    assert "onnxruntime" in imported
    others = {"fastapi", "mcp", "trafilatura", "dateparser", "py3langid", "prompt_toolkit"}
    assert not imported & (HEAVY | others)


def test_the_numpy_index_needs_no_faiss(seed_bot, tmp_path):
    code = f"""
from qa import QA
bot = QA.open({str(tmp_path / "vectors")!r}, index="numpy")
bot.ingest([{str(seed_bot.settings.seeds)!r}])
print(bot.ask("Who met whom?").passages[0].text)
"""
    assert "faiss" not in imported_by(code, tmp_path)


def test_the_public_face_is_what_it_says():
    import qa

    assert all(hasattr(qa, name) for name in qa.__all__)
    with pytest.raises(AttributeError):
        _ = qa.nothing
