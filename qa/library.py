"""The documents of a store: what is there, what they say, and how single ones come and go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from qa.errors import DocumentError, NotFoundError, StoreEmptyError, StoreError, UsageError
from qa.files import absolute
from qa.filters import parse_filter
from qa.ingest import Ingester, IngestReport, OnStage
from qa.parsing import is_container, member
from qa.parsing.reading import read_file
from qa.store import Snapshot, Store
from qa.types import Citation, Document, DocumentInfo, Passage, Sort, cite
from qa.uploads import Uploads, id_of, safe_name


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was made from, byte by byte."""

    data: bytes
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class InContext:
    """A passage with the text around it."""

    passage: Passage
    source: Citation
    before: str
    after: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source.to_dict(),
            "before": self.before,
            "text": self.passage.text,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an upload: the document (None if it is removed already), and if it is new."""

    document: DocumentInfo | None
    report: IngestReport
    is_new: bool


class Library:
    """The documents of one store, for every interface. Safe to use from several threads."""

    def __init__(
        self, store: Store, ingester: Callable[[OnStage], Ingester], max_file_bytes: int
    ) -> None:
        """
        Args:
            ingester: makes one, which tells of its stages.
            max_file_bytes: larger originals are not read.
        """
        self._store = store
        self._ingester = ingester
        self._max_file_bytes = max_file_bytes
        self.uploads = Uploads(absolute(store.folder))

    # ------------------------------------------------------------------ reading

    def documents(
        self,
        where: Sequence[str] = (),
        offset: int = 0,
        limit: int = -1,
        *,
        sort: Sort = "path",
        is_reverse: bool = False,
    ) -> list[DocumentInfo]:
        """The documents of the store.

        Args:
            where: conditions on them, as "date>=2023-10-01"; see `qa.filters`.
            limit: how many at most, from ``offset`` on; -1 for all.
            sort: what they are in order of; those without it stand last, ties are by path.
            is_reverse: whether the greatest, latest or last comes first.

        Raises:
            UsageError: a condition is malformed, or there is no such order.
        """
        filter_ = parse_filter(where)
        if sort not in get_args(Sort):
            raise UsageError(f"Documents aren't sorted by {sort!r}: {', '.join(get_args(Sort))}.")
        try:
            with self._store.snapshot() as snapshot:
                catalog = snapshot.catalog
                return catalog.infos(filter_, offset, limit, sort=sort, is_reverse=is_reverse)
        except StoreEmptyError:
            return []

    def page(
        self,
        where: Sequence[str],
        offset: int,
        limit: int,
        *,
        sort: Sort = "path",
        is_reverse: bool = False,
    ) -> tuple[list[DocumentInfo], int]:
        """Some of the documents as `documents` gives them, and how many there are in all."""
        filter_ = parse_filter(where)
        try:
            with self._store.snapshot() as snapshot:
                catalog = snapshot.catalog
                infos = catalog.infos(filter_, offset, limit, sort=sort, is_reverse=is_reverse)
                return infos, catalog.count_documents(filter_)
        except StoreEmptyError:
            return [], 0

    def find(self, reference: str) -> DocumentInfo:
        """The document meant by an id, the beginning of an id, or a path.

        Raises:
            NotFoundError: none is meant by it, or several are.
        """
        with self._store.snapshot() as snapshot:
            found = snapshot.catalog.find(reference) if reference else []
            found = found or snapshot.catalog.find(str(absolute(reference)))
        if len(found) != 1:
            what = "There is no document" if not found else "There are several documents"
            raise NotFoundError(f"{what} {reference!r}: `qa documents` lists ids and paths.")
        return found[0]

    def info(self, id: str) -> DocumentInfo:  # noqa: A002
        """What is known of the document with this whole id.

        Raises:
            NotFoundError: there is none; so do all methods below.
        """
        with self._at(id) as (_, info):
            return info

    def document(self, id: str) -> tuple[Document, list[Passage]]:  # noqa: A002
        """A document and its passages."""
        with self._at(id) as (snapshot, _):
            return snapshot.catalog.document(id), snapshot.catalog.document_passages(id)

    def text(self, id: str) -> str:  # noqa: A002
        """A document's text."""
        with self._at(id) as (snapshot, _):
            return snapshot.catalog.text(id)

    def passage(self, id: str, number: int) -> tuple[DocumentInfo, Passage]:  # noqa: A002
        """A document and its passage with this number, from 0."""
        with self._at(id) as (snapshot, info):
            return info, _passage(snapshot, info, number)

    def passage_in_context(
        self,
        id: str,  # noqa: A002
        number: int,
        characters: int,
    ) -> InContext:
        """A passage with at most so many characters on either side, whole paragraphs or at least
        whole words of them."""
        with self._at(id) as (snapshot, info):  # both of one generation
            passage, text = _passage(snapshot, info, number), snapshot.catalog.text(id)
        before = text[max(0, passage.start - characters) : passage.start]
        after = text[passage.end : passage.end + characters]
        if passage.start > characters:
            before = before[_border(before) :]
        if passage.end + characters < len(text):
            after = after[: len(after) - _border(after[::-1])]
        return InContext(passage, cite(info, passage), before, after)

    def original(self, id: str) -> Original:  # noqa: A002
        """The file a document was made from, if there still is one with these very bytes.

        Whatever lies at its paths now, nothing is given away that wasn't ingested.
        """
        with self._at(id) as (snapshot, info):
            files = [Path(file) for file in snapshot.catalog.places.files_of(id)]
        for file in files:
            data = self._bytes_in(file, info.sha256)
            if data is not None:
                path = next(p for p in info.paths if p == str(file) or p.startswith(f"{file}/"))
                return Original(data, Path(path).name, info.media_type)
        raise NotFoundError("The document's file is gone or was changed: ingest it again.")

    def _bytes_in(self, file: Path, sha256: str) -> bytes | None:
        """What has this sha256: the file itself, or something in it."""
        try:
            data = read_file(file, self._max_file_bytes)
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
            return member(data, file, sha256) if is_container(file, data) else None
        except DocumentError:
            return None

    def has_original(self, id: str) -> bool:  # noqa: A002
        """Whether `original` has something to give."""
        try:
            self.original(id)
        except NotFoundError:
            return False
        return True

    # ------------------------------------------------------------------ changing

    def remove(self, id: str, *, wait: float = 0) -> DocumentInfo:  # noqa: A002
        """Takes a document out of the store, and its original if that was uploaded; a file of the
        user's stays, and the next ingest of it adds it again.

        Args:
            wait: how many seconds to wait for another writer to finish.

        Raises:
            StoreError: the store is busy or can't be written.
        """
        uploaded = self.uploads.has(id)
        with self.uploads.locked(wait) if uploaded else nullcontext():
            with self._at(id) as (snapshot, _):
                identity = snapshot.identity
            with self._store.writer(identity, wait=wait) as writer:
                info = writer.catalog.info(id)
                if info is None:  # somebody was faster
                    raise _no_document(id)
                for file in writer.catalog.places.files_of(id):
                    writer.remove_file(file)
                for path in info.paths:
                    writer.remove_path(path)
                # An unfinished ingest stays one.
                writer.commit(final=not writer.catalog.meta("ingesting"))
            if uploaded:
                self.uploads.discard(id)
        return info

    def upload(
        self,
        file: IO[bytes],
        name: str,
        *,
        on_stage: OnStage = lambda stage, done, total: None,
        wait: float = 0,
    ) -> Uploaded:
        """Takes in a file that somebody sent, and keeps it in the store's folder.

        Args:
            name: what they call it; only its last part counts, made safe.
            on_stage: see `qa.ingest.OnStage`; "stored" is the last.
            wait: how many seconds to wait for another upload or writer to finish.

        Raises:
            DocumentError: it can't be read; nothing of it is kept then.
            StoreError: the store is busy or can't be written; likewise.
        """
        name, id_ = safe_name(name), id_of(file)
        with self.uploads.locked(wait):
            known = self._known(id_)
            if known:
                return Uploaded(known, IngestReport(unchanged=[known.path]), is_new=False)
            try:
                path = self.uploads.keep(file, id_, name)
                report = self._ingester(on_stage).run(
                    [path], singles=self.uploads.folder, wait=wait
                )
            except BaseException:
                with suppress(StoreError):  # where the store can't say, it stays for a rebuild
                    if not self._known(id_):
                        self.uploads.discard(id_)
                raise
            if report.failed:
                self.uploads.discard(id_)
                raise DocumentError(f"{name} can't be taken in: {report.failed[0].reason}.")
            document = self._known(id_)
        passages = document.passages if document else 0
        on_stage("stored", passages, passages)
        return Uploaded(document, report, is_new=True)

    # ------------------------------------------------------------------

    def _known(self, id_: str) -> DocumentInfo | None:
        try:
            return self.info(id_)
        except NotFoundError:
            return None

    @contextmanager
    def _at(self, id_: str) -> Iterator[tuple[Snapshot, DocumentInfo]]:
        try:
            with self._store.snapshot() as snapshot:
                info = snapshot.catalog.info(id_)
                if info is None:
                    raise _no_document(id_)
                yield snapshot, info
        except StoreEmptyError:
            raise _no_document(id_) from None


def _passage(snapshot: Snapshot, info: DocumentInfo, number: int) -> Passage:
    passage = snapshot.catalog.passage(info.id, number)
    if passage is None:
        raise NotFoundError(
            f"The document has {info.passages} passages, numbered from 0: there is no {number}."
        )
    return passage


def _border(text: str) -> int:
    """Where the first paragraph begins of a text that was cut somewhere, or the first word if
    that is too far on."""
    place = text.find("\n\n")
    if 0 <= place <= len(text) // 2:
        return place + 2
    return text.find(" ") + 1


def _no_document(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no document with the id {id_!r}: ids are to be given whole.")
