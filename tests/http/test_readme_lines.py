"""Every line the README shows to ask a server does what it says, run against a real one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.conftest import SEEDS
from tests.http.conftest import serving
from tests.test_readme import README

SHOWN = "http://127.0.0.1:8000"
CURL_LINES = re.findall(r"^curl (?:.*\\\n)*.*$", README, re.M)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("shown")
    (folder / "seeds").symlink_to(SEEDS)
    with serving(folder, QA_UPLOADS="true") as address:
        yield address, folder


def run(line: str, address: str, folder: Path) -> str:
    """What a line prints; its ID is a document's, and the files it sends exist."""
    assert SHOWN in line
    if re.search(r"/ID\b", line):
        (document, *_) = httpx.get(f"{address}/documents").json()["documents"]
        line = re.sub(r"/ID\b", f"/{document['document_id']}", line)
    for name in re.findall(r"@([\w.]+)", line):
        (folder / name).write_text("The lighthouse stands on the northern cape.")
    command = line.replace(SHOWN, address).replace("curl ", "curl --fail-with-body ", 1)
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(path: str, sends: bool, printed: str) -> None:
    """What a path has to give."""
    if path == "/ask":
        answer = json.loads(printed)
        assert answer["passages"][0]["text"] and answer["passages"][0]["source"]["sha256"]
    elif path == "/ask/stream":
        events = re.findall(r"^event: (\w+)$", printed, re.M)
        assert (events[0], events[-1]) == ("passages", "done")
    elif path == "/documents" and sends:
        assert json.loads(printed)["document"]["title"]
    elif path == "/documents":
        assert json.loads(printed)["documents"][0]["document_id"]
    elif path == "/v1/models":
        assert json.loads(printed)["data"][0]["id"] == "qa"
    elif path == "/v1/chat/completions":
        *chunks, done = re.findall(r"^data: (.*)$", printed, re.M)
        text = "".join(
            choice["delta"].get("content", "")
            for chunk in map(json.loads, chunks)
            for choice in chunk["choices"]
        )
        assert done == "[DONE]" and "[1] [" in text
    else:
        assert printed.strip(), "it succeeded, and prints nothing"


def test_the_readme_shows_how_to_ask():
    paths = {re.search(rf"{SHOWN}([^\s'?]*)", line)[1] for line in CURL_LINES}
    assert paths >= {"/ask", "/ask/stream", "/documents", "/v1/chat/completions"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.parametrize("line", CURL_LINES)
def test_a_curl_line_does_what_it_says(line, server):
    path = re.search(rf"{SHOWN}([^\s'\"?]*)", line)[1]
    check(path, " -F " in line, run(line, *server))


def test_the_openai_example_runs(server):
    (code,) = re.findall(r"```python\n(from openai .*?)```", README, re.S)
    names: dict = {}
    exec(code.replace(SHOWN, server[0]), names)
    message = names["message"]
    assert "Shusha" in message.content and len(message.qa["passages"]) == 3
    assert message.citations[0].keys() >= set(re.search(r"\[{(.*), …}\]", code)[1].split(", "))


def test_the_configuration_of_an_mcp_client_starts_a_server(server):
    (text,) = re.findall(r'```json\n({"mcpServers".*?)```', README, re.S)
    shown = json.loads(text.replace("/path/to/vectors", str(server[1] / "vectors")))
    process = shown["mcpServers"]["qa"]
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = StdioServerParameters(**process, env={**os.environ, "PATH": search})

    async def ask() -> dict:
        async with Client(started) as client:
            result = await client.call_tool("ask", {"question": "Who met whom?"})
            return result.structured_content

    assert anyio.run(ask)["passages"]
