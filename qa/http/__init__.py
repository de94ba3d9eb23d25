"""The HTTP interface: the same service, the same JSON, errors as RFC 9457 problems."""

from qa.http.address import listening
from qa.http.app import create_app
from qa.http.server import serve

__all__ = ["create_app", "listening", "serve"]
