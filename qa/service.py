"""The one service that every interface calls: open a store, ask it, keep it in step."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from qa.asking import MAX_QUESTION, Asking, checked_question
from qa.doctor import Finding, examine, repair
from qa.embedding import Embedder
from qa.errors import OverloadedError, QAError, StoreDamagedError, StoreEmptyError
from qa.files import absolute, size_of
from qa.filters import parse_filter
from qa.generation import KEY_VARIABLE, LanguageModel, Rewritten, rewrite, write
from qa.ingest import Ingester, IngestReport, OnProgress, OnStage, preview
from qa.library import Library
from qa.models import Models
from qa.parsing.workers import Workers
from qa.provenance import CitationState, DocumentState, check_citations, check_originals
from qa.retrieval import Ranking, Weights
from qa.settings import Settings, load_settings
from qa.store import Snapshot, Store
from qa.types import Answer, Ask, CheckedSentence, Document, DocumentInfo, Passage, Sort, Turn
from qa.watching import watch

__all__ = ["MAX_QUESTION", "QA", "checked_question"]

_FIRST_INGEST_WAIT = 600.0


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
        self._models = Models(settings, on_export)
        self._asking = Asking(self.store, settings, self._models)
        self._language_model: LanguageModel | None = None
        if settings.llm_base_url and settings.llm_model:
            key = os.environ.get(KEY_VARIABLE)
            self._language_model = LanguageModel(
                settings.llm_base_url, settings.llm_model, key, settings.llm_seconds
            )

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
        """The passages that answer a question, best first, and the sentence that does, or the
        answer of the language model, if the settings name one.

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
        steps = self.stream(Ask(question, top_k, tuple(where), tuple(history)))
        *_, answer = (step for step in steps if isinstance(step, Answer))
        return answer

    def stream(self, ask: Ask) -> Iterator[Answer | CheckedSentence]:
        """The answer to a question while it is made: first what was found, then each sentence that
        a language model writes, checked, and last the answer. Where no language model is asked,
        what was found is the answer.

        Raises:
            UsageError, StoreError: see `ask`.
        """
        rewritten = self.rewritten(ask)
        yield from self.write(self.find(rewritten.ask), rewritten)

    def find(self, ask: Ask) -> Answer:
        """What the documents say to a question, word for word: no language model is asked.

        Raises:
            UsageError, StoreError: see `ask`.
        """
        (answer,) = self.ask_many([ask])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rewritten(self, ask: Ask) -> Rewritten:
        """The first of the three steps of `stream`, for those that take the second for many
        questions at once: what to `ask_many` for. It may wait for the language model.

        Raises:
            UsageError: the question is empty or too long.
        """
        checked_question(ask.question)
        if self._language_model is None:
            return Rewritten(ask, ask)
        return rewrite(ask, self._language_model, self.settings.llm_seconds)

    def write(self, found: Answer, rewritten: Rewritten) -> Iterator[Answer | CheckedSentence]:
        """The last step of `stream`: what was found, what is written from it, the answer. Closing
        the iterator ends the writing; the language model's failures are notices, no errors.

        Raises:
            ModelError: the model that checks what is written can't be used.
        """
        found = rewritten.restored(found)
        yield found
        model, settings = self._language_model, self.settings
        if model is None or (found.confidence or 0.0) < settings.llm_min_confidence:
            return
        if not found.passages:
            return
        history = () if rewritten.is_changed else rewritten.asked.history
        yield from write(
            found,
            history,
            model,
            self._models.verifier,
            strict=settings.llm_strict,
            context_tokens=settings.llm_context_tokens,
        )

    @property
    def language_model(self) -> dict[str, str] | None:
        """Which language model is asked, and where; None if none is."""
        model = self._language_model
        return {"base_url": model.base_url, "model": model.model} if model else None

    def ask_many(self, asks: Sequence[Ask]) -> Iterator[Answer | Exception]:
        """What the documents say to each question, word for word (no language model is asked), in
        order and as soon as it is there, or why there is none.

        Together they take a fraction of the time: the model runs once for all of them, and the
        vectors are read once.
        """
        return self._asking.ask_many(asks)

    def rankings(self, question: str, top_k: int, weights: Sequence[Weights]) -> list[Ranking]:
        """How each of some weights ranks what is retrieved for a question: retrieved once, and
        otherwise as `ask` does it.

        Raises:
            UsageError, StoreError: see `ask`.
        """
        return self._asking.rankings(question, top_k, weights)

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
                f"No document could be read in {seeds} ({reasons or 'none is there'}): put .pdf, "
                ".txt or the like there, or run `qa ingest PATH`."
            )
        return report

    def ingest(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        *,
        only: Collection[Path] | None = None,
        rebuild: bool = False,
        on_progress: OnProgress = lambda progress: None,
        wait: float = 0,
    ) -> IngestReport:
        """Brings the store into step with files and folders; see `qa.ingest.Ingester.run`."""
        roots = [Path(path) for path in paths] or self._default_roots(rebuild)
        uploads = self.library.uploads.folder
        if rebuild and uploads.is_dir():  # a catalog that is made anew knows nothing of them
            roots = [*roots, uploads]
        Workers(self.settings.limits).warm()  # they start while the model is loaded
        return self._ingester(on_progress).run(
            roots, only=only, singles=uploads, rebuild=rebuild, wait=wait
        )

    def preview(self, paths: Sequence[str | os.PathLike[str]] = ()) -> IngestReport:
        """What `ingest` would do, by file; nothing is changed, and no new file is parsed."""
        roots = [Path(path) for path in paths] or [self.settings.seeds]
        settings = self.settings

        def of(snapshot: Snapshot | None) -> IngestReport:
            return preview(
                self.store,
                snapshot,
                roots,
                limits=settings.limits,
                parsing=settings.parsing,
                include=settings.include,
                exclude=settings.exclude,
            )

        try:
            with self.store.snapshot() as snapshot:
                return of(snapshot)
        except StoreEmptyError:
            return of(None)

    def watch(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        *,
        stop: threading.Event | None = None,
        on_error: Callable[[QAError], None] = lambda error: None,
    ) -> Iterator[IngestReport]:
        """Keeps the store in step with files and folders: an ingest now, and one whenever
        something changes there, until ``stop`` is set; see `qa.watching.watch`."""
        roots = [absolute(path) for path in paths or [self.settings.seeds]]
        store = absolute(self.store.folder)

        def ingest(changed: Collection[Path] | None) -> IngestReport:
            return self.ingest(roots, only=changed)

        return watch(ingest, roots, store, stop=stop, on_error=on_error)

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
            limits=self.settings.limits,
            parsing=self.settings.parsing,
            include=self.settings.include,
            exclude=self.settings.exclude,
            on_progress=on_progress,
            on_stage=on_stage,
        )

    def _default_roots(self, rebuild: bool) -> list[Path]:
        """`seeds`; but a rebuild must not bring seeds into a store that is filled otherwise."""
        seeds = absolute(self.settings.seeds)
        if rebuild:
            try:
                with self.store.snapshot(for_rebuild=True) as snapshot:
                    paths = [Path(path) for path in snapshot.catalog.places.paths()]
            except (StoreEmptyError, StoreDamagedError):
                paths = []  # damaged, it is set aside and made anew
            if paths and not any(path.is_relative_to(seeds) for path in paths):
                return []
        return [self.settings.seeds]

    def documents(
        self,
        *,
        where: Sequence[str] = (),
        sort: Sort = "path",
        is_reverse: bool = False,
        limit: int = -1,
    ) -> list[DocumentInfo]:
        """The documents of the store; see `qa.library.Library.documents`."""
        return self.library.documents(where, limit=limit, sort=sort, is_reverse=is_reverse)

    def document(self, reference: str) -> tuple[Document, list[Passage]]:
        """A document and its passages, by id, beginning of an id, or path.

        Raises:
            NotFoundError: none is meant by it, or several are.
        """
        return self.library.document(self.library.find(reference).id)

    def remove(self, reference: str, *, wait: float = 0) -> DocumentInfo:
        """Takes a document out of the store; see `document` and `qa.library.Library.remove`."""
        return self.library.remove(self.library.find(reference).id, wait=wait)

    def verify(self, *, where: Sequence[str] = ()) -> list[DocumentState]:
        """Whether the originals of the documents are still what was ingested.

        Args:
            where: conditions on the documents; see `qa.filters`.
        """
        filter_ = parse_filter(where)
        with self.store.snapshot() as snapshot:
            infos = snapshot.catalog.infos(filter_)
            most = self.settings.max_file_bytes
            return list(check_originals(snapshot.catalog, infos, most))

    def verify_answer(self, answer: Any) -> list[CitationState]:
        """Whether the citations in an answer's JSON still stand, word for word.

        Args:
            answer: what `Answer.to_dict` gives, or anything that holds such.

        Raises:
            UsageError: there is no citation in it, or one isn't as qa writes them.
        """
        with self.store.snapshot() as snapshot:
            return check_citations(snapshot.catalog, answer, self.settings.max_file_bytes)

    def examine(self) -> list[Finding]:
        """What is wrong with the store; see `qa.doctor.examine`."""
        return examine(self.store)

    def repair(self, findings: Sequence[Finding], *, wait: float = 0) -> list[Finding]:
        """Repairs what can be, and returns what is left; see `qa.doctor.repair`."""
        return repair(self.store, findings, self._ingester, wait=wait)

    def status(self) -> dict[str, Any]:
        """Counts, sizes, model and generation of the store, as JSON-ready values."""
        if self.store.is_new:
            return {
                "store": str(self.store.folder),
                "generation": 0,
                "documents": 0,
                "passages": 0,
                "language_model": self.language_model,
            }
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
                "language_model": self.language_model,
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
        if not self._models.is_loaded:
            raise OverloadedError("The model is being loaded: try again shortly.")
        with self.store.snapshot() as snapshot:
            self._models.check(snapshot)

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use."""
        return self._models.embedder
