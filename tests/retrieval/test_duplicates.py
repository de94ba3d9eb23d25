"""Nearly the same passage in two documents takes one place; two passages of one document, two."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import QA
from qa.retrieval.base import Found
from qa.retrieval.duplicates import collapse
from qa.types import DocumentInfo, Evidence, Passage

STORY = (
    "The harbour of Brixham will get a new pier next year, the council decided on Monday. It is "
    "to be two hundred metres long and will cost nine million pounds. Fishermen had asked for it "
    "since the storm of 2014 destroyed the old one."
)
COPIED = STORY.replace("on Monday", "yesterday") + " (Agency)"
OTHER = "The old pier of Brixham was built in 1909. A storm destroyed it in 2014."


def paths(bot: QA, question: str, top_k: int) -> list[tuple[str, list[str]]]:
    """The file of each passage, and those it also stands in."""
    return [
        (Path(p.source.path).stem, [Path(also.path).stem for also in p.also])
        for p in bot.ask(question, top_k=top_k).passages
    ]


def test_nearly_the_same_story_in_two_documents_takes_one_place(bot):
    for name, text in {"original": STORY, "copied": COPIED, "other": OTHER}.items():
        (bot.settings.seeds / f"{name}.txt").write_text(text)
    bot.ingest()
    ((first, also), (second, none)) = paths(bot, "How long will the new pier of Brixham be?", 2)
    assert {first, *also} == {"original", "copied"}
    assert (second, none) == ("other", [])
    passage = bot.ask("How long will the new pier of Brixham be?", top_k=1).passages[0]
    (twin,) = passage.also
    document, _ = bot.document(twin.document_id)
    assert document.text[twin.start : twin.end] in (STORY, COPIED)
    assert twin.document_id != passage.source.document_id


def test_passages_of_one_document_keep_their_places(bot):
    years = "\n\n".join(f"## Report {year}\n\n{STORY}" for year in (2022, 2023, 2024))
    (bot.settings.seeds / "reports.md").write_text(f"# Reports\n\n{years}")
    bot.ingest()
    passages = bot.ask("How long will the new pier of Brixham be?").passages
    assert len(passages) == 3
    assert [p.also for p in passages] == [(), (), ()]
    assert len({p.passage.id for p in passages}) == 3


def test_what_differs_in_a_number_is_no_copy(bot):
    for year, millions in ((2022, 4), (2023, 5)):
        text = STORY.replace("nine million", f"{millions} million").replace("2014", str(year))
        (bot.settings.seeds / f"{year}.txt").write_text(text)
    bot.ingest()
    found = paths(bot, "How long will the new pier of Brixham be?", 2)
    assert {name for name, _ in found} == {"2022", "2023"}
    assert [also for _, also in found] == [[], []]


# ---------------------------------------------------------------- by hand


def found(document: str, text: str, dense: float = 0.5) -> Found:
    info = DocumentInfo(
        document, (f"/{document}",), "", None, "text/plain", "", 9, 1, "2024-05-07T08:00:00+00:00"
    )
    passage = Passage(f"{document}:{text[:9]}", document, text, 0, len(text))
    return Found(passage, info, dense, Evidence(dense, 0.0), None)


def places(ranking: list[Found], number: int = 5) -> list[tuple[str, list[str]]]:
    return [
        (each.document.id, [other.document.id for other in each.also])
        for each in collapse(ranking, number)
    ]


TEN = "one two three four five six seven eight nine ten"  # eight triples of words


@pytest.mark.parametrize(
    ("text", "is_twin"),
    [
        (TEN, True),
        (TEN.upper().replace(" ", ", "), True),  # case and signs don't count
        (f"{TEN} eleven twelve thirteen fourteen", True),  # all of the shorter stands in the longer
        ("one two three four five six seven eight nine", True),
        (TEN.replace("ten", "x"), True),  # 7 of 8 triples
        (TEN.replace("nine ten", "x y"), False),  # 6 of 8
        (TEN.replace("five", "x"), False),  # 5 of 8
        ("ten nine eight seven six five four three two one", False),
        ("one two", False),
        ("", False),
    ],
)
def test_twins_share_four_fifths_of_the_shorter_ones_triples(text, is_twin):
    expected = [("a", ["b"])] if is_twin else [("a", []), ("b", [])]
    assert places([found("a", TEN), found("b", text)]) == expected


def test_what_the_question_is_differently_near_to_is_no_twin():
    assert places([found("a", TEN, 0.5), found("b", TEN, 0.39)]) == [("a", []), ("b", [])]
    assert places([found("a", TEN, 0.5), found("b", TEN, 0.41)]) == [("a", ["b"])]


def test_short_passages_are_compared_whole():
    assert places([found("a", "Yes, two."), found("b", "yes two"), found("c", "two yes")]) == [
        ("a", ["b"]), ("c", [])
    ]  # fmt: skip


def test_twins_stand_under_the_first_best_first_and_take_no_place():
    ranking = [
        found("a", TEN),
        found("b", "something else altogether"),
        found("c", f"{TEN} eleven"),
        found("a", "another passage of the same document"),
        found("d", TEN),
        found("e", "no place is left for this"),
        found("f", "Something else, altogether!"),
    ]
    assert places(ranking, 3) == [("a", ["c", "d"]), ("b", ["f"]), ("a", [])]
    assert places(ranking, 1) == [("a", ["c", "d"])]
    assert places([]) == []


def test_the_same_passage_twice_in_one_document_is_two():
    assert places([found("a", TEN), found("a", TEN), found("b", TEN)]) == [("a", ["b"]), ("a", [])]
