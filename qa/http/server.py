"""The server process."""

from __future__ import annotations

import uvicorn

from qa.http.app import create_app
from qa.service import QA


def serve(bot: QA) -> None:
    """Serves until it is told to stop; the model is loaded before the first request."""
    _ = bot.embedder
    uvicorn.run(create_app(bot), host=bot.settings.host, port=bot.settings.port, log_level="info")
