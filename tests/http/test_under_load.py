"""What is asked while documents come and go: nothing fails, and nothing removed is answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import RunQA
from tests.http.conftest import serving

pytestmark = pytest.mark.server

CLIENTS = 64
SECONDS = 20
SUBJECTS = ("harbour", "library", "town hall", "lighthouse", "market", "school", "mill", "bridge")


@dataclass
class Asked:
    """What the clients saw."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)


def write_town(folder: Path, number: int) -> None:
    """A town's document: where its buildings stand, and since when."""
    lines = [
        f"The {subject} of Town{number} was built in {1500 + 7 * number + place}."
        for place, subject in enumerate(SUBJECTS)
    ]
    (folder / f"town{number}.txt").write_text("\n\n".join(lines))


@asynccontextmanager
async def asking(address: str, questions: list[str]) -> AsyncIterator[Asked]:
    """So many clients that ask without a pause as long as the context lasts."""
    asked, stop = Asked(), asyncio.Event()

    async def client(seed: int) -> None:
        rng = random.Random(seed)
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            while not stop.is_set():
                question = rng.choice(questions)
                try:
                    response = await http.post("/ask", json={"question": question})
                except httpx.HTTPError as error:
                    asked.failures.append(f"{question}: {error!r}")
                    return
                asked.answers += 1
                if response.status_code != 200 or not response.json()["passages"]:
                    asked.failures.append(f"{question}: {response.status_code} {response.text}")

    clients = [asyncio.create_task(client(seed)) for seed in range(CLIENTS)]
    try:
        yield asked
    finally:
        stop.set()
        await asyncio.gather(*clients)


async def found(http: httpx.AsyncClient, question: str) -> set[str]:
    """The files that an answer's passages stand in."""
    response = await http.post("/ask", json={"question": question, "top_k": 20})
    passages = response.raise_for_status().json()["passages"]
    sources = [source for p in passages for source in (p["source"], *p["also"])]
    return {Path(source["path"]).name for source in sources}


async def upload_and_delete(address: str, end: float) -> int:
    """Documents come and go over HTTP; returns how many."""
    clock = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=address, timeout=120) as http:
        number = 0
        while clock.time() < end:
            name = f"comet{number}.txt"
            text = f"The comet Hale{number} was seen above the pier by Ann Berg."
            response = await http.post("/documents", files={"file": (name, text.encode())})
            assert response.status_code == 201, response.text
            question = f"Who saw the comet Hale{number} above the pier?"
            assert name in await found(http, question)
            document = response.json()["document"]["document_id"]
            response = await http.delete(f"/documents/{document}")
            assert response.status_code == 204, response.text
            for _ in range(5):
                assert name not in await found(http, question)
            number += 1
    return number


async def ingest_and_remove(address: str, end: float, folder: Path, qa: RunQA) -> int:
    """Files come and go, seen to by other processes; returns how many."""
    clock = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=address, timeout=120) as http:
        number = 0
        while clock.time() < end:
            file = folder / "seeds" / f"storm{number}.txt"
            file.write_text(f"The storm Ida{number} broke the mast of the ferry.")
            question = f"What did the storm Ida{number} break?"
            for expected in (True, False):
                run = await asyncio.to_thread(qa, "ingest", "--json", cwd=folder)
                if "Another process is writing" in run.stderr:  # the uploads' turn: try again
                    await asyncio.sleep(0.2)
                    run = await asyncio.to_thread(qa, "ingest", "--json", cwd=folder)
                if run.returncode == 0:
                    assert (file.name in await found(http, question)) == expected
                file.unlink(missing_ok=True)
            number += 1
    return number


def test_nothing_fails_and_nothing_removed_is_answered_under_load(tmp_path, qa: RunQA):
    (tmp_path / "seeds").mkdir()
    for number in range(60):
        write_town(tmp_path / "seeds", number)
    questions = [
        f"When was the {subject} of Town{number} built?"
        for number in range(60)
        for subject in SUBJECTS
    ]

    async def run(address: str) -> tuple[Asked, int, int]:
        end = asyncio.get_running_loop().time() + SECONDS
        async with asking(address, questions) as asked:
            uploads, ingests = await asyncio.gather(
                upload_and_delete(address, end), ingest_and_remove(address, end, tmp_path, qa)
            )
        return asked, uploads, ingests

    with serving(tmp_path, QA_UPLOADS="true") as address:
        asked, uploads, ingests = asyncio.run(run(address))
    assert asked.failures == []
    assert asked.answers > 50 * SECONDS / 10
    assert uploads >= 2
    assert ingests >= 1
