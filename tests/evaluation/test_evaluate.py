"""Asking a store a whole dataset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.errors import StoreEmptyError, UsageError
from qa.evaluation import Question, evaluate, load_dataset
from tests.evaluation.sets import SEED_QUESTIONS

SENTENCE = "Honey bees dance to tell each other where nectar is to be found."


def test_a_small_corpus_is_searched_well(beir_result):
    """Five plain questions on twelve short texts: any working retrieval finds nearly all."""
    assert beir_result.metrics["Success@1"].value >= 0.8
    assert beir_result.metrics["Answer@1"].value >= 0.8
    assert beir_result.metrics["AUROC"].value > 0.5
    assert beir_result.dataset["documents"] == 12
    assert [query.id for query in beir_result.queries][:2] == ["q1", "q2"]
    first = beir_result.queries[0]
    assert (first.documents[0].id, first.gold, first.gold_rank) == ("bees", ("bees",), 1)
    assert first.values["nDCG@10"] == 1
    assert (
        first.first.sentence == "Honey bees dance to tell each other where nectar is to be found."
    )


def test_questions_of_another_subject_are_told_apart(seed_result):
    assert len(seed_result.negatives) == 7
    assert seed_result.metrics["AUROC(other)"].value > 0.8
    assert seed_result.metrics["Declined(other)"].n == 7


def test_progress_counts_every_question(seed_bot, beir):
    seen: list[tuple[int, int]] = []
    dataset = load_dataset(SEED_QUESTIONS, limit=3)
    evaluate(
        seed_bot,
        dataset,
        negatives=beir,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 10) for done in range(1, 11)]


def test_the_same_seed_gives_the_same_figures(beir_bot, beir, beir_result):
    again = evaluate(beir_bot, beir)
    assert again.metrics == beir_result.metrics
    other = evaluate(beir_bot, beir, seed=1)
    values = {name: estimate.value for name, estimate in other.metrics.items()}
    assert values == {name: estimate.value for name, estimate in again.metrics.items()}


@pytest.mark.parametrize(
    "options", [{"depth": 0}, {"depth": 9999}, {"coverage": 0}, {"coverage": 2}]
)
def test_options_have_limits(options, seed_bot, beir):
    with pytest.raises(UsageError, match=next(iter(options))):
        evaluate(seed_bot, beir, **options)


def test_a_query_as_long_as_an_essay_is_asked_by_its_beginning(beir_bot, beir):
    essay = Question("essay", "What causes the tides? " + "Nobody knows. " * 400, ("the moon",))
    result = evaluate(beir_bot, replace(beir, questions=(essay,)))
    assert result.queries[0].question == essay.text
    assert len(result.queries[0].documents) == 12


def test_an_empty_store_is_an_error(bot, beir):
    with pytest.raises(StoreEmptyError):
        evaluate(bot, beir)
