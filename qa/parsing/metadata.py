"""Titles and dates, where a document states them in its text rather than beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from itertools import islice

_LONGEST_TITLE = 120
_MOST_FIELDS = 100
_LONGEST_NAME = 100
_LONGEST_VALUE = 2000
"""Characters; a catalog lists metadata beside titles, so that no document may fill it with them."""
_OPENING = 2000  # characters: a title or dateline stands in the first lines or nowhere

_LABEL = r"(?:(?:date|dated|published|updated|posted)\b(?:\s+on)?\s*:?\s*)?"
_ISO = r"(?P<iso>\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
# "date 2023-10-03", "Published: 2023-10-03T08:00Z", "2023-10-03" at the very start
_LEADING_ISO = re.compile(
    rf"\s*{_LABEL}{_ISO}\b[\s,;:|\u2013\u2014-]*",
    re.I,
)
_MONTH_DAY_YEAR = r"[^\W\d_]{3,12}\.? \d{1,2},? \d{4}"
_DAY_MONTH_YEAR = r"\d{1,2}\.? [^\W\d_]{3,12}\.?,? \d{4}"
_LEADING_WORDS = re.compile(
    rf"\s*{_LABEL}"
    rf"(?P<words>{_MONTH_DAY_YEAR}|{_DAY_MONTH_YEAR})\b[\s,;:|\u2013\u2014-]*",
    re.I,
)
# "BAKU, Azerbaijan, October 3." or "LONDON, 4 March 2024 (Reuters) —": capitals, then a date
_DATELINE = re.compile(
    r"\s*[^\W\d_a-z][^\W\d_a-z .'-]{2,40}(?:, [^\W\d_][\w .'-]{1,40}?)?, "
    rf"(?P<words>{_MONTH_DAY_YEAR}|{_DAY_MONTH_YEAR}|[^\W\d_]{{3,12}}\.? \d{{1,2}}|"
    r"\d{1,2} [^\W\d_]{3,12})\b\.?(?:\s*\([^()]{1,40}\))?\s*[.\u2013\u2014-]*\s*"
)


def leading_date(text: str) -> date | None:
    """The date a text opens with: a date line, or the dateline of a news report."""
    opening = text[:_OPENING]
    for pattern in (_LEADING_ISO, _LEADING_WORDS, _DATELINE):
        match = pattern.match(opening)
        if match:
            found = to_date(match["iso"] if pattern is _LEADING_ISO else match["words"])
            if found:
                return found
    return None


def leading_title(text: str) -> tuple[str | None, int]:
    """The title line a plain text opens with and the offset behind it, or ``(None, 0)``.

    A title line stands alone above a blank line, is short and doesn't end as a sentence does.
    """
    begin = len(text) - len(text.lstrip())
    line, _, rest = text[begin : begin + _OPENING].partition("\n")
    line = line.rstrip()
    if not line or rest.partition("\n")[0].strip() or not rest.strip():
        return None, 0  # nothing stands alone above a blank line and more text
    is_date = _LEADING_ISO.fullmatch(line) or _LEADING_WORDS.fullmatch(line)
    if len(line) > _LONGEST_TITLE or line[-1] in ".!?:;,…。" or is_date:
        return None, 0
    return line, begin + len(line)


def first_sentence(text: str) -> str | None:
    """The first sentence behind any date or dateline, shortened to a title's length."""
    from sentencex import segment

    opening = text[:_OPENING]
    for pattern in (_LEADING_ISO, _LEADING_WORDS, _DATELINE):
        match = pattern.match(opening)
        if match and opening[match.end() :].strip():
            opening = opening[match.end() :]
    return shortened(segment("en", opening.strip())[0]) if opening.strip() else None


def shortened(title: str) -> str | None:
    """The title on one line, cut between words where it is too long."""
    title = " ".join(title.split())
    if len(title) <= _LONGEST_TITLE:
        return title or None
    return title[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def to_date(value: object) -> date | None:
    """The date that a metadata value states, if it states a whole one."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError:
        pass
    import dateparser

    found = dateparser.parse(
        value.strip()[:60],
        settings={"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]},
    )
    return found.date() if found else None


def bounded(metadata: Mapping[str, str]) -> dict[str, str]:
    """The fields that have a name and a value, as far as they are short and few."""
    fields = (
        (valid_unicode(name).strip(), valid_unicode(value[:_LONGEST_VALUE]).strip())
        for name, value in metadata.items()
        if len(name) <= _LONGEST_NAME
    )
    return dict(islice(((name, value) for name, value in fields if name and value), _MOST_FIELDS))


def valid_unicode(text: str) -> str:
    """Lone surrogates, which no tokenizer or database takes, as question marks."""
    return text.encode("utf-8", "replace").decode()
