"""Bringing a store into step with files: what is new goes in, what changed is replaced, what
vanished goes out, and what is the same costs nothing.

Files are compared by the sha256 of their bytes. Work is committed in batches, so that an ingest
that is ended by force loses at most the batch it was at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qa.analysis import detect_language
from qa.embedding import Embedded, Embedder
from qa.errors import DocumentError
from qa.files import absolute, find_files
from qa.parsing import Options, can_parse, document_id, parse
from qa.passages import Splitter
from qa.store import Identity, Store, Writer
from qa.types import Document, Passage, Span

BATCH_PASSAGES = 64
"""Passages embedded and committed together: about a second's work on two cores."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be taken in, and why (as a clause: "it is …")."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """A file or folder that was left out, and why (as a clause: "it is …")."""

    path: str
    reason: str


@dataclass(slots=True)
class IngestReport:
    """What an ingest did, by path."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    """What lies in a folder and isn't for a store: mostly files whose format has no parser."""
    failed: list[Failure] = field(default_factory=list)
    embedded: int = 0
    """Passages that were embedded."""

    @property
    def read(self) -> int:
        """How many files could be read."""
        return len(self.added) + len(self.updated) + len(self.unchanged)

    def to_dict(self) -> dict[str, Any]:
        return {
            "added": len(self.added),
            "updated": len(self.updated),
            "unchanged": len(self.unchanged),
            "removed": len(self.removed),
            "skipped": [{"path": s.path, "reason": s.reason} for s in self.skipped],
            "failed": [{"path": f.path, "reason": f.reason} for f in self.failed],
            "embedded": self.embedded,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is, in files; ``total`` is None where it isn't known."""

    done: int
    total: int | None
    path: str


OnProgress = Callable[[Progress], None]

OnStage = Callable[[str, int, int], None]
"""How far the work on one document or batch is: "parsed" (all its passages are known) or
"embedding", with the passages done and of how many."""


class Ingester:
    """Puts files into one store with one embedder."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        passage_tokens: int,
        max_file_bytes: int,
        parsing: Options | None = None,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        on_progress: OnProgress = lambda progress: None,
        on_stage: OnStage = lambda stage, done, total: None,
    ) -> None:
        """
        Args:
            passage_tokens: the size of passage to aim at, in the model's tokens.
            max_file_bytes: larger files are reported as failed.
            parsing: what concerns the parsers.
            include, exclude: which files are looked at; see `qa.files.find_files`.
            on_progress: called after each file.
            on_stage: called within a file, too.
        """
        self._store = store
        self._embedder = embedder
        self._splitter = Splitter(embedder.count_tokens, embedder.max_tokens, passage_tokens)
        self._max_file_bytes = max_file_bytes
        self._parsing = parsing or Options()
        self._include, self._exclude = include, exclude
        self._on_progress = on_progress
        self._on_stage = on_stage
        self._identity = Identity(
            model=embedder.model.name,
            fingerprint=embedder.model.fingerprint,
            dimension=embedder.dimension,
            passage_tokens=passage_tokens,
        )

    def run(self, paths: Sequence[Path], *, rebuild: bool = False, wait: float = 0) -> IngestReport:
        """Brings the store into step with what is at ``paths`` now.

        Args:
            paths: files, folders and patterns; see `qa.files.find_files`.
            rebuild: cut and embed every stored document again, in one transaction, with the
                present model and settings; documents from elsewhere are kept.
            wait: how many seconds to wait for another writer to finish.

        Raises:
            StoreError: the store is busy, made with another model, or can't be written.
        """
        report = IngestReport()
        with self._store.writer(self._identity, rebuild=rebuild, wait=wait) as writer:
            batch = _Batch(self._embedder, self._splitter, writer, report, on_stage=self._on_stage)
            if rebuild:  # uncommitted to the end: until then readers have the old model's store
                batch.commits = False
                for stored in writer.catalog.documents():
                    document = replace(stored, language=detect_language(stored.text))
                    batch.add(document, self._splitter.split(document), replaces=True)
            self._sync(paths, writer, batch, report)
            batch.commits = False  # the last batch goes with the final commit
            batch.flush()
            writer.commit()
        return report

    def add(self, documents: Iterable[Document], *, wait: float = 0) -> IngestReport:
        """Adds documents that were parsed elsewhere; those already stored cost nothing.

        Raises:
            StoreError: as `run`.
        """
        report = IngestReport()
        with self._store.writer(self._identity, wait=wait) as writer:
            batch = _Batch(self._embedder, self._splitter, writer, report, on_stage=self._on_stage)
            for done, document in enumerate(documents, start=1):
                if document.id in batch or writer.catalog.has_document(document.id):
                    report.unchanged.append(document.path)
                    for path in document.paths:
                        batch.add_path(path, document.id)
                else:
                    language = document.language or detect_language(document.text)
                    batch.add(replace(document, language=language), self._splitter.split(document))
                    report.added.append(document.path)
                self._on_progress(Progress(done, None, document.path))
            batch.commits = False
            batch.flush()
            writer.commit()
        return report

    def _sync(
        self, paths: Sequence[Path], writer: Writer, batch: _Batch, report: IngestReport
    ) -> None:
        known = writer.catalog.paths()
        roots = [absolute(path) for path in paths]
        files = find_files(
            roots,
            can_parse,
            known,
            leave_out=absolute(self._store.folder),
            include=self._include,
            exclude=self._exclude,
        )
        report.skipped += [Skip(str(path), reason) for path, reason in files.skipped.items()]
        report.failed += [Failure(str(path), reason) for path, reason in files.failed.items()]
        for done, file in enumerate(files.found, start=1):
            try:
                self._take(file, known.get(str(file)), writer, batch, report)
            except DocumentError as error:
                report.failed.append(Failure(str(file), str(error)))
                if str(file) in known and not isinstance(error, _UnreadableError):
                    writer.remove_path(str(file))  # the file no longer says what it said
                    report.removed.append(str(file))
            self._on_progress(Progress(done, len(files.found), str(file)))
        for path in known:
            if files.is_gone(Path(path), roots):
                writer.remove_path(path)
                report.removed.append(path)

    def _take(
        self, file: Path, known: str | None, writer: Writer, batch: _Batch, report: IngestReport
    ) -> None:
        data = self._read(file)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 == known:
            report.unchanged.append(str(file))
            return
        id_ = document_id(sha256)
        if id_ in batch or writer.catalog.has_document(id_):
            batch.add_path(str(file), id_)
        else:
            document = parse(data, file, sha256, self._parsing)
            try:
                passages = self._splitter.split(document)
            except Exception as error:  # one document must not stop the others
                raise DocumentError(f"it can't be cut into passages ({error})") from error
            self._on_stage("parsed", len(passages), len(passages))
            batch.add(document, passages)
        (report.updated if known is not None else report.added).append(str(file))

    def _read(self, file: Path) -> bytes:
        try:
            str(file).encode()
            size = file.stat().st_size
            if size > self._max_file_bytes:
                raise DocumentError(
                    f"it has {size / 1e6:,.1f} MB, over the limit of "
                    f"{self._max_file_bytes / 1e6:,g} MB: raise max_file_mb (QA_MAX_FILE_MB) "
                    "to take it in"
                )
            return file.read_bytes()
        except UnicodeEncodeError:
            raise _UnreadableError("its name isn't valid Unicode: rename it") from None
        except OSError as error:
            raise _UnreadableError(f"it can't be read ({error.strerror or error})") from error


class _UnreadableError(DocumentError):
    """The file could not be read now, which says nothing of its contents."""


class _Batch:
    """Documents on their way into the store, embedded together and committed together."""

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
        self._on_stage = on_stage
        self._embedder = embedder
        self._splitter = splitter
        self._writer = writer
        self._report = report
        self._documents: dict[str, tuple[Document, list[Passage], bool]] = {}
        self._paths: list[tuple[str, str]] = []
        self._texts: list[str] = []
        self._sentences: list[list[Span]] = []

    def __contains__(self, id_: str) -> bool:
        return id_ in self._documents

    def add(self, document: Document, passages: list[Passage], *, replaces: bool = False) -> None:
        """Takes in a new document, or with ``replaces`` a stored one's passages anew."""
        self._documents[document.id] = (document, passages, replaces)
        for passage in passages:
            text = self._splitter.embedded_text(document, passage)
            lead = len(text) - len(passage.text)  # title and headings stand in front
            self._texts.append(text)
            self._sentences.append([Span(lead + s.start, lead + s.end) for s in passage.sentences])
        if len(self._texts) >= BATCH_PASSAGES:
            self.flush()

    def add_path(self, path: str, id_: str) -> None:
        """Takes in a further path of a document that is stored or in this batch."""
        self._paths.append((path, id_))

    def flush(self) -> None:
        """Embeds and writes what there is, and commits it unless more must go with it."""
        embedded = self._embed()
        start = 0
        for document, passages, replaces in self._documents.values():
            part = embedded.part(start, start + len(passages))
            start += len(passages)
            if replaces:
                self._writer.replace_passages(document, passages, part)
            else:
                self._writer.add(document, passages, part)
        for path, id_ in self._paths:
            self._writer.set_path(path, id_)
        self._report.embedded += len(self._texts)
        self._documents, self._paths, self._texts, self._sentences = {}, [], [], []
        if self.commits:
            self._writer.commit(final=False)

    def _embed(self) -> Embedded:
        """Embeds what there is, in parts: a long document's progress can be told."""
        parts = []
        for start in range(0, max(1, len(self._texts)), BATCH_PASSAGES):
            part = slice(start, start + BATCH_PASSAGES)
            texts = self._texts[part]
            parts.append(self._embedder.embed_sentences(texts, self._sentences[part]))
            if texts:
                self._on_stage("embedding", start + len(texts), len(self._texts))
        return Embedded.joined(parts)
