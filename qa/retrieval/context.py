"""What a conversation is about, in a few words, and what it has shown already."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from functools import cached_property, lru_cache

from qa.analysis import Terms, analyse, analysis_of, detect_language, stop_words
from qa.retrieval.followups import stands_alone
from qa.store import Snapshot
from qa.store.lexical_index import idf
from qa.types import Turn

_MOST_TERMS = 8
_FROM_QUESTIONS = 1.5
"""What a word of a question weighs, beside one of the passage that answered it."""
_LONGEST = 4000
"""Characters of a passage or an answer that are looked at."""
_SHORTEST_QUOTE = 20
"""Characters from which on an answer is unlikely to stand in a passage by chance."""
_WORD = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*")
_NUMBER = re.compile(r"\b\d[\d.,]*\b")
_ACRONYM = re.compile(r"[A-Z]{2,}")
_SPACE = re.compile(r"\s+")


class Context:
    """A conversation, as it bears on the question that comes next."""

    def __init__(self, history: Sequence[Turn]) -> None:
        """
        Args:
            history: the turns, oldest first; at least one.
        """
        self._history = history

    def about(self, question: str, snapshot: Snapshot) -> str:
        """The terms of the conversation that tell most of what a question may leave unsaid: those
        of the question before, of the last one that stood alone, and of what was answered, by how
        rare they are in the store, how often they come, and where. At most eight, neighbours joined
        to phrases; "" if the store has none of them.
        """
        languages = snapshot.analyses()
        sources = [(asked, _FROM_QUESTIONS) for asked in self._questions(languages)]
        sources += self._said_last()
        analysis = _analysis(" ".join(text for text, _ in sources), languages)
        weights: dict[str, float] = defaultdict(float)
        rarity = _rarity([text for text, _ in sources], analysis, snapshot)
        for text, weight in sources:
            counts = Counter(_stem(word, analysis) for word in _words(text))
            for stem, count in counts.items():
                weights[stem] += weight * rarity.get(stem, 0.0) * count / (1 + count)
        asked = {_stem(word, analysis) for word in _words(question)}
        by_weight = sorted(weights, key=lambda stem: -weights[stem])
        terms = [stem for stem in by_weight if weights[stem] and stem not in asked]
        chosen = set(terms[:_MOST_TERMS])
        return ", ".join(_phrases([text for text, _ in sources], chosen, analysis))

    def _said_last(self) -> list[tuple[str, float]]:
        """What was answered last, with its weight: where the passage around it is known, the
        answer says more of what is spoken of."""
        answer, passage = self._history[-1].answer or "", self._history[-1].passage or ""
        texts = [(answer, _FROM_QUESTIONS), (passage, 1.0)] if passage else [(answer, 1.0)]
        # Numbers answer this or that; they aren't what is spoken of.
        return [(_NUMBER.sub("#", text[:_LONGEST]), weight) for text, weight in texts]

    def has_shown(self, passage: str) -> bool:
        """Whether a passage was what answered an earlier question."""
        passage = _folded(passage)
        return any(said in passage or passage in said for said in self._said)

    @cached_property
    def _said(self) -> list[str]:
        texts = (text for turn in self._history for text in (turn.answer, turn.passage) if text)
        return [said for said in map(_folded, texts) if len(said) >= _SHORTEST_QUOTE]

    def _questions(self, languages: Sequence[str]) -> list[str]:
        """The last question, and the last one that stood alone, which it may lean on."""
        last = self._history[-1].question
        alone = (t.question for t in self._history[::-1] if stands_alone(t.question, languages))
        return list(dict.fromkeys((last, next(alone, last))))


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_LONGEST])


def _analysis(text: str, analyses: Sequence[str]) -> str:
    """The analysis for a text: that of its language, if that can be told and texts of the store
    have it; else what most of them have."""
    language = detect_language(text)
    own = analysis_of(language)
    return own if language and own in analyses else next(iter(analyses), "")


@lru_cache(maxsize=50_000)
def _stem(word: str, analysis: str) -> str:
    """What a word is searched as; "" where it tells nothing, or is several."""
    if word.casefold() in stop_words(analysis) and not _ACRONYM.fullmatch(word):
        return ""
    stems = analyse(word, analysis).stems
    return stems[0] if len(stems) == 1 else ""


def _rarity(texts: Sequence[str], analysis: str, snapshot: Snapshot) -> dict[str, float]:
    """The idf of the stems of some texts, of those that the store has."""
    unknown = idf(snapshot.size, 0)
    stems = {_stem(word, analysis) for text in texts for word in _words(text)} - {""}
    known, _ = snapshot.idfs(Terms(tuple(stems), ()))
    return {stem: value for stem, value in known.items() if value < unknown}


def _phrases(texts: Sequence[str], chosen: Set[str], analysis: str) -> Iterator[str]:
    """The chosen terms as they first stand in some texts, each once, neighbours together."""
    left = set(chosen)
    for text in texts:
        phrase: tuple[int, int] | None = None
        for word in _WORD.finditer(text):
            stem = _stem(word.group(), analysis)
            if stem in left:
                left.remove(stem)
                joins = phrase and text[phrase[1] : word.start()] == " "
                if phrase and not joins:
                    yield text[slice(*phrase)]
                phrase = (phrase[0] if phrase and joins else word.start(), word.end())
        if phrase:
            yield text[slice(*phrase)]


def _folded(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
