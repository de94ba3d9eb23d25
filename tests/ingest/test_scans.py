"""A failure that is no file's fault is tried again, although the file is the same."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import RunQA
from tests.parsing.test_pdf import scanned


@pytest.mark.slow
@pytest.mark.usefixtures("embedder")
def test_scans_are_read_once_tesseract_is_installed(qa: RunQA, tmp_path: Path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "note.txt").write_text("This is about harbours.")
    (tmp_path / "seeds" / "scan.pdf").write_bytes(scanned())
    with zipfile.ZipFile(tmp_path / "seeds" / "more.zip", "w") as archive:
        archive.writestr("scan.pdf", scanned("A typed page."))
        archive.writestr("note.txt", "Another note.")

    def ingest(**environment: str) -> dict:
        run = qa("ingest", "--json", QA_OCR="true", **environment)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    for _ in range(2):
        without = ingest(PATH=str(Path(sys.executable).parent))
        assert [failure["path"] for failure in without["failed"]] == [
            str(tmp_path / "seeds" / "more.zip" / "scan.pdf"), str(tmp_path / "seeds" / "scan.pdf")
        ]  # fmt: skip
        assert all("tesseract isn't there" in failure["reason"] for failure in without["failed"])
    report = ingest()
    assert (report["added"], report["unchanged"], report["failed"]) == (2, 2, [])
    assert ingest()["unchanged"] == 4
    answer = json.loads(qa("ask", "Who is the keeper?", "--json").stdout)
    assert answer["passages"][0]["text"] == "The keeper is called Marlow."
