"""Each document: its text, its passages, and their embeddings, held against each other."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from qa.doctor.findings import Finding, Kind
from qa.store import Catalog
from qa.types import surroundings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNIT = 1e-3
"""How far a vector's length may be from 1."""
_UNIT_HALF = 1e-2
"""That of one kept in half precision."""

Row = sqlite3.Row


def check_documents(catalog: Catalog, dimension: int) -> Iterator[Finding]:
    """What is wrong with each document, one finding of each kind at most."""
    for key in [row["key"] for row in catalog.execute("SELECT key FROM documents ORDER BY key")]:
        document = catalog.execute("SELECT * FROM documents WHERE key = ?", (key,)).fetchone()
        passages = catalog.execute(
            "SELECT * FROM passages WHERE document_key = ? ORDER BY number", (key,)
        ).fetchall()
        embeddings = catalog.execute(
            "SELECT embeddings.* FROM embeddings JOIN passages ON passages.key = passage_key "
            "WHERE document_key = ? ORDER BY number",
            (key,),
        ).fetchall()
        broken = (
            structure_fault(document)
            or facts_fault(document)
            or _passages_fault(document["text"], passages)
            or _embeddings_fault(passages, embeddings, dimension)
        )
        if broken:
            yield _finding(Kind.PASSAGES, document, broken)
        stale = None if broken else _stale(document, passages)
        if stale:
            yield _finding(Kind.FACTS, document, stale)


def _finding(kind: Kind, document: Row, what: str) -> Finding:
    return Finding(kind, f"Document {document['id'][:12]}: {what}", document["id"])


def structure_fault(document: Row) -> str | None:
    """What is wrong with a document's headings and pages."""
    text = document["text"]
    try:
        sections, end = list(json.loads(document["structure"])), 0
        for start, body, stop, heading, page in sections:
            in_order = end <= start <= body <= stop <= len(text)
            if not in_order or not _is_place(heading, page):
                return "its headings and pages aren't within its text"
            if text[end:start].strip():
                break
            end = stop
    except (ValueError, TypeError, RecursionError):
        return "its headings and pages can't be read"
    return "some of its text is under no heading, on no page" if text[end:].strip() else None


def facts_fault(document: Row) -> str | None:
    """What is wrong with what a document says of itself."""
    try:
        metadata = json.loads(document["metadata"])
        if document["published"] is not None:
            date.fromisoformat(document["published"])
    except (ValueError, TypeError, RecursionError):
        return "its date or metadata can't be read"
    is_plain = isinstance(metadata, dict) and all(
        isinstance(value, str) for value in metadata.values()
    )
    return None if is_plain else "its metadata isn't what it should be"


def _is_place(heading: Any, page: Any) -> bool:
    lines = isinstance(heading, list) and all(isinstance(line, str) for line in heading)
    return lines and (page is None or isinstance(page, int))


def _passages_fault(text: str, passages: Sequence[Row]) -> str | None:
    end = 0
    for number, passage in enumerate(passages):
        if passage["number"] != number:
            return "its passages aren't numbered one by one"
        if not 0 <= passage["start"] < passage["end"] <= len(text):
            return f"passage {number} isn't within its text"
        if text[passage["start"] : passage["end"]] != passage["text"]:
            return f"passage {number} doesn't say what its text says there"
        if text[end : passage["start"]].strip():
            return f"text before passage {number} is in no passage: no question finds it"
        end = max(end, passage["end"])
        fault = _sentences_fault(passage)
        if fault:
            return f"passage {number} {fault}"
    return "its end is in no passage: no question finds it" if text[end:].strip() else None


def _sentences_fault(passage: Row) -> str | None:
    try:
        offsets, heading = json.loads(passage["sentences"]), json.loads(passage["heading"])
        within = [0, *offsets, len(passage["text"])]
        is_sound = len(offsets) % 2 == 0 and within == sorted(within)
        is_sound = is_sound and all(isinstance(offset, int) for offset in offsets)
    except (ValueError, TypeError, RecursionError):
        return "has sentences or headings that can't be read"
    if not is_sound:
        return "has sentences that aren't within it"
    return None if _is_place(heading, passage["page"]) else "has headings that aren't any"


def _embeddings_fault(
    passages: Sequence[Row], embeddings: Sequence[Row], dimension: int
) -> str | None:
    import numpy as np

    keys = [passage["key"] for passage in passages]
    if [row["passage_key"] for row in embeddings] != keys:
        return "some of its passages have no embedding: no question finds them by meaning"
    for passage, row in zip(passages, embeddings, strict=True):
        sentences = len(json.loads(passage["sentences"])) // 2
        sizes = len(row["vector"]), len(row["sentences"])
        if sizes != (4 * dimension, 2 * dimension * sentences):
            return f"the embedding of passage {passage['number']} has a wrong size"
        vector = np.frombuffer(row["vector"], "<f4")[np.newaxis]
        others = np.frombuffer(row["sentences"], "<f2").reshape(-1, dimension)
        units = _are_units(vector, _UNIT) and _are_units(others, _UNIT_HALF)
        if not units or not np.isfinite(row["fit"]):
            return f"the embedding of passage {passage['number']} isn't of unit length"
    return None


def _are_units(vectors: NDArray[np.floating[Any]], tolerance: float) -> bool:
    import numpy as np

    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    return bool(np.all(np.abs(lengths - 1) < tolerance))  # false of what isn't a number


def _stale(document: Row, passages: Sequence[Row]) -> str | None:
    """What is wrong that can be reckoned again."""
    text = document["text"]
    if document["characters"] != len(text):
        return "its number of characters is wrong"
    for passage in passages:
        around = surroundings(text, passage["start"], passage["end"])
        if (passage["prefix"], passage["suffix"]) != around:
            return f"the text around passage {passage['number']} is wrong"
    return None
