"""Words by which a question leans on what was said before, in seven languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Pointing:
    """Patterns of one language."""

    remark: re.Pattern[str]
    """A remark on the last answer, before the question proper: "Okay. That's interesting."."""
    continuation: re.Pattern[str]
    """How a continuation begins, or all that it consists of: "And …", "Why?"."""
    pointer: re.Pattern[str]
    """What stands for something else: "he", "these"."""
    hint: re.Pattern[str]
    """What may do so: "the second", "another"."""


_WORDS = {
    "en": (
        r"ok|okay|wow|cool|great|nice|hm+|oh|ah|really|interesting|no|yes|yeah|right|well|thanks?"
        r"|thank you|never ?mind|not quite|that(?:['’]s| is) \w+",
        r"and|but|so|then|also|what about|how about|what else|which ones?|how so|tell me more"
        r"|say more|go on",
        r"why(?: not)?|when|where|who|how|which|what",
        r"he|him|his|she|her|hers|it|its|they|them|their|theirs|this|these|those"
        r"|there(?! (?:is|are|was|were|an?|any|no|some)\b)|the (?:same|former|latter|others?)",
        r"that|ones?|the (?:first|second|third|last|next)|others?|else|too|also|instead"
        r"|mentioned|another|such|again",
    ),
    "de": (
        r"ok|okay|aha|ach|oh|wirklich|interessant|nein|ja|gut|danke|schön",
        r"und|aber|also|dann|auch|was ist mit|wie (?:steht|ist) es mit|was noch",
        r"warum(?: nicht)?|wann|wo|wer|wie|was|welche[rsn]?",
        r"er|ihn|ihm|sein\w{0,2}|ihr\w{0,2}|ihnen|diese\w?|dort|davon|dazu|damit|darüber|daran"
        r"|dessen|deren|derselbe\w?|dieselbe\w?",
        r"das|andere\w?|sonst|auch|noch|stattdessen|erwähnt\w*|solche\w?|wieder"
        r"|(?:erst|zweit|dritt|letzt|nächst)e[nrs]?",
    ),
    "fr": (
        r"ok|d['’]accord|ah|oh|vraiment|intéressant|non|oui|bien|merci",
        r"et|mais|donc|alors|aussi|qu['’]en est-il|quoi d['’]autre",
        r"pourquoi(?: pas)?|quand|où|qui|comment|quoi|lesquel(?:le)?s",
        r"il|elle|ils|elles|lui|leurs?|celui-ci|celle-ci|ceux-ci|ça|cela|y",
        r"ce|cet|cette|ces|autres?|aussi|encore|mentionn\w+|tels?|(?:premi|derni)\w+|deuxième",
    ),
    "es": (
        r"vale|ok|ah|oh|de verdad|interesante|no|sí|bien|gracias",
        r"y|pero|entonces|también|qué hay de|qué más",
        r"por qué(?: no)?|cuándo|dónde|quién|cómo|qué|cuáles",
        r"él|ella|ellos|ellas|est[eao]s?|eso|allí",
        r"es[ea]|otr[oa]s?|también|además|mencionad[oa]s?|primer[oa]?|segund[oa]|últim[oa]",
    ),
    "it": (
        r"ok|ah|oh|davvero|interessante|no|sì|bene|grazie",
        r"e|ma|quindi|allora|anche|che ne è|cos['’]altro",
        r"perché(?: no)?|quando|dove|chi|come|cosa|quali",
        r"lui|lei|loro|quest[oaie]|ciò|lì",
        r"quell[oa]|altr[oaie]|anche|ancora|menzionat[oaie]|prim[oa]|second[oa]|ultim[oa]",
    ),
    "pt": (
        r"ok|ah|oh|sério|interessante|não|sim|bem|obrigad[oa]",
        r"e|mas|então|também|que mais",
        r"por ?que(?: não)?|quando|onde|quem|como|quê|quais",
        r"el[ea]s?|est[ea]s?|isso|isto|ali",
        r"ess[ea]|outr[oa]s?|também|ainda|mencionad[oa]s?|primeir[oa]|segund[oa]|últim[oa]",
    ),
    "nl": (
        r"oké|ok|ah|oh|echt|interessant|nee|ja|goed|bedankt",
        r"en|maar|dus|dan|ook|hoe zit het met|wat nog",
        r"waarom(?: niet)?|wanneer|waar|wie|hoe|wat|welke",
        r"hij|hem|zij|hun|hen|deze|dit|daar|daarvan|ervan",
        r"dat|die|andere?|ook|nog|genoemde?|zulke|eerste|tweede|laatste|volgende",
    ),
}


def pointing(languages: Sequence[str]) -> list[Pointing]:
    """The patterns of the languages that there are any for; of English if of none."""
    return [_compiled(language) for language in languages if language in _WORDS] or [
        _compiled("en")
    ]


@cache
def _compiled(language: str) -> Pointing:
    remarks, beginnings, questions, pointers, hints = _WORDS[language]
    start = r"^[\s¿¡]*"

    def pattern(text: str) -> re.Pattern[str]:
        return re.compile(text, re.IGNORECASE)

    return Pointing(
        remark=pattern(rf"{start}(?:(?:{remarks})\b[\s.,!?…]+)+"),
        continuation=pattern(rf"{start}(?:(?:{beginnings})\b|(?:{questions})\W*$)"),
        pointer=pattern(rf"\b(?:{pointers})\b"),
        hint=pattern(rf"\b(?:{hints})\b"),
    )
