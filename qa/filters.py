"""Which documents a question is put to: conditions such as ``date>=2023-10-01``.

A condition is a field, an operator (``= != < <= > >= ~``) and a value; of several all must hold.

- **Fields** are ``date``, ``path``, ``title`` and ``language``, and by any other name what a
  document says of itself (front matter, meta elements); capitals in names don't matter. A document
  that lacks a field never matches, except with ``!=``, which is always the opposite of ``=``.
- **Alternatives**: ``language=de|en`` is either, ``language!=de|en`` neither of them.
- **Quotes**, double or single, make anything a value: ``title="Yes|No"``, ``title=" = "``.
- **Dates**: a year or month stands for all its days. So ``date=2023-10`` is any day of that
  October, ``date>2023`` begins on the first day of 2024, ``date<2023`` ends with the last of 2022,
  and ``date<=2023`` and ``date>=2023`` have the whole of 2023 in them.
- **Own fields** compare as numbers where both sides are numbers, as dates where both are dates,
  otherwise as text. A year or month in a document is somewhere within it: it is ``=`` another that
  holds all of it, and before or after one only if all of it is.
- **Text** is compared ignoring case; ``~`` is "contains".
- **Paths** are the stored, absolute ones, and ``=`` takes ``*`` for any characters, ``/`` among
  them, and ``?`` for one. ``path=reports/*`` is all that is below any folder of that name, as is
  ``path=reports/``; ``path=/home/ada/*`` begins at the root. Case matters. A document at several
  paths has the condition fulfilled by any of them.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from qa.errors import UsageError
from qa.types import DocumentInfo

MAX_CONDITIONS = 20
MAX_CHARACTERS = 500
"""Of one condition."""

_OPERATOR = re.compile(r"!=|<=|>=|[=<>~]")
_ALTERNATIVE = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^|]*))\s*(\||\Z)""")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_TIME_OF_DAY = re.compile(r"(?<=-\d\d)[T ]\d\d:\d\d.*", re.ASCII | re.DOTALL)

_Range = tuple[Any, Any]
"""The first and last of what a value stands for: the same thing twice, but for a year or month."""

# Of a document's value and the one wanted; a year 2023 in a document isn't after 2023-03.
_COMPARISONS: Mapping[str, Callable[[_Range, _Range], bool]] = {
    "=": lambda value, wanted: bool(wanted[0] <= value[0] and value[1] <= wanted[1]),
    "<": lambda value, wanted: bool(value[1] < wanted[0]),
    "<=": lambda value, wanted: bool(value[1] <= wanted[1]),
    ">": lambda value, wanted: bool(value[0] > wanted[1]),
    ">=": lambda value, wanted: bool(value[0] >= wanted[0]),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One alternative of a condition's value, as all that it can be taken for."""

    text: str
    """As `_folded`."""
    number: Decimal | None
    period: _Range | None
    pattern: re.Pattern[str] | None
    """What a path has to match, in a condition that says so."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that has to hold of a document; made by `parse_filter`."""

    field: str
    operator: str
    wanted: tuple[Wanted, ...]

    @property
    def is_negative(self) -> bool:
        return self.operator == "!="

    def matches(self, info: DocumentInfo) -> bool:
        return any(map(self.fits, self._values(info))) != self.is_negative

    def fits(self, value: str) -> bool:
        """Whether a value is one of those named, before any "not"."""
        for wanted in self.wanted:  # noqa: SIM110 - a store asks this a hundred thousand times
            if self._fits(value, wanted):
                return True
        return False

    def _fits(self, value: str, wanted: Wanted) -> bool:
        if wanted.pattern:
            return wanted.pattern.fullmatch(_composed("/" + value)) is not None
        if self.operator == "~":
            return wanted.text in _folded(value)
        return _COMPARISONS[self.operator.removeprefix("!")](*_alike(value, wanted))

    def _values(self, info: DocumentInfo) -> Sequence[str]:
        match self.field:
            case "path":
                return info.paths
            case "date":
                value = info.published.isoformat() if info.published else None
            case "title":
                value = info.title
            case "language":
                value = info.language
            case name:
                value = info.metadata.get(name)
        return () if value is None else (value,)


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all have to hold; without any, everything matches."""

    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def matches(self, info: DocumentInfo) -> bool:
        return all(condition.matches(info) for condition in self.conditions)


def parse_filter(texts: Sequence[str]) -> Filter:
    """The filter that some conditions make; see the module for how they are written.

    Raises:
        UsageError: a condition is malformed, or there are too many.
    """
    texts = [texts] if isinstance(texts, str) else texts
    if len(texts) > MAX_CONDITIONS:
        raise UsageError(
            f"There are {len(texts)} filters: give at most {MAX_CONDITIONS}; alternatives fit into "
            "one, as in language=de|en."
        )
    return Filter(tuple(map(_condition, texts)))


def _condition(text: str) -> Condition:
    shown = repr(text if len(text) <= 60 else text[:60] + "…")
    if len(text) > MAX_CHARACTERS:
        raise UsageError(
            f"The filter {shown} has {len(text):,} characters: write at most {MAX_CHARACTERS}, as "
            "in title~budget."
        )
    found = _OPERATOR.search(text)
    field = text[: found.start()].strip().lower() if found else ""
    if not found or not field:
        raise UsageError(
            f"The filter {shown} is no condition: write a field, one of = != < <= > >= ~, and a "
            "value, as in date>=2023-10-01."
        )
    operator = found.group()
    values = _alternatives(text[found.end() :], shown)
    if len(values) > 1 and operator not in ("=", "!=", "~"):
        raise UsageError(
            f"The filter {shown} has alternatives, which only = != ~ take: write one value, as in "
            'date>=2023-10-01, or put it in quotes, as in title>="a|b".'
        )
    return Condition(field, operator, tuple(_wanted(field, operator, v, shown) for v in values))


def _alternatives(text: str, shown: str) -> list[str]:
    """The values between the bars, without their quotes."""
    values: list[str] = []
    position, more = 0, True
    while more:
        found = _ALTERNATIVE.match(text, position)
        assert found is not None  # noqa: S101 - it matches whatever there is
        quoted = found[1] if found[1] is not None else found[2]
        value = quoted if quoted is not None else found[3].strip()
        if not value and quoted is None:
            raise UsageError(
                f"The filter {shown} lacks a value: write one, as in language=de or "
                'language=de|en, or author="" for an empty one.'
            )
        # "==" and "=~" of other languages would else look for a value that begins so.
        if quoted is None and value[0] in "\"'=<>~":
            raise UsageError(
                f"The filter {shown} has a value that begins with {value[0]}: put it all in quotes "
                "if that is meant, as in title=\"'Yes' or no\"."
            )
        values.append(value)
        position, more = found.end(), bool(found[4])
    return values


def _wanted(field: str, operator: str, value: str, shown: str) -> Wanted:
    number, period, pattern = _number(value), _period(value), None
    if field == "date":
        number = None  # 2024 is a year here
        if operator == "~":
            raise UsageError(
                f"The filter {shown} looks for a part of a date: name a year, month or day with =, "
                "as in date=2023-10."
            )
        if period is None:
            raise UsageError(
                f"The filter {shown} needs a date: write a year, month or day, as in "
                "date>=2023-10-01."
            )
    if field == "path":
        if operator in ("=", "!="):
            pattern = _path_pattern(value)
        elif operator != "~":
            raise UsageError(
                f"The filter {shown} puts paths in an order: compare them with = != ~, as in "
                "path=reports/*."
            )
    return Wanted(_folded(value), number, period, pattern)


# ------------------------------------------------------------------ values


def _alike(value: str, wanted: Wanted) -> tuple[_Range, _Range]:
    """A document's value and the one wanted, as two of a kind."""
    if wanted.number is not None and (number := _number(value)) is not None:
        return (number, number), (wanted.number, wanted.number)
    if wanted.period is not None and (period := _period(_TIME_OF_DAY.sub("", value))):
        return period, wanted.period
    text = _folded(value)
    return (text, text), (wanted.text, wanted.text)


def _number(text: str) -> Decimal | None:
    # No exponents: what looks like 12e34 is rather a part of a hash.
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _period(text: str) -> _Range | None:
    """The first and last day of a year, month or day."""
    found = _PERIOD.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:  # as 2023-02-30
        return None
    if day:
        return first, first
    return first, date(first.year, month or 12, monthrange(first.year, month or 12)[1])


def _folded(text: str) -> str:
    """The text as it compares ignoring case, and whichever way its accents are encoded."""
    if text.isascii():
        return text.lower()
    folded = _composed(unicodedata.normalize("NFD", text).casefold())
    return folded.replace("i\u0307", "i")  # İ is a capital i in Azerbaijani and Turkish


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _path_pattern(glob: str) -> re.Pattern[str]:
    """What a path with one more "/" in front matches fully if a glob does.

    The parts between stars are searched for without ever going back: stars match any characters,
    so the first place is as good as any, and no glob takes more than one pass.
    """
    glob = _composed(glob).removeprefix("./")
    if glob.endswith("/"):
        glob += "*"
    glob = f"/{glob}" if glob.startswith("/") else f"*/{glob}"
    first, *others = (re.escape(part).replace(r"\?", ".") for part in glob.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    found = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL)
