"""What a language model wrote, as mere text: nothing in it is a link, an image, markup, or a call.

It is shown on a page, on terminals and as Markdown; a document may have talked the model into
writing something that acts there, as an image whose address carries away what was asked.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_TAG = re.compile(r"</?[a-z!?｜|][^<>\n]*>?|<\|[^<>\n]*>?|<\s?/?\s?[a-z_-]+>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w{1,31};)")
_LINK = re.compile(
    r"!?\[([^\[\]\n]*)\] ?"
    r"(?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)?|:\s*(?=\S*//))"
)
_LONE_LINK = re.compile(r"\s*!?\[[^\[\]\n]*[^\W\d][^\[\]\n]*\]\(\S*\s*")
_REST = r"[^\s<>\"'”\[\]]"
_ADDRESS = re.compile(
    rf"(?:\b[a-z][a-z0-9+.-]{{1,20}}:|(?<!\w))//(?:\[[0-9a-f:.]*\]|\w){_REST}*"
    rf"|\bwww\.{_REST}+"
    rf"|\b(?:javascript|data|vbscript|mailto|tel|file|blob):{_REST}+"
    rf"|\b(?:[\w-]+\.)+[a-z]{{2,24}}/{_REST}*",
    re.IGNORECASE,
)
_NO_ADDRESS = "(address left out)"
_EMPHASIS = re.compile(r"(?<!\w)(?:\*{1,3}|_{1,3})(?=\S)|(?<=\S)(?:\*{1,3}|_{1,3})(?!\w)|~~|`+")
_LINE_START = re.compile(r"^\s*(?:(?:[-*•+>]|#{1,6}|\d{1,3}[.)])\s+|\|+)+")
_LABEL = re.compile(
    r"^(?:the )?(?:correct |final |short )?(?:answer|response)(?: is)?\s*:\s*", re.IGNORECASE
)
_PARENTHESES = re.compile(r"(?:\s*\(\d{1,7}\))+(?=[.!?]?$)")
_MARKER = re.compile(r"\[(?:\d{1,6})\]")
_BRACKET = re.compile(r"!?[\[\]]:?")
_STRUCTURE = re.compile(r'^\s*[{\[].*"\s*:|^\s*[{}]')
_WORD = re.compile(r"\w")


def cleaned(sentence: str) -> str:
    """One sentence or line as mere text on one line, its markers [n] kept; "" if none is left."""
    text = _without_tags(_UNSEEN.sub("", sentence))
    if _STRUCTURE.match(text) or _LONE_LINK.fullmatch(text):  # a call, or other JSON
        return ""
    text = _LINK.sub(_link_text, text)
    text = _ADDRESS.sub(_NO_ADDRESS, text)
    text = _ENTITY.sub("& ", _EMPHASIS.sub("", _LINE_START.sub("", text)))
    text = _LABEL.sub("", " ".join(text.replace("|", " ").split()))
    text = _PARENTHESES.sub(_as_markers, _without_tags(text))
    return text if _WORD.search(text) else ""


def without_brackets(text: str) -> str:
    """Leaves the markers [n] as the only square brackets, so that Markdown finds no link, however
    what is before and behind them is put together."""
    pieces: list[str] = []
    position = 0
    for marker in _MARKER.finditer(text):
        pieces += [_BRACKET.sub("", text[position : marker.start()]).rstrip("!"), marker.group()]
        position = marker.end()
    pieces.append(_BRACKET.sub("", text[position:]))
    text = re.sub(r"\](?=[(:])", "] ", "".join(pieces))
    return re.sub(r"<(?=[a-z/!?])", "< ", text, flags=re.IGNORECASE).strip()


def _without_tags(text: str) -> str:
    """Without tags, nor those that are left when others are gone ("<<b>i>")."""
    while (less := _TAG.sub("", text)) != text:
        text = less
    return text


def _as_markers(match: re.Match[str]) -> str:
    """Markers in round brackets, as some models write them and as quoted passages have them."""
    return " " + "".join(f"[{rank}]" for rank in re.findall(r"\d+", match.group()))


def _link_text(match: re.Match[str]) -> str:
    """What a link says, as a marker if that is what it is; an image says nothing."""
    if match.group().startswith("!"):
        return " "
    is_marker = re.fullmatch(r"[\d\s,;–-]+", match[1]) is not None
    return f"[{match[1]}]" if is_marker else f"{match[1]} "
