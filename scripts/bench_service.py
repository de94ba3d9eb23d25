"""How many questions a second `qa serve` answers, beside the usual endpoint, in the same run.

Run in a checkout:  python scripts/bench_service.py FOLDER ... [--store DIR] [--seconds 60]

FOLDERs hold sets in the layout of BEIR; a store of 100,000 passages is made of their sentences
(see ``_synthetic.py``) unless DIR has one. The usual endpoint is ``_naive_service.py``, over the
same passages and vectors, once on threads and once on the event loop; the faster one counts. Each
server is one process; the clients are one process more, on the same cores. Each client sends its
next question when it has the answer to the one before; no question is sent twice.
With ``--changes`` documents are uploaded and deleted meanwhile, one after another, in a further
minute with `qa serve`: each has to be found once it is there, and never once it is gone.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import faiss
import httpx
import numpy as np
import psutil
from _synthetic import fill

from qa import QA

SCRIPTS = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent


@dataclass
class Load:
    """What came of so many clients asking for so long."""

    seconds: float
    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    processor_seconds: float = 0
    """Of the server."""

    @property
    def throughput(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.milliseconds, 100 * share)) if self.milliseconds else 0.0


# ------------------------------------------------------------------ the clients


async def load(port: int, questions: Iterator[str], clients: int, seconds: float) -> Load:
    """Asks from so many connections for so long."""
    result = Load(seconds)
    end = time.perf_counter() + seconds
    await asyncio.gather(*(_client(port, questions, end, result) for _ in range(clients)))
    return result


async def _client(port: int, questions: Iterator[str], end: float, result: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (start := time.perf_counter()) < end:
            status, body = await post(reader, writer, next(questions))
            result.milliseconds.append((time.perf_counter() - start) * 1000)
            if status != 200 or b'"passages"' not in body:
                result.failures.append(f"{status}: {body[:200]!r}")
    except (OSError, asyncio.IncompleteReadError) as error:
        result.failures.append(repr(error))
    finally:
        writer.close()


async def post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: str
) -> tuple[int, bytes]:
    """Asks over an open connection: status and body. A client as light as can be."""
    body = json.dumps({"question": question}).encode()
    head = "POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", answer, re.IGNORECASE)
    assert length, answer
    return int(answer[9:12]), await reader.readexactly(int(length[1]))


def distinct_questions(folders: Sequence[Path], seed: int) -> Iterator[str]:
    """Without end, each the first half of one of the sets' questions and the second of another."""
    rows = [
        json.loads(line)["text"]
        for folder in folders
        for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rng = random.Random(seed)
    while True:
        first, second = (row.split() for row in rng.sample(rows, 2))
        yield " ".join([*first[: len(first) // 2], *second[len(second) // 2 :]])


# ------------------------------------------------------------------ the servers


@dataclass
class Server:
    port: int
    process: int

    def under(self, questions: Iterator[str], clients: int, seconds: float) -> Load:
        """What comes of so many clients asking it for so long."""
        process = psutil.Process(self.process)
        before = sum(process.cpu_times()[:2])
        result = asyncio.run(load(self.port, questions, clients, seconds))
        result.processor_seconds = sum(process.cpu_times()[:2]) - before
        return result


@contextmanager
def naive(folder: Path, *, on_threads: bool) -> Iterator[Server]:
    command = [str(BIN / "uvicorn"), "_naive_service:app", "--port", "0", "--log-level", "info",
               "--no-access-log"]  # fmt: skip
    environment = {"NAIVE_FOLDER": str(folder), "HF_HUB_OFFLINE": "1"}
    if not on_threads:
        environment["NAIVE_ASYNC"] = "1"
    with _running(command, SCRIPTS, environment) as server:
        yield server


@contextmanager
def served(store: Path) -> Iterator[Server]:
    command = [str(BIN / "qa"), "serve", "--port", "0", "--store", str(store.absolute())]
    with (
        TemporaryDirectory() as folder,
        _running(command, Path(folder), {"QA_UPLOADS": "true"}) as server,
    ):
        yield server


@contextmanager
def _running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    with TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                command, cwd=folder, stdout=stream, stderr=stream, env=os.environ | environment
            )
        try:
            while not (found := re.search(r"running on http://\S+:(\d+)", log.read_text())):
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.1)
            yield Server(int(found[1]), process.pid)
        finally:
            process.terminate()
            process.wait(30)


def write_naive(bot: QA, folder: Path) -> None:
    """The store's passages and vectors, as the usual endpoint wants them."""
    with bot.store.snapshot() as snapshot:
        keys = np.sort(snapshot.catalog.passage_keys())
        index = faiss.IndexFlatIP(snapshot.identity.dimension)
        found: list[int] = []
        for part, vectors in snapshot.catalog.embeddings(keys, snapshot.identity.dimension):
            index.add(vectors)
            found += part.tolist()
        rows = dict(snapshot.catalog.execute("SELECT key, text FROM passages").fetchall())
    faiss.write_index(index, str(folder / "naive.faiss"))
    (folder / "naive.json").write_text(json.dumps([rows[key] for key in found]))


# ------------------------------------------------------------------ the table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--store", type=Path, metavar="DIR", default=Path("bench-store"))
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--changes", action="store_true", help="upload and delete meanwhile")
    options = parser.parse_args()
    bot = QA.open(options.store)
    if bot.store.is_new:
        fill(bot, options.folders, options.passages)
    passages = bot.status()["passages"]
    print(
        f"{passages:,} passages, {options.clients} clients, {options.seconds:g} s each, "
        f"{options.rounds} rounds, {os.cpu_count()} cores\n"
    )
    with TemporaryDirectory() as folder:
        write_naive(bot, Path(folder))
        del bot
        servers = {
            "sentence-transformers + FAISS, threads": lambda: naive(Path(folder), on_threads=True),
            "sentence-transformers + FAISS, event loop": lambda: naive(
                Path(folder), on_threads=False
            ),
            "qa serve": lambda: served(options.store),
        }
        results: dict[str, list[Load]] = {name: [] for name in servers}
        for number in range(options.rounds):
            for name, server in servers.items():
                questions = distinct_questions(options.folders, number)
                with server() as running:
                    running.under(questions, options.clients, min(5, options.seconds))
                    results[name].append(running.under(questions, options.clients, options.seconds))
    _print(results)
    if options.changes:
        questions = distinct_questions(options.folders, options.rounds)
        with served(options.store) as running:
            results = {"qa serve": [changing(running, questions, options)]}
        _print(results)


def changing(running: Server, questions: Iterator[str], options: argparse.Namespace) -> Load:
    """The same load, while documents come and go."""
    end = time.perf_counter() + options.seconds
    with ThreadPoolExecutor(1) as pool:
        changes = pool.submit(come_and_go, running.port, end)
        result = running.under(questions, options.clients, options.seconds)
        uploads, removals = changes.result()
    print(
        f"\nMeanwhile {len(uploads)} documents were uploaded and deleted again (medians: "
        f"{statistics.median(uploads):.1f} s until one was found, "
        f"{statistics.median(removals):.1f} s until one was gone):\n"
    )
    return result


def come_and_go(port: int, end: float) -> tuple[list[float], list[float]]:
    """Seconds that each upload and each removal took. Raises AssertionError if one isn't so."""
    uploads, removals = [], []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:

        def is_found(number: int) -> bool:
            question = f"Who saw the comet Hale{number} above the pier?"
            answer = http.post("/ask", json={"question": question, "top_k": 20})
            return f"Hale{number} " in answer.raise_for_status().text.replace(question, "")

        for number in itertools.count():
            if time.perf_counter() > end:
                return uploads, removals
            text = f"The comet Hale{number} was seen above the pier by Ann Berg."
            start = time.perf_counter()
            file = {"file": (f"comet{number}.txt", text.encode())}
            uploaded = http.post("/documents", files=file).raise_for_status().json()
            assert is_found(number)
            uploads.append(time.perf_counter() - start)
            start = time.perf_counter()
            document = uploaded["document"]["document_id"]
            http.delete(f"/documents/{document}").raise_for_status()
            removals.append(time.perf_counter() - start)
            assert not any(is_found(number) for _ in range(5))
    raise AssertionError


def _print(results: dict[str, list[Load]]) -> None:
    usual = [_throughput(rounds) for name, rounds in results.items() if name != "qa serve"]
    print(
        "| server | questions/s | p50 ms | p95 ms | p99 ms | failed | processor ms a question "
        "| times the faster usual one |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, rounds in results.items():
        times = [statistics.median(r.percentile(s) for r in rounds) for s in (0.5, 0.95, 0.99)]
        failed = sum(len(r.failures) for r in rounds)
        rate = _throughput(rounds)
        work = statistics.median(r.processor_seconds / len(r.milliseconds) for r in rounds)
        cells = [f"{rate:.1f}", *(f"{t:,.0f}" for t in times), str(failed), f"{1000 * work:.1f}"]
        ratio = f"{rate / max(usual):.2f}" if usual else ""
        print(f"| {name} | {' | '.join(cells)} | {ratio} |")
        for failure in [failure for r in rounds for failure in r.failures][:3]:
            print(f"  {failure}", file=sys.stderr)


def _throughput(rounds: Sequence[Load]) -> float:
    return statistics.median(each.throughput for each in rounds)


if __name__ == "__main__":
    main()
