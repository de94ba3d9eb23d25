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
from qa.retrieval.coverage import Coverage
from qa.retrieval.ranking import sentence_text

INTERCEPT = -3.0
COEFFICIENTS: Mapping[str, float] = {"score": 8.0}

# Names as far as capitals tell them, not at the beginning; and numbers.
_SPECIFIC = re.compile(r"(?<!^)\b(?:[^\W\d_a-z][\w'\u2019-]*|\d[\d,.]*)", re.UNICODE)
_NUMBER = re.compile(r"\d[\d,.]*")
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


def confidence(query: Query, ranking: Sequence[Found], coverage: Coverage) -> float | None:
    """The probability that the first of a ranking answers; None if nothing was found."""
    if not ranking:
        return None
    values = features(query, ranking, coverage)
    total = INTERCEPT + sum(factor * values[name] for name, factor in COEFFICIENTS.items())
    return 1 / (1 + math.exp(-total))


def features(query: Query, ranking: Sequence[Found], coverage: Coverage) -> dict[str, float]:
    """What the confidence is reckoned from; shares are 0 to 1, flags 0 or 1."""
    first = ranking[0]
    analysis = analysis_of(first.document.language)
    lead = "\n".join((first.document.title, *first.passage.heading))
    sentence = content(f"{lead}\n{sentence_text(first)}", analysis)
    passage = content(f"{lead}\n{first.passage.text}", analysis)
    names = [name.group() for name in _SPECIFIC.finditer(query.text)]
    second = ranking[1].score if len(ranking) > 1 else 0.0
    return {
        "score": first.score,
        "margin": first.score - second,
        "dense": first.evidence.dense,
        "sentence": first.evidence.sentence or 0.0,
        "lexical": first.evidence.lexical,
        "sentence_coverage": coverage.share(sentence, analysis),
        "passage_coverage": coverage.share(passage, analysis),
        "rarest_missing": coverage.rarest_missing(passage, analysis),
        "agreement": float(first.evidence.dense_rank == first.evidence.lexical_rank == 1),
        "names_missing_in_sentence": _missing(names, analysis, sentence),
        "names_missing_in_passage": _missing(names, analysis, passage),
        "numbers": float(bool(_NUMBER.search(query.text))),
        "kind_missing": _kind_missing(query.text, sentence_text(first)),
        "negation": float(
            bool(_NEGATION.search(query.text)) and not _NEGATION.search(sentence_text(first))
        ),
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
