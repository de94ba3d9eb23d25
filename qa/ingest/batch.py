"""Documents on their way into the store, embedded together and committed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qa.embedding import Embedded, Embedder
from qa.ingest.report import IngestReport, OnStage
from qa.passages import Splitter
from qa.store import Writer
from qa.types import Document, Passage, Span

BATCH_PASSAGES = 64
"""Passages embedded and committed together: about a second's work on two cores."""


@dataclass(frozen=True, slots=True)
class _Entry:
    document: Document
    passages: list[Passage]
    replaces: bool
    file: str | None


class Batch:
    """What is to be written, in order; `flush` writes it."""

    def __init__(
        self,
        embedder: Embedder,
        splitter: Splitter,
        writer: Writer,
        report: IngestReport,
        *,
        on_stage: OnStage,
    ) -> None:
        self.commits = True
        """Whether a flush makes what it wrote visible."""
        self.on_stage = on_stage
        self._embedder = embedder
        self.splitter = splitter
        self.writer = writer
        self.report = report
        self._ids: set[str] = set()
        self._changes: list[_Entry | Callable[[Writer], None]] = []
        self._texts: list[str] = []
        self._sentences: list[list[Span]] = []

    def __contains__(self, id_: str) -> bool:
        """Whether a document is written or changed by the batch."""
        return id_ in self._ids

    def add(
        self,
        document: Document,
        passages: list[Passage],
        *,
        replaces: bool = False,
        file: str | None = None,
    ) -> None:
        """Takes in a new document, or with ``replaces`` a stored one anew.

        Args:
            file: the file that a new one lies in, where its path leads into one.
        """
        self._ids.add(document.id)
        self._changes.append(_Entry(document, passages, replaces, file))
        for passage in passages:
            text = self.splitter.embedded_text(document, passage)
            lead = len(text) - len(passage.text)  # title and headings stand in front
            self._texts.append(text)
            self._sentences.append([Span(lead + s.start, lead + s.end) for s in passage.sentences])
        if len(self._texts) >= BATCH_PASSAGES:
            self.flush()

    def put(self, path: str, id_: str, file: str | None = None) -> None:
        """Takes in a further path of a document that is stored or in this batch."""
        self.then(partial(Writer.set_path, path=path, document_id=id_, file=file))

    def update(self, document: Document) -> None:
        """Takes over what a stored document says of itself; its passages stay."""
        self._ids.add(document.id)
        self.then(partial(Writer.update, document=document))

    def then(self, change: Callable[[Writer], None]) -> None:
        """Has something written behind what was said before."""
        self._changes.append(change)

    def flush(self) -> None:
        """Embeds and writes what there is, and commits it unless more must go with it."""
        embedded = self._embed()
        start = 0
        for change in self._changes:
            if not isinstance(change, _Entry):
                change(self.writer)
                continue
            part = embedded.part(start, start + len(change.passages))
            start += len(change.passages)
            if change.replaces:
                self.writer.replace(change.document, change.passages, part)
            else:
                self.writer.add(change.document, change.passages, part, change.file)
        self.report.embedded += len(self._texts)
        self._ids, self._changes, self._texts, self._sentences = set(), [], [], []
        if self.commits:
            self.writer.commit(final=False)

    def _embed(self) -> Embedded:
        """Embeds what there is, in parts: a long document's progress can be told."""
        parts = []
        for start in range(0, max(1, len(self._texts)), BATCH_PASSAGES):
            part = slice(start, start + BATCH_PASSAGES)
            texts = self._texts[part]
            parts.append(self._embedder.embed_sentences(texts, self._sentences[part]))
            if texts:
                self.on_stage("embedding", start + len(texts), len(self._texts))
        return Embedded.joined(parts)
