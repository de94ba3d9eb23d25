"""Passages to check sentences against, and the verifier with the real model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from qa.embedding import Embedder
from qa.passages.sentences import sentences
from qa.types import Citation, Passage, ScoredPassage
from qa.verification import Verifier

HARBOUR = (
    "The harbour of Larvik was built in 1887 by Ingrid Solberg with forty workers. "
    "She had come from Bergen on 3 October 1885. "
    "Ships from Denmark could not enter it in winter. "
    "The work cost 1.7 million crowns, 20 percent more than planned."
)
FERRY = (
    "A ferry to Frederikshavn sails twice a day. "
    'Its captain, José Muñoz, calls the crossing "the finest road in the north". '
    "The World Meteorological Organization keeps a station on the quay."
)

MakePassage = Callable[..., ScoredPassage]


def make_passage(
    text: str, title: str = "A town", number: int = 0, published: date | None = None
) -> ScoredPassage:
    """A passage that begins at character 100 of its document."""
    end = 100 + len(text)
    passage = Passage(
        f"{title}-{number}",
        title,
        text,
        100,
        end,
        sentences=tuple(sentences(text, 0, len(text))),
        number=number,
    )
    place = None, None, number, 100, end
    source = Citation(title, f"{title}.md", title, published, *place, "0" * 64, text)
    return ScoredPassage(number + 1, 1.0, passage, source)


@pytest.fixture(scope="session")
def verifier(embedder: Embedder) -> Verifier:
    return Verifier(embedder)


@pytest.fixture(scope="session")
def town() -> list[ScoredPassage]:
    return [
        make_passage(HARBOUR, "The harbour", 0, date(2023, 10, 3)),
        make_passage(FERRY, "The ferry", 1),
    ]
