"""How well qa retrieves, beside the usual recipes on the same documents and the same model.

Run in a checkout:  pip install ".[bench]" && python scripts/bench_retrieval.py FOLDER

FOLDER holds sets in the layout of BEIR, a folder each (``corpus.jsonl``, ``queries.jsonl``,
``qrels/test.tsv``). Prints Markdown. The baselines work on whole paragraphs with their titles:

- BM25: bm25s (Lucene's variant, k1 1.5, b 0.75) with the language's Snowball stemmer and stop words
- dense: all-MiniLM-L6-v2, cosine
- RRF: reciprocal rank fusion of the two, k = 60
- convex: half of each, min-max normalised

qa runs with its defaults, the same for all sets. With ``--ablate`` each of its parts is turned off
in turn, on a sample of the questions; with ``--confidence`` the sets' questions are asked of each
other too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import qa.retrieval.base
import qa.store.catalog
from qa import QA
from qa.analysis import Terms, analyse, detect_language
from qa.analysis.terms import STEMMERS
from qa.evaluation import Dataset, Result, add_corpus, evaluate, load_dataset
from qa.retrieval import Searcher, Weights

METRICS = ("nDCG@10", "Success@1", "R@20", "Answer@1", "Sentence@1")
K = 10


# ------------------------------------------------------------------ baselines


def texts_of(folder: Path) -> dict[str, str]:
    rows = map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())
    texts = {row["_id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in rows}
    return {id_: text for id_, text in texts.items() if text}


def bm25_scores(texts: list[str], questions: list[str]) -> np.ndarray:
    import bm25s
    import Stemmer

    language = detect_language(" ".join(texts[:50])) or "en"
    stemmer = Stemmer.Stemmer(STEMMERS.get(language, "english"))
    options: dict[str, Any] = {"stopwords": language, "stemmer": stemmer, "show_progress": False}
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, **options), show_progress=False)
    tokens = bm25s.tokenize(questions, return_ids=False, **options)
    return np.array([index.get_scores(t) if t else np.zeros(len(texts)) for t in tokens])


def dense_scores(bot: QA, texts: list[str], questions: list[str]) -> np.ndarray:
    return bot.embedder.embed_queries(questions) @ bot.embedder.embed_passages(texts).T


def normalised(scores: np.ndarray) -> np.ndarray:
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    return (scores - low) / np.maximum(high - low, 1e-9)


def reciprocal_ranks(scores: np.ndarray) -> np.ndarray:
    return 1 / (61 + np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1))


def measured(
    ids: list[str], scores: np.ndarray, qrels: dict[str, dict[str, int]]
) -> dict[str, float]:
    import ir_measures
    from ir_measures import Success, nDCG

    run = {}
    for query, row in zip(qrels, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:100]
        run[query] = {ids[i]: float(row[i]) for i in best}
    found = ir_measures.calc_aggregate([nDCG @ K, Success @ 1], qrels, run)
    return {str(metric): value for metric, value in found.items()}


def baselines(folder: Path, bot: QA) -> dict[str, dict[str, float]]:
    dataset = load_dataset(folder)
    questions = [q for q in dataset.questions if any(s.grade > 0 for s in q.sources)]
    qrels = {q.id: {s.document: s.grade for s in q.sources} for q in questions}
    texts = texts_of(folder)
    asked = [question.text for question in questions]
    words = bm25_scores(list(texts.values()), asked)
    meaning = dense_scores(bot, list(texts.values()), asked)
    scores = {
        "BM25": words,
        "dense": meaning,
        "RRF (k=60)": reciprocal_ranks(words) + reciprocal_ranks(meaning),
        "convex 0.5": 0.5 * normalised(words) + 0.5 * normalised(meaning),
    }
    return {name: measured(list(texts), rows, qrels) for name, rows in scores.items()}


# ------------------------------------------------------------------ qa


def bot_for(folder: Path, stores: Path, **settings: Any) -> QA:
    bot = QA.open(stores / folder.name, **settings)
    add_corpus(bot, load_dataset(folder))
    return bot


@contextmanager
def without_grams() -> Iterator[None]:
    with replaced(qa.retrieval.base, "analyse", lambda t, a: Terms(analyse(t, a).stems, ())):
        yield


@contextmanager
def replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _passage_alone(row: Any) -> str:
    return "\n".join([row["title"] if row["title_stated"] else "", row["text"]])


def variants(
    folder: Path, stores: Path, limit: int | None
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Each part turned off in turn."""
    dataset = answerable(folder)
    if limit and limit < len(dataset.questions):
        sample = random.Random(0).sample(dataset.questions, limit)
        dataset = replace(dataset, questions=tuple(sample))

    def run(bot: QA) -> Result:
        return evaluate(bot, dataset, depth=30)

    yield "all of it", lambda: run(bot_for(folder, stores))
    yield (
        "no lexical retrieval",
        lambda: run(bot_for(folder, stores, retriever="dense", dense_weight=1)),
    )
    yield (
        "no dense retrieval",
        lambda: run(bot_for(folder, stores, retriever="lexical", dense_weight=0)),
    )
    yield "no sentence score", lambda: run(bot_for(folder, stores, sentence_weight=0))

    def fixed_weight() -> Result:
        bot = bot_for(folder, stores)
        bot._asking.searcher = Searcher(Weights(adapts=False))
        return run(bot)

    yield "weight not adapted to the language", fixed_weight

    def no_grams() -> Result:
        bot = bot_for(folder, stores)
        with without_grams():
            return run(bot)

    yield "no 4-grams", no_grams

    def no_context() -> Result:
        with TemporaryDirectory() as scratch:
            shutil.copytree(stores / folder.name, Path(scratch) / folder.name)
            for path in (Path(scratch) / folder.name).glob("lexical-*"):
                shutil.rmtree(path)
            with replaced(qa.store.catalog, "_context", _passage_alone):
                return run(QA.open(Path(scratch) / folder.name))

    yield "no neighbours in the lexical index", no_context


def paired_interval(a: Result, b: Result, metric: str) -> tuple[float, float, float]:
    """The mean difference b - a and its 95% bootstrap interval."""
    before = {query.id: query.values for query in a.queries}
    pairs = [
        (before[query.id][metric], query.values[metric])
        for query in b.queries
        if metric in query.values and metric in before.get(query.id, {})
    ]
    differences = np.array([after - earlier for earlier, after in pairs])
    sampler = np.random.default_rng(0)
    means = [
        differences[sampler.integers(0, len(differences), len(differences))].mean()
        for _ in range(2000)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(differences.mean()), float(low), float(high)


# ------------------------------------------------------------------ tables


def compare(folders: Sequence[Path], stores: Path) -> None:
    print("| set | " + " | ".join(("BM25", "dense", "RRF (k=60)", "convex 0.5", "**qa**")) + " |")
    print("|---|---|---|---|---|---|", flush=True)
    for folder in folders:
        bot = bot_for(folder, stores)
        cells = [
            f"{m['nDCG@10']:.3f} / {m['Success@1']:.3f}" for m in baselines(folder, bot).values()
        ]
        own = evaluate(bot, answerable(folder)).metrics
        ours = " / ".join(f"{own[name].value:.3f}" for name in ("nDCG@10", "Success@1"))
        interval = f"{own['nDCG@10'].low:.3f}-{own['nDCG@10'].high:.3f}"
        print(f"| {folder.name} | {' | '.join(cells)} | **{ours}** ({interval}) |", flush=True)


def answerable(folder: Path) -> Dataset:
    """The questions that have an answer: figures of retrieval are of these."""
    dataset = load_dataset(folder)
    return replace(dataset, questions=tuple(q for q in dataset.questions if q.answerable))


def ablate(folders: Sequence[Path], stores: Path, limit: int | None) -> None:
    for folder in folders:
        whole: Result | None = None
        for name, run in variants(folder, stores, limit):
            result = run()
            if whole is None:
                whole = result
                shown = [m for m in METRICS if m in result.metrics]
                print(f"\n| {folder.name} | " + " | ".join(shown) + " |")
                print("|---" * (len(shown) + 1) + "|")
                row = [f"{result.metrics[m].value:.3f}" for m in shown]
            else:
                row = []
                for metric in shown:
                    mean, low, high = paired_interval(whole, result, metric)
                    row.append(f"{mean:+.3f} ({low:+.3f} to {high:+.3f})")
            print(f"| {name} | " + " | ".join(row) + " |", flush=True)


def judge(folders: Sequence[Path], stores: Path, limit: int | None) -> None:
    """How well the confidence tells what is answered from what isn't."""
    print("| set | AUROC, its own unanswerable | AUROC, questions of other sets | ECE | Brier |")
    print("|---|---|---|---|---|", flush=True)
    for folder in folders:
        own = load_dataset(folder, limit=limit)
        known = {question.id for question in load_dataset(folder).questions}
        others = [
            replace(question, id=f"{other.name}:{question.id}")
            for other in folders
            for question in load_dataset(other, limit=200).questions
            if question.id not in known  # translated sets share ids
        ]
        negatives = replace(own, name="other sets", questions=tuple(others))
        result = evaluate(bot_for(folder, stores), own, depth=20, negatives=negatives)
        cells = []
        for name in ("AUROC", "AUROC(other)", "ECE", "Brier"):
            found = result.metrics.get(name)
            interval = f" ({found.low:.3f}-{found.high:.3f})" if found else ""
            cells.append(f"{found.value:.3f}{interval}" if found else "")
        print(f"| {folder.name} | {' | '.join(cells)} |", flush=True)
        print_curve(folder.name, result)


def print_curve(name: str, result: Result) -> None:
    """How many first passages are wrong among the most confident shares of all questions."""
    points = result.curves["risk_coverage"]
    shown = [points[max(0, round(share * len(points)) - 1)] for share in (0.2, 0.4, 0.6, 0.8, 1)]
    print(f"<!-- {name}, risk at coverage: {json.dumps(shown)} -->", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of BEIR sets")
    parser.add_argument("--sets", nargs="*", help="only these")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--confidence", action="store_true")
    parser.add_argument("--limit", type=int, help="questions a set, sampled")
    parser.add_argument("--stores", type=Path, help="keep the stores here")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    folders = sorted(path.parent for path in options.folder.glob("*/qrels"))
    folders = [f for f in folders if not options.sets or f.name in options.sets]
    with TemporaryDirectory() as scratch:
        stores = options.stores or Path(scratch)
        if options.ablate:
            ablate(folders, stores, options.limit)
        elif options.confidence:
            judge(folders, stores, options.limit)
        else:
            compare(folders, stores)


if __name__ == "__main__":
    main()
