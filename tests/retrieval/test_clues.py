"""What of an answer is checked, on real files with the real model."""

from __future__ import annotations

import pytest

from qa import QA
from qa.retrieval import Searcher, Weights, make_query
from qa.retrieval.clues import features

TEXT = (
    "The harbour of Larvik was built in 1887 by Ingrid Solberg with forty workers. "
    "Ships from Denmark could not enter it in winter."
)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> QA:
    folder = tmp_path_factory.mktemp("clues")
    (folder / "docs").mkdir()
    (folder / "docs" / "harbour.md").write_text(f"# The harbour\n\n{TEXT}\n")
    (folder / "docs" / "hafen.md").write_text(
        "# Der Hafen\n\nDer Hafen von Stralsund wurde von Arbeitern aus Schweden gebaut. "
        "Im Winter konnten die Schiffe nicht einlaufen.\n"
    )
    bot = QA.open(folder / "vectors", seeds=folder / "docs")
    bot.prepare()
    return bot


def clues(bot: QA, question: str) -> dict[str, float]:
    with bot.store.snapshot() as snapshot:
        query = make_query(question, bot.embedder.embed_queries([question]), snapshot)
        found = Searcher(Weights()).search(snapshot, query, 2).found
        assert query.among == 2
        return features(query, found)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Who built the harbour of Larvik in 1887?", set()),
        ("Who built the harbour of Bergen?", {"names_missing"}),
        ("Who built the harbour of Larvik in 1905?", {"names_missing", "numbers_missing"}),
        ("In which year was the harbour of Larvik built?", set()),
        ("How many workers built the harbour of Larvik?", set()),
        ("How many ships could not enter in winter?", {"kind_missing"}),
        ("Why could ships from Denmark not enter the harbour?", set()),
        ("What did Ingrid Solberg not build?", {"negation"}),
        ("When could ships from Denmark not enter?", set()),  # in winter
        ("Which original sin did Ingrid Solberg commit?", set()),  # no Spanish "without"
        ("Wer baute den Hafen von Stralsund?", set()),
        ("Wer baute den Hafen von Stralsund nicht?", {"negation"}),
        ("Wer baute 1887 den Hafen von Stralsund?", {"names_missing", "numbers_missing"}),
        ("Welche Fischer bauten den Hafen von Stralsund?", set()),  # every noun has a capital
    ],
)
def test_names_numbers_kinds_and_negations(question, missing, bot):
    found = clues(bot, question)
    flags = {name for name, value in found.items() if value == 1}
    assert flags == missing
    assert {value for name, value in found.items() if name.endswith("missing")} <= {0.0, 1.0}


def test_relatedness_is_what_is_above_chance(bot):
    on_it = clues(bot, "Who built the harbour of Larvik?")
    off_it = clues(bot, "What is the boiling point of mercury?")
    assert on_it["relatedness"] == 0.15 > 0.05 > off_it["relatedness"]
    assert on_it["sentence"] > off_it["sentence"]


def test_confidence_is_a_probability_that_falls_with_every_missing_clue(bot):
    questions = [
        "Who built the harbour of Larvik in 1887?",
        "Who built the harbour of Larvik in 1905?",
        "Who never built the harbour of Larvik in 1905?",
        "What is the boiling point of mercury?",
    ]
    confidences = [bot.ask(question).confidence for question in questions]
    assert confidences == sorted(confidences, reverse=True)
    assert 1 > confidences[0] > 0.5 > confidences[-1] > 0
