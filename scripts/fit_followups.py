"""Fits the probability that a question leans on the conversation before it: the coefficients of
qa/retrieval/followups.py.

Run in a checkout:  pip install ".[bench]" && python scripts/fit_followups.py TALKS BEIR_FOLDER

Examples that lean are the turns after the first of the conversations, where the human rewrite says
more than was said; and questions of the BEIR folder in which a name that the question before also
has is replaced by "it". Examples that stand alone are questions of the BEIR folder, as they are,
after a conversation on another title; and those that name something, after one on their own. What
stands alone and what leans weigh the same in all. Reported is how well the two are told apart, on
examples held out of the fit, and the coefficients, in the order of the module.
"""

from __future__ import annotations

import argparse
import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from bench_conversations import SEED, bot_for, unrelated
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from qa import QA
from qa.evaluation import Dataset, Question, load_dataset
from qa.evaluation.beir import documents
from qa.retrieval import Context, Searcher, Spoken, Weights, make_query
from qa.retrieval.followups import COEFFICIENTS, seen
from qa.retrieval.weighing import meeting
from qa.types import Turn

NAMES = list(COEFFICIENTS)
Example = tuple[str, tuple[Turn, ...]]
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'-]*(?:(?: of| the| and)? [A-Z][\w'-]*)*")
_TRIES = 30


def features(bot: QA, question: str, history: Sequence[Turn]) -> list[float] | None:
    """What the model sees of a question in a conversation; None if that is about nothing."""
    context, searcher = Context(history), Searcher(Weights())
    with bot.store.snapshot() as snapshot:
        about = context.about(question, snapshot)
        if not about:
            return None
        vectors = bot.embedder.embed_queries([question, about])
        query, spoken = (
            make_query(text, vectors[row : row + 1], snapshot)
            for row, text in enumerate((question, about))
        )
        pool = searcher.retrieve(snapshot, query, 5)
        found = max((each.score for each in searcher.rank(pool, 5).found), default=0.0)
        beside = searcher.beside(snapshot, pool, Spoken(spoken, context.has_shown), 5)
        values = seen(question, snapshot.analyses())
    values |= {"found": found, "meeting": meeting(beside)}
    return [values[name] for name in NAMES]


def leaning_turns(dataset: Dataset) -> Iterator[Example]:
    for question in dataset.questions:
        if question.rewrite and question.rewrite != question.text:
            yield question.text, question.history


def with_pronouns(by_title: dict[str, list[Question]], texts: dict[str, str]) -> Iterator[Example]:
    """Questions after another one on their title, a name of both replaced."""
    chance = random.Random(SEED)
    for own in by_title.values():
        for question in own:
            names = _NAME.findall(question.text)
            for earlier in chance.sample(own, min(len(own), _TRIES)):
                shared = [name for name in names if name in earlier.text]
                if shared and earlier.id != question.id:
                    text = question.text.replace(max(shared, key=len), "it", 1)
                    yield re.sub(r"\b[Tt]he it\b", "it", text), (turn(earlier, texts),)
                    break


def after_their_own(
    by_title: dict[str, list[Question]], texts: dict[str, str]
) -> Iterator[Example]:
    """Questions that name something and point to nothing, after another one on their title."""
    chance = random.Random(SEED)
    for own in by_title.values():
        for question in own:
            known = seen(question.text, ["en"])
            earlier = chance.choice(own)
            if known["named"] and not known["points"] and earlier.id != question.id:
                yield question.text, (turn(earlier, texts),)


def turn(question: Question, texts: dict[str, str]) -> Turn:
    return Turn(question.text, texts[question.sources[0].document])


def collect(bot: QA, examples: Iterator[Example]) -> np.ndarray:
    rows = (features(bot, text, history) for text, history in examples)
    return np.array([row for row in rows if row is not None])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("conversations", type=Path)
    parser.add_argument("questions", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with TemporaryDirectory() as scratch:
        talks = load_dataset(options.conversations)
        alone = load_dataset(options.questions)
        asked = [question for question in alone.questions if question.answerable]
        found = {document.path: document for document in documents(alone.corpus)}
        texts = {path: document.text for path, document in found.items()}
        by_title: dict[str, list[Question]] = {}
        for question in asked:
            by_title.setdefault(found[question.sources[0].document].title, []).append(question)
        histories = unrelated(alone, asked)
        bots = [bot_for(dataset, Path(scratch)) for dataset in (talks, alone)]
        groups = {
            "turns of conversations": (1, 0.7, collect(bots[0], leaning_turns(talks))),
            "with a pronoun": (1, 0.3, collect(bots[1], with_pronouns(by_title, texts))),
            "after another subject": (
                0, 0.8, collect(bots[1], ((q.text, histories[q.id]) for q in asked)),
            ),
            "after their own": (0, 0.2, collect(bots[1], after_their_own(by_title, texts))),
        }  # fmt: skip
    fit(groups)


def fit(groups: dict[str, tuple[int, float, np.ndarray]]) -> None:
    x = np.vstack([rows for _, _, rows in groups.values()])
    y = np.concatenate([[label] * len(rows) for label, _, rows in groups.values()])
    weights = np.concatenate([[w / len(rows)] * len(rows) for _, w, rows in groups.values()])
    weights *= len(y) / 2
    model = LogisticRegression(C=10, max_iter=1000)
    held_out = cross_val_predict(
        model, x, y, cv=10, method="predict_proba", params={"sample_weight": weights}
    )[:, 1]
    print(f"AUROC, held out in ten folds: {roc_auc_score(y, held_out, sample_weight=weights):.3f}")
    start = 0
    for name, (label, _, rows) in groups.items():
        own = held_out[start : start + len(rows)]
        start += len(rows)
        lean = "lean" if label else "stand alone"
        print(f"{name}: {len(rows)} that {lean}, {np.mean(own >= 0.8):.3f} taken to lean (0.8)")
    model.fit(x, y, sample_weight=weights)
    print(f"\nINTERCEPT = {model.intercept_[0]:.2f}")
    for name, factor in zip(NAMES, model.coef_[0], strict=True):
        print(f'    "{name}": {factor:.2f},')


if __name__ == "__main__":
    main()
