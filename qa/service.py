"""The one service that every interface calls: open a store, ask it, keep it in step."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qa.embedding import Embedder, load_embedder
from qa.embedding.model import Model, resolve_model
from qa.errors import OverloadedError, QAError, StoreDamagedError, StoreEmptyError, UsageError
from qa.files import absolute, size_of
from qa.filters import Filter, parse_filter
from qa.ingest import Ingester, IngestReport, OnProgress, OnStage
from qa.library import Library
from qa.retrieval import (
    POOL,
    Nearest,
    Ranking,
    Reranking,
    Searcher,
    Weights,
    compose_answer,
    in_context,
    load_reranker,
    make_query,
)
from qa.settings import MAX_TOP_K, Settings, load_settings
from qa.store import OutdatedError, Snapshot, Store
from qa.types import Answer, Ask, Document, DocumentInfo, Passage, Turn

if TYPE_CHECKING:
    from qa.embedding.base import Vectors

MAX_QUESTION = 4000
"""Characters; models read far fewer."""
_FIRST_INGEST_WAIT = 600.0

Result = TypeVar("Result")


class QA:
    """Questions to one store. Safe to use from several threads.

    >>> bot = QA.open("vectors")
    >>> bot.ask("What was chosen as the 2024 Cultural Capital?").passages[0].source
    """

    def __init__(self, settings: Settings, on_export: Callable[[], None] = lambda: None) -> None:
        """
        Args:
            on_export: called when the model is about to be exported, which takes ten seconds or
                so and is done once a machine.
        """
        self.settings = settings
        self.store = Store(settings.store, settings.index, settings.lexical_index)
        self.library = Library(
            self.store,
            lambda on_stage: self._ingester(on_stage=on_stage),
            settings.max_file_bytes,
        )
        self._on_export = on_export
        self._searcher = Searcher(
            _weights(settings),
            dense=settings.retriever != "lexical",
            lexical=settings.retriever != "dense",
            reranking=self._load_reranking,
        )
        self._loading = threading.Lock()
        self._resolving = threading.Lock()
        self._model: Model | None = None
        self._embedder: Embedder | None = None

    @classmethod
    def open(
        cls,
        store: str | os.PathLike[str] | None = None,
        *,
        on_export: Callable[[], None] = lambda: None,
        **settings: Any,
    ) -> Self:
        """The bot over a store, with settings by name as in `qa config`.

        Raises:
            SettingsError: a setting is wrong.
            StorePathError: ``store`` is a file.
        """
        path = Path(store) if store is not None else None
        return cls(load_settings(store=path, **settings), on_export)

    # ------------------------------------------------------------------ asking

    def ask(
        self,
        question: str,
        top_k: int | None = None,
        *,
        where: Sequence[str] = (),
        history: Sequence[Turn] = (),
    ) -> Answer:
        """The passages that answer a question, best first, and the sentence that does.

        Args:
            top_k: how many passages at most; by default the setting ``top_k``.
            where: conditions on the documents, as "date>=2023-10-01"; see `qa.filters`. The best
                passages among those documents are found, not the best of all sifted afterwards.
            history: the conversation before, oldest first; a question that leans on it is
                searched together with what it leans on.

        Raises:
            UsageError: the question is empty or too long, top_k is out of range, or a condition
                is malformed.
            StoreError: the store is empty, made with another model, or can't be read.
        """
        (answer,) = self.ask_many([Ask(question, top_k, tuple(where), tuple(history))])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask_many(self, asks: Sequence[Ask]) -> Iterator[Answer | Exception]:
        """The answer to each question, in order and as soon as it is there, or why there is none.

        Together they take a fraction of the time: the model runs once for all of them, and the
        vectors are read once.
        """
        questions = [self._checked(ask) for ask in asks]
        begun = iter(self._begin([q for q in questions if isinstance(q, _Question)]))
        for question in questions:
            if isinstance(question, Exception):
                yield question
                continue
            try:
                yield self._answer(question, next(begun))
            except Exception as error:  # one's failure is not the others'
                yield error

    def _checked(self, ask: Ask) -> _Question | QAError:
        """What to search for, or what is wrong with the question."""
        try:
            question = checked_question(ask.question)
            return _Question(
                text=question,
                searched_for=_plain(in_context(question, ask.history))[:MAX_QUESTION],
                top_k=_checked_top_k(self.settings.top_k if ask.top_k is None else ask.top_k),
                filter=parse_filter(ask.where),
                clock=_Clock(),
            )
        except QAError as error:
            return error

    def _begin(self, questions: Sequence[_Question]) -> list[_Begun | Exception]:
        """For each question its embedding, and what is nearest to it if there are several."""
        if not questions:
            return []
        try:
            if self._embedder is None:  # another model is refused before it is loaded
                with self.store.snapshot() as snapshot:
                    self._check_model(snapshot)
            embedder = self.embedder
            for question in questions:
                question.clock.lap("load")
            texts = [question.searched_for for question in questions]
            vectors = embedder.embed_queries(texts)
            nearest: Sequence[Nearest | None] = [None] * len(texts)
            if len(texts) > 1 and self.settings.retriever != "lexical":
                nearest = self._at_one_generation(
                    lambda snapshot: [
                        Nearest(snapshot.version, POOL, hits)
                        for hits in snapshot.search_dense(vectors, POOL)
                    ]
                )
            for question in questions:
                question.clock.lap("embed")
        except Exception as error:
            return [error] * len(questions)
        return [_Begun(vectors[row : row + 1], nearest[row]) for row in range(len(texts))]

    def _answer(self, question: _Question, begun: _Begun | Exception) -> Answer:
        if isinstance(begun, Exception):
            raise begun
        clock = question.clock
        clock.lap("wait")

        def search(snapshot: Snapshot) -> Ranking:
            within = None
            if question.filter:
                within = snapshot.catalog.keys_where(question.filter)
                clock.lap("filter")
            query = make_query(
                question.searched_for, begun.embedding, snapshot, within, begun.nearest
            )
            return self._searcher.search(snapshot, query, question.top_k, clock.lap)

        ranking = self._at_one_generation(search)
        threshold = self.settings.min_confidence
        return compose_answer(
            question.text, question.searched_for, ranking, threshold, clock.timings()
        )

    def rankings(self, question: str, top_k: int, weights: Sequence[Weights]) -> list[Ranking]:
        """How each of some weights ranks what is retrieved for a question: retrieved once, and
        otherwise as `ask` does it.

        Raises:
            UsageError, StoreError: see `ask`.
        """
        question, k = checked_question(question), _checked_top_k(top_k)
        embedding = self.embedder.embed_queries([question])

        def rank(snapshot: Snapshot) -> list[Ranking]:
            query = make_query(question, embedding, snapshot)
            pool = self._searcher.retrieve(snapshot, query, k)
            return [self._searcher.rank(pool, k, each) for each in weights]

        return self._at_one_generation(rank)

    def _at_one_generation(self, work: Callable[[Snapshot], Result]) -> Result:
        """What some work on the store's present generation returns.

        Where another thread takes the indexes on to a later generation meanwhile, the work begins
        anew with that one: to take them back and on again would cost both far more.
        """
        while True:
            with suppress(OutdatedError), self.store.snapshot(rewinds=False) as snapshot:
                self._check_model(snapshot)
                return work(snapshot)

    # ------------------------------------------------------------------ documents

    def prepare(self, on_progress: OnProgress = lambda progress: None) -> IngestReport | None:
        """Makes the store ready for questions: where nothing was ever ingested, ingests ``seeds``.

        Raises:
            StoreEmptyError: there is nothing to ingest either.
        """
        if not self.store.is_new:
            return None
        seeds = self.settings.seeds
        if not seeds.exists():
            raise StoreEmptyError(
                f"There is nothing in the store {self.store.folder} yet, and no folder {seeds} to "
                "fill it from: run `qa ingest PATH`."
            )
        report = self.ingest([seeds], on_progress=on_progress, wait=_FIRST_INGEST_WAIT)
        if not report.read:
            reasons = "; ".join(f"{f.path}: {f.reason}" for f in report.failed[:3])
            raise StoreEmptyError(
                f"No document could be read in {seeds} ({reasons or 'none is there'}): put .txt, "
                ".md or .html files there, or run `qa ingest PATH`."
            )
        return report

    def ingest(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        *,
        rebuild: bool = False,
        on_progress: OnProgress = lambda progress: None,
        wait: float = 0,
    ) -> IngestReport:
        """Brings the store into step with files and folders; see `qa.ingest.Ingester.run`."""
        roots = [Path(path) for path in paths] or self._default_roots(rebuild)
        uploads = self.library.uploads.folder
        if rebuild and uploads.is_dir():  # a catalog that is made anew knows nothing of them
            roots = [*roots, uploads]
        return self._ingester(on_progress).run(roots, rebuild=rebuild, wait=wait)

    def add(
        self,
        documents: Iterable[Document],
        *,
        on_progress: OnProgress = lambda progress: None,
        wait: float = 0,
    ) -> IngestReport:
        """Adds documents that don't come from files; see `qa.ingest.Ingester.add`."""
        return self._ingester(on_progress).add(documents, wait=wait)

    def _ingester(
        self,
        on_progress: OnProgress = lambda progress: None,
        on_stage: OnStage = lambda stage, done, total: None,
    ) -> Ingester:
        return Ingester(
            self.store,
            self.embedder,
            passage_tokens=self.settings.passage_tokens,
            max_file_bytes=self.settings.max_file_bytes,
            on_progress=on_progress,
            on_stage=on_stage,
        )

    def _default_roots(self, rebuild: bool) -> list[Path]:
        """`seeds`; but a rebuild must not bring seeds into a store that is filled otherwise."""
        seeds = absolute(self.settings.seeds)
        if rebuild:
            try:
                with self.store.snapshot(for_rebuild=True) as snapshot:
                    paths = [Path(path) for path in snapshot.catalog.paths()]
            except (StoreEmptyError, StoreDamagedError):
                paths = []  # damaged, it is set aside and made anew
            if paths and not any(path.is_relative_to(seeds) for path in paths):
                return []
        return [self.settings.seeds]

    def documents(self, *, where: Sequence[str] = ()) -> list[DocumentInfo]:
        """The documents of the store, by path; see `qa.library.Library.documents`."""
        return self.library.documents(where)

    def document(self, reference: str) -> tuple[Document, list[Passage]]:
        """A document and its passages, by id, beginning of an id, or path.

        Raises:
            NotFoundError: none is meant by it, or several are.
        """
        return self.library.document(self.library.find(reference).id)

    def remove(self, reference: str, *, wait: float = 0) -> DocumentInfo:
        """Takes a document out of the store; see `document` and `qa.library.Library.remove`."""
        return self.library.remove(self.library.find(reference).id, wait=wait)

    def status(self) -> dict[str, Any]:
        """Counts, sizes, model and generation of the store, as JSON-ready values."""
        if self.store.is_new:
            return {"store": str(self.store.folder), "generation": 0, "documents": 0, "passages": 0}
        with self.store.snapshot() as snapshot:
            files = {name: file for name, file in snapshot.index_files.items() if file}
            return {
                "store": str(self.store.folder),
                "generation": snapshot.generation,
                "complete": snapshot.is_complete,
                "documents": snapshot.catalog.count("documents"),
                "paths": snapshot.catalog.count("paths"),
                "passages": snapshot.catalog.count("passages"),
                "embeddings": snapshot.catalog.count("embeddings"),
                **snapshot.identity.to_dict(),
                "catalog_bytes": self.store.catalog_path.stat().st_size,
                **{f"{name}_index": file.name for name, file in files.items()},
                **{f"{name}_index_bytes": size_of(file) for name, file in files.items()},
            }

    def counts(self) -> dict[str, int]:
        """Documents, passages and generation, quickly.

        Raises:
            StoreError: the store is empty or can't be read.
        """
        with self.store.snapshot() as snapshot:
            return {
                "documents": snapshot.catalog.count("documents"),
                "passages": snapshot.catalog.count("passages"),
                "generation": snapshot.generation,
            }

    def check_ready(self) -> None:
        """Makes sure that a question could be answered at once.

        Raises:
            OverloadedError: the model isn't loaded yet.
            StoreError: the store is empty, made with another model, or can't be read.
        """
        if self._embedder is None:
            raise OverloadedError("The model is being loaded: try again shortly.")
        with self.store.snapshot() as snapshot:
            self._check_model(snapshot)

    # ------------------------------------------------------------------ the model

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use."""
        with self._loading:
            if self._embedder is None:
                self._embedder = load_embedder(
                    self._resolved_model(),
                    self.settings.cache_dir.expanduser(),
                    self.settings.embedder,
                    self.settings.threads,
                    self._on_export,
                )
            return self._embedder

    def _load_reranking(self) -> Reranking | None:
        settings = self.settings
        if not settings.reranker:
            return None
        cache_dir = settings.cache_dir.expanduser()
        reranker = load_reranker(
            settings.reranker, settings.reranker_kind, cache_dir, settings.threads
        )
        return Reranking(reranker, settings.reranker_top_n, settings.reranker_seconds)

    def _resolved_model(self) -> Model:
        with self._resolving:
            if self._model is None:
                self._model = resolve_model(
                    self.settings.model, self.settings.cache_dir.expanduser()
                )
            return self._model

    def _check_model(self, snapshot: Snapshot) -> None:
        model = self._resolved_model()
        snapshot.identity.check_model(model.name, model.fingerprint)


def _weights(settings: Settings) -> Weights:
    """One side alone is also ranked by alone."""
    if settings.retriever == "hybrid":
        return Weights(settings.dense_weight, settings.sentence_weight)
    only = 1.0 if settings.retriever == "dense" else 0.0
    return Weights(only, settings.sentence_weight, adapts=False)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that makes sense."""

    text: str
    searched_for: str
    top_k: int
    filter: Filter
    clock: _Clock


@dataclass(frozen=True, slots=True)
class _Begun:
    """What is known of a question before it is searched for."""

    embedding: Vectors
    """Shape ``(1, dimension)``."""
    nearest: Nearest | None


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = round((now - self._last) * 1000, 3)
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self._laps, "total": round((time.perf_counter() - self._start) * 1000, 3)}


def checked_question(question: str) -> str:
    """The question as it can be asked. Raises UsageError if it is empty or too long."""
    question = _plain(question).strip()
    if not question:
        raise UsageError('The question is empty: ask something, as in qa ask "Who met whom?".')
    if len(question) > MAX_QUESTION:
        raise UsageError(
            f"The question has {len(question):,} characters: ask it in at most {MAX_QUESTION:,}."
        )
    return question


def _plain(text: str) -> str:
    """Without lone surrogates (from a command line that isn't UTF-8), which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


def _checked_top_k(top_k: int) -> int:
    if not 1 <= top_k <= MAX_TOP_K:
        raise UsageError(f"top_k is {top_k}: give a number from 1 to {MAX_TOP_K:,}.")
    return top_k
