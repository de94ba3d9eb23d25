"""Plain text: kept exactly as it is, so that offsets hold in the file as well."""

from __future__ import annotations

from pathlib import PurePath

from qa.parsing.base import Options, Parsed, decode
from qa.parsing.metadata import first_sentence, leading_date, leading_title
from qa.types import Section


class TextParser:
    media_type = "text/plain"
    suffixes = (".txt", ".text", ".log")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        text = decode(data)
        title, body = leading_title(text)
        return Parsed(
            text=text,
            structure=(Section(0, body, len(text)),),
            title=title or first_sentence(text),
            title_stated=title is not None,
            published=leading_date(text) or leading_date(text[body:]),
        )
