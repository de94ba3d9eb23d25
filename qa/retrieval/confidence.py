"""How sure it is that the first passage answers: a probability, from what can be checked.

Scores alone say that a passage is on the subject, not that it answers: a question can differ from
what the documents say by one name, one number or a "not". So the features ask as well whether the
names and numbers of the question stand where the answer should, and whether both negate.

A logistic model weighs them. Its coefficients come from `scripts/fit_confidence.py`, which says on
what questions they were fitted and how well they hold on others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from qa.analysis import Content, analyse, analysis_of, content
from qa.retrieval.base import Found, Query
from qa.retrieval.ranking import sentence_text

INTERCEPT = -6.39
COEFFICIENTS: Mapping[str, float] = {
    "relatedness": 19.81,
    "sentence": 2.30,
    "names_missing": -0.81,
    "kind_missing": -1.19,
    "negation": -2.89,
}
_RELATED = 0.3
"""The score from which on a passage is on the question's subject; more says no more of that."""

# Names as far as capitals tell them, not at the beginning; and numbers.
_SPECIFIC = re.compile(r"(?<!^)\b(?:[^\W\d_a-z][\w'\u2019-]*|\d[\d,.]*)", re.UNICODE)
_NUMBER = re.compile(r"\d[\d,.]*")
_ALL_NOUNS_CAPITAL = {"de"}
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|except"
    r"|nicht|kein\w*|nie|niemals|ohne|pas|jamais|aucune?|sans|nunca|ningún|ninguna|sin"
    r"|non|mai|senza|não|nenhum\w*|sem|niet|geen|nooit|zonder|\u043d\u0435|\u043d\u0435\u0442|\u043d\u0438\u043a\u043e\u0433\u0434\u0430|\u0431\u0435\u0437)\b|n['\u2019]t\b",
    re.IGNORECASE,
)


_WANTED = (  # kinds of answer that a question can ask for, and how a sentence shows one
    (
        re.compile(
            r"\bhow (?:many|much|long|old|far|tall|large|big|high|often)\b|\bwie ?viele?\b"
            r"|\bcu\u00e1nt[oa]s?\b|\bcombien\b|\bquant[aeio]s?\b|\bhoeveel\b|\bka\u00e7\b"
            r"|\b\u0441\u043a\u043e\u043b\u044c\u043a\u043e\b"
            r"|\bwhat (?:percentage|percent|number|amount|population)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundred"
            r"|thousand|[mb]illion|half|third|quarter|several|many|few|most|all|both|twice"
            r"|zwei|drei|vier|hundert|tausend|\w*illion\w*|dos|tres|deux|trois)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"\bwhen\b|\bwhat (?:year|date|day|month|century|decade)\b"
            r"|\bwhich (?:year|date|day|month|century|decade)\b|\bwann\b|\bwelche[mns]? jahre?\b"
            r"|\bcu\u00e1ndo\b|\bquand\b|\bquando\b|\bwanneer\b|\bne zaman\b|\bka\u00e7 y\u0131l"
            r"|\b\u043a\u043e\u0433\u0434\u0430\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\d|\b(?:centur\w+|decades?|year|today|yesterday|currently|now|since|after|before"
            r"|during|until|when|while|jahr\w*|siglo|si\u00e8cle|y\u00fczy\u0131l\w*)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"\bwho(?:se|m)?\b|\bwe[rmn]\b|\bwessen\b|\bqui[e\u00e9]n(?:es)?\b|\bqui\b|\bchi\b|\bquem\b"
            r"|\bwie\b(?= is)|\bkim\w*\b|\b\u043a\u0442\u043e\b",
            re.IGNORECASE,
        ),
        _SPECIFIC,
    ),
)


def confidence(query: Query, ranking: Sequence[Found]) -> float | None:
    """The probability that the first of a ranking answers; None if nothing was found."""
    if not ranking:
        return None
    values = features(query, ranking)
    total = INTERCEPT + sum(factor * values[name] for name, factor in COEFFICIENTS.items())
    return 1 / (1 + math.exp(-total))


def features(query: Query, ranking: Sequence[Found]) -> dict[str, float]:
    """What the confidence of a ranking that isn't empty is reckoned from; flags are 0 or 1.

    ``relatedness`` is the first passage's score up to a bound, ``sentence`` the cosine of its
    nearest sentence. The flags are of its best sentence, with title and headings: whether a name
    or number of the question is missing, whether nothing there is of the kind that is asked for,
    and whether the question negates and the sentence doesn't.
    """
    first = ranking[0]
    analysis = analysis_of(first.document.language)
    sentence = sentence_text(first)
    lead = "\n".join((first.document.title, *first.passage.heading))
    held = content(f"{lead}\n{sentence}", analysis)
    specific = _NUMBER if analysis in _ALL_NOUNS_CAPITAL else _SPECIFIC
    names = [name.group() for name in specific.finditer(query.text)]
    negated = _NEGATION.search(query.text) and not _NEGATION.search(sentence)
    return {
        "relatedness": min(first.score, _RELATED),
        "sentence": first.evidence.sentence or 0.0,
        "names_missing": _missing(names, analysis, held),
        "kind_missing": _kind_missing(query.text, sentence),
        "negation": float(bool(negated)),
    }


def _missing(names: Sequence[str], analysis: str, text: Content) -> float:
    """Whether any of some names has no word in a text."""
    return float(
        any(stem not in text.stems for name in names for stem in analyse(name, analysis).stems)
    )


def _kind_missing(question: str, sentence: str) -> float:
    """Whether a number, time or name is asked for and the sentence has none but the question's."""
    asked = question.casefold()
    for wanted, shown in _WANTED:
        if wanted.search(question):
            return float(
                not any(m.group().casefold() not in asked for m in shown.finditer(sentence))
            )
    return 0.0
