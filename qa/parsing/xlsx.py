"""XLSX by openpyxl: a heading a sheet, each row with the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from io import BytesIO
from pathlib import PurePath
from typing import Any

from qa.errors import DocumentError
from qa.parsing.archive import open_document
from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.office import core_properties

_MOST_ROWS = 2_000_000
"""Of a workbook, with empty ones; a sheet has 1,048,576 at the most."""
_MOST_CELLS = 5_000_000


class XlsxParser:
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    suffixes = (".xlsx", ".xlsm")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        from openpyxl import load_workbook

        open_document(data).close()
        workbook = load_workbook(BytesIO(data), read_only=True, data_only=True)
        try:
            builder = TextBuilder()
            rows = cells = 0
            for sheet in workbook.worksheets:
                if sheet.sheet_state != "visible":
                    continue
                builder.heading(1, sheet.title)
                sheet.reset_dimensions()  # what a file claims of its size isn't always so

                def counted(sheet: Any = sheet) -> Iterator[list[str]]:
                    nonlocal rows, cells
                    for row in sheet.iter_rows(values_only=True):
                        rows, cells = rows + 1, cells + len(row)
                        if rows > _MOST_ROWS or cells > _MOST_CELLS:
                            raise DocumentError("it has too many rows or columns to be read")
                        if any(value is not None for value in row):
                            yield [_text(value) for value in row]

                builder.table(counted())
            return builder.parsed(*core_properties(workbook.properties), is_prose=False)
        finally:
            workbook.close()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"  # the digits a spreadsheet has
    return "" if value is None else str(value)
