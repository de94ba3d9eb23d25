"""The service for language models: an MCP server with tools and resources over one bot.

Both ways in, `qa mcp` (stdio) and `/mcp` (streamable HTTP), serve what `create_server` makes.
"""

from qa.mcp.server import OnThreads, Work, create_server

__all__ = ["OnThreads", "Work", "create_server"]
