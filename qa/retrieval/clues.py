"""What can be checked of an answer without understanding it.

Scores alone say that a passage is on the subject, not that it answers: a question can differ from
what the documents say by one name, one number or a "not". So these ask whether the names and
numbers of the question stand where the answer should, whether both negate, and whether there is
something of the kind that is asked for. The last is of English questions only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from qa.analysis import NEGATIONS, NOUNS_CAPITAL, Content, analyse, analysis_of, content
from qa.retrieval.base import Found, Query, lead
from qa.retrieval.ranking import sentence_text

_RELATED = 0.15
"""The surplus from which on a passage is on the question's subject; more says no more of that."""
_BY_CHANCE = 0.05
"""What the best score of passages that have nothing to do with a question grows by, for ten times
as many of them: the more there are, the nearer one comes by chance."""

# Names as far as capitals tell them, not at the beginning; and numbers.
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’-]*")
_NUMBER = re.compile(r"\d(?:[\d,.]*\d)?")

_COUNTED = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven"
    r"|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?"
    r"|[mb]illions?|half|third|quarter|twice"
)
_TIMES = (
    r"January|February|March|April|May|June|July|August|September|October|November|December|\w+day"
    r"|ago|later|after|before|during|until|once|year|night|spring|summer|autumn|winter|era|period"
    r"|age|war|\d+"
)
_YEARS = r"\b[12]\d{3}s?\b|\bcentur\w+"
_KINDS = tuple(
    (re.compile(wanted, re.IGNORECASE), re.compile(shown, flags))
    for wanted, shown, flags in (
        (
            r"\bhow (?:many|much|long|old|far|tall|large|big|high|often)\b"
            r"|\bwhat (?:percentage|percent|number|amount|population)\b",
            # A year counts nothing.
            rf"(?<![\d.,])(?!(?:1[5-9]|20)\d\d(?!\d))\d[\d,.]*|\b(?:{_COUNTED})\b",
            re.IGNORECASE,
        ),
        (r"\b(?:what|which) (?:year|century|decade)\b", rf"{_YEARS}|\bdecades?\b", re.IGNORECASE),
        (r"\bwhen\b", rf"{_YEARS}|\bdecades?\b|\b(?:{_TIMES})\b", re.IGNORECASE),
        (r"\bwho(?:se|m)?\b", _NAME.pattern, 0),
    )
)
"""Kinds of answer that an English question can ask for, and how a sentence shows one."""


def features(query: Query, ranking: Sequence[Found]) -> dict[str, float]:
    """What the confidence of a ranking that isn't empty is reckoned from; flags are 0 or 1.

    ``relatedness`` is the first passage's score less what chance gives, up to a bound;
    ``sentence`` is the cosine of its nearest sentence. The flags are of its best sentence, with
    title and headings: whether a name or number of the question is missing there, whether a number
    is, whether there is nothing of the kind that is asked for, and whether the question negates
    and the sentence doesn't.
    """
    first = ranking[0]
    analysis = analysis_of(first.document.language)
    sentence = sentence_text(first)
    held = content(f"{lead(first.passage, first.document)}\n{sentence}", analysis)
    numbers = _NUMBER.findall(query.text)
    names = [] if analysis in NOUNS_CAPITAL else _NAME.findall(query.text)
    negation = NEGATIONS.get(analysis)
    negated = negation and negation.search(query.text) and not negation.search(sentence)
    return {
        "relatedness": min(first.score - _BY_CHANCE * math.log10(max(1, query.among)), _RELATED),
        "sentence": first.evidence.sentence or 0.0,
        "names_missing": _missing([*names, *numbers], analysis, held),
        "numbers_missing": _missing(numbers, analysis, held),
        "kind_missing": _kind_missing(query.text, sentence) if analysis == "en" else 0.0,
        "negation": float(bool(negated)),
    }


def _missing(names: Sequence[str], analysis: str, text: Content) -> float:
    """Whether a word of some names is not in a text."""
    return float(
        any(stem not in text.stems for name in names for stem in analyse(name, analysis).stems)
    )


def _kind_missing(question: str, sentence: str) -> float:
    """Whether a number, time or name is asked for and the sentence has none but the question's."""
    asked = question.casefold()
    for wanted, shown in _KINDS:
        if wanted.search(question):
            return float(
                not any(m.group().casefold() not in asked for m in shown.finditer(sentence))
            )
    return 0.0
