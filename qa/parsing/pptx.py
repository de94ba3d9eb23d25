"""PPTX by python-pptx: a page a slide, its title as heading, and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import PurePath
from typing import Any

from qa.parsing.archive import open_document
from qa.parsing.base import Options, Parsed, TextBuilder
from qa.parsing.office import core_properties

_DEEPEST_GROUP = 20


class PptxParser:
    media_type = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    suffixes = (".pptx",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        import pptx

        open_document(data).close()
        presentation = pptx.Presentation(BytesIO(data))
        builder = TextBuilder()
        for number, slide in enumerate(presentation.slides, start=1):
            builder.page(number)
            _add_slide(builder, slide)
        return builder.parsed(*core_properties(presentation.core_properties))


def _add_slide(builder: TextBuilder, slide: Any) -> None:
    title = slide.shapes.title
    name = title.text_frame.text if title is not None else ""
    builder.heading(1, name)
    for shape in _shapes(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_table:
            rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
            builder.table(rows, has_header=shape.table.first_row)
        elif shape.has_chart:
            _add_chart(builder, shape.chart)
        elif shape.has_text_frame:
            builder.block("\n".join(_lines(shape.text_frame)))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        builder.block(slide.notes_slide.notes_text_frame.text)


def _shapes(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Shapes from top to bottom, as they are read, and those within groups."""
    placed = sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    for shape in placed:
        if hasattr(shape, "shapes"):
            if depth < _DEEPEST_GROUP:
                yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _lines(frame: Any) -> Iterator[str]:
    """A text's paragraphs; several are the items of a list, as slides have them."""
    paragraphs = [p for p in frame.paragraphs if p.text.strip()]
    for paragraph in paragraphs:
        text = " ".join(paragraph.text.split())
        yield f"{'  ' * paragraph.level}- {text}" if len(paragraphs) > 1 else text


def _add_chart(builder: TextBuilder, chart: Any) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.block(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(one.name for one in series)]]
        for number, category in enumerate(plot.categories):
            values = (one.values[number] if number < len(one.values) else "" for one in series)
            rows.append([str(category), *("" if v is None else str(v) for v in values)])
        builder.table(rows, has_header=True)
