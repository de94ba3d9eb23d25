"""Documents to passages."""

from qa.passages.splitting import Splitter

__all__ = ["Splitter"]
