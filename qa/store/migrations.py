"""How a catalog of an earlier format is brought up to date, one format at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.types import surroundings

if TYPE_CHECKING:
    from qa.store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Migration:
    """What brings a catalog to the next format, within the caller's transaction."""

    statements: str
    needs_rebuild: bool
    """Whether every passage has to be made anew afterwards; the others are done unasked."""
    fill: Callable[[Catalog], None] = lambda catalog: None
    """What SQL can't say, after the statements."""


def fill_surroundings(catalog: Catalog, key: int) -> None:
    """Sets the text around each passage of the document with this key."""
    text = catalog.execute("SELECT text FROM documents WHERE key = ?", (key,)).fetchone()["text"]
    passages = catalog.execute(
        "SELECT key, start, end FROM passages WHERE document_key = ?", (key,)
    ).fetchall()
    for passage in passages:
        around = surroundings(text, passage["start"], passage["end"])
        catalog.execute(
            "UPDATE passages SET prefix = ?, suffix = ? WHERE key = ?", (*around, passage["key"])
        )


def _fill_all_surroundings(catalog: Catalog) -> None:
    for key in [row["key"] for row in catalog.execute("SELECT key FROM documents")]:
        fill_surroundings(catalog, key)


MIGRATIONS = {
    1: Migration(
        """
ALTER TABLE documents ADD COLUMN language TEXT;
ALTER TABLE documents ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
CREATE INDEX documents_by_language ON documents(language);
CREATE INDEX documents_by_facts ON documents(published, language, title, metadata);
ALTER TABLE embeddings ADD COLUMN sentences BLOB NOT NULL DEFAULT x'';
ALTER TABLE embeddings ADD COLUMN fit REAL NOT NULL DEFAULT 4;
DELETE FROM meta WHERE key = 'index'
""",
        needs_rebuild=True,
    ),
    2: Migration(
        """
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    read_with TEXT NOT NULL DEFAULT '',
    failures TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
INSERT INTO files (path, sha256)
    SELECT path, sha256 FROM paths JOIN documents ON documents.key = paths.document_key;
ALTER TABLE paths ADD COLUMN file TEXT NOT NULL DEFAULT '';
UPDATE paths SET file = path;
CREATE INDEX paths_by_file ON paths(file);
ALTER TABLE passages ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN suffix TEXT NOT NULL DEFAULT ''
""",
        needs_rebuild=False,
        fill=_fill_all_surroundings,
    ),
}


def needs_rebuild(format_: int) -> bool:
    """Whether a store of this earlier format can't be brought up to date without a rebuild."""
    return any(migration.needs_rebuild for number, migration in MIGRATIONS.items()
               if number >= format_)  # fmt: skip


def migrate(catalog: Catalog) -> None:
    """Brings a catalog to the present format, within the caller's transaction."""
    while (format_ := catalog.meta("format")) in MIGRATIONS:
        migration = MIGRATIONS[format_]
        for statement in migration.statements.split(";"):
            catalog.execute(statement)
        migration.fill(catalog)
        catalog.set_meta("format", format_ + 1)
