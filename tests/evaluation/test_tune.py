"""Tuning, on tables worked out by hand and on small real stores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.errors import UsageError
from qa.evaluation import Dataset, Question, evaluate, load_dataset, tune, write_tuning
from qa.evaluation.folds import Folds
from qa.evaluation.trials import DEPTH, Trials, run_trials
from qa.evaluation.tune import Tuning, tune_trials
from tests.evaluation.sets import SEED_QUESTIONS, write_two_sided

WEIGHTS = (0.0, 0.5, 1.0)
N = 40


def trials(**changes: object) -> Trials:
    """Forty questions, the last ten unanswerable. Every weight ranks alike and is always right;
    the answerable have a confidence of 0.6, the others one of 0.41."""
    answerable = np.arange(N) < 30
    made = Trials(
        metric="nDCG@10",
        weights=WEIGHTS,
        values=np.where(answerable[:, None], np.full((N, 3), 0.5), np.nan),
        correct=np.repeat(answerable[:, None], 3, axis=1),
        confidence=np.repeat(np.where(answerable, 0.6, 0.41)[:, None], 3, axis=1),
        answerable=answerable,
        documents=tuple((str(number),) for number in range(N)),
    )
    return replace(made, **changes)


def tuned(table: Trials, *, min_confidence: float = 0.5, force: bool = False) -> Tuning:
    folds = Folds(tuple(number % 5 for number in range(N)), "document")
    return tune_trials(
        table,
        folds,
        dense_weight=0.5,
        min_confidence=min_confidence,
        dataset={"name": "by hand"},
        force=force,
    )


def better_at_one(questions: int) -> np.ndarray:
    """Values in which the weight 1 is better by 0.2 on the first so many questions."""
    values = trials().values.copy()
    values[:questions, 2] += 0.2
    return values


def test_where_all_is_alike_nothing_changes():
    found = tuned(trials())
    assert found.changes == {}
    assert [each.outcome for each in found.settings] == ["unchanged", "unchanged"]
    assert found.decisions.difference.value == 0


def test_a_weight_that_is_plainly_better_is_used():
    weight, _ = tuned(trials(values=better_at_one(30))).settings
    assert (weight.in_force, weight.chosen, weight.by_fold) == (0.5, 1.0, (1.0,) * 5)
    assert weight.gain.difference.n == 30, "unanswerable questions say nothing of a ranking"
    assert weight.gain.difference.value == pytest.approx(0.2)
    assert (weight.gain.before, weight.gain.after) == (pytest.approx(0.5), pytest.approx(0.7))
    assert tuned(trials(values=better_at_one(30))).changes == {"dense_weight": 1.0}


def test_a_gain_that_may_be_noise_is_not_used_unless_forced():
    """Four of thirty win: more than one standard error, but p is 2 / 2^4."""
    table = trials(values=better_at_one(4))
    found = tuned(table)
    (weight, _) = found.settings
    assert (weight.chosen, weight.outcome) == (1.0, "noise")
    assert weight.gain.difference.p == pytest.approx(2 / 2**4, abs=0.01)
    assert found.changes == {}
    assert tuned(table, force=True).changes == {"dense_weight": 1.0}


@pytest.mark.parametrize(("in_force", "before"), [(0.0, 0.75), (0.3, 0.75), (0.8, 0.25)])
def test_the_threshold_comes_between_the_two_kinds_of_questions(in_force, before):
    found = tuned(trials(), min_confidence=in_force)
    threshold = found.settings[1]
    assert set(threshold.by_fold) == {threshold.chosen} == {0.51}, "0.42 to 0.6 are as good"
    assert (threshold.gain.before, threshold.gain.after) == (before, 1.0)
    assert found.changes == {"min_confidence": 0.51}
    assert found.decisions.after == 1.0


def test_the_threshold_is_chosen_on_the_ranking_of_the_weight_that_is_used():
    confidence = trials().confidence.copy()
    confidence[:, 2] = np.where(trials().answerable, 0.3, 0.11)
    values = better_at_one(30)
    found = tuned(trials(values=values, confidence=confidence), min_confidence=0.5)
    assert found.changes == {"dense_weight": 1.0, "min_confidence": 0.21}
    assert found.settings[1].gain.before == 0.25, "with that ranking, all are declined"
    assert (found.decisions.before, found.decisions.after) == (1.0, 1.0)
    few = trials(values=better_at_one(4), confidence=confidence)
    assert tuned(few).settings[1].chosen == 0.5, "the weight isn't used"
    assert tuned(few, force=True).changes == {"dense_weight": 1.0, "min_confidence": 0.21}


def test_a_threshold_that_declines_everything_is_none():
    """Three of four are unanswerable, and the confidence doesn't know which."""
    answerable = np.arange(N) % 4 == 0
    table = trials(
        answerable=answerable,
        correct=np.repeat(answerable[:, None], 3, axis=1),
        confidence=np.full((N, 3), 0.6),
    )
    found = tuned(table, min_confidence=0.5)
    threshold = found.settings[1]
    assert (threshold.outcome, threshold.gain.after) == ("trivial", 0.75)
    assert threshold.gain.is_more_than_noise
    assert threshold.over_floor.before == 0.75
    assert found.changes == {}


def test_a_threshold_hardly_better_than_declining_everything_is_none():
    """As before, but three of the ten questions that can be answered are known."""
    answerable = np.arange(N) % 4 == 0
    confidence = np.full((N, 3), 0.6)
    confidence[:12:4] = 0.9
    correct = np.repeat(answerable[:, None], 3, axis=1)
    table = trials(answerable=answerable, correct=correct, confidence=confidence)
    threshold = tuned(table, min_confidence=0.5).settings[1]
    assert threshold.chosen == 0.75
    assert threshold.gain.after == 33 / 40 > threshold.over_floor.before
    assert threshold.outcome == "trivial"


def test_what_cannot_answer_is_declined_at_any_threshold():
    table = trials(confidence=np.full((N, 3), -1.0))
    assert (table.treated_rightly(0, 0.0) == ~table.answerable).all()


@pytest.mark.parametrize("kind", ["unanswerable", "answerable"])
def test_one_kind_of_questions_leaves_the_threshold_alone(kind):
    answerable = np.full(N, kind == "unanswerable")
    found = tuned(trials(answerable=answerable))
    assert found.untuned == {"min_confidence": f"the dataset has no {kind} questions"}
    assert [each.name for each in found.settings] == ["dense_weight"]


# ------------------------------------------------------------------ on real stores


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_two_sided(tmp_path_factory.mktemp("tune") / "set")
    QA.open(folder / "vectors").ingest([folder / "texts"])
    return folder


def test_every_weight_is_judged_as_evaluate_judges_it(beir_bot, beir):
    table = run_trials(beir_bot, beir, (0.0, 0.5, 0.9))
    assert table.metric == "nDCG@10"
    for column, weight in enumerate(table.weights):
        bot = QA.open(beir_bot.store.folder, dense_weight=weight, min_confidence=0.4)
        queries = evaluate(bot, beir, depth=DEPTH).queries
        expected = [query.values.get("nDCG@10", np.nan) for query in queries]
        np.testing.assert_allclose(table.values[:, column], expected)
        assert table.confidence[:, column].tolist() == [query.confidence for query in queries]
        right = [q.correct and q.answered if q.answerable else not q.answered for q in queries]
        assert table.treated_rightly(column, 0.4).tolist() == right


def test_questions_are_about_their_gold_or_what_is_found_first(beir_bot, beir):
    table = run_trials(beir_bot, beir, (0.5,))
    about = {q.id: own for q, own in zip(beir.questions, table.documents, strict=True)}
    assert about["q2"] == ("tides", "moon"), "the more relevant first, what isn't relevant not"
    assert about["q1"] == ("bees",)
    assert about["q6"] == ("silk",), "it has no answer, but is about silk"


@pytest.mark.parametrize(
    ("questions", "in_force", "is_right"),
    [("meanings", 0.0, lambda chosen: chosen > 0.5), ("words", 1.0, lambda chosen: chosen < 0.5)],
)
def test_the_weight_moves_to_the_side_that_is_better(folder, questions, in_force, is_right):
    bot = QA.open(folder / "vectors", dense_weight=in_force)
    found = tune(bot, load_dataset(folder / f"{questions}.jsonl"))
    (weight,) = found.settings
    assert weight.in_force == in_force
    assert is_right(weight.chosen), weight.curve
    assert weight.gain.difference.low > 0
    assert found.untuned == {"min_confidence": "the dataset has no unanswerable questions"}
    assert bot.settings.dense_weight == in_force, "the bot stays as it is"


def test_settings_in_force_are_what_is_compared_with(folder):
    bot = QA.open(folder / "vectors", dense_weight=0.25, min_confidence=1)
    seen: list[tuple[int, int]] = []
    found = tune(
        bot,
        load_dataset(folder / "unrelated.jsonl"),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 14) for done in range(1, 15)]
    weight, threshold = found.settings
    assert 0.25 in [value for value, _ in weight.curve], "though not a step of the grid"
    assert threshold.in_force == 1
    assert threshold.gain.before == pytest.approx(4 / 14), "everything is declined"
    assert found.changes["min_confidence"] == threshold.chosen < 1


def test_the_seed_questions_are_on_one_document(seed_bot):
    found = tune(seed_bot, load_dataset(SEED_QUESTIONS, limit=20), folds=3)
    assert (found.folds.by, found.folds.count) == ("question", 3)
    assert found.settings[0].gain.metric == "Answer@1", "one document can't be ranked"
    assert [len(each.by_fold) for each in found.settings] == [3, 3]


def test_the_json_says_it_all(folder, tmp_path):
    bot = QA.open(folder / "vectors", dense_weight=0.0)
    dataset = load_dataset(folder / "meanings.jsonl")
    write_tuning(tune(bot, dataset, seed=3), tmp_path / "tuning.json")
    data = json.loads((tmp_path / "tuning.json").read_text())
    assert (data["version"], data["seed"], data["force"]) == (1, 3, False)
    assert data["folds"] == {"count": 5, "by": "document", "sizes": [2] * 5}
    assert data["dataset"]["questions"] == 10
    weight = data["settings"]["dense_weight"]
    assert weight["use"] == weight["chosen"] if weight["outcome"] == "better" else 0.0
    assert [point["value"] for point in weight["curve"]] == [step / 10 for step in range(11)]
    held_out = weight["held_out"]
    assert held_out["gain"] == pytest.approx(held_out["after"] - held_out["before"])
    assert held_out["low"] <= held_out["gain"] <= held_out["high"]
    assert weight["over_floor"] is None, "no ranking needs no weight"
    assert data["decisions"]["n"] == 10
    write_tuning(tune(bot, dataset, seed=3), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tuning.json").read_bytes()


def test_what_cannot_be_tuned_is_refused(seed_bot, folder):
    def dataset(*questions: Question) -> Dataset:
        return Dataset("x", folder / "x.jsonl", questions)

    one = Question("1", "Who met whom?", ("Bayramov",))
    with pytest.raises(UsageError, match="folds is 1"):
        tune(seed_bot, load_dataset(SEED_QUESTIONS), folds=1)
    with pytest.raises(UsageError, match="one question"):
        tune(seed_bot, dataset(one))
    nothing = [Question(str(n), "Who?", answerable=False) for n in range(3)]
    with pytest.raises(UsageError, match="no question with a right answer"):
        tune(seed_bot, dataset(*nothing))
