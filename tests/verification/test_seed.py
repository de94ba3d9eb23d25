"""Sentences written by hand about the seed article: what the verifier promises is kept.

Precision and recall are of finding what isn't supported. Of the kinds that are checked literally
both must be 0.9; supported sentences are mostly paraphrases.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from qa import QA
from qa.types import CheckedSentence
from qa.verification import Verifier

SENTENCES = Path(__file__).resolve().parents[1] / "data" / "verification_seed.jsonl"
LITERAL = ("name", "number", "date", "negation", "quote")


@pytest.fixture(scope="module")
def checked(seed_bot: QA) -> dict[str, list[tuple[bool, CheckedSentence]]]:
    """By kind: whether each sentence is supported, and what the verifier says of it."""
    verifier = Verifier(seed_bot.embedder)
    passages = seed_bot.ask("What was chosen as the cultural capital?", top_k=20).passages
    found = defaultdict(list)
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        verdict = verifier.check(row["text"], passages)
        found["supported" if row["supported"] else row["kind"]].append((row["supported"], verdict))
    return found


def test_the_literal_kinds_are_found_out(checked):
    accepted = sum(verdict.supported for _, verdict in checked["supported"])
    assert accepted >= 0.9 * len(checked["supported"])
    every = [verdict for kind in LITERAL for _, verdict in checked[kind]]
    refused = sum(not verdict.supported for verdict in every)
    wrongly = len(checked["supported"]) - accepted
    assert refused >= 0.9 * len(every)
    assert refused >= 0.9 * (refused + wrongly)


@pytest.mark.parametrize("kind", LITERAL)
def test_each_literal_kind_is_found_out_by_its_own_check(checked, kind):
    hit = [
        any(check.kind == kind and not check.found for check in verdict.checks)
        for _, verdict in checked[kind]
    ]
    assert len(hit) >= 5
    assert sum(hit) >= 0.9 * len(hit)


def test_what_is_from_elsewhere_is_refused(checked):
    assert not any(verdict.supported for _, verdict in checked["elsewhere"])


def test_most_of_what_is_invented_about_the_same_things_is_refused(checked):
    """Not all: whether a verb was exchanged for another is for an NLI model to say."""
    refused = [not verdict.supported for _, verdict in checked["invented"]]
    assert sum(refused) >= 0.6 * len(refused)
