"""What a file is, whatever it is named."""

from __future__ import annotations

import re
from io import BytesIO

from qa.errors import DocumentError
from qa.parsing.archive import kind_of

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.I)
BINARY = {".pdf", ".docx", ".pptx", ".xlsx", ".xlsm", ".epub"}
"""Formats of which every file begins with a mark."""
_OTHERS = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "RTF: save it as .docx or .txt"),
    (b"Rar!", "a RAR archive: pack it as .zip"),
    (b"7z\xbc\xaf", "a 7-Zip archive: pack it as .zip"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
)


def suffix_by_content(data: bytes, suffix: str) -> str:
    """The suffix that a file ought to have, by its first bytes; the one it has if these don't say.

    Args:
        suffix: in lower case, with the dot.

    Raises:
        DocumentError: it is of a kind that isn't read, whatever its name says.
    """
    if not data:
        raise DocumentError("it is empty: it holds no text")
    if b"%PDF-" in data[:1024] and (suffix == ".pdf" or data.startswith(b"%PDF-")):
        return ".pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zip_suffix(data, suffix)
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED in data:
            raise DocumentError("it is encrypted: save it without a password")
        raise DocumentError("it is in the old Office format: save it as .docx, .pptx or .xlsx")
    for mark, name in _OTHERS:
        if data.startswith(mark):
            raise DocumentError(f"it is {name}")
    if suffix in BINARY:
        if _HTML.match(data):
            return ".html"
        raise DocumentError(f"it is named {suffix} but isn't of that format")
    return suffix


def _zip_suffix(data: bytes, suffix: str) -> str:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(BytesIO(data)) as archive:
            kind = kind_of(archive.namelist())
    except (BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(f"it is damaged or truncated ({error})") from error
    if kind is None:
        raise DocumentError("it is a ZIP archive: name it .zip")
    return suffix if (kind, suffix) == (".xlsx", ".xlsm") else kind
