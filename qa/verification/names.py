"""The names in a sentence, as far as capitals tell them, and whether a text has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from qa.analysis import NOUNS_CAPITAL, analysis_of
from qa.verification.wording import folded, stem, words

_TOKEN = re.compile(r"[^\W\d_](?:\w|['&.-](?=\w))*\.?")
_OPENS = re.compile(
    r"(?:[!?:;•|]\s|(?:[^\W_]{2}|[\"')\]])\.\s|[\"“„«(\[]|\s-\s)$"
)  # not an initial
PLAIN = frozenset(
    words(
        "a about above according across additionally after afterwards again against all almost "
        "along already also although altogether among an and another any anyone are around as "
        "at away because been before behind being below beneath beside besides between beyond "
        "both but by can could despite did do does down due during each earlier either else "
        "elsewhere enough even eventually ever every everyone everything except few finally "
        "first for former from further furthermore given had has have having he hence her here "
        "hers him his how however i if in indeed initially instead into is it its itself just "
        "last later latter less like many may meanwhile might more moreover most much must near "
        "nearly neither never nevertheless next no nobody none nonetheless nor not nothing now "
        "of off often on once one only or other others our out outside over overall part people "
        "per perhaps rather second several shall she should since so some someone sometimes "
        "somewhere soon still such than that the their them then there thereafter therefore "
        "these they third this those though through throughout thus to today together too "
        "toward towards two under unless unlike until up upon us various very was we were what "
        "whatever when whenever where whereas wherever whether which while who whom whose why "
        "will with within without would yes yet you your"
    )
)
# How an English word ends that is none of a name, as one that begins a sentence may.
_PLAIN_ENDING = re.compile(
    r"\w{2,}(?:ly|ing|ed|s|tion|sion|ment|ness|ity|ism|ance|ence|ship|hood|ure|age|ible|able|ful"
    r"|ous|ive)"
)
_OF_PEOPLE = frozenset(words("s n an ian ans ians ns i is ese ish ean eans ic"))
"""What makes of a land its people or language, or more than one of a name."""


@dataclass(frozen=True, slots=True)
class Name:
    """A run of words with capitals at ``[start, end)`` of a text."""

    start: int
    end: int
    words: tuple[str, ...]
    """Folded, without the ending of a genitive."""
    acronyms: frozenset[str] = frozenset()
    """Those of its words that are acronyms."""


@dataclass(frozen=True, slots=True)
class Known:
    """What some passages tell of words that begin a sentence."""

    names: Collection[str]
    """Words that have a capital where none is due."""
    plain: Collection[str]
    """Words that stand without a capital."""


def names(text: str, language: str, known: Known) -> list[Name]:
    """The names in a sentence that is normalised, in order.

    In a language whose nouns all have capitals these are acronyms and runs of two words or more.
    """
    runs: list[list[re.Match[str]]] = []
    for match in _TOKEN.finditer(text):
        if not _may_be_name(match, language, known):
            continue
        near = runs and text[runs[-1][-1].end() : match.start()] == " "
        if near and not runs[-1][-1].group().endswith("'s"):
            runs[-1].append(match)
        else:
            runs.append([match])
    found = []
    for run in runs:
        words = tuple(base(match.group()) for match in run)
        if language not in NOUNS_CAPITAL or len(run) > 1 or _is_acronym(run[0].group()):
            acronyms = frozenset(base(m.group()) for m in run if _is_acronym(m.group()))
            last = run[-1].group()
            stop = last.endswith(".") and len(words[-1]) > 1 and "." not in last[:-1]
            found.append(Name(run[0].start(), run[-1].end() - stop, words, acronyms))
    return found


def base(token: str) -> str:
    """A word as it is compared: folded, without full stops and the ending of a genitive."""
    stem_, apostrophe, _ = token.rpartition("'")
    if apostrophe and len(stem_) > 2:
        token = stem_
    return folded(token.replace(".", ""))


def bases(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text as names are compared, whole and their parts, and whether each has a
    capital that only a name has."""
    for match in _TOKEN.finditer(text):
        token = match.group()
        capital = token[0].isupper() and not _opens(match) and base(token) not in PLAIN
        yield base(token), capital
        if "-" in token:
            yield from ((base(part), capital) for part in token.split("-") if part)


def initials(text: str) -> str:
    """The first letters of each run of capitals, parted by spaces: what an acronym is short for."""
    letters = []
    end = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token[0].isupper():
            between = text[end : match.start()].strip()
            letters.append(folded(token[0]) if between in _JOINING else " " + folded(token[0]))
            end = match.end()
    return "".join(letters)


_JOINING = {"", "of", "the", "for", "and", "of the", "for the", "de", "-"}


def has(word: str, held: Collection[str], language: str) -> bool:
    """Whether a name's word, or a form of it, is among the words that a text holds.

    Args:
        word: as `base` makes it, and so ``held``.
    """
    if word in held:
        return True
    if len(word) == 1:  # an initial
        return any(other.startswith(word) for other in held)
    if "-" in word and all(part in held for part in word.split("-")):
        return True
    return any(_akin(word, other, language) for other in held)


def _may_be_name(match: re.Match[str], language: str, known: Known) -> bool:
    token, word = match.group(), base(match.group())
    if len(word) == 1 and token[0].isupper():  # an initial, or the number of a king
        return token.endswith(".") or (word == "i" and _follows_name(match))
    if _is_acronym(token) or not token[0].isupper() or _has_digit(token):
        return any(c.isupper() for c in token)
    says = stem(word, analysis_of(language)) is not None
    if not _opens(match):
        return says and (language != "en" or word not in PLAIN)
    if word in known.names:
        return True
    if word in known.plain or word in PLAIN or not says:
        return False
    return _before_name(match) or (language == "en" and not _PLAIN_ENDING.fullmatch(word))


def _opens(match: re.Match[str]) -> bool:
    """Whether a capital is due where a word stands."""
    return bool(_OPENS.search(match.string, max(0, match.start() - 4), match.start())) or (
        match.start() == 0
    )


def _before_name(match: re.Match[str]) -> bool:
    rest = match.string[match.end() : match.end() + 2]
    return rest[:1] == " " and rest[1:].isupper()


def _follows_name(match: re.Match[str]) -> bool:
    previous = match.string[: match.start()].split(" ")[-2:]
    return previous[0][:1].isupper() and previous[-1] == ""


def _is_acronym(token: str) -> bool:
    return sum(c.isupper() for c in token) > 1


def _has_digit(token: str) -> bool:
    return any(c.isdigit() for c in token)


def _akin(word: str, other: str, language: str) -> bool:
    """Whether two words are forms of one name."""
    short, long = sorted((word, other), key=len)
    if len(short) < 4 or _has_digit(long):
        return False
    if language == "en":
        ends = (short, short[:-1]) if short[-1] in "aeoys" else (short,)
        return any(long.startswith(end) and long[len(end) :] in _OF_PEOPLE for end in ends)
    analysis = analysis_of(language)
    if analysis and stem(word, analysis) == stem(other, analysis):
        return True
    return long[: len(short) - 2] == short[: len(short) - 2] and len(long) - len(short) <= 4
