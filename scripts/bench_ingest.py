"""Measures an ingest of 2,000 mixed files, one in twenty broken, and the runs after it; beside it,
the same files parsed one after another in the program itself, without limits.

    python scripts/bench_ingest.py [ROUNDS]

Needs `pip install ".[test]"` and Linux. Each round takes a minute or two; the median counts.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.corpus import CHANGES, change, write_corpus
from tests.measuring import Measured, run_measured

FILES = 2000
PLAIN = """
import sys
from pathlib import Path
from qa import QA
from qa.errors import DocumentError
from qa.parsing import Broken, can_parse, documents, is_container

def found(folder):
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.stat().st_size < 32e6:
            if can_parse(path) or is_container(path):
                try:
                    for document in documents(path.read_bytes(), path):
                        if not isinstance(document, Broken):
                            yield document
                except DocumentError:
                    pass

QA.open(sys.argv[2]).add(found(sys.argv[1]))
"""


def ingest(folder: Path, store: Path, **environment: str) -> Measured:
    return run_measured("qa", "ingest", folder, "--store", store, "--json", **environment)


def measure(folder: Path) -> dict[str, Measured]:
    """One round, in a folder of its own."""
    items = [item for item in write_corpus(folder / "corpus", FILES) if not item.broken]
    runs = {
        "all in the program, one by one": run_measured(
            "python", "-c", PLAIN, folder / "corpus", folder / "plain"
        ),
        "one process reads": ingest(folder / "corpus", folder / "one", QA_PARSE_WORKERS="1"),
        "first run": ingest(folder / "corpus", folder / "vectors"),
        "nothing changed": ingest(folder / "corpus", folder / "vectors"),
    }
    change(items)
    runs[f"{CHANGES} changed"] = ingest(folder / "corpus", folder / "vectors")
    return runs


def main(rounds: int) -> None:
    measured: list[dict[str, Measured]] = []
    for _ in range(rounds):
        folder = Path(tempfile.mkdtemp())
        try:
            measured.append(measure(folder))
        finally:
            shutil.rmtree(folder)
    print("| run | seconds | of the first run | memory |\n|---|---|---|---|")
    for name in measured[0]:
        seconds = statistics.median(runs[name].seconds for runs in measured)
        share = statistics.median(
            runs[name].seconds / runs["first run"].seconds for runs in measured
        )
        most = max(runs[name].most_mb for runs in measured)
        print(f"| {name} | {seconds:.1f} | {share:.2f} | {most:.0f} MB |")
    report = json.loads(measured[0][f"{CHANGES} changed"].output)
    print({name: value for name, value in report.items() if isinstance(value, int)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
