"""CSV and TSV by the standard library: each row with the names of its columns."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import islice
from pathlib import PurePath

from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, TextBuilder, decode

_DELIMITERS = ",;\t|"
_SAMPLE = 65536
"""Characters that are looked at for the delimiter."""
_SAMPLE_ROWS = 50


class CsvParser:
    media_type = "text/csv"
    suffixes = (".csv",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        text = decode(data)
        return _parsed(text, _delimiter(text[:_SAMPLE]))


class TsvParser:
    media_type = "text/tab-separated-values"
    suffixes = (".tsv", ".tab")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        return _parsed(decode(data), "\t")


def _parsed(text: str, delimiter: str) -> Parsed:
    builder = TextBuilder()
    try:
        builder.table(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        if "field larger" in str(error):
            raise DocumentError(
                f"it has a cell of more than {csv.field_size_limit():,} characters (an open quote?)"
            ) from error
        raise DocumentError(f"it isn't valid CSV ({error})") from error
    return builder.parsed(is_prose=False)


def _delimiter(sample: str) -> str:
    """The delimiter by which most rows have one and the same number of columns."""

    def agreement(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in islice(reader, _SAMPLE_ROWS) if row]
        except csv.Error:
            return 0, 0
        usual = max(set(widths), key=widths.count, default=0)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(_DELIMITERS, key=agreement)
