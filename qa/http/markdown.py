"""Text of documents inside markdown: it is shown as it is and never becomes markup."""

from __future__ import annotations

import html
import re

# CommonMark would take `\[` for brackets as well, but many chat front ends take `\[ … \]` for a
# formula. Character references are text to all of them, and to what shows HTML unread.
_REFERENCES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "[": "&#91;", "]": "&#93;"}
_MARKS = re.compile(
    r"[<>&\[\]\\`*_~$@]"
    r"|:(?=//)|(?<=\w)\.(?=[^\W\d_])"  # addresses, which some front ends make links of
    r"|^[#+=-]"  # what a line may begin a block with
)
_LIST_NUMBER = re.compile(r"^(\d{1,9})([.)])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|(&(?:lt|gt|amp|#91|#93);)")
# Control characters, and those that turn or hide the order in which a line is read.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def escape(text: str) -> str:
    """The text on one line, so that markdown shows it and does nothing else with it.

    No part of it becomes a link, an image, HTML, a heading, a list, code, a formula or emphasis.
    (A front end that looks for addresses in what it has rendered, as remark-gfm does, still makes
    a link of a written-out one, to the address one sees.)
    """
    line = one_line(text)
    line = _MARKS.sub(lambda mark: _REFERENCES.get(mark[0], f"\\{mark[0]}"), line)
    return _LIST_NUMBER.sub(r"\1\\\2", line)


def unescape(text: str) -> str:
    """What `escape` was given, on one line."""
    return _ESCAPED.sub(lambda found: found[1] or html.unescape(found[2]), text)


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(_UNSEEN.sub("", " ".join(text.split())).split())
