"""What text from documents may do on a terminal: nothing but be read."""

from __future__ import annotations

import json
import re
from typing import Any

# Escape sequences whole (CSI, OSC and other strings, two-byte ones), each introducer in its 7-bit
# and its 8-bit form (a string only with its end near: a stray byte must not hide what follows);
# then whatever other control characters there are; then the characters that
# reverse or hide the reading order of what follows.
_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]{0,256}(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without terminal control sequences; line ends and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SEQUENCES.sub("", text))


def printable_line(text: str) -> str:
    """The text on one line: a title or file name must not look like lines of our own."""
    return " ".join(printable(text).split())


def to_json(value: Any, indent: int | None = 2) -> str:
    """JSON that is exact and safe to print: what a terminal could act on is escaped.

    Args:
        indent: None for all of it on one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
