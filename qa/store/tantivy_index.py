"""The lexical index on disk, by tantivy.

A written index is a folder that never changes again. A change works on a copy, in which the
segments are hard links: tantivy never writes into a segment, it only adds and deletes whole files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tantivy

from qa.analysis import Terms
from qa.store.lexical_index import FIELDS, LexicalEntry, Question, idf, weights

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores

_IDS = "ids.npy"
_HEAP = 400_000_000
"""Bytes that new entries take up at most before they are written as a part of their own."""
_PROPOSES_FROM = 20_000
"""Entries from which on 4-grams that are everywhere only score, and propose nothing."""
_PROPOSES_SHARE = 0.1
"""Of the entries: a 4-gram in more of them is everywhere. With that the ten best of a full search
are nearly always (0.99 of them on 112,000 passages) among the fifty proposed."""
_MOST_FREQUENCIES = 100_000
_Fields = Mapping[str, Mapping[str, float]]
_Factors = Mapping[str, _Fields]
"""What each term counts for, by analysis and field."""
_Clauses = list[tuple[tantivy.Occur, tantivy.Query]]
# Rewritten in place of themselves: a link would change the other index's as well.
_CHANGING = {"meta.json", ".managed.json", _IDS}
_LOCKS = {".tantivy-meta.lock", ".tantivy-writer.lock"}


class TantivyIndex:
    """Entries as tantivy documents, with an analysis of our own: see `qa.analysis`."""

    suffix = ".tantivy"

    def __init__(self) -> None:
        self._ids: Ids = np.empty(0, np.int64)
        self._index: tantivy.Index | None = None
        self._folder: Path | None = None
        self._is_own = False
        self._writer: tantivy.IndexWriter | None = None
        self._is_stale = False
        self._frequencies: dict[tuple[str, str], int] = {}
        """In how many entries terms are that were asked for: the same ones come again and again."""
        self._size: int | None = None

    def ids(self) -> Ids:
        return self._ids

    def add(self, ids: Ids, data: Sequence[LexicalEntry]) -> None:
        if not len(ids):
            return
        writer = self._writable()
        for key, entry in zip(ids.tolist(), data, strict=True):
            document = tantivy.Document()
            document.add_unsigned("id", key)
            document.add_text("analysis", _analysis_term(entry.analysis))
            document.add_text("stems", " ".join(entry.terms.stems))
            document.add_text("grams", " ".join(entry.terms.grams))
            writer.add_document(document)
        self._ids = np.concatenate([self._ids, ids])

    def remove(self, ids: Ids) -> None:
        if not len(ids):
            return
        gone = tantivy.Query.term_set_query(_schema(), "id", ids.tolist())
        self._writable().delete_documents_by_query(gone)
        self._ids = self._ids[~np.isin(self._ids, ids)]

    def search(self, question: Question, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        return self._best(self._query(self._factors(question)), k, within)

    def search_beside(
        self, question: Question, k: int, others: Ids, within: Ids | None = None
    ) -> tuple[Scores, Ids, Scores]:
        factors = self._factors(question)
        if within is None and len(self._ids) >= _PROPOSES_FROM:
            rare, frequent = self._parted(factors)
            _, proposed = self._best(self._query(rare), k)
            own = set(proposed.tolist())
            every = np.array(list(own | set(others.tolist())), np.int64)
            scores, ids = self._best(self._scoring(rare, frequent, every), len(every))
            is_own = np.fromiter((id_ in own for id_ in ids.tolist()), bool, len(ids))
            return scores[is_own], ids[is_own], _scores_of(others, scores, ids)
        query = self._query(factors)
        scores, ids = self._best(query, k, within)
        missing = np.setdiff1d(others, ids)
        more, found = self._best(query, len(missing), missing)
        every_score, every_id = np.concatenate([scores, more]), np.concatenate([ids, found])
        return scores, ids, _scores_of(others, every_score, every_id)

    def idfs(self, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        self.settle()
        size = self._counted()

        def of(field: str) -> dict[str, float]:
            return {
                term: idf(size, self._frequency(field, term)) for term in set(getattr(terms, field))
            }

        return of("stems"), of("grams")

    def settle(self) -> None:
        self._searcher()

    def write(self, path: Path) -> None:
        self._finish()
        if self._folder is None:
            path.mkdir()
            tantivy.Index(_schema(), str(path))
        else:
            _clone(self._folder, path)
        np.save(path / _IDS, self._ids, allow_pickle=False)

    def read(self, path: Path) -> None:
        ids = np.load(path / _IDS, allow_pickle=False)
        if not os.access(path, os.W_OK):  # tantivy takes locks even to read
            path = self._copy_of(path)
        index = tantivy.Index.open(str(path))
        searcher = index.searcher()
        if searcher.num_docs != len(ids):
            raise ValueError(f"{path.name} holds {searcher.num_docs} entries, not {len(ids)}")
        searcher.doc_freq("grams", "")  # it has our fields
        self._close()
        self._ids, self._index, self._folder, self._is_own = ids, index, path, False
        self._frequencies, self._size = {}, None

    # ------------------------------------------------------------------ changing

    def _writable(self) -> tantivy.IndexWriter:
        """The writer, on a folder of this object's own."""
        if self._writer is None:
            if not self._is_own:
                self._take_copy()
            assert self._index is not None  # noqa: S101 - _take_copy opened it
            self._writer = self._index.writer(_HEAP, num_threads=1)
        self._is_stale = True
        return self._writer

    def _take_copy(self) -> None:
        working = self._copy_of(self._folder)
        # With an empty folder the schema makes an index; with another it is compared.
        self._index = tantivy.Index(_schema(), str(working))
        self._folder, self._is_own = working, True

    def _copy_of(self, source: Path | None) -> Path:
        """A folder of this object's own, with the contents of another; gone when it is."""
        folder = Path(tempfile.mkdtemp(prefix="qa-lexical-"))
        # Not TemporaryDirectory: that warns when it is left to the garbage collector.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        working = folder / "index"
        if source is None:
            working.mkdir()
        else:
            _clone(source, working)
        return working

    def _finish(self) -> None:
        """Commits what was changed and waits until no file changes any more."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.commit()
            writer.wait_merging_threads()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.rollback()
            self._writer = None
        self._is_stale = False

    # ------------------------------------------------------------------ searching

    def _searcher(self) -> tantivy.Searcher | None:
        if self._index is None:
            return None
        if self._is_stale:
            self._finish()
            self._index.reload()
            self._is_stale = False
            self._frequencies, self._size = {}, None
        return self._index.searcher()

    def _best(
        self, query: tantivy.Query | None, k: int, within: Ids | None = None
    ) -> tuple[Scores, Ids]:
        searcher = self._searcher()
        k = min(k, len(self._ids) if within is None else len(within))
        if searcher is None or query is None or k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        if within is not None:
            query = self._restricted(query, within)
        hits = searcher.search(query, limit=k, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        return np.array([score for score, _ in hits], np.float32), np.array(ids, np.int64)

    def _factors(self, question: Question) -> _Factors:
        searcher = self._searcher()
        if searcher is None:
            return {}
        size = self._counted()
        return {a: weights(terms, self._frequency, size) for a, terms in question.items()}

    def _counted(self) -> int:
        """The number of entries as tantivy's statistics have it: those removed count in it, as in
        each term's frequency, until their segment is merged."""
        if self._size is None:
            searcher = self._searcher()
            counts = searcher.terms_with_prefix("analysis", "") if searcher else []
            self._size = sum(count for _, count in counts)
        return self._size

    def _frequency(self, field: str, term: str) -> int:
        """In how many entries a term is."""
        known = self._frequencies.get((field, term))
        if known is None:
            searcher = self._searcher()
            known = searcher.doc_freq(field, term) if searcher else 0
            if len(self._frequencies) >= _MOST_FREQUENCIES:
                self._frequencies.clear()
            self._frequencies[field, term] = known
        return known

    def _parted(self, factors: _Factors) -> tuple[_Factors, _Factors]:
        """The terms without the 4-grams that are in many entries, unless no others are in
        any; and those 4-grams."""
        most = _PROPOSES_SHARE * len(self._ids)
        rare: dict[str, _Fields] = {}
        frequent: dict[str, _Fields] = {}
        for analysis, fields in factors.items():
            grams = fields["grams"].items()
            few = {term: factor for term, factor in grams if self._frequency("grams", term) < most}
            finds = any(self._frequency("stems", term) for term in fields["stems"])
            if finds or any(self._frequency("grams", term) for term in few):
                rare[analysis] = {"stems": fields["stems"], "grams": few}
                many = {term: factor for term, factor in grams if term not in few}
                frequent[analysis] = {"stems": {}, "grams": many}
            else:
                rare[analysis], frequent[analysis] = fields, {"stems": {}, "grams": {}}
        return rare, frequent

    def _query(self, factors: _Factors) -> tantivy.Query | None:
        """What each of some factors says of the entries of its analysis."""
        return _any_of([query for _, query in self._parts(factors)])

    def _scoring(self, rare: _Factors, frequent: _Factors, ids: Ids) -> tantivy.Query | None:
        """The same of given ids only.

        The long lists of what stands everywhere would be most of the work: of each, only what it
        says of these ids is looked up. tantivy does that for a term that is optional beside
        something required, but goes through all lists of several that are optional together.
        """
        parts = []
        for analysis, query in self._parts(rare):
            wanted = tantivy.Query.term_set_query(_schema(), "id", ids.tolist())
            restricted = [
                (tantivy.Occur.Must, tantivy.Query.const_score_query(wanted, 0.0)),
                (tantivy.Occur.Should, query),
            ]
            scoring = tantivy.Query.boolean_query(restricted)
            for optional in self._terms(frequent[analysis]):
                scoring = tantivy.Query.boolean_query([(tantivy.Occur.Must, scoring), optional])
            parts.append(self._of_analysis(scoring, analysis))
        return _any_of(parts)

    def _parts(self, factors: _Factors) -> Iterator[tuple[str, tantivy.Query]]:
        """By analysis, what its factors say of its entries."""
        for analysis, fields in factors.items():
            should = self._terms(fields)
            query = tantivy.Query.boolean_query(should) if should else tantivy.Query.empty_query()
            yield analysis, self._of_analysis(query, analysis)

    def _terms(self, fields: _Fields) -> _Clauses:
        assert self._index is not None  # noqa: S101 - there are factors
        schema = self._index.schema
        return [
            (tantivy.Occur.Should, _boosted(schema, field, term, factor))
            for field in FIELDS
            for term, factor in fields[field].items()
        ]

    def _of_analysis(self, query: tantivy.Query, analysis: str) -> tantivy.Query:
        """The query among the entries of an analysis."""
        term = _analysis_term(analysis)
        if self._frequency("analysis", term) == self._counted():
            return query  # the usual store, of one language
        return _filtered(query, tantivy.Query.term_query(_schema(), "analysis", term))

    def _restricted(self, query: tantivy.Query, within: Ids) -> tantivy.Query:
        """The query among some ids only, told by the shorter of the two lists."""
        assert self._index is not None  # noqa: S101 - the caller has a searcher
        schema = self._index.schema
        if 2 * len(within) <= len(self._ids):
            ids = tantivy.Query.term_set_query(schema, "id", within.tolist())
            return _filtered(query, ids)
        others = np.setdiff1d(self._ids, within)
        if not len(others):
            return query
        ids = tantivy.Query.term_set_query(schema, "id", others.tolist())
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, query), (tantivy.Occur.MustNot, ids)]
        )


def _any_of(parts: Sequence[tantivy.Query]) -> tantivy.Query | None:
    return (
        tantivy.Query.disjunction_max_query(list(parts))
        if len(parts) > 1
        else next(iter(parts), None)
    )


def _scores_of(wanted: Ids, scores: Scores, ids: Ids) -> Scores:
    """The scores of the ids that are wanted; 0 of one that isn't there."""
    known = dict(zip(ids.tolist(), scores.tolist(), strict=True))
    return np.array([known.get(id_, 0.0) for id_ in wanted.tolist()], np.float32)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    builder.add_text_field("analysis", tokenizer_name="raw", index_option="basic")
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _analysis_term(analysis: str) -> str:
    return analysis or "-"


def _boosted(schema: tantivy.Schema, field: str, term: str, factor: float) -> tantivy.Query:
    return tantivy.Query.boost_query(
        tantivy.Query.term_query(schema, field, term, index_option="freq"), factor
    )


def _filtered(query: tantivy.Query, filter_: tantivy.Query) -> tantivy.Query:
    """Both must match; the second adds nothing to the score."""
    return tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Must, query),
            (tantivy.Occur.Must, tantivy.Query.const_score_query(filter_, 0.0)),
        ]
    )


def _clone(source: Path, target: Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        if file.name in _LOCKS:
            continue
        if file.name not in _CHANGING:
            try:
                os.link(file, target / file.name)
                continue
            except OSError:
                pass  # another file system, or one without links
        shutil.copyfile(file, target / file.name)
