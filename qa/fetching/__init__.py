"""Pages that a list or a feed names, downloaded into a folder. Nothing else asks for any."""

from qa.fetching.pages import Fetched, fetch

__all__ = ["Fetched", "fetch"]
