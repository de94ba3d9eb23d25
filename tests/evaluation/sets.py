"""Small datasets, written as a person would keep them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SEED_QUESTIONS = Path(__file__).resolve().parents[1] / "data" / "seed_questions.jsonl"

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
