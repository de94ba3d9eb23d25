"""The dates that a text states, in any usual written form, whole or in part.

The names of months are those of CLDR, in the text's language and in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from qa.verification.wording import folded

_ISO = re.compile(r"(?<![\d-])(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)")
_EASTERN = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?")
_FIGURES = re.compile(r"(?<![\d./])(\d{1,2})(?P<sign>[./])(\d{1,2})(?P=sign)(\d{4})(?![\d/])")
_YEAR = re.compile(r"(?<![\w.,'$€£¥])(?P<year>[12]\d{3})(?P<decade>'?s\b)?(?![\w%°])(?![.,']\d)")
_YEARS = re.compile(r"(?<![\w.,'])(?P<first>[12]\d)(?P<year>\d\d)-(?P<last>\d\d)(?![\w-])")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date at ``[start, end)`` of a text; what it leaves open is None."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    decade: bool = False
    """The ten years from ``year`` on, as in "the 1990s"."""

    @property
    def is_year(self) -> bool:
        return self.month is None and not self.decade

    def fits(self, other: Dated) -> bool:
        """Whether another says all that this one does."""
        return self.decade == other.decade and all(
            mine is None or mine == its
            for mine, its in zip(self._parts(), other._parts(), strict=True)
        )

    def _parts(self) -> tuple[int | None, ...]:
        return self.year, self.month, self.day


def dates(text: str, language: str) -> list[Dated]:
    """The dates in a text that is normalised, in order; of two readings of one both are there."""
    found: list[Dated] = []
    taken: set[int] = set()
    spans: set[tuple[int, int]] = set()
    for dated in _all(text, language):
        span = (dated.start, dated.end)
        if span in spans or taken.isdisjoint(range(*span)):
            taken.update(range(*span))
            spans.add(span)
            found.append(dated)
    return sorted(found, key=lambda dated: dated.start)


def held(wanted: Dated, texts: Iterable[Dated], published: Sequence[date] = ()) -> bool:
    """Whether a date is stated: whole, or its day by one date without a year that stands beside
    the year, as in "October 3" of a report from 2023."""
    stated = [*texts, *(Dated(0, 0, day.year, day.month, day.day) for day in published)]
    if any(wanted.fits(dated) for dated in stated):
        return True
    if wanted.year is None or wanted.month is None:
        return False
    open_year = Dated(0, 0, None, wanted.month, wanted.day)
    return any(dated.year is None and open_year.fits(dated) for dated in stated) and any(
        dated.year == wanted.year for dated in stated
    )


def _all(text: str, language: str) -> Iterator[Dated]:
    for pattern in (_ISO, _EASTERN):
        for match in pattern.finditer(text):
            yield from _dated(match, match["year"], match["month"], match["day"])
    for match in _FIGURES.finditer(text):
        yield from _dated(match, match[4], match[3], match[1])
        if match["sign"] == "/" and language == "en":
            yield from _dated(match, match[4], match[1], match[3])
    numbers, patterns = _spelt(language)
    for pattern in patterns:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = str(numbers[folded(parts["month"])])
            yield from _dated(match, parts.get("year"), month, parts.get("day"))
    for match in _YEARS.finditer(text):  # "1914-18"
        if match["last"] > match["year"]:
            yield Dated(match.start(), match.end(), int(match["first"] + match["year"]))
            yield Dated(match.start(), match.end(), int(match["first"] + match["last"]))
    for match in _YEAR.finditer(text):
        yield Dated(match.start(), match.end(), int(match["year"]), decade=bool(match["decade"]))


def _dated(match: re.Match[str], year: str | None, month: str, day: str | None) -> Iterator[Dated]:
    if 1 <= int(month) <= 12 and (day is None or 1 <= int(day) <= 31):
        whole = int(year) if year else None
        yield Dated(match.start(), match.end(), whole, int(month), int(day) if day else None)


@cache
def _spelt(language: str) -> tuple[dict[str, int], tuple[re.Pattern[str], ...]]:
    """The months' names, folded, and the patterns of dates with them, the longest dates first."""
    names = {
        name: number for tag in dict.fromkeys(("en", language)) for name, number in _months(tag)
    }
    spellings = {folded(name): number for name, number in names.items()}
    months = "|".join(sorted({re.escape(name) for name in names}, key=len, reverse=True))
    month = rf"(?P<month>\b(?:{months})\b)\.?"
    day = r"(?P<day>(?<![\d.,])\d{1,2})(?:st|nd|rd|th|er|\.|º|ª)?(?![\d.,]?\d)"
    year = r"(?P<year>[12]\d{3})(?!\d)"
    of = r"(?:of |de |del |di |d')?"
    day_month, month_day = rf"{day} {of}{month}", rf"{month} (?:the )?{day}"
    patterns = [
        *(rf"{whole},? {of}(?:the year )?{year}" for whole in (day_month, month_day)),
        day_month,
        month_day,
        rf"{month},? {of}{year}",
    ]
    if language in {"en", "de"}:  # where a month has a capital
        alone = "|".join(re.escape(n) for n in names if len(n) > 3 and n[0].isupper())
        patterns.append(rf"(?<!^)(?<![.!?] )(?P<month>\b(?-i:{alone})\b)")
    return spellings, tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _months(language: str) -> Iterator[tuple[str, int]]:
    from babel.core import UnknownLocaleError
    from babel.dates import get_month_names

    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            try:
                names = get_month_names(width, context, locale=language)
            except (UnknownLocaleError, ValueError):
                return
            for number, name in names.items():
                plain = name.rstrip(".")
                if plain.isalpha() and len(plain) > 2:
                    yield plain, number
                    if language == "en" and number == 9:
                        yield "Sept", number
