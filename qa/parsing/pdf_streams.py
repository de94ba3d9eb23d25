"""How far a PDF's compressed streams unfold, before a library unpacks them whole."""

from __future__ import annotations

import re
import zlib

from qa.errors import DocumentError

_MOST_BYTES = 512 * 1024 * 1024
_STEP = 1024 * 1024
_STREAM = re.compile(rb"stream\r?\n(?=[\x08\x18\x28\x38\x48\x58\x68\x78])")
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
        left -= _unpacked_size(data, match.end(), left)
        if left <= 0:
            raise DocumentError(
                f"it unpacks to more than {_MOST_BYTES // 1024**2} MB (a decompression bomb?)"
            )


def _unpacked_size(data: bytes, start: int, most: int) -> int:
    """The size of the stream at ``start``, or ``most`` if it has more."""
    inflater = zlib.decompressobj()
    size = 0
    view = memoryview(data)[start:]
    try:
        for at in range(0, len(view), _STEP):
            pending: bytes | memoryview = view[at : at + _STEP]
            while pending and size < most:
                size += len(inflater.decompress(pending, _STEP))
                pending = inflater.unconsumed_tail
            if inflater.eof or size >= most:
                break
    except zlib.error:  # not compressed, or damaged: the library sees to that
        pass
    return min(size, most)
