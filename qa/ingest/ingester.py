"""What puts documents into a store: from files, or as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from qa.analysis import detect_language
from qa.embedding import Embedder
from qa.files import Files, absolute, find_files
from qa.ingest.batch import Batch
from qa.ingest.looking import Known, Looker, State
from qa.ingest.report import Failure, IngestReport, OnProgress, OnStage, Progress, Skip
from qa.ingest.sync import Sync
from qa.parsing import Options, can_parse, is_container
from qa.parsing.workers import Limits, Workers
from qa.passages import Splitter
from qa.store import Identity, Snapshot, Store, Writer
from qa.types import Document


class Ingester:
    """Puts documents into one store with one embedder."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        passage_tokens: int,
        limits: Limits,
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
            limits: what reading a file may take.
            parsing: what concerns the parsers.
            include, exclude: which files are looked at; see `qa.files.find_files`.
            on_progress: called after each file.
            on_stage: called within a file, too.
        """
        self._store = store
        self._embedder = embedder
        self._splitter = Splitter(embedder.count_tokens, embedder.max_tokens, passage_tokens)
        self._limits = limits
        self._parsing = parsing or Options()
        self._patterns = include, exclude
        self._on_progress = on_progress
        self._on_stage = on_stage
        self.identity = Identity(
            model=embedder.model.name,
            fingerprint=embedder.model.fingerprint,
            dimension=embedder.dimension,
            passage_tokens=passage_tokens,
        )

    def run(
        self,
        paths: Sequence[Path],
        *,
        only: Collection[Path] | None = None,
        singles: Path | None = None,
        rebuild: bool = False,
        wait: float = 0,
    ) -> IngestReport:
        """Brings the store into step with what is at ``paths`` now.

        Args:
            paths: files, folders and patterns; see `qa.files.find_files`.
            only: what is to be looked at there, if known before: other files are taken as
                unchanged.
            singles: a folder whose files are taken for one document each, whatever they hold.
            rebuild: cut and embed every stored document again, in one transaction, with the
                present model and settings; documents from elsewhere are kept.
            wait: how many seconds to wait for another writer to finish.

        Raises:
            StoreError: the store is busy, made with another model, or can't be written.
        """
        report = IngestReport()
        with self._store.writer(self.identity, rebuild=rebuild, wait=wait) as writer:
            batch = self._batch(writer, report)
            if rebuild:  # uncommitted to the end: until then readers have the old model's store
                batch.commits = False
                self._fill(batch, map(_with_language, writer.catalog.documents()), replaces=True)
            known = Known(writer.catalog)
            roots = [absolute(path) for path in paths]
            sync = Sync(
                _find(roots, known, self._store, report, patterns=self._patterns),
                roots,
                known=known,
                looker=Looker(known, self._parsing, self._limits),
                batch=batch,
                singles=singles,
                on_progress=self._on_progress,
            )
            sync.run(Workers(self._limits, self._parsing), only)
            self._finish(writer, batch)
        return report

    def add(self, documents: Iterable[Document], *, wait: float = 0) -> IngestReport:
        """Adds documents that were parsed elsewhere; those already stored cost nothing.

        Raises:
            StoreError: as `run`.
        """
        report = IngestReport()
        with self._store.writer(self.identity, wait=wait) as writer:
            batch = self._batch(writer, report)
            for done, document in enumerate(documents, start=1):
                if document.id in batch or writer.catalog.has_document(document.id):
                    report.unchanged.append(document.path)
                    for path in document.paths:
                        batch.put(path, document.id)
                else:
                    batch.add(_with_language(document), self._splitter.split(document))
                    report.added.append(document.path)
                self._on_progress(Progress(done, None, document.path))
            self._finish(writer, batch)
        return report

    def put(self, writer: Writer, documents: Iterable[Document], *, replaces: bool = False) -> None:
        """Cuts and embeds documents and writes them, uncommitted.

        Args:
            writer: of `identity`.
            replaces: they are stored already, and only their passages are made again.
        """
        batch = self._batch(writer, IngestReport())
        batch.commits = False
        self._fill(batch, documents, replaces=replaces)

    def _fill(self, batch: Batch, documents: Iterable[Document], *, replaces: bool) -> None:
        for document in documents:
            batch.add(document, self._splitter.split(document), replaces=replaces)
        batch.flush()

    def _batch(self, writer: Writer, report: IngestReport) -> Batch:
        return Batch(self._embedder, self._splitter, writer, report, on_stage=self._on_stage)

    def _finish(self, writer: Writer, batch: Batch) -> None:
        batch.commits = False  # the last batch goes with the final commit
        batch.flush()
        writer.commit()


def _with_language(document: Document) -> Document:
    return replace(document, language=document.language or detect_language(document.text))


def preview(
    store: Store,
    snapshot: Snapshot | None,
    paths: Sequence[Path],
    *,
    limits: Limits,
    parsing: Options,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> IngestReport:
    """What an ingest of ``paths`` would do, by file, without reading what new ones say.

    Args:
        snapshot: what the store holds; None if it is new.
    """
    report = IngestReport()
    known = Known(snapshot.catalog if snapshot else None)
    roots = [absolute(path) for path in paths]
    files = _find(roots, known, store, report, patterns=(include, exclude))
    looker = Looker(known, parsing, limits)
    gone = [file for file in known.files if files.is_gone(Path(file), roots)]
    homeless = {known.records[file].sha256: file for file in gone if file in known.records}
    for file in files.found:
        look = looker.look(file)
        match look.state:
            case State.UNCHANGED:
                report.unchanged.append(look.path)
            case State.CHANGED:
                report.updated.append(look.path)
            case State.MOVED if look.path not in known.files and look.sha256 in homeless:
                report.moved[look.path] = homeless.pop(look.sha256)
            case State.MOVED if look.path in known.files:
                report.updated.append(look.path)
            case State.NEW | State.MOVED:
                report.added.append(look.path)
            case _:
                report.failed.append(Failure(look.path, look.reason))
    report.removed += sorted(set(gone) - set(report.moved.values()))
    return report


def _find(
    roots: list[Path],
    known: Known,
    store: Store,
    report: IngestReport,
    *,
    patterns: tuple[Sequence[str], Sequence[str]],
) -> Files:
    def is_wanted(path: Path) -> bool:
        return (can_parse(path) or is_container(path)) and not store.is_own(path)

    files = find_files(
        roots,
        is_wanted,
        known.files,
        leave_out=absolute(store.folder),
        include=patterns[0],
        exclude=patterns[1],
    )
    report.skipped += [Skip(str(path), reason) for path, reason in files.skipped.items()]
    report.failed += [Failure(str(path), reason) for path, reason in files.failed.items()]
    return files
