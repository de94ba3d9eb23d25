"""The models of a service, loaded at first use."""

from __future__ import annotations

import threading
from collections.abc import Callable

from qa.embedding import Embedder, load_embedder
from qa.embedding.model import Model, resolve_model
from qa.retrieval import Reranking, load_reranker
from qa.settings import Settings
from qa.store import Snapshot
from qa.verification import Entailment, Verifier, load_entailment


class Models:
    """The embedder, the reranker and the verifier that some settings name. Safe to use from
    several threads."""

    def __init__(self, settings: Settings, on_export: Callable[[], None]) -> None:
        """
        Args:
            on_export: called when the embedding model is about to be exported.
        """
        self._settings = settings
        self._on_export = on_export
        self._loading = threading.Lock()
        self._resolving = threading.Lock()
        self._model: Model | None = None
        self._embedder: Embedder | None = None
        self._verifier: Verifier | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the embedder is."""
        return self._embedder is not None

    @property
    def embedder(self) -> Embedder:
        """The embedder. Raises ModelError if it can't be found or used."""
        with self._loading:
            if self._embedder is None:
                self._embedder = load_embedder(
                    self._resolved(),
                    self._settings.cache_dir.expanduser(),
                    self._settings.embedder,
                    self._settings.threads,
                    self._on_export,
                )
            return self._embedder

    @property
    def verifier(self) -> Verifier:
        """What checks generated sentences. Raises ModelError."""
        embedder = self.embedder
        with self._loading:
            if self._verifier is None:
                self._verifier = Verifier(embedder, self.load_entailment())
            return self._verifier

    def load_reranking(self) -> Reranking | None:
        """The reranker, if there is one. Raises ModelError."""
        settings = self._settings
        if not settings.reranker:
            return None
        cache_dir = settings.cache_dir.expanduser()
        reranker = load_reranker(
            settings.reranker, settings.reranker_kind, cache_dir, settings.threads
        )
        return Reranking(reranker, settings.reranker_top_n, settings.reranker_seconds)

    def load_entailment(self) -> Entailment | None:
        """The model that says what a text entails, if one is named. Raises ModelError."""
        return load_entailment(self._settings.nli_model)

    def check(self, snapshot: Snapshot) -> None:
        """Raises StoreMismatchError if a store was made with another embedding model."""
        model = self._resolved()
        snapshot.identity.check_model(model.name, model.fingerprint)

    def _resolved(self) -> Model:
        with self._resolving:
            if self._model is None:
                cache_dir = self._settings.cache_dir.expanduser()
                self._model = resolve_model(self._settings.model, cache_dir)
            return self._model
