"""`qa mcp`: the documents for a language model, over stdin and stdout."""

from __future__ import annotations

import logging

from qa.cli.app import DebugOption, ModelOption, StoreOption, _open, _prepare, app


@app.command(epilog="Example: `qa mcp --store ~/vectors`, as a client's configuration says it")
def mcp(store: StoreOption = None, model: ModelOption = None, debug: DebugOption = False) -> None:
    """Serve the documents to a language model by MCP, over stdin and stdout."""
    bot = _open(store, model=model)
    _prepare(bot)  # what it has to say goes to stderr: stdout is the protocol's
    from qa.mcp import OnThreads, create_server

    logging.getLogger("mcp").setLevel(logging.ERROR)
    create_server(bot, OnThreads(bot)).run("stdio")
