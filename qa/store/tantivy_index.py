"""The lexical index on disk, by tantivy.

A written index is a folder that never changes again. A change works on a copy, in which the
segments are hard links: tantivy never writes into a segment, it only adds and deletes whole files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tantivy

from qa.analysis import Terms
from qa.store.lexical_index import FIELDS, LexicalEntry, Question, idf, weights

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores

_IDS = "ids.npy"
_HEAP = 64_000_000
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
        searcher = self._searcher()
        if within is not None:
            k = min(k, len(within))
        k = min(k, len(self._ids))
        parts = [self._query(searcher, analysis, terms) for analysis, terms in question.items()]
        if searcher is None or k == 0 or not parts:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        query = tantivy.Query.disjunction_max_query(parts) if len(parts) > 1 else parts[0]
        if within is not None:
            query = self._restricted(query, within)
        hits = searcher.search(query, limit=k, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        return np.array([score for score, _ in hits], np.float32), np.array(ids, np.int64)

    def idfs(self, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        searcher = self._searcher()

        size = _size(searcher) if searcher else 0

        def of(field: str) -> dict[str, float]:
            return {
                term: idf(size, searcher.doc_freq(field, term) if searcher else 0)
                for term in set(getattr(terms, field))
            }

        return of("stems"), of("grams")

    def write(self, path: Path) -> None:
        self._settle()
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

    def _settle(self) -> None:
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
            self._settle()
            self._index.reload()
            self._is_stale = False
        return self._index.searcher()

    def _query(
        self, searcher: tantivy.Searcher | None, analysis: str, terms: Terms
    ) -> tantivy.Query:
        """The question's terms, among the entries of an analysis."""
        if searcher is None or self._index is None:
            return tantivy.Query.empty_query()
        schema, size = self._index.schema, _size(searcher)
        factors = weights(terms, searcher.doc_freq, size)
        should = [
            (tantivy.Occur.Should, _boosted(schema, field, term, factor))
            for field in FIELDS
            for term, factor in factors[field].items()
        ]
        if not should:
            return tantivy.Query.empty_query()
        query = tantivy.Query.boolean_query(should)
        term = _analysis_term(analysis)
        if searcher.doc_freq("analysis", term) == size:
            return query  # the usual store, of one language
        return _filtered(query, tantivy.Query.term_query(schema, "analysis", term))

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


def _size(searcher: tantivy.Searcher) -> int:
    """The number of entries as tantivy's statistics have it: those removed count in it, as in
    each term's frequency, until their segment is merged."""
    return sum(count for _, count in searcher.terms_with_prefix("analysis", ""))


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
