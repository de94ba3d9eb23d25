"""What a conversation is about, in a few words, and what it has shown already."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from functools import cache, cached_property, partial

from qa.analysis import Terms, analyse, stop_words
from qa.retrieval.followups import stands_alone
from qa.store import Snapshot
from qa.store.lexical_index import idf
from qa.types import Turn

_Stems = tuple[str, ...]

_MOST_TERMS = 8
_FROM_QUESTIONS = 1.5
"""What a word of a question weighs, beside one of the passage that answered it."""
_LONGEST = 4000
"""Characters of a passage or an answer that are looked at."""
_SHORTEST_QUOTE = 20
"""Characters from which on an answer is unlikely to stand in a passage by chance."""
_WORD = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*")
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
        analyses = snapshot.analyses()
        stems = cache(partial(_stems, analyses=analyses))
        last = self._history[-1]
        sources = [(asked, _FROM_QUESTIONS) for asked in self._questions(analyses)]
        sources.append(((last.passage or last.answer or "")[:_LONGEST], 1.0))
        weights: dict[_Stems, float] = defaultdict(float)
        rarity = _rarity({stems(w) for text, _ in sources for w in _words(text)}, snapshot)
        for text, weight in sources:
            counts = Counter(map(stems, _words(text)))
            for term, count in counts.items():
                weights[term] += weight * rarity[term] * count / (1 + count)
        asked = set(map(stems, _words(question)))
        terms = [
            term
            for term in sorted(weights, key=lambda term: -weights[term])
            if weights[term] and term not in asked
        ]
        chosen = set(terms[:_MOST_TERMS])
        return ", ".join(_phrases([text for text, _ in sources], chosen, stems))

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


def _stems(word: str, analyses: Sequence[str]) -> _Stems:
    """What a word is to each of some analyses; "" where it tells nothing, or is several."""
    return tuple(_stem(word, analysis) for analysis in analyses)


def _stem(word: str, analysis: str) -> str:
    if word.casefold() in stop_words(analysis) and not _ACRONYM.fullmatch(word):
        return ""
    stems = analyse(word, analysis).stems
    return stems[0] if len(stems) == 1 else ""


def _rarity(terms: Collection[_Stems], snapshot: Snapshot) -> dict[_Stems, float]:
    """The idf of each term, in the language where it is most frequent; 0 if it is in no text."""
    unknown = idf(snapshot.size, 0)
    by_analysis = []
    for place, _ in enumerate(snapshot.analyses()):
        known, _ = snapshot.idfs(Terms(tuple({term[place] for term in terms} - {""}), ()))
        by_analysis.append({stem: value for stem, value in known.items() if value < unknown})
    return {
        term: min(
            (known[stem] for stem, known in zip(term, by_analysis, strict=True) if stem in known),
            default=0.0,
        )
        for term in terms
    }


def _phrases(
    texts: Sequence[str], chosen: Set[_Stems], stems: Callable[[str], _Stems]
) -> Iterator[str]:
    """The chosen terms as they first stand in some texts, each once, neighbours together."""
    left = set(chosen)
    for text in texts:
        phrase: tuple[int, int] | None = None
        for word in _WORD.finditer(text):
            term = stems(word.group())
            if term in left:
                left.remove(term)
                joins = phrase and text[phrase[1] : word.start()] == " "
                if phrase and not joins:
                    yield text[slice(*phrase)]
                phrase = (phrase[0] if phrase and joins else word.start(), word.end())
        if phrase:
            yield text[slice(*phrase)]


def _folded(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
