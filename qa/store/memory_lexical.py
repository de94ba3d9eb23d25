"""BM25 in plain Python and NumPy: the reference for other lexical indexes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qa.analysis import Terms
from qa.store.lexical_index import FIELDS, K1, B, LexicalEntry, Question, idf, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.store.index import Ids, Scores

    Postings = dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]


class MemoryLexicalIndex:
    """All entries in a dict; the inverted form is made at the first search after a change."""

    suffix = ".json"

    def __init__(self) -> None:
        self._entries: dict[int, LexicalEntry] = {}
        self._inverted: _Inverted | None = None

    def ids(self) -> Ids:
        return np.fromiter(self._entries, dtype=np.int64, count=len(self._entries))

    def add(self, ids: Ids, data: Sequence[LexicalEntry]) -> None:
        self._entries.update(zip(ids.tolist(), data, strict=True))
        self._inverted = None

    def remove(self, ids: Ids) -> None:
        for key in ids.tolist():
            self._entries.pop(key, None)
        self._inverted = None

    def search(self, question: Question, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        return self._best(self._scores(question), k, within)

    def search_beside(
        self, question: Question, k: int, others: Ids, within: Ids | None = None
    ) -> tuple[Scores, Ids, Scores]:
        scores = self._scores(question)
        rows = {id_: row for row, id_ in enumerate(self._current().ids.tolist())}
        beside = scores[[rows[id_] for id_ in others.tolist()]].astype(np.float32)
        return *self._best(scores, k, within), beside

    def _scores(self, question: Question) -> NDArray[np.float64]:
        """Of every entry, in the order of the inverted form."""
        inverted = self._current()
        scores = np.zeros(len(inverted.ids))
        for analysis, terms in question.items():
            scores += np.where(inverted.analyses == analysis, inverted.scores(terms), 0)
        return scores

    def _best(self, scores: NDArray[np.float64], k: int, within: Ids | None) -> tuple[Scores, Ids]:
        inverted = self._current()
        found = scores > 0
        if within is not None:
            found &= np.isin(inverted.ids, within)
        rows = np.flatnonzero(found)
        rows = rows[np.argsort(-scores[rows], kind="stable")][:k]
        return scores[rows].astype(np.float32), inverted.ids[rows]

    def idfs(self, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        inverted = self._current()
        size = len(inverted.ids)
        stems = {t: idf(size, inverted.frequency("stems", t)) for t in set(terms.stems)}
        return stems, {t: idf(size, inverted.frequency("grams", t)) for t in set(terms.grams)}

    def settle(self) -> None:
        self._current()

    def write(self, path: Path) -> None:
        rows = [
            [key, entry.analysis, " ".join(entry.terms.stems), " ".join(entry.terms.grams)]
            for key, entry in self._entries.items()
        ]
        path.write_text(json.dumps(rows), encoding="utf-8")

    def read(self, path: Path) -> None:
        rows = json.loads(path.read_text(encoding="utf-8"))
        self._entries = {
            key: LexicalEntry(analysis, Terms(tuple(stems.split()), tuple(grams.split())))
            for key, analysis, stems, grams in rows
        }
        self._inverted = None

    def _current(self) -> _Inverted:
        if self._inverted is None:
            self._inverted = _Inverted(self.ids(), list(self._entries.values()))
        return self._inverted


class _Inverted:
    """Which entries hold a term, how often, and how long each entry is."""

    def __init__(self, ids: Ids, entries: Sequence[LexicalEntry]) -> None:
        self.ids = ids
        self.analyses = np.array([entry.analysis for entry in entries], dtype=object)
        self._postings = {f: _postings([getattr(e.terms, f) for e in entries]) for f in FIELDS}
        self._lengths = {
            field: np.array([len(getattr(e.terms, field)) for e in entries], dtype=float)
            for field in FIELDS
        }

    def frequency(self, field: str, term: str) -> int:
        postings = self._postings[field].get(term)
        return len(postings[0]) if postings else 0

    def scores(self, terms: Terms) -> NDArray[np.float64]:
        total = np.zeros(len(self.ids))
        size = len(self.ids)
        for field, factors in weights(terms, self.frequency, size).items():
            lengths = self._lengths[field]
            average = lengths.mean() if size else 1.0
            for term, factor in factors.items():
                if term not in self._postings[field]:
                    continue
                rows, counts = self._postings[field][term]
                norm = K1 * (1 - B + B * lengths[rows] / average)
                bm25 = idf(size, len(rows)) * counts * (K1 + 1) / (counts + norm)
                total[rows] += factor * bm25
        return total


def _postings(texts: Sequence[tuple[str, ...]]) -> Postings:
    by_term: dict[str, list[tuple[int, int]]] = {}
    for row, terms in enumerate(texts):
        for term, count in Counter(terms).items():
            by_term.setdefault(term, []).append((row, count))
    postings: Postings = {}
    for term, pairs in by_term.items():
        rows, counts = zip(*pairs, strict=True)
        postings[term] = (np.array(rows, dtype=np.int64), np.array(counts, dtype=float))
    return postings
