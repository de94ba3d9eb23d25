"""A conversation's turns asked in three ways, side by side."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.evaluation import (
    Dataset,
    Result,
    add_corpus,
    compare,
    evaluate,
    load_dataset,
    parse_gates,
    read_json,
    shortfalls,
    write_json,
    write_run,
)
from qa.evaluation.baselines import share_of_gap
from qa.evaluation.metrics import DOCUMENT_METRICS
from qa.evaluation.report import render
from qa.evaluation.results import SHOWN_DOCUMENTS
from tests.evaluation.sets import write_conversations


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load_dataset(write_conversations(tmp_path_factory.mktemp("talk") / "talk"))


@pytest.fixture(scope="module")
def talk_result(talk: Dataset, beir_bot: QA) -> Result:
    """`beir_bot` has the same twelve documents."""
    return evaluate(beir_bot, talk)


def asked_as(dataset: Dataset, name: str) -> Dataset:
    """The questions of one line as questions that stand alone."""
    questions = [replace(question, history=()) for question in dataset.questions]
    if name == "rewrite":
        questions = [replace(q, text=q.rewrite) for q in questions if q.rewrite]
    return replace(dataset, questions=tuple(questions))


@pytest.mark.parametrize("name", ["raw", "rewrite"])
def test_each_baseline_is_what_its_questions_get_when_asked_alone(
    name, talk, talk_result, beir_bot
):
    alone = evaluate(beir_bot, asked_as(talk, name))
    assert alone.baselines == {}
    assert talk_result.baselines[name] == alone.metrics


def test_ours_is_asked_after_all_that_came_before(talk, talk_result, beir_bot):
    for question, query in zip(talk.questions, talk_result.queries, strict=True):
        answer = beir_bot.ask(question.text, 100, history=question.history)
        assert (query.question, query.searched_for) == (question.text, answer.searched_for)
        assert [each.id for each in query.documents] == [p.source.path for p in answer.passages]
        assert query.confidence == pytest.approx(answer.confidence)
    assert any(query.searched_for != query.question for query in talk_result.queries)


def test_follow_ups_are_found_by_their_rewrites_and_by_us_but_not_by_themselves(talk_result):
    """Two of the four mean nothing alone, on twelve short texts about other things."""
    raw, rewrite = (talk_result.baselines[name]["Success@1"] for name in ("raw", "rewrite"))
    assert raw.value < rewrite.value == 1
    assert talk_result.metrics["Success@1"].value > raw.value
    assert talk_result.differences["raw"]["Success@1"].value > 0


def test_the_lines_are_of_the_same_turns_but_for_those_without_a_rewrite(talk_result):
    assert set(talk_result.baselines) == set(talk_result.differences) == {"raw", "rewrite"}
    assert {each.n for each in talk_result.metrics.values()} == {4}
    assert {each.n for each in talk_result.baselines["raw"].values()} == {4}
    assert {each.n for each in talk_result.baselines["rewrite"].values()} == {3}
    assert {each.n for each in talk_result.differences["rewrite"].values()} == {3}


def test_differences_are_ours_less_the_baselines(talk_result):
    for name, differences in talk_result.differences.items():
        assert list(differences) == list(DOCUMENT_METRICS)
        baseline = talk_result.baselines[name]
        rewritten = [q for q in talk_result.queries if name == "raw" or q.extra["rewrite"]]
        for metric, difference in differences.items():
            ours = np.mean([query.values[metric] for query in rewritten])
            assert difference.value == pytest.approx(ours - baseline[metric].value)
            assert difference.low <= difference.value <= difference.high


def test_where_nothing_is_rewritten_there_is_the_raw_line_only(talk, beir_bot):
    questions = tuple(replace(question, rewrite=None) for question in talk.questions)
    result = evaluate(beir_bot, replace(talk, questions=questions))
    assert set(result.baselines) == {"raw"}
    assert result.gap_closed == {}


@pytest.mark.parametrize(
    ("own", "value"),
    [([0, 0, 1, 0], 0), ([1, 1, 1, 0], 1), ([1, 0, 1, 0], 0.5), ([0, 0, 0, 0], -0.5)],
)
def test_the_share_of_the_gap_is_the_gain_over_the_possible_gain(own, value):
    low, high = np.array([0.0, 0, 1, 0]), np.array([1.0, 1, 1, 0])
    share = share_of_gap(np.array(own, dtype=float), low, high, seed=0)
    assert (share.value, share.n) == (value, 4)
    assert share.low <= value <= share.high


@pytest.mark.parametrize("high", [[0.0, 1], [0.0, 0], []])
def test_a_gap_that_is_none_cannot_be_closed(high):
    low = np.array([1.0, 0][: len(high)])
    assert share_of_gap(low, low, np.array(high), seed=0) is None


def test_progress_counts_every_question_of_every_line(talk, beir_bot, beir):
    seen: list[tuple[int, int]] = []
    evaluate(
        beir_bot,
        talk,
        negatives=replace(beir, questions=beir.questions[:2]),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 4 + 2 + 4 + 3) for done in range(1, 14)]


def test_conversations_may_be_what_another_store_declines(seed_bot, talk):
    dataset = load_dataset(Path(__file__).parents[1] / "data" / "seed_questions.jsonl", limit=2)
    result = evaluate(seed_bot, dataset, depth=5, negatives=talk)
    assert [negative.id for negative in result.negatives] == ["7_2", "7_4", "7_5", "b_2"]
    assert result.baselines == {}


def test_no_language_model_is_asked(talk, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        bot = QA.open(tmp_path / "v", llm_base_url=base, llm_model="m", llm_min_confidence=0)
        add_corpus(bot, talk)
        evaluate(bot, replace(talk, questions=talk.questions[:1]))
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


# ------------------------------------------------------------------ what is made of a result


def test_the_json_has_the_baselines_beside_the_metrics(talk_result, tmp_path):
    write_json(talk_result, tmp_path / "result.json")
    value = json.loads((tmp_path / "result.json").read_text())
    for name in ("raw", "rewrite"):
        assert set(value["baselines"][name]) == set(value["metrics"])
        assert all(list(each) == ["value", "low", "high", "n"]
                   for each in value["baselines"][name].values())  # fmt: skip
        assert list(value["differences"][name]["R@5"]) == [
            "value", "low", "high", "p", "detectable", "n"
        ]  # fmt: skip
    read = read_json(tmp_path / "result.json")
    shown = [replace(q, documents=q.documents[:SHOWN_DOCUMENTS]) for q in talk_result.queries]
    assert read == replace(talk_result, queries=tuple(shown))


def test_results_of_before_there_were_conversations_are_read(beir_result, tmp_path):
    write_json(beir_result, tmp_path / "new.json")
    value = json.loads((tmp_path / "new.json").read_text())
    for name in ("baselines", "differences", "gap_closed"):
        assert value.pop(name) == {}
    assert all(query.pop("searched_for") == query["question"] for query in value["queries"])
    (tmp_path / "old.json").write_text(json.dumps(value))
    old = read_json(tmp_path / "old.json")
    assert (old.metrics, old.baselines) == (beir_result.metrics, {})
    assert old.queries[0].searched_for is None
    assert compare(old, read_json(tmp_path / "new.json")).unpaired == 0


def test_gates_and_comparisons_and_runs_are_of_ours(talk, talk_result, tmp_path):
    gates = parse_gates(["Success@1=1.1", "R@5=0.1"], talk, coverage=0.8, negatives=False)
    (short,) = shortfalls(talk_result, gates)
    assert short.startswith(f"Success@1 is {talk_result.metrics['Success@1'].value:.4f}")
    found = compare(talk_result, talk_result)
    assert (found.paired, found.unpaired) == (4, 0)
    write_run(talk_result, tmp_path / "talk.run")
    ids = {line.split()[0] for line in (tmp_path / "talk.run").read_text().splitlines()}
    assert ids == {"7_2", "7_4", "7_5", "b_2"}


def test_the_report_shows_the_baselines_and_what_was_searched(talk_result):
    failed = [replace(query, failure="outranked") for query in talk_result.queries]
    share = share_of_gap(np.array([1.0, 0]), np.array([0.0, 0]), np.array([1.0, 1]), seed=0)
    html = render(replace(talk_result, queries=tuple(failed), gap_closed={"R@5": share}))
    parser = HTMLParser()
    text: list[str] = []
    parser.handle_data = text.append  # type: ignore[method-assign]
    parser.feed(html)
    page = " ".join(" ".join(text).split())
    for baseline in talk_result.baselines.values():
        assert f"{baseline['nDCG@10'].value:.3f}" in page
    assert "Gain over raw" in page
    assert "Closes 50%" in page
    (leaning,) = [query for query in failed if query.id == "7_2"]
    assert f"searched for: {leaning.searched_for}" in page
    standing = [query for query in failed if query.searched_for == query.question]
    assert page.count("searched for:") == 4 - len(standing)
