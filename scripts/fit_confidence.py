"""Fits the coefficients of `qa.retrieval.confidence`, and says how well they hold.

Run in a checkout:  pip install ".[bench]" && python scripts/fit_confidence.py FOLDER

FOLDER holds sets in the layout of BEIR, whose queries may state accepted answers. Of each set one
whole store is made and several small ones of 1 to 16 documents (a person's first documents are
few), and each is asked three kinds of questions: its own, its own unanswerable ones, where the set
has some, and those of other sets. Each question counts the same. What is fitted is whether the
first passage answers.

Prints figures on held-out titles (ten folds) and the coefficients fitted on all. With ``--rows
FILE`` what was asked is kept there, or taken from there if it is there already.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from qa import QA
from qa.evaluation import Dataset, Question, add_corpus, load_dataset
from qa.evaluation.matching import contains
from qa.retrieval import Searcher, Weights, make_query
from qa.retrieval.clues import features

SMALL = (1, 2, 4, 8, 16) * 3
SAMPLE = 700


@dataclass(frozen=True)
class Row:
    store: str
    kind: str
    """"own", "unanswerable" or "other"."""
    group: str
    question: str
    path: str
    """Of the document that was found."""
    right: bool
    values: dict[str, float]


def ask(bot: QA, kind: str, name: str, questions: Sequence[Question]) -> Iterator[Row]:
    searcher = Searcher(Weights())
    with bot.store.snapshot() as snapshot:
        for question in questions:
            embedding = bot.embedder.embed_queries([question.text])
            query = make_query(question.text, embedding, snapshot)
            found = searcher.search(snapshot, query, 5).found
            if not found:
                continue
            first = found[0]
            gold = {source.document for source in question.sources if source.grade > 0}
            right = kind == "own" and (
                contains(first.passage.text, question.answers)
                if question.answers
                else first.document.path.rpartition("#")[2] in gold
            )
            group = first.document.title or first.document.path.rpartition("-")[0]
            values = features(query, found)
            yield Row(name, kind, group, question.id, first.document.path, right, values)


def sample(rng: random.Random, questions: Sequence[Question], size: int) -> list[Question]:
    return rng.sample(list(questions), min(size, len(questions)))


def of_documents(questions: Sequence[Question], ids: set[str]) -> list[Question]:
    return [q for q in questions if any(s.grade > 0 and s.document in ids for s in q.sources)]


def collect(datasets: Sequence[Dataset], scratch: Path) -> list[Row]:
    rng = random.Random(0)
    rows: list[Row] = []
    for dataset in datasets:
        known = {question.id for question in dataset.questions}  # translated sets share ids
        others = [q for other in datasets for q in other.questions if q.id not in known]
        own = [q for q in dataset.questions if q.answerable]
        unanswerable = [q for q in dataset.questions if not q.answerable]
        whole = QA.open(scratch / dataset.name)
        add_corpus(whole, dataset)
        rows += ask(whole, "own", dataset.name, sample(rng, own, SAMPLE))
        rows += ask(whole, "unanswerable", dataset.name, sample(rng, unanswerable, SAMPLE))
        rows += ask(whole, "other", dataset.name, sample(rng, others, SAMPLE // 2))
        documents = [whole.document(info.id)[0] for info in whole.documents()]
        documents.sort(key=lambda document: document.path)
        # An unanswerable question has no document: it goes with the one that was found for it.
        places = {row.question: row.path for row in rows if row.kind == "unanswerable"}
        for number, size in enumerate(SMALL):
            start = rng.randrange(max(1, len(documents) - size))
            part = documents[start : start + size]
            paths = {document.path for document in part}
            small = QA.open(scratch / f"{dataset.name}-{number}")
            small.add(part)
            name = f"{dataset.name}, small"
            mine = of_documents(own, {path.rpartition("#")[2] for path in paths})
            rows += ask(small, "own", name, sample(rng, mine, 40))
            near = [q for q in unanswerable if places.get(q.id) in paths]
            rows += ask(small, "unanswerable", name, sample(rng, near, 40))
            rows += ask(small, "other", name, sample(rng, others, 40))
        print(f"{dataset.name}: {len(rows):,} questions asked", flush=True)
    return rows


def fit(values: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=10, max_iter=3000).fit((values - mean) / deviation, right)
    coefficients = model.coef_[0] / deviation
    return coefficients, float(model.intercept_[0] - coefficients @ mean)


def held_out(values: np.ndarray, right: np.ndarray, groups: np.ndarray) -> np.ndarray:
    probabilities = np.zeros(len(right))
    for train, test in GroupKFold(10).split(values, right, groups):
        coefficients, intercept = fit(values[train], right[train])
        probabilities[test] = 1 / (1 + np.exp(-(values[test] @ coefficients + intercept)))
    return probabilities


def calibration_error(probabilities: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal size."""
    bins = np.array_split(np.argsort(probabilities), 10)
    return float(sum(abs((probabilities[b] - right[b]).sum()) for b in bins) / len(right))


def report(rows: Sequence[Row], probabilities: np.ndarray) -> None:
    stores, kinds = np.array([r.store for r in rows]), np.array([r.kind for r in rows])
    print(
        "\n| store | negatives | AUROC | mean of own | mean of negatives |\n|---|---|---|---|---|"
    )
    for store in np.unique(stores):
        own = (stores == store) & (kinds == "own")
        for kind in ("unanswerable", "other"):
            negative = (stores == store) & (kinds == kind)
            if negative.any():
                both = own | negative
                auroc = roc_auc_score(own[both], probabilities[both])
                means = probabilities[own].mean(), probabilities[negative].mean()
                print(f"| {store} | {kind} | {auroc:.3f} | {means[0]:.2f} | {means[1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of BEIR sets")
    parser.add_argument("--rows", type=Path, help="keep what was asked in this file")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if options.rows and options.rows.exists():
        rows = [Row(**fields) for fields in json.loads(options.rows.read_text())]
    else:
        folders = sorted(qrels.parent for qrels in options.folder.glob("*/qrels"))
        with TemporaryDirectory() as scratch:
            rows = collect([load_dataset(folder) for folder in folders], Path(scratch))
    if options.rows:
        options.rows.write_text(json.dumps([asdict(row) for row in rows]))
    names = list(rows[0].values)
    values = np.array([[row.values[name] for name in names] for row in rows])
    right = np.array([row.right for row in rows])
    groups = np.unique([row.group for row in rows], return_inverse=True)[1]
    probabilities = held_out(values, right, groups)
    report(rows, probabilities)
    print(f"\nECE on held-out titles: {calibration_error(probabilities, right):.3f}")
    coefficients, intercept = fit(values, right)
    print(f"\nINTERCEPT = {intercept:.2f}")
    print("COEFFICIENTS = {")
    for name, coefficient in zip(names, coefficients, strict=True):
        print(f'    "{name}": {coefficient:.2f},')
    print("}")


if __name__ == "__main__":
    main()
