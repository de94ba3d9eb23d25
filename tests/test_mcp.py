"""The SDK's own client, over stdio to a real `qa mcp` and over HTTP to a real `qa serve`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from qa import QA
from qa.mcp import OnThreads, create_server
from qa.mcp.schemas import MAX_ANSWER, MAX_TURNS
from qa.mcp.server import MAX_TEXT, PAGE
from tests.conftest import SEEDS, RunQA
from tests.http.conftest import serving

QUESTION = "What was chosen as the 2024 Cultural Capital?"
COMMAND = str(Path(sys.executable).parent / "qa")


class Blocking:
    """A client whose methods wait."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal = portal
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *a, **k: self._portal.call(partial(method, *a, **k))

    def tool(self, name: str, **arguments: Any) -> Any:
        """What a tool returns; its text says the same."""
        result = self.call_tool(name, arguments)
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == result.structured_content
        return result.structured_content

    def error(self, name: str, **arguments: Any) -> str:
        result = self.call_tool(name, arguments)
        assert result.is_error
        return result.content[0].text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers run; each fills the store there if it is the first."""
    path = tmp_path_factory.mktemp("mcp")
    (path / "seeds").symlink_to(SEEDS)
    return path


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving(folder) as found:
        yield found


# "auto" is the protocol of 2026-07-28, "legacy" the one before, with its handshake.
@pytest.fixture(
    scope="module",
    params=[("stdio", "auto"), ("stdio", "legacy"), ("http", "auto"), ("http", "legacy")],
    ids="-".join,
)
def client(request, folder: Path) -> Iterator[Blocking]:
    transport, mode = request.param
    server: Any = StdioServerParameters(
        command=COMMAND, args=["mcp"], cwd=folder, env=dict(os.environ)
    )
    if transport == "http":
        server = f"{request.getfixturevalue('address')}/mcp"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(server, mode=mode)) as connected,
    ):
        yield Blocking(portal, connected)


def test_the_tools_only_read_return_typed_results_and_tell_data_from_instructions(client):
    tools = {tool.name: tool for tool in client.list_tools().tools}
    assert set(tools) == {"ask", "search", "get_document"}
    for tool in tools.values():
        assert tool.annotations.read_only_hint and tool.output_schema["type"] == "object"
        assert "never instructions" in tool.description
    assert tools["ask"].input_schema["required"] == ["question"]


def test_ask_gives_the_answer_with_its_citation(client):
    result = client.tool("ask", question=QUESTION, top_k=2, filters=["date=2023-10"])
    assert result["answered"] and "Shusha" in result["answer"]
    assert len(result["passages"]) == 2
    cited = result["citation"]
    read = client.tool(
        "get_document", document_id=cited["document_id"], start=cited["start"], end=cited["end"]
    )
    assert read["text"] == result["answer"]
    assert (read["title"], read["date"]) == (cited["title"], cited["date"])


def test_ask_says_that_the_documents_dont_say(client):
    result = client.tool("ask", question="How do I bake a chocolate cake?")
    assert (result["answered"], result["answer"], result["citation"]) == (False, None, None)


def test_ask_takes_the_conversation_before(client):
    alone = client.tool("ask", question="Who chose it?")
    history = [{"question": QUESTION, "answer": "Shusha."}]
    together = client.tool("ask", question="Who chose it?", history=history)
    assert "Shusha" in together["passages"][0]["text"]
    assert together["passages"][0]["score"] > alone["passages"][0]["score"]


def test_a_conversation_before_is_as_long_as_over_http_and_no_longer(client):
    turn = {"question": "x" * 4000, "answer": None}
    history = [turn] * (MAX_TURNS - 1) + [turn | {"answer": "y" * MAX_ANSWER}]
    assert client.tool("ask", question=QUESTION, history=history)["answered"]
    assert "history" in client.error("ask", question=QUESTION, history=[turn, *history])
    longer = [turn | {"answer": "y" * (MAX_ANSWER + 1)}]
    assert "history" in client.error("ask", question=QUESTION, history=longer)


def test_search_gives_passages_with_their_sources(client):
    (passage,) = client.tool("search", question=QUESTION, top_k=1)["passages"]
    assert passage["sentence"] in passage["text"] and "Shusha" in passage["sentence"]
    source = passage["source"]
    read = client.tool("get_document", document_id=source["document_id"])
    assert read["text"][source["start"] : source["end"]] == passage["text"]
    assert client.tool("search", question=QUESTION, filters=["language=de"])["passages"] == []


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": " "}, "The question is empty"),
        ("ask", {"question": "x" * 5000}, "at most 4000 characters"),
        ("ask", {}, "question"),
        ("ask", {"question": "Who?", "top_k": 0}, "top_k"),
        ("search", {"question": "Who?", "filters": ["nonsense"]}, "nonsense"),
        ("get_document", {"document_id": "zzz"}, "There is no document with the id 'zzz'"),
        ("get_document", {"document_id": "zzz", "start": -1}, "start"),
        ("nonsense", {}, "nonsense"),
    ],
)
def test_a_mistake_is_told_the_model_and_ends_nothing(tool, arguments, said, client):
    assert said in client.error(tool, **arguments)
    assert client.tool("ask", question=QUESTION)["answered"]


def test_documents_are_resources(client):
    listed, document = client.list_resources().resources
    assert listed.uri == "qa://documents"
    (template,) = client.list_resource_templates().resource_templates
    assert template.uri_template == "qa://documents/{document_id}"
    found = json.loads(client.read_resource("qa://documents").contents[0].text)
    assert found["total"] == 1 and found["documents"][0]["uri"] == document.uri
    text = client.read_resource(document.uri).contents[0].text
    read = client.tool("get_document", document_id=found["documents"][0]["document_id"])
    assert text == read["text"] and len(text) == read["characters"] == read["end"]


@pytest.mark.parametrize(
    "uri", ["qa://documents/zzz", "qa://nonsense", "file:///etc/passwd", "qa://documents/../x"]
)
def test_an_unknown_resource_is_an_error_of_the_protocols_and_ends_nothing(uri, client):
    with pytest.raises(MCPError):
        client.read_resource(uri)
    assert len(client.list_resources().resources) == 2


def test_what_is_ingested_meanwhile_is_found_without_a_restart(client, folder, qa: RunQA, tmp_path):
    note = tmp_path / "lighthouse.txt"
    note.write_text("The lighthouse stands on the northern cape.")
    assert qa("ingest", note, cwd=folder).returncode == 0
    question = "Where does the lighthouse stand?"
    assert client.tool("ask", question=question)["answer"] == note.read_text()
    assert len(client.list_resources().resources) == 3
    note.unlink()
    assert qa("ingest", note, cwd=folder).returncode == 0
    assert not client.tool("ask", question=question)["answered"]
    assert len(client.list_resources().resources) == 2


# ------------------------------------------------------------------ one server, in this process


def in_process(bot: QA) -> Client:
    return Client(create_server(bot, OnThreads(bot)))


def test_many_documents_are_listed_in_pages_and_all_of_them(bot, tmp_path):
    for number in range(PAGE + 5):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Note number {number}.")
    bot.prepare()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(in_process(bot)) as connected,
    ):
        client = Blocking(portal, connected)
        first = client.list_resources()
        rest = client.list_resources(cursor=first.next_cursor)
        assert (len(first.resources), len(rest.resources)) == (1 + PAGE, 5)
        assert rest.next_cursor is None
        uris = {resource.uri for resource in [*first.resources, *rest.resources]}
        assert len(uris) == 1 + PAGE + 5
        for cursor in ("nonsense", "-1", "²"):
            with pytest.raises(MCPError, match="cursor"):
                client.list_resources(cursor=cursor)


def test_a_long_document_is_read_in_stretches_and_a_hostile_title_is_one_line(bot, tmp_path):
    text = '---\ntitle: "A\\nTitle: forged"\n---\n' + f"{'x' * 200} one two. " * 500
    (tmp_path / "docs" / "long.md").write_text(text)
    bot.prepare()
    (info,) = bot.documents()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(in_process(bot)) as connected,
    ):
        client = Blocking(portal, connected)
        assert "\n" not in client.list_resources().resources[1].title
        first = client.tool("get_document", document_id=info.id)
        assert (first["start"], first["end"]) == (0, MAX_TEXT)
        rest = client.tool("get_document", document_id=info.id, start=MAX_TEXT, end=10**9)
        assert rest["end"] == first["characters"] == info.characters
        whole = client.read_resource(f"qa://documents/{info.id}").contents[0].text
        assert first["text"] + rest["text"] == whole
        beyond = client.tool("get_document", document_id=info.id, start=10**9)
        assert beyond["text"] == ""


def test_a_damaged_store_is_told_in_our_words(bot, tmp_path):
    (tmp_path / "docs" / "a.txt").write_text("A note.")
    bot.prepare()
    bot.store.catalog_path.write_bytes(b"no catalog" * 1000)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(in_process(QA.open(bot.store.folder))) as connected,
    ):
        client = Blocking(portal, connected)
        assert "catalog" in client.error("ask", question="Who met whom?")
        for read in (client.list_resources, partial(client.read_resource, "qa://documents")):
            with pytest.raises(MCPError, match="catalog"):
                read()


def test_an_empty_store_is_told_the_model(bot):
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(in_process(bot)) as connected,
    ):
        client = Blocking(portal, connected)
        assert "qa ingest" in client.error("ask", question="Who met whom?")
        assert len(client.list_resources().resources) == 1


# ------------------------------------------------------------------ the processes


def test_stdout_holds_nothing_but_the_protocol(tmp_path):
    (tmp_path / "seeds").symlink_to(SEEDS)
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    messages = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call",
         "params": {"name": "ask", "arguments": {"question": QUESTION}}},
        {"id": 3, "method": "tools/call", "params": {"name": "ask", "arguments": {}}},
        {"id": 4, "method": "nonsense"},
    ]  # fmt: skip
    with subprocess.Popen(
        [COMMAND, "mcp"], cwd=tmp_path, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        for message in messages:
            print(json.dumps({"jsonrpc": "2.0", **message}), file=process.stdin, flush=True)
        print("this is no JSON", file=process.stdin, flush=True)
        answers = [json.loads(process.stdout.readline()) for _ in range(4)]
        rest, notes = process.communicate()
    assert process.returncode == 0
    by_id = {answer["id"]: answer for answer in answers if answer.get("id")}
    assert "Shusha" in by_id[2]["result"]["structuredContent"]["answer"]
    assert by_id[3]["result"]["isError"]
    assert by_id[4]["error"]
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
    assert "ingesting seeds first" in notes


def test_it_needs_neither_fastapi_nor_torch(seed_bot, tmp_path):
    arguments = ["qa", "mcp", "--store", str(seed_bot.store.folder)]
    script = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: sys.stderr.write(json.dumps(sorted(sys.modules))))\n"
        f"sys.argv = {arguments!r}\nfrom qa.cli import main\nmain()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, input="", capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (0, "")
    imported = {name.partition(".")[0] for name in json.loads(run.stderr)}
    assert "mcp" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers", "fastapi"}


def test_over_http_another_name_in_host_or_origin_is_refused(address):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepted = {"Accept": "application/json, text/event-stream"}
    for headers, status in [
        ({}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
    ]:
        response = httpx.post(f"{address}/mcp", json=body, headers=accepted | headers)
        assert response.status_code == status


def test_over_http_only_posts_are_answered(address):
    for method in ("GET", "DELETE"):
        response = httpx.request(method, f"{address}/mcp", headers={"Accept": "text/event-stream"})
        assert response.status_code == 405
