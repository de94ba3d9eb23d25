"""Which files there are below some paths, and why others are left out."""

from qa.files.finding import IGNORE_FILE, UNSUPPORTED, Files, find_files, is_sidecar
from qa.files.paths import absolute, size_of
from qa.files.patterns import Patterns, has_wildcards

__all__ = [
    "IGNORE_FILE",
    "UNSUPPORTED",
    "Files",
    "Patterns",
    "absolute",
    "find_files",
    "has_wildcards",
    "is_sidecar",
    "size_of",
]
