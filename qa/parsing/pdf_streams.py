"""How far a PDF's compressed streams unfold, before a library unpacks them whole."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode

from qa.errors import DocumentError

_MOST_BYTES = 512 * 1024 * 1024
_STEP = 1024 * 1024
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_TWICE = re.compile(rb"/Fl(?:ateDecode)?[\s/]*/Fl(?:ateDecode)?\b")


def check_streams(data: bytes) -> None:
    """Makes sure that a PDF's streams are of a bounded size.

    Raises:
        DocumentError: they unfold to more than half a gigabyte, or are compressed twice.
    """
    if _TWICE.search(data):  # no program does that, except for bombs
        raise DocumentError("it holds streams that are compressed twice, as decompression bombs do")
    left = _MOST_BYTES
    for match in _STREAM.finditer(data):
        left -= _unpacked_size(_packed(data, match.end()), left)
        if left <= 0:
            raise DocumentError(
                f"it unpacks to more than {_MOST_BYTES // 1024**2} MB (a decompression bomb?)"
            )


def _packed(data: bytes, start: int) -> memoryview:
    """A stream's bytes as its compression has them: often they are written as text once more."""
    filters = data[data.rfind(b"obj", 0, start) : start]
    rest = memoryview(data)[start:]
    is_hex = b"/ASCIIHexDecode" in filters or b"/AHx" in filters
    if not is_hex and b"/ASCII85Decode" not in filters and b"/A85" not in filters:
        return rest
    content = data[start : data.find(b"endstream", start)].rstrip().removesuffix(b"~")
    try:
        if is_hex:
            return memoryview(bytes.fromhex(content.partition(b">")[0].decode("ascii")))
        return memoryview(a85decode(content.partition(b"~>")[0]))
    except ValueError:  # damaged: the library sees to that
        return memoryview(b"")


def _unpacked_size(packed: memoryview, most: int) -> int:
    """The size of a compressed stream that ``packed`` begins with, or ``most`` if it has more."""
    inflater = zlib.decompressobj()
    size = 0
    try:
        for at in range(0, len(packed), _STEP):
            pending: bytes | memoryview = packed[at : at + _STEP]
            while pending and size < most:
                size += len(inflater.decompress(pending, _STEP))
                pending = inflater.unconsumed_tail
            if inflater.eof or size >= most:
                break
    except zlib.error:  # not compressed, or damaged: the library sees to that
        pass
    return min(size, most)
