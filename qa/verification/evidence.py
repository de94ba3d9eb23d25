"""The sentences of passages, made ready to be compared, and those that support a sentence best."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from qa.embedding import Embedder
from qa.passages.sentences import sentences
from qa.types import Citation, ScoredPassage, Span
from qa.verification.dates import Dated
from qa.verification.facts import Facts, facts, joined
from qa.verification.negation import Side, side
from qa.verification.numbers import Number
from qa.verification.orders import without_orders
from qa.verification.wording import language_of, normalised

if TYPE_CHECKING:
    from qa.embedding.base import Vectors

_ORDINAL = re.compile(r"(?:^|[^\w.,])\d{1,2}\.$")
_KEPT = 64
"""Passages whose sentences are kept ready: more than an answer is written from."""
_MOST_LINES = 3
_FEWEST_NEW = 2
"""Words that say something which a further sentence must add; a name or number alone is none,
as it could have been taken from anywhere."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a passage."""

    span: Span
    """Of the passage's text."""
    text: str
    """Normalised."""
    facts: Facts
    side: Side
    vector: Vectors = field(repr=False, compare=False)
    """float32, shape ``(dimension,)``."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A passage, sentence by sentence."""

    lines: tuple[Line, ...]
    lead: Facts
    """Of title, headings and the document's date."""
    whole: Facts
    """Of all, the lead included."""
    language: str


class Preparer:
    """Makes passages ready, and keeps the last ones. Safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: LRUCache[tuple[object, ...], Prepared] = LRUCache(_KEPT)
        self._lock = Lock()

    def prepare(self, passages: Sequence[ScoredPassage]) -> list[Prepared]:
        """Each passage made ready; what isn't kept is embedded in one go."""
        keys = [_key(scored) for scored in passages]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: p for key, p in zip(keys, passages, strict=True) if key not in known}
        if new:
            made = dict(zip(new, self._made(list(new.values())), strict=True))
            known |= made
            with self._lock:
                self._kept.update(made)
        return [known[key] for key in keys]

    def _made(self, passages: Sequence[ScoredPassage]) -> list[Prepared]:
        languages = [language_of(scored.text) for scored in passages]
        spans = [_spans(s, language) for s, language in zip(passages, languages, strict=True)]
        texts = [
            [normalised(span.slice(scored.text)) for span in of_one]
            for scored, of_one in zip(passages, spans, strict=True)
        ]
        vectors = iter(self._embedder.embed_passages([text for of_one in texts for text in of_one]))
        made = []
        for scored, language, of_one, own in zip(passages, languages, spans, texts, strict=True):
            lines = tuple(
                _line(span, text, language, next(vectors))
                for span, text in zip(of_one, own, strict=True)
            )
            lead = _lead(scored.source, language)
            whole = joined([lead, *(line.facts for line in lines)], language)
            made.append(Prepared(lines, lead, whole, language))
        return made


def _key(scored: ScoredPassage) -> tuple[object, ...]:
    """All that a passage is made ready from."""
    source = scored.source
    return scored.passage.id, scored.text, source.title, source.heading, source.date


def _lead(source: Citation, language: str) -> Facts:
    published = [source.date] if source.date else []
    return facts(normalised(f"{source.title}. {source.heading or ''}"), language, published)


def _spans(scored: ScoredPassage, language: str) -> Sequence[Span]:
    """The sentences that are evidence; none ends behind an ordinal number ("3. Oktober")."""
    found: list[Span] = []
    every = scored.passage.sentences or sentences(scored.text, 0, len(scored.text))
    for span in without_orders(scored.text, every):
        if found and language != "en" and _ORDINAL.search(found[-1].slice(scored.text)):
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def _line(span: Span, text: str, language: str, vector: Vectors) -> Line:
    stated = facts(text, language)
    return Line(span, text, stated, side(text, language, stated.stems), vector)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence says that is checked, made ready."""

    plain: Mapping[str, str]
    """Its words that say something and are in no name, number or date, by stem."""
    names: frozenset[str]
    """The words of its names."""
    numbers: tuple[Number, ...]
    dates: tuple[Dated, ...]
    vector: Vectors = field(repr=False, compare=False)
    """float32, shape ``(dimension,)``."""

    def share(self, text: Facts) -> float:
        """How much of what is said stands in a text, 0 to 1."""
        found = len(self.plain.keys() & text.stems) + len(self.names & text.words)
        found += sum(map(text.has_number, self.numbers)) + sum(map(text.has_date, self.dates))
        every = len(self.plain) + len(self.names) + len(self.numbers) + len(self.dates)
        return found / max(1, every)


@dataclass(frozen=True, slots=True)
class Support:
    """The sentences that together support a claim best; each by passage and place in it."""

    places: tuple[tuple[int, int], ...]
    """The best first."""
    similarity: float
    """Of meaning: the highest cosine, 0 to 1."""
    near: Facts
    """What they state, together with title and headings."""


def support(claim: Claim, passages: Sequence[Prepared]) -> Support | None:
    """The sentence that a claim is nearest to in meaning and words, and further ones that add to
    it; None if there is no sentence."""
    import numpy as np

    places = [(p, n) for p, passage in enumerate(passages) for n in range(len(passage.lines))]
    if not places:
        return None
    lines = [passages[p].lines[n] for p, n in places]
    vectors = np.stack([line.vector for line in lines])
    cosines = vectors @ claim.vector
    shares = [claim.share(line.facts) for line in lines]
    order = np.argsort(-(cosines + np.array(shares)), kind="stable")
    chosen = [int(order[0])]
    left = claim.plain.keys() - lines[chosen[0]].facts.stems
    while len(chosen) < _MOST_LINES:
        gains = [len(left & line.facts.stems) for line in lines]
        best = max(order, key=lambda i: gains[i])
        if gains[best] < _FEWEST_NEW:
            break
        chosen.append(int(best))
        left -= lines[best].facts.stems
    leads = [passages[p].lead for p in dict.fromkeys(places[i][0] for i in chosen)]
    near = joined([*(lines[i].facts for i in chosen), *leads], leads[0].language)
    mean = vectors[chosen].mean(axis=0)
    together = float(mean @ claim.vector) / max(float(np.linalg.norm(mean)), 1e-9)
    return Support(
        places=tuple(places[i] for i in chosen),
        similarity=min(1.0, max(0.0, together, float(cosines[chosen[0]]))),
        near=near,
    )
