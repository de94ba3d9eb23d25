"""Asks a store every question of a dataset and counts what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from qa.errors import UsageError
from qa.evaluation import baselines, metrics, statistics
from qa.evaluation.asker import Asker, Counter, OnProgress, in_context, with_document_metrics
from qa.evaluation.datasets import Dataset, Question
from qa.evaluation.matching import contains
from qa.evaluation.results import QueryResult, Result
from qa.service import QA
from qa.settings import MAX_TOP_K
from qa.types import Answer, DocumentInfo

DEPTH = 100
"""Passages retrieved for a question: enough that twenty documents are among them."""
_PERCENTILES = (50, 90, 95, 99)
_NO_INFLUENCE = (
    "store",
    "seeds",
    "include",
    "exclude",
    "cache_dir",
    "host",
    "port",
    "concurrency",
    "request_seconds",
    "uploads",
    "max_upload_mb",
    "insecure",
    "allowed_hosts",
    "cors_origins",
    "rate_limit",
    "max_body_kb",
    "max_connections",
    "client_seconds",
    "drain_seconds",
    "log_questions",
    "feedback",
    "chat_history",
    "llm_base_url",
    "llm_model",
    "llm_strict",
    "llm_seconds",
    "llm_min_confidence",
    "llm_concurrency",
    "llm_context_tokens",
    "nli_model",
    "threads",
    "max_file_mb",
    "parse_workers",
    "parse_seconds",
    "parse_memory_mb",
    "json_text",
    "json_title",
    "json_date",
    "ocr",
    "top_k",
)
"""Settings that no figure depends on; paths of this machine among them."""


def evaluate(
    bot: QA,
    dataset: Dataset,
    *,
    depth: int = DEPTH,
    seed: int = 0,
    coverage: float = metrics.COVERAGE,
    negatives: Dataset | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Result:
    """How well the bot answers a dataset's questions from its store. No language model is asked.

    The documents of a BEIR set must be in the store already: `qa.evaluation.add_corpus`. The
    questions of a set with conversations are asked after what came before, and for comparison in
    the other ways of `qa.evaluation.baselines`.

    Args:
        depth: how many passages to retrieve for a question.
        seed: of the resampling for the intervals.
        coverage: which share of the questions ``Accuracy@…`` is of, the most confident ones.
        negatives: another dataset, whose questions are all to be declined.

    Raises:
        UsageError: an option is out of range, or a source isn't in the store.
        StoreError: the store is empty, made with another model, or can't be read.
    """
    check_options(depth, coverage)
    others = negatives.questions if negatives else ()
    lines = baselines.asked_otherwise(dataset)
    total = sum(map(len, (dataset.questions, others, *lines.values())))
    infos = bot.documents()
    asker = Asker(bot, dataset, infos, depth, Counter(total, on_progress))
    asker.ask(in_context(dataset.questions[0]))  # the first one loads the model
    queries, answers_at, stages = [], [], defaultdict[str, list[float]](list)
    for question in dataset.questions:
        query, answer = asker.judged(question, in_context(question))
        queries.append(query)
        answers_at.append(_answer_rank(question, answer))
        for stage, milliseconds in answer.timings_ms.items():
            stages[stage].append(milliseconds)
    declined = tuple(map(asker.negative, others))
    queries, recall = with_document_metrics(queries, asker.gold)
    result = Result(
        dataset=described(dataset, infos),
        metrics=metrics.estimates(queries, declined, coverage, seed),
        latency_ms=_latency([query.latency_ms for query in queries], stages),
        settings=_settings(bot, depth, seed, coverage, negatives),
        curves=_curves(queries, recall, answers_at, depth),
        queries=tuple(queries),
        negatives=declined,
        qa=qa_version(),
    )
    return baselines.beside(result, {name: asker.line(asks) for name, asks in lines.items()}, seed)


def check_options(depth: int, coverage: float) -> None:
    """Raises UsageError if one is out of range."""
    if not 1 <= depth <= MAX_TOP_K:
        raise UsageError(
            f"The depth is {depth}: give a number of passages from 1 to {MAX_TOP_K:,}."
        )
    if not 0 < coverage <= 1:
        raise UsageError(f"The coverage is {coverage:g}: give a share above 0 and up to 1.")


def _answer_rank(question: Question, answer: Answer) -> int | None:
    """Rank of the first passage with an accepted string."""
    ranks = (p.rank for p in answer.passages if contains(p.text, question.answers))
    return next(ranks, None)


def _curves(
    queries: Sequence[QueryResult],
    recall: Mapping[int, float],
    answers_at: Sequence[int | None],
    depth: int,
) -> dict[str, list[dict[str, float]]]:
    import numpy as np

    ranks = [rank for query, rank in zip(queries, answers_at, strict=True) if query.answers]
    found = {k: sum(rank is not None and rank <= k for rank in ranks) for k in metrics.CUTOFFS}
    confidence = np.array([query.confidence or 0.0 for query in queries])
    correct = np.array([query.correct for query in queries])
    return {
        "recall": [{"k": k, "value": value} for k, value in recall.items() if k <= depth],
        "answers": [
            {"k": k, "value": n / len(ranks)} for k, n in found.items() if ranks and k <= depth
        ],
        "risk_coverage": [
            {"coverage": coverage, "risk": risk}
            for coverage, risk in statistics.risk_coverage(confidence, correct)
        ],
        "calibration": [
            {"confidence": mean, "accuracy": accuracy, "n": n}
            for mean, accuracy, n in statistics.calibration_bins(confidence, correct)
        ],
    }


def _latency(latencies: Sequence[float], stages: Mapping[str, list[float]]) -> dict[str, Any]:
    import numpy as np

    levels = np.percentile(latencies, _PERCENTILES)
    return {
        "mean": round(sum(latencies) / len(latencies), 3),
        **{f"p{p}": round(float(v), 3) for p, v in zip(_PERCENTILES, levels, strict=True)},
        "stages": {stage: round(sum(ms) / len(ms), 3) for stage, ms in stages.items()},
    }


def described(dataset: Dataset, infos: Sequence[DocumentInfo]) -> dict[str, Any]:
    """What a result says of its dataset and store."""
    return {
        "name": dataset.name,
        "split": dataset.split,
        "questions": len(dataset.questions),
        "answerable": dataset.answerable,
        "unanswerable": dataset.unanswerable,
        "documents": len(infos),
        "passages": sum(info.passages for info in infos),
    }


def _settings(
    bot: QA, depth: int, seed: int, coverage: float, negatives: Dataset | None
) -> dict[str, Any]:
    every = bot.settings.model_dump(mode="json")
    return {
        "depth": depth,
        "seed": seed,
        "coverage": coverage,
        "negatives": negatives.name if negatives else None,
        **{name: value for name, value in every.items() if name not in _NO_INFLUENCE},
    }


def qa_version() -> str:
    """The version of the program, as results state it."""
    from importlib.metadata import version

    return version("qa")
