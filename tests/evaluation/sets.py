"""Small datasets, written as a person would keep them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data"
SEED_QUESTIONS = DATA / "seed_questions.jsonl"
SEED_HARD = DATA / "seed_hard.jsonl"
"""Questions on the seed article that are known to go wrong: reading, not searching, would tell."""

CORPUS = [
    ("bees", "Bees", "Honey bees dance to tell each other where nectar is to be found."),
    ("tides", "Tides", "The tides follow the moon, which draws the sea twice a day."),
    ("bread", "", "Sourdough bread rises by wild yeast and needs a night of rest."),
    ("doc 4", "Glaciers", "Glaciers carve deep valleys as they slide towards the sea."),
    ("chess", "Chess", "In chess the queen moves in any direction, the knight in an L."),
    ("violin", "Violins", "Antonio Stradivari of Cremona built violins of spruce and maple."),
    ("salt", "", "Salt was traded across the Sahara by caravans of camels."),
    ("title-only", "Volcanoes of Iceland", ""),
    ("nothing", "", ""),
    ("clocks", "Clocks", "Pendulum clocks were invented by Christiaan Huygens in 1656."),
    ("moon", "Moon", "The moon is a quarter of the earth's width and has no air."),
    ("silk", "Silk", "Silk comes from the cocoons of moths that feed on mulberry leaves."),
    ("coffee", "", "Coffee came to Vienna after the siege of 1683."),
]
QUERIES: list[dict[str, Any]] = [
    {"_id": "q1", "text": "How do bees say where food is?", "answers": ["dance"]},
    {"_id": "q2", "text": "What causes the tides?", "answers": ["the moon"]},
    {"_id": "q3", "text": "Who invented the pendulum clock?", "answers": ["Christiaan Huygens"]},
    {"_id": "q4", "text": "What do glaciers carve?", "answers": ["valleys"]},
    {"_id": "q 5", "text": "Which animals carried salt?", "answers": ["camels"]},
    {"_id": "q6", "text": "Where do silk moths live?", "answerable": False},
    {"_id": "q7", "text": "Who was world champion of chess in 1990?", "answerable": False},
    {"_id": "train-only", "text": "What does a violin consist of?", "answers": ["spruce"]},
]
QRELS = [
    ("q1", "bees", 2),
    ("q1", "bread", 0),
    ("q2", "tides", 2),
    ("q2", "moon", 1),
    ("q3", "clocks", 1),
    ("q4", "doc 4", 1),
    ("q4", "not-in-the-corpus", 1),
    ("q 5", "salt", 1),
]


def write_beir(folder: Path) -> Path:
    """A BEIR folder of 12 documents with text, 5 answerable and 2 unanswerable test queries."""
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": id_, "title": title, "text": text} for id_, title, text in CORPUS]
    write_jsonl(folder / "corpus.jsonl", rows)
    write_jsonl(folder / "queries.jsonl", QUERIES)
    for split, qrels in (("test", QRELS), ("train", [("train-only", "violin", 1)])):
        lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# ------------------------------------------------------------------ where one side is better

_PARAPHRASES = [  # a document, a question in other words, and a document with just those words
    (
        "The cat dozed off upon the couch.",
        "What made the feline fall asleep on furniture?",
        "Furniture prices fall when factories have made too much.",
    ),
    (
        "A physician examined the ill child.",
        "Who looked after a sick kid?",
        "Sick of the kid's jokes, he looked for the exit.",
    ),
    (
        "Heavy downpours flooded the lowlands.",
        "Which weather put land under water?",
        "Put the land register under the desk by the water cooler.",
    ),
    (
        "Grapes are crushed and left to ferment.",
        "How is an alcoholic drink made from fruit?",
        "Drink made the alcoholic lose his fruit stall.",
    ),
    (
        "Flames destroyed the barn overnight.",
        "What burnt in a farm building?",
        "The farm building society has burnt its bridges.",
    ),
    (
        "Pupils must wear a uniform to lessons.",
        "What clothes do students put on?",
        "Students put the clothes shop on their list of employers.",
    ),
    (
        "The vessel sank near the harbour.",
        "Which boat went under close to port?",
        "The port wine went into the kitchen of the boat, close to the stove.",
    ),
    (
        "The monarch gave up the throne.",
        "Why did a ruler step down?",
        "Step one: lay the ruler down and draw a line.",
    ),
    (
        "Swallows migrate to Africa each autumn.",
        "Do animals fly south for winter?",
        "Winter coats of animals don't fly off the shelves in the south.",
    ),
    (
        "Robbers emptied the vault in minutes.",
        "How fast did thieves steal cash?",
        "Cash registers are fast; thieves steal the show in this play.",
    ),
]


def write_two_sided(folder: Path) -> Path:
    """A folder ``texts`` and question files that only one side of the search answers well:

    ``meanings.jsonl``  right is the document that says it in other words; words mislead
    ``words.jsonl``     right is the document with just the words asked for; meanings mislead
    ``few.jsonl``       the first of those, too few to be sure of anything
    ``unrelated.jsonl`` those of ``words``, and some that nothing answers
    """
    (folder / "texts").mkdir(parents=True)
    meanings, words = [], []
    for n, (text, question, decoy) in enumerate(_PARAPHRASES):
        for name, content, rows in ((f"{n}.txt", text, meanings), (f"d{n}.txt", decoy, words)):
            (folder / "texts" / name).write_text(content + "\n", encoding="utf-8")
            source = {"document": f"texts/{name}"}
            rows.append({"question": question, "answers": [content], "sources": [source]})
    unanswerable = [{"question": query["text"], "answers": []} for query in QUERIES[1:5]]
    write_jsonl(folder / "meanings.jsonl", meanings)
    write_jsonl(folder / "words.jsonl", words)
    write_jsonl(folder / "few.jsonl", words[:4])
    write_jsonl(folder / "unrelated.jsonl", words + unanswerable)
    return folder


# ------------------------------------------------------------------ conversations

CONVERSATIONS: list[dict[str, Any]] = [
    {
        "_id": 7,
        "topic": "another field",
        "turns": [
            {
                "turn": 1,
                "utterance": "Who invented the pendulum clock?",
                "rewrite": "Who invented the pendulum clock?",
                "passage_id": "clocks",
                "response": "Pendulum clocks were invented by Christiaan Huygens in 1656.",
                "mood": "another field",
            },
            {
                "turn": 2,
                "utterance": "When did he do it?",
                "rewrite": "When did Huygens invent the pendulum clock?",
                "passage_id": "clocks",
            },
            {"turn": 3, "utterance": "Thank you!", "passage_id": None, "response": None},
            {"turn": 4, "utterance": "What causes the tides?", "passage_id": "tides"},
            {
                "turn": 5,
                "utterance": "How often do they come?",
                "rewrite": "How often do the tides come?",
                "passage_id": "tides",
            },
        ],
    },
    {
        "_id": "b",
        "turns": [
            {
                "utterance": "How do honey bees tell each other where food is?",
                "response": "Honey bees dance to tell each other where nectar is to be found.",
                "passage_id": "bees",
            },
            {
                "utterance": "What do they look for?",
                "rewrite": "What do honey bees look for?",
                "passage_id": "bees",
            },
        ],
    },
    {"_id": 9, "turns": [{"utterance": "What do glaciers carve?", "passage_id": "doc 4"}]},
]
"""Four scored turns with others before them: 7_2, 7_4 (which stands alone), 7_5 and b_2."""


def write_conversations(
    folder: Path, conversations: Iterable[Mapping[str, Any]] = CONVERSATIONS
) -> Path:
    """A folder of conversations over the 12 documents that a small BEIR folder has."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"_id": id_, "title": title, "text": text} for id_, title, text in CORPUS]
    write_jsonl(folder / "corpus.jsonl", rows)
    write_jsonl(folder / "conversations.jsonl", conversations)
    return folder
