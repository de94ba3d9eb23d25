"""The catalog: one SQLite file that holds documents, passages and embeddings.

It is the one source of truth; every other file in a store can be made again from it. Keys are
integers that are never given twice, so that an index can be compared with the catalog by keys.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from qa.errors import StoreDamagedError
from qa.filters import Filter
from qa.store.listing import keys_in_order
from qa.store.places import Places
from qa.store.where import where
from qa.types import LONGEST_LEAD, Document, DocumentInfo, Passage, Section, Sort, Span

if TYPE_CHECKING:
    from qa.store.index import Ids, Vectors

    PassageVectors = tuple[Vectors, Vectors, float]

_INFO_OF = """
SELECT d.key, d.id, d.title, d.published, d.media_type, d.sha256, d.characters, d.ingested_at,
       {0}.language, {0}.metadata,
       (SELECT json_group_array(path) FROM
           (SELECT path FROM paths WHERE document_key = d.key ORDER BY path)) AS paths,
       (SELECT count(*) FROM passages WHERE document_key = d.key) AS passages
FROM {1}
"""
_INFO = _INFO_OF.format("d", "documents AS d")
# Language and metadata lie behind the text, which fills many pages: for all documents they are
# rather read off an index, from beginning to end.
_INFO_OF_MANY = _INFO_OF.format(
    "f",
    "(SELECT key, language, metadata FROM documents INDEXED BY documents_by_facts) AS f "
    "CROSS JOIN documents AS d ON d.key = f.key",
)

_PASSAGES = """
SELECT p.*, d.id AS document_id FROM passages AS p JOIN documents AS d ON d.key = p.document_key
"""

_CONTEXTS = """
SELECT p.key, p.text, p.heading, d.title, d.title_stated, d.language,
       before.text AS before, behind.text AS behind
FROM passages AS p
JOIN documents AS d ON d.key = p.document_key
LEFT JOIN passages AS before ON before.document_key = p.document_key
     AND before.number = p.number - 1 AND before.heading = p.heading
LEFT JOIN passages AS behind ON behind.document_key = p.document_key
     AND behind.number = p.number + 1 AND behind.heading = p.heading
"""


class Catalog:
    """Queries and changes, on a connection whose transactions the caller begins and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.places = Places(connection)
        self.execute = connection.execute
        self._kept: dict[str, Any] | None = None

    # ------------------------------------------------------------------ reading

    def is_created(self) -> bool:
        """Whether there is anything in the file."""
        return bool(self.execute("SELECT 1 FROM sqlite_schema").fetchone())

    def keep_meta(self) -> None:
        """Reads all that is kept by `meta` at once, for a catalog that stays as it is."""
        rows = self.execute("SELECT key, value FROM meta")
        self._kept = {row["key"]: json.loads(row["value"]) for row in rows}

    def meta(self, key: str) -> Any:
        """The value kept under ``key``, or None."""
        if self._kept is not None:
            return self._kept.get(key)
        row = self.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row["value"]) if row else None

    def count(self, table: str) -> int:
        return int(self.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def infos(
        self,
        filter_: Filter | None = None,
        offset: int = 0,
        limit: int = -1,
        *,
        sort: Sort = "path",
        is_reverse: bool = False,
    ) -> list[DocumentInfo]:
        """The documents that a filter matches, or all; see `qa.store.listing.keys_in_order`."""
        keys = keys_in_order(
            self.connection, filter_, sort, is_reverse=is_reverse, offset=offset, limit=limit
        )
        select = _INFO_OF_MANY if limit < 0 else _INFO
        chosen = "d.key IN (SELECT value FROM json_each(?))"
        rows = self.execute(f"{select} WHERE {chosen}", (json.dumps(keys),))
        infos = {row["key"]: _info(row) for row in rows}
        return [infos[key] for key in keys]

    def count_documents(self, filter_: Filter | None = None) -> int:
        """How many documents a filter matches, or there are."""
        matching = where(self.connection, filter_ or Filter())
        row = self.execute(f"SELECT count(*) FROM documents AS d WHERE {matching}").fetchone()
        return int(row[0])

    def info(self, id: str) -> DocumentInfo | None:  # noqa: A002
        """The document with this whole id."""
        row = self.execute(f"{_INFO} WHERE d.id = ?", (id,)).fetchone()
        return _info(row) if row else None

    def text(self, id: str) -> str:  # noqa: A002
        """The text of a document of the store."""
        row = self.execute("SELECT text FROM documents WHERE id = ?", (id,)).fetchone()
        return str(row["text"])

    def keys_where(self, filter_: Filter) -> Ids:
        """The keys of all passages of the documents that a filter matches, int64."""
        import numpy as np

        matching = where(self.connection, filter_)
        rows = self.execute(  # one text of many numbers comes over faster than many rows
            "SELECT group_concat(key) FROM passages WHERE document_key IN "
            f"(SELECT d.key FROM documents AS d WHERE {matching})"
        ).fetchall()
        keys = rows[0][0]
        return np.fromstring(keys, np.int64, sep=",") if keys else np.empty(0, np.int64)

    def find(self, reference: str) -> list[DocumentInfo]:
        """The documents meant by an id, the beginning of an id, or a path."""
        by_path = "d.key = (SELECT document_key FROM paths WHERE path = ?)"
        rows = self.execute(
            f"{_INFO} WHERE {by_path} OR (? != '' AND substr(d.id, 1, length(?)) = ?)",
            (reference, reference, reference, reference.lower()),
        )
        return [_info(row) for row in rows]

    def document(self, id: str) -> Document:  # noqa: A002
        row = self.execute("SELECT * FROM documents WHERE id = ?", (id,)).fetchone()
        return self._document(row)

    def documents(self) -> Iterator[Document]:
        """All documents whole, one at a time; the catalog may change meanwhile."""
        keys = [row["key"] for row in self.execute("SELECT key FROM documents ORDER BY key")]
        for key in keys:
            row = self.execute("SELECT * FROM documents WHERE key = ?", (key,)).fetchone()
            if row is not None:
                yield self._document(row)

    def _document(self, row: sqlite3.Row) -> Document:
        paths = self.execute(
            "SELECT path FROM paths WHERE document_key = ? ORDER BY path", (row["key"],)
        )
        return Document(
            id=row["id"],
            paths=tuple(path["path"] for path in paths),
            title=row["title"],
            published=_date(row["published"]),
            media_type=row["media_type"],
            sha256=row["sha256"],
            text=row["text"],
            structure=tuple(
                Section(start, body, end, tuple(heading), page)
                for start, body, end, heading, page in json.loads(row["structure"])
            ),
            title_stated=bool(row["title_stated"]),
            language=row["language"],
            metadata=json.loads(row["metadata"]),
        )

    def passages(self, keys: Sequence[int]) -> dict[int, tuple[Passage, DocumentInfo]]:
        """The passages with these keys, each with its document."""
        marks = ",".join("?" * len(keys))
        rows = self.execute(f"{_PASSAGES} WHERE p.key IN ({marks})", list(keys)).fetchall()
        document_keys = list({row["document_key"] for row in rows})
        marks = ",".join("?" * len(document_keys))
        infos = {
            row["key"]: _info(row)
            for row in self.execute(f"{_INFO} WHERE d.key IN ({marks})", document_keys)
        }
        return {row["key"]: (_passage(row), infos[row["document_key"]]) for row in rows}

    def document_passages(self, id: str) -> list[Passage]:  # noqa: A002
        rows = self.execute(f"{_PASSAGES} WHERE d.id = ? ORDER BY p.number", (id,))
        return [_passage(row) for row in rows]

    def passage(self, id: str, number: int) -> Passage | None:  # noqa: A002
        """A document's passage by its number."""
        row = self.execute(f"{_PASSAGES} WHERE d.id = ? AND p.number = ?", (id, number)).fetchone()
        return _passage(row) if row else None

    def passage_keys(self) -> Ids:
        """The keys of all passages, int64, in no particular order."""
        import numpy as np

        # Read off an index: neither texts nor vectors are touched.
        rows = self.execute("SELECT key FROM passages INDEXED BY passages_by_document")
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def passage_keys_after(self, key: int) -> Ids:
        """The keys above ``key``, int64."""
        import numpy as np

        rows = self.execute("SELECT key FROM passages WHERE key > ?", (key,))
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def embeddings(self, keys: Ids, dimension: int) -> Iterator[tuple[Ids, Vectors]]:
        """The keys and vectors of some passages, in batches.

        Raises:
            StoreDamagedError: a vector isn't of the dimension.
        """
        import numpy as np

        for start in range(0, len(keys), 10_000):
            part = keys[start : start + 10_000]
            rows = self.execute(
                "SELECT passage_key, vector FROM embeddings "
                "WHERE passage_key IN (SELECT value FROM json_each(?))",
                (json.dumps(part.tolist()),),
            ).fetchall()
            if any(len(row["vector"]) != 4 * dimension for row in rows):
                raise StoreDamagedError(
                    "The catalog holds vectors of a wrong size: run `qa ingest --rebuild`."
                )
            found = np.array([row["passage_key"] for row in rows], dtype=np.int64)
            vectors = np.frombuffer(b"".join(row["vector"] for row in rows), dtype="<f4")
            yield found, vectors.reshape(-1, dimension)

    def sentence_embeddings(self, keys: Sequence[int], dimension: int) -> dict[int, PassageVectors]:
        """For each key the passage's vector, its sentences' vectors, and its fit."""
        import numpy as np

        if not keys:
            return {}
        marks = ",".join("?" * len(keys))
        columns = "passage_key, vector, sentences, fit"
        rows = self.execute(
            f"SELECT {columns} FROM embeddings WHERE passage_key IN ({marks})", list(keys)
        ).fetchall()
        # All at once: of many small arrays the making costs more than the reckoning.
        found, vectors, sentences, fits = zip(*rows, strict=True) if rows else ((), (), (), ())
        wholes = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(-1, dimension)
        every = np.frombuffer(b"".join(sentences), dtype="<f2").reshape(-1, dimension)
        every = every.astype(np.float32)
        ends = list(accumulate(len(blob) // (2 * dimension) for blob in sentences))
        return {
            key: (whole, every[start:end], fit)
            for key, whole, start, end, fit in zip(
                found, wholes, [0, *ends[:-1]], ends, fits, strict=True
            )
        }

    def contexts(self, keys: Ids) -> Iterator[tuple[Ids, list[tuple[str | None, str]]]]:
        """Keys, and of each passage its language and its text among its surroundings, in batches.

        The surroundings are title, headings, and the neighbours under the same heading.
        """
        import numpy as np

        for start in range(0, len(keys), 1000):
            rows = self.execute(
                f"{_CONTEXTS} WHERE p.key IN (SELECT value FROM json_each(?))",
                (json.dumps(keys[start : start + 1000].tolist()),),
            ).fetchall()
            found = np.array([row["key"] for row in rows], dtype=np.int64)
            yield found, [(row["language"], _context(row)) for row in rows]

    def languages(self) -> list[str | None]:
        """The languages of the store's documents, the most frequent first."""
        rows = self.execute(
            "SELECT language FROM documents GROUP BY language ORDER BY count(*) DESC, language"
        )
        return [row["language"] for row in rows]

    def has_document(self, id: str) -> bool:  # noqa: A002
        row = self.execute("SELECT 1 FROM documents WHERE id = ?", (id,)).fetchone()
        return row is not None

    # ------------------------------------------------------------------ writing

    def set_meta(self, key: str, value: Any) -> None:
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def add_document(self, document: Document) -> None:
        """Adds a document that isn't there yet, without its paths and passages."""
        facts = _facts(document) | {
            "id": document.id,
            "sha256": document.sha256,
            "ingested_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.execute(
            f"INSERT INTO documents ({', '.join(facts)}) VALUES ({', '.join('?' * len(facts))})",
            tuple(facts.values()),
        )

    def update_document(self, document: Document) -> None:
        """Replaces what is known of a document, without its paths and passages."""
        facts = _facts(document)
        self.execute(
            f"UPDATE documents SET {', '.join(f'{name} = ?' for name in facts)} WHERE id = ?",
            (*facts.values(), document.id),
        )

    def retitle(self, id: str, before: str, now: str) -> None:  # noqa: A002
        """Gives a document another title, if it has the one before and doesn't state it."""
        self.execute(
            "UPDATE documents SET title = ? WHERE id = ? AND title = ? AND NOT title_stated",
            (now, id, before),
        )

    def add_passages(  # a list for each: one entry a passage
        self,
        id: str,  # noqa: A002
        passages: Sequence[Passage],
        vectors: Vectors,
        sentences: Sequence[Vectors],
        fits: Sequence[float],
    ) -> None:
        """Adds a document's passages with what is known of each; see `qa.embedding.Embedded`."""
        key = self.execute("SELECT key FROM documents WHERE id = ?", (id,)).fetchone()["key"]
        rows = zip(passages, vectors, sentences, fits, strict=True)
        for number, (passage, vector, sentence_vectors, fit) in enumerate(rows):
            cursor = self.execute(
                "INSERT INTO passages (document_key, number, start, end, page, heading, sentences, "
                "text, prefix, suffix) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    key,
                    number,
                    passage.start,
                    passage.end,
                    passage.page,
                    json.dumps(passage.heading),
                    json.dumps([offset for s in passage.sentences for offset in (s.start, s.end)]),
                    passage.text,
                    passage.prefix,
                    passage.suffix,
                ),
            )
            self.execute(
                "INSERT INTO embeddings VALUES (?, ?, ?, ?)",
                (
                    cursor.lastrowid,
                    vector.astype("<f4").tobytes(),
                    sentence_vectors.astype("<f2").tobytes(),
                    fit,
                ),
            )

    def remove_passages(self, id: str) -> None:  # noqa: A002
        self.execute(
            "DELETE FROM passages WHERE document_key = (SELECT key FROM documents WHERE id = ?)",
            (id,),
        )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _facts(document: Document) -> dict[str, Any]:
    """What a document's row says of it, but for what never changes."""
    return {
        "title": document.title,
        "title_stated": document.title_stated,
        "published": document.published.isoformat() if document.published else None,
        "media_type": document.media_type,
        "characters": len(document.text),
        "structure": json.dumps(
            [[s.start, s.body, s.end, s.heading, s.page] for s in document.structure]
        ),
        "text": document.text,
        "language": document.language,
        "metadata": json.dumps(dict(document.metadata)),
    }


def _info(row: sqlite3.Row) -> DocumentInfo:
    return DocumentInfo(
        id=row["id"],
        paths=tuple(json.loads(row["paths"])),
        title=row["title"],
        published=_date(row["published"]),
        media_type=row["media_type"],
        sha256=row["sha256"],
        characters=row["characters"],
        passages=row["passages"],
        ingested_at=row["ingested_at"],
        language=row["language"],
        metadata=json.loads(row["metadata"]),
    )


def _context(row: sqlite3.Row) -> str:
    titles = [row["title"]] if row["title_stated"] else []
    lines = dict.fromkeys(line[:LONGEST_LEAD] for line in (*titles, *json.loads(row["heading"])))
    first_line = row["text"].split("\n", 1)[0]
    parts = [line for line in lines if line != first_line]
    parts += [row["text"], row["before"] or "", row["behind"] or ""]
    return "\n".join(parts)


def _passage(row: sqlite3.Row) -> Passage:
    offsets = json.loads(row["sentences"])
    return Passage(
        id=f"{row['document_id']}:{row['number']}",
        document_id=row["document_id"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        heading=tuple(json.loads(row["heading"])),
        page=row["page"],
        sentences=tuple(Span(start, end) for start, end in list(pairwise(offsets))[::2]),
        number=row["number"],
        prefix=row["prefix"],
        suffix=row["suffix"],
    )
