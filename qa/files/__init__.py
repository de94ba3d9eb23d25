"""Which files there are below some paths, and why others are left out."""

from qa.files.finding import IGNORE_FILE, UNSUPPORTED, Files, find_files
from qa.files.paths import absolute, size_of
from qa.files.patterns import Patterns, beginning_of

__all__ = [
    "IGNORE_FILE",
    "UNSUPPORTED",
    "Files",
    "Patterns",
    "absolute",
    "beginning_of",
    "find_files",
    "size_of",
]
