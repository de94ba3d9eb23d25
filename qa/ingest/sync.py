"""One run over files: each is looked at, read if need be, and what is found goes into the batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

from qa.errors import DocumentError
from qa.files import Files
from qa.ingest.batch import Batch
from qa.ingest.looking import Known, Look, Looker, State, is_among, moved_path, unlooked
from qa.ingest.report import Failure, OnProgress, Progress
from qa.parsing.base import PassingError
from qa.parsing.reading import UnreadableError
from qa.parsing.sidecars import described
from qa.parsing.unpacking import Broken
from qa.parsing.workers import Reading, TimeLimitError, Workers
from qa.store import FileRecord, Writer
from qa.types import Document, Passage


class Sync:
    """Brings a store into step with the files that were found."""

    def __init__(
        self,
        files: Files,
        roots: Sequence[Path],
        *,
        known: Known,
        looker: Looker,
        batch: Batch,
        singles: Path | None,
        on_progress: OnProgress,
    ) -> None:
        """
        Args:
            singles: a folder whose files are taken for one document each.
        """
        self._files = files
        self._known = known
        self._looker = looker
        self._batch = batch
        self._catalog = batch.writer.catalog
        self._report = batch.report
        self._singles = singles
        self._on_progress = on_progress
        self._gone = {file for file in known.files if files.is_gone(Path(file), roots)}
        self._homeless: dict[str, list[str]] = defaultdict(list)
        """The paths that documents had in files that are gone, by the documents' ids."""
        for file in sorted(self._gone):
            for path in known.paths[file]:
                self._homeless[known.places[path].document_id].append(path)
        self._bereft = {Path(file) for file in self._sharing(self._gone)}
        """Files that say what one says which is gone: it may be known as that said it."""
        self._placed: set[str] = set()
        self._taken: set[str] = set()
        """Paths at which something else is now than there was."""
        self._files_of: dict[str, set[str]] = defaultdict(set)
        """Where documents were found in this run, by their ids."""
        self._moved: set[str] = set()
        self._last: list[Callable[[Writer], None]] = []
        """Removals, at the end: a document that moves must not be without a path meanwhile."""
        self._done = 0

    def run(self, workers: Workers, only: Collection[Path] | None) -> None:
        """
        Args:
            only: what is to be looked at, if known before: other files are taken as unchanged.
        """
        among = None if only is None else frozenset(only) | self._bereft
        looks: dict[str, Look] = {}

        def to_read() -> Iterator[Reading]:
            for file in self._files.found:
                look = self._look(file, among)
                if look.state in (State.NEW, State.CHANGED):
                    looks[look.path] = look
                    yield Reading(file, is_single=self._is_single(file))
                else:
                    self._settle(look)
                    self._progress(look.path)

        with workers.reading(to_read()) as readings:
            for reading in readings:
                look = looks.pop(str(reading.path))
                self._take(reading, look)
                self._progress(look.path)
        self._remove_gone()
        for change in self._last:
            self._batch.then(change)

    def _is_single(self, file: Path) -> bool:
        return self._singles is not None and self._singles in file.parents

    def _look(self, file: Path, only: frozenset[Path] | None) -> Look:
        record = self._known.records.get(str(file))
        if record and only is not None and not is_among(file, only):
            return unlooked(str(file), record)
        look = self._looker.look(file)
        is_bereft = look.state is State.UNCHANGED and file in self._bereft
        if is_bereft or (look.state is State.MOVED and not self._can_follow(look)):
            return replace(look, state=State.CHANGED, record=record)
        return look

    def _can_follow(self, look: Look) -> bool:
        """Whether what was found in the file with the same bytes is still in the store, since
        another file may have taken its place meanwhile; and was read as this file is."""
        if look.record and self._is_single(Path(look.record.path)) != self._is_single(
            Path(look.path)
        ):
            return False
        paths = self._known.paths.get(look.record.path, ()) if look.record else ()
        ids = (self._known.places[path].document_id for path in paths)
        return all(id_ in self._batch or self._catalog.has_document(id_) for id_ in ids)

    def _progress(self, path: str) -> None:
        self._done += 1
        self._on_progress(Progress(self._done, len(self._files.found), path))

    # ------------------------------------------------------------------ without reading

    def _settle(self, look: Look) -> None:
        match look.state:
            case State.UNCHANGED:
                self._report.unchanged += self._known.paths[look.path]
                self._fail(look.record.failures if look.record else ())
            case State.MOVED:
                self._move(look)
            case State.REFUSED:
                self._fail([(look.path, look.reason)])
                self._forget(look.path)
            case _:
                self._fail([(look.path, look.reason)])

    def _move(self, look: Look) -> None:
        before = look.record
        if before is None:
            return
        placed = {
            moved_path(path, before, look): self._known.places[path].document_id
            for path in self._known.paths[before.path]
        }
        for path, id_ in placed.items():
            self._batch.put(path, id_, look.path)
            self._retitle(id_, before.path, look.path)
            self._count(path, id_, look.path)
        failures = tuple(
            (moved_path(path, before, look) if path.startswith(before.path) else path, reason)
            for path, reason in before.failures
        )
        self._fail(failures)
        self._finish(replace(before, path=look.path, failures=failures), placed)

    def _retitle(self, id_: str, before: str, now: str) -> None:
        """What has the file's name for a title is renamed with it."""
        if before in self._gone:
            names = PurePath(before).stem, PurePath(now).stem
            self._batch.then(partial(Writer.retitle, id=id_, before=names[0], now=names[1]))

    # ------------------------------------------------------------------ by reading

    def _take(self, reading: Reading, look: Look) -> None:
        placed: set[str] = set()
        failures: list[tuple[str, str]] = []
        if look.sidecar and look.sidecar.error:
            failures.append((str(look.sidecar.path), look.sidecar.error))
        keeps_record = True
        if look.record:  # what is committed before all is read must not pass for what was
            self._batch.then(partial(Writer.remove_file, path=look.path))
        try:
            for found in reading:
                if isinstance(found, Broken):
                    failures.append((found.name, found.reason))
                    keeps_record = keeps_record and not found.is_passing
                    continue
                document = described(found, look.sidecar, is_within=found.path != look.path)
                try:
                    self._place(document, look.path)
                    placed.add(document.path)
                except DocumentError as error:
                    failures.append((document.path, str(error)))
        except UnreadableError as error:
            self._fail([(look.path, str(error))])
            return
        except DocumentError as error:
            failures.append((look.path, str(error)))
            keeps_record = not isinstance(error, PassingError)
            is_same = look.record is not None and look.record.sha256 == look.sha256
            if is_same and isinstance(error, PassingError | TimeLimitError):
                self._fail(failures)  # what was read of it once still stands there
                return
        self._fail(failures)
        if not keeps_record:
            self._forget(look.path, placed)
            return
        with_ = self._looker.read_with(look.sidecar, failed=bool(failures))
        sha256 = reading.sha256 or look.sha256
        self._finish(FileRecord(look.path, sha256, with_, tuple(failures)), placed)

    def _place(self, document: Document, file: str) -> None:
        """Takes in a document, or a further path of one that is there."""
        id_, path = document.id, document.path
        is_changed = False
        if id_ in self._batch:
            self._batch.put(path, id_, file)
        elif self._catalog.has_document(id_):
            self._batch.put(path, id_, file)  # first: a replacement may be committed at once
            is_changed = self._replace(document)
        else:
            passages = self._split(document)
            self._batch.on_stage("parsed", len(passages), len(passages))
            self._batch.add(document, passages, file=file)
        self._count(path, id_, file, is_changed=is_changed)

    def _replace(self, document: Document) -> bool:
        """Whether a stored document was made anew, as its file, and no other, says it now."""
        stored = self._catalog.document(document.id)
        elsewhere = [
            path
            for path in stored.paths
            if self._file_of(path) not in self._gone and path not in self._taken
        ]
        if elsewhere and document.path not in stored.paths:
            return False
        document = replace(document, paths=stored.paths)
        if document == stored:
            return False
        if _embedded_of(document) == _embedded_of(stored):
            self._batch.update(document)
        else:
            self._batch.add(document, self._split(document), replaces=True)
        return True

    def _file_of(self, path: str) -> str:
        place = self._known.places.get(path)
        return place.file if place else path

    def _split(self, document: Document) -> list[Passage]:
        try:
            return self._batch.splitter.split(document)
        except Exception as error:  # one document must not stop the others
            raise DocumentError(f"it can't be cut into passages ({error})") from error

    # ------------------------------------------------------------------ what both do

    def _sharing(self, files: Collection[str]) -> set[str]:
        """The other files that a document of some files is at."""
        known = self._known
        ids = {known.places[path].document_id for file in files for path in known.paths[file]}
        return set().union(*(known.files_of[id_] for id_ in ids)) - set(files)

    def _lose(self, path: str, file: str) -> None:
        """Has the other files read again that the document at a path is at: it may be known as
        this one said it."""
        self._taken.add(path)
        id_ = self._known.places[path].document_id
        for other in (self._known.files_of[id_] | self._files_of[id_]) - {file}:
            self._last.append(partial(Writer.remove_file, path=other))

    def _count(self, path: str, id_: str, file: str, *, is_changed: bool = False) -> None:
        self._placed.add(path)
        self._files_of[id_].add(file)
        before = self._known.places.get(path)
        if before is None:
            homeless = self._homeless.get(id_)
            if homeless:
                self._report.moved[path] = homeless.pop(0)
            else:
                self._report.added.append(path)
        elif before.document_id == id_ and not is_changed:
            self._report.unchanged.append(path)
        else:
            if before.document_id != id_:
                self._lose(path, before.file)
            self._report.updated.append(path)

    def _fail(self, failures: Sequence[tuple[str, str]]) -> None:
        self._report.failed += [Failure(path, reason) for path, reason in failures]

    def _leave(self, file: str, placed: Collection[str]) -> bool:
        """Has the documents removed that a file no longer holds; whether there are such."""
        left = [path for path in self._known.paths.get(file, ()) if path not in placed]
        for path in left:
            self._lose(path, file)
            self._remove(path, file)
        return bool(left)

    def _finish(self, record: FileRecord, placed: Collection[str]) -> None:
        """Has a file's record written when all that it says is."""
        last = self._leave(record.path, placed)
        (self._last.append if last else self._batch.then)(partial(Writer.set_file, record=record))

    def _forget(self, file: str, placed: Collection[str] = ()) -> None:
        self._leave(file, placed)
        self._last.append(partial(Writer.remove_file, path=file))

    def _remove(self, path: str, file: str) -> None:
        if path not in self._placed and path not in self._moved:
            self._report.removed.append(path)
        self._last.append(partial(Writer.remove_path, path=path, file=file))

    def _remove_gone(self) -> None:
        self._moved = set(self._report.moved.values())
        for file in sorted(self._gone):
            for path in self._known.paths[file]:
                self._remove(path, file)
            self._last.append(partial(Writer.remove_file, path=file))


def _embedded_of(document: Document) -> tuple[object, ...]:
    """What a document's passages and their places in the indexes depend on."""
    return (
        document.text,
        document.structure,
        document.title,
        document.title_stated,
        document.language,
    )
