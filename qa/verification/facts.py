"""What a text states that can be held against another: numbers, dates and names, and its words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from qa.analysis import analysis_of, content
from qa.verification.dates import Dated, dates
from qa.verification.dates import held as date_held
from qa.verification.names import PLAIN, Name, bases, has, initials
from qa.verification.numbers import Number, counted, numbers
from qa.verification.wording import WORD, folded


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a text as two texts are laid side by side."""

    start: int
    word: str
    capital: bool
    """Whether it has a capital, or is a number."""
    literal: bool
    """Whether it is a number, or has a capital where none is due."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text, or several taken together, state."""

    language: str
    numbers: tuple[Number, ...] = ()
    dates: tuple[Dated, ...] = ()
    words: frozenset[str] = frozenset()
    """As names are compared."""
    names: frozenset[str] = frozenset()
    """Those of them that have a capital where none is due."""
    initials: str = ""
    stems: frozenset[str] = frozenset()
    published: tuple[date, ...] = ()
    tokens: tuple[Token, ...] = field(default=(), repr=False)

    def __or__(self, other: Facts) -> Facts:
        return Facts(
            self.language,
            self.numbers + other.numbers,
            self.dates + other.dates,
            self.words | other.words,
            self.names | other.names,
            f"{self.initials} {other.initials}",
            self.stems | other.stems,
            self.published + other.published,
        )

    def has_number(self, number: Number) -> bool:
        return counted(number, self.numbers)

    def has_date(self, dated: Dated) -> bool:
        """A year may also stand as a number: whether "1700" is one can't be told."""
        if dated.is_year and any(
            number.value == dated.year and not number.ordinal for number in self.numbers
        ):
            return True
        return date_held(dated, self.dates, self.published)

    def has_name(self, name: Name) -> bool:
        return not self.missing(name)

    def missing(self, name: Name) -> list[str]:
        """The words of a name that are not there."""
        return [
            word
            for word in name.words
            if not has(word, self.words, self.language)
            and not (word in name.acronyms and word in self.initials)
        ]


def facts(text: str, language: str, published: Iterable[date] = ()) -> Facts:
    """What a text that is normalised states, read by the usage of its language."""
    found = dates(text, language)
    stated = numbers(text, language)
    words = list(bases(text))
    capital = frozenset(word for word, is_capital in words if is_capital)
    return Facts(
        language=language,
        numbers=tuple(stated),
        dates=tuple(found),
        words=frozenset(word for word, _ in words),
        names=capital,
        initials=initials(text),
        stems=content(text, analysis_of(language)).stems,
        published=tuple(published),
        tokens=tuple(_tokens(text, stated, capital)),
    )


def joined(parts: Collection[Facts], language: str) -> Facts:
    """Several texts' facts taken together."""
    whole = Facts(language)
    for part in parts:
        whole |= part
    return whole


def _written(number: Number) -> str:
    """One form for each value: 10, "10.0" and "ten" are equal but written differently."""
    value = number.value
    return f"#{value.normalize():f}" if isinstance(value, Decimal) else f"#{value}"


def _tokens(text: str, stated: Iterable[Number], names: Collection[str]) -> Iterator[Token]:
    """The words in order, each number as one."""
    ahead = iter(sorted(stated, key=lambda number: (number.start, -number.end)))
    number = next(ahead, None)
    end = 0
    for match in WORD.finditer(text):
        if match.start() < end:
            continue
        while number and number.end <= match.start():
            number = next(ahead, None)
        if number and number.start < match.end():
            end = max(number.end, match.end())
            yield Token(match.start(), _written(number), True, True)
        else:
            word = folded(match.group())
            capital = match.group()[0].isupper() and word not in PLAIN
            digits = word[0].isdigit()  # "1990s"
            literal = digits or (capital and word in names)
            yield Token(match.start(), word, digits or capital, literal)
