"""The numbers that a text states, in digits and in words, each with what it counts.

Number words are read by text2num; units of measurement and decimal signs are those of CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise

from qa.verification.wording import WORD, folded

_SPELT = {"da", "de", "en", "es", "fr", "it", "nl", "pt"}
"""Languages whose number words text2num reads."""
_DIGITS = re.compile(
    r"(?:(?P<before>[$€£¥₽₺₹₼₴]\s?)|(?<![^\W_]))(?P<number>\d+(?:[.,']\d+)*)"
    r"(?P<ordinal>(?:st|nd|rd|th)\b)?(?P<scale>\s?(?:bn|mn|tn|mio|mrd|mld|млн|млрд)\b|[mk]\b)?",
    re.IGNORECASE,
)
_SCALES = {
    "bn": 9, "mn": 6, "tn": 12, "mio": 6, "mrd": 9, "mld": 9, "млн": 6, "млрд": 9, "m": 6, "k": 3,
}  # fmt: skip
_SYMBOLS = {
    "$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₽": "ruble", "₺": "lira",
    "₹": "rupee", "₼": "manat", "₴": "hryvnia",
}  # fmt: skip
_CURRENCIES = {
    "dollar": "dollar", "dollars": "dollar", "usd": "dollar", "euro": "euro", "euros": "euro",
    "eur": "euro", "pound": "pound", "pounds": "pound", "gbp": "pound", "sterling": "pound",
    "yen": "yen", "jpy": "yen", "ruble": "ruble", "rubles": "ruble", "rouble": "ruble",
    "roubles": "ruble", "lira": "lira", "rupee": "rupee", "rupees": "rupee", "manat": "manat",
    "manats": "manat", "crown": "crown", "crowns": "crown", "krone": "crown", "kroner": "crown",
    "krona": "crown", "kronor": "crown", "franc": "franc", "francs": "franc", "chf": "franc",
}  # fmt: skip
_UNITS = (
    "percent", "kilometer", "meter", "centimeter", "millimeter", "mile", "foot", "inch", "yard",
    "kilogram", "gram", "ton", "pound", "ounce", "second", "minute", "hour", "day", "week",
    "month", "year", "decade", "century", "square-kilometer", "square-mile", "hectare", "acre",
    "liter", "gallon", "watt", "kilowatt", "megawatt", "celsius", "fahrenheit",
)  # fmt: skip
_SIGNS = {"%": "percent", "°C": "celsius", "°F": "fahrenheit"}
_UNIT = re.compile(r"[\s-]?(?:(?P<sign>%|°[CF])|(?P<words>[^\W\d_]+(?:\s[^\W\d_]+)?))")
_PERCENT = re.compile(r"\b(?:p[eo]r\s(?:cent|cento|ciento)|pour\scent)\b", re.IGNORECASE)
_SEPARATE = re.compile(r"[^\s-]")
_PLURALS = re.compile(r"(?:hundred|thousand|[mbtr]+illion|dozen)s|seconds", re.IGNORECASE)
_OF_TIME = re.compile(r"(?:\d|\bper|\bevery|\beach)[\s-]$", re.IGNORECASE)
_ENGLISH_GROUPS = re.compile(r"\d{1,3}(?:[,']\d{2,3})*[,']\d{3}(?:\.\d+)?")
_OTHER_GROUPS = re.compile(r"\d{1,3}(?:[.']\d{3})+(?:,\d+)?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number at ``[start, end)`` of a text."""

    start: int
    end: int
    value: Decimal | str
    """The digits as they stand where they are no number, as in "3.1.4"."""
    unit: str | None = None
    """A unit of measurement, percent or a currency; None: another thing, or nothing."""
    ordinal: bool = False
    digits: bool = True
    """False of a number that is spelt."""

    def means(self, other: Number) -> bool:
        """Whether two are the same; one without a unit may be of any."""
        return (
            self.value == other.value
            and self.ordinal == other.ordinal
            and (self.unit == other.unit or self.unit is None or other.unit is None)
        )


def numbers(text: str, language: str) -> list[Number]:
    """The numbers in a text that is normalised, by the usage of its language, in order."""
    text = _PERCENT.sub(lambda match: "%".ljust(len(match.group())), text)
    spelt = list(_spelt(text, language)) if language in _SPELT else []
    found: list[Number] = []
    scales = {number.start: number for number in spelt if _is_scale(number)}
    for match in _DIGITS.finditer(text):
        number = _written(match, language)
        scale = scales.get(match.end() + 1)
        if scale and not number.ordinal and isinstance(number.value, Decimal):
            value = number.value * Decimal(scale.value)  # "5 million"
            number = replace(number, end=scale.end, value=value)
            spelt.remove(scale)
        found.append(number)
    ordered = sorted([*found, *spelt], key=lambda number: number.start)
    return [_with_unit(number, text, language) for number in ordered]


def _written(match: re.Match[str], language: str) -> Number:
    value = _value(match["number"], language)
    unit = _SYMBOLS.get(match["before"].strip()) if match["before"] else None
    end = match.end()
    if match["scale"]:
        scale = folded(match["scale"].strip())
        if len(scale) > 1 or unit or scale == "k":  # "5m" are metres, "$5m" millions
            value = value * 10 ** _SCALES[scale] if isinstance(value, Decimal) else value
        else:
            end = match.start("scale")
    return Number(match.start(), end, value, unit, bool(match["ordinal"]))


def _value(digits: str, language: str) -> Decimal | str:
    comma = _decimal_comma(language)
    readings = [(_OTHER_GROUPS, ".", ","), (_ENGLISH_GROUPS, ",", ".")]
    for groups, separator, decimal in readings if comma else reversed(readings):
        if groups.fullmatch(digits):
            plain = digits.replace("'", "").replace(separator, "")
            return Decimal(plain.replace(decimal, "."))
    try:
        return Decimal(digits.replace(",", "."))
    except ArithmeticError:
        return digits


@cache
def _decimal_comma(language: str) -> bool:
    from babel.core import UnknownLocaleError
    from babel.numbers import get_decimal_symbol

    try:
        return get_decimal_symbol(language) == ","
    except (UnknownLocaleError, ValueError):
        return False


class _Token:
    """A word, as text2num takes one."""

    def __init__(self, match: re.Match[str], separate: bool) -> None:
        self.match, self.separate = match, separate

    def text(self) -> str:
        return self.match.group()

    def nt_separated(self, previous: object) -> bool:
        return self.separate

    def not_a_number_part(self) -> bool:
        return self.match.group()[0].isdigit()


def _spelt(text: str, language: str) -> Iterator[Number]:
    from text_to_num import find_numbers

    matches = list(WORD.finditer(text))
    gaps = [bool(_SEPARATE.search(text, a.end(), b.start())) for a, b in pairwise(matches)]
    tokens = [_Token(match, gap) for match, gap in zip(matches, [True, *gaps], strict=False)]
    years: Number | None = None
    for found in find_numbers(tokens, language, 0.0):
        first, last = matches[found.start], matches[found.end - 1]
        if first is last and language == "en" and _is_no_number(first):
            continue
        if first.group()[0].isdigit():
            continue
        value = Decimal(str(found.value)).normalize()
        number = Number(first.start(), last.end(), value, ordinal=found.is_ordinal, digits=False)
        if years and _makes_year(years, number):  # "nineteen eighty-four"
            yield replace(years, end=number.end, value=Decimal(years.value) * 100 + value)
        yield number
        years = number


def _makes_year(hundreds: Number, rest: Number) -> bool:
    return (
        rest.start == hundreds.end + 1
        and 10 <= Decimal(hundreds.value) <= 20
        and 10 <= Decimal(rest.value) <= 99
    )


def _is_no_number(match: re.Match[str]) -> bool:
    """Whether an English word is a vague number, or a second of time."""
    if folded(match.group()) == "second":
        return bool(_OF_TIME.search(match.string, max(0, match.start() - 9), match.start()))
    return bool(_PLURALS.fullmatch(match.group()))


def _is_scale(number: Number) -> bool:
    digits = Decimal(number.value).normalize().as_tuple()
    return digits.digits == (1,) and isinstance(digits.exponent, int) and digits.exponent >= 2


def _with_unit(number: Number, text: str, language: str) -> Number:
    match = None if number.unit else _UNIT.match(text, number.end)
    if not match:
        return number
    if match["sign"]:
        return replace(number, unit=_SIGNS[match["sign"]])
    both = folded(match["words"])
    units = _units(language)
    unit = units.get(both) or units.get(both.partition(" ")[0])
    return replace(number, unit=unit) if unit else number


@cache
def _units(language: str) -> dict[str, str]:
    """Names of units to what CLDR calls them, and of currencies."""
    names = dict(_CURRENCIES)
    for tag in dict.fromkeys((language, "en", "en_GB")):
        for unit in _UNITS:
            names |= {name: unit for name in _unit_names(unit, tag) if name not in names}
    return names


def _unit_names(unit: str, language: str) -> Iterator[str]:
    from babel.core import UnknownLocaleError
    from babel.units import UnknownUnitError, format_unit

    for length, count in (("long", 1), ("long", 2), ("long", 5), ("short", 2)):
        try:
            name = format_unit(count, unit, length, locale=language)  # type: ignore[arg-type]
        except (UnknownLocaleError, UnknownUnitError, ValueError):
            continue
        yield folded(name.replace(str(count), "").strip(" \u00a0."))


def counted(found: Number, held: Sequence[Number]) -> bool:
    """Whether a number is among those that a text holds."""
    return any(found.means(other) for other in held)
