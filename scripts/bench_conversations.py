"""How well qa understands a question that was asked after others.

Run in a checkout:  python scripts/bench_conversations.py CAST_FOLDER [--standalone BEIR_FOLDER]

CAST_FOLDER holds ``conversations.jsonl`` and ``corpus.jsonl`` (see `qa.evaluation.conversations`).
Its turns after the first are asked as they were said, by qa after what came before, and as a human
rewrote them; and, for comparison, as the usual recipes have it: with the question before put in
front, and with all earlier ones.

BEIR_FOLDER holds questions that stand alone. Each is asked by itself and after a conversation on
another subject: two or three questions of another title's paragraphs, with these as the answers. A
change of subject must change nothing: the two are compared question by question.

Prints Markdown; in brackets 95% intervals by bootstrap over questions, of differences paired.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from qa import QA
from qa.evaluation import DEPTH, Dataset, Estimate, Question, add_corpus, load_dataset
from qa.evaluation import statistics as st
from qa.evaluation.baselines import GAP, share_of_gap
from qa.evaluation.beir import documents
from qa.evaluation.conversations import as_turn
from qa.evaluation.judging import roll_up
from qa.evaluation.matching import contains
from qa.evaluation.metrics import document_values
from qa.service import MAX_QUESTION
from qa.types import Answer, Ask, Turn

SEED = 0
BATCH = 64
SHORT = 20
"""Passages retrieved where the first few documents are looked at only."""
METRICS = ("nDCG@10", "R@5", "Success@1")
OURS, RAW, REWRITE = "**qa**", "as it was said", "human rewrite"


@dataclass(frozen=True)
class Line:
    """The questions asked in one way."""

    answers: dict[str, Answer]
    """By the question's id."""
    values: dict[str, dict[str, float]]
    """By the question's id its value in each metric."""

    def of(self, metric: str, ids: Sequence[str] | None = None) -> np.ndarray:
        return np.array([self.values[id_][metric] for id_ in ids or self.values])


def asked(bot: QA, asks: Sequence[tuple[Question, Ask]]) -> Line:
    """The answers, many at once, and the metrics of documents as `qa evaluate` computes them."""
    found: list[Answer] = []
    short = [replace(ask, question=ask.question[:MAX_QUESTION]) for _, ask in asks]
    for start in range(0, len(short), BATCH):
        for answer in bot.ask_many(short[start : start + BATCH]):
            if isinstance(answer, Exception):
                raise answer
            found.append(answer)
    answers = dict(zip((question.id for question, _ in asks), found, strict=True))
    names = {info.id: info.path for info in bot.documents()}
    rankings = {
        id_: [document.id for document in roll_up(answer.passages, names)]
        for id_, answer in answers.items()
    }
    grades = {q.id: {s.document: s.grade for s in q.sources} for q, _ in asks}
    values = document_values(rankings, grades, METRICS)
    for question, _ in asks:
        if question.answers:
            first = answers[question.id].passages[:1]
            right = any(contains(passage.text, question.answers) for passage in first)
            values[question.id]["Answer@1"] = float(right)
    return Line(answers, values)


def bot_for(dataset: Dataset, stores: Path) -> QA:
    bot = QA.open(stores / dataset.name)
    add_corpus(bot, dataset)
    return bot


def mean(values: np.ndarray) -> Estimate:
    statistic = partial(st.mean, values)
    low, high = st.interval(st.bootstrap(statistic, len(values), SEED))
    return Estimate(float(values.mean()), low, high, len(values))


def cell(estimate: Estimate | st.Difference | None, form: str = ".3f") -> str:
    if estimate is None:
        return ""
    low, high = f"{estimate.low:{form}}", f"{estimate.high:{form}}"
    return f"{estimate.value:{form}} ({low} to {high})"


# ------------------------------------------------------------------ follow-ups


def previous(question: Question) -> Ask:
    return Ask(f"{question.history[-1].question} {question.text}"[-MAX_QUESTION:], DEPTH)


def all_earlier(question: Question) -> Ask:
    earlier = [turn.question for turn in question.history]
    return Ask(" ".join([*earlier, question.text])[-MAX_QUESTION:], DEPTH)


WAYS: dict[str, Callable[[Question], Ask]] = {
    RAW: lambda question: Ask(question.text, DEPTH),
    "previous question in front": previous,
    "all earlier questions in front": all_earlier,
    OURS: lambda question: Ask(question.text, DEPTH, history=question.history),
}


def follow_ups(dataset: Dataset, stores: Path) -> None:
    bot = bot_for(dataset, stores)
    lines = {
        name: asked(bot, [(question, ask(question)) for question in dataset.questions])
        for name, ask in WAYS.items()
    }
    reworded = [(q, Ask(q.rewrite, DEPTH)) for q in dataset.questions if q.rewrite is not None]
    if reworded:
        lines[REWRITE] = asked(bot, reworded)
    print(f"| {dataset.name}, asked | {' | '.join(METRICS)} | gap closed in {GAP} | questions |")
    print("|---" * (len(METRICS) + 3) + "|")
    for name, line in lines.items():
        cells = [cell(mean(line.of(metric))) for metric in METRICS]
        gap = "" if name in (RAW, REWRITE) else cell(gap_closed(line, lines), ".0%")
        print(f"| {name} | {' | '.join(cells)} | {gap} | {len(line.values)} |", flush=True)
    print(f"\n| {dataset.name}, {OURS} against | {' | '.join(METRICS)} |")
    print("|---" * (len(METRICS) + 1) + "|")
    for name, line in lines.items():
        if name != OURS:
            cells = [cell(gain(line, lines[OURS], metric), "+.3f") for metric in METRICS]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def gap_closed(line: Line, lines: dict[str, Line]) -> Estimate | None:
    if REWRITE not in lines:
        return None
    ids = list(lines[REWRITE].values)
    own, low, high = (each.of(GAP, ids) for each in (line, lines[RAW], lines[REWRITE]))
    return share_of_gap(own, low, high, SEED)


def gain(before: Line, after: Line, metric: str) -> st.Difference:
    """Over the questions of ``before``."""
    ids = list(before.values)
    return st.paired_difference(after.of(metric, ids) - before.of(metric, ids), SEED)


# ------------------------------------------------------------------ a change of subject


def unrelated(dataset: Dataset, questions: Sequence[Question]) -> dict[str, tuple[Turn, ...]]:
    """For each question a conversation on another title: questions of its paragraphs in the set's
    order, each answered with its paragraph."""
    found = {document.path: document for document in documents(dataset.corpus)}
    by_title = defaultdict(list)
    for question in questions:
        by_title[found[question.sources[0].document].title].append(question)
    titles = [title for title, own in by_title.items() if len(own) > 2]
    if len(titles) < 2:
        raise SystemExit(f"{dataset.path} has one title only: there is no subject to change from.")
    chance = random.Random(SEED)
    histories = {}
    for title, own in by_title.items():
        others = [other for other in titles if other != title]
        for question in own:
            other = by_title[chance.choice(others)]
            places = sorted(chance.sample(range(len(other)), chance.choice((2, 3))))
            histories[question.id] = tuple(
                as_turn(earlier.text, found[earlier.sources[0].document].text)
                for earlier in (other[place] for place in places)
            )
    return histories


def stand_alone(dataset: Dataset, stores: Path, show: int) -> None:
    bot = bot_for(dataset, stores)
    known = {document.path for document in documents(dataset.corpus)}
    questions = [q for q in dataset.questions if q.answerable and q.sources[0].document in known]
    histories = unrelated(dataset, questions)
    alone = asked(bot, [(q, Ask(q.text, SHORT)) for q in questions])
    after = asked(
        bot,
        [(q, Ask(q.text, SHORT, history=histories[q.id])) for q in questions],
    )
    print(
        f"\n| {dataset.name}, {len(questions)} questions | alone | after another subject | ", end=""
    )
    print("difference | p | better | worse |")
    print("|---|---|---|---|---|---|---|")
    shown = [*METRICS, *(["Answer@1"] if all(q.answers for q in questions) else [])]
    for metric in shown:
        both = [f"{line.of(metric).mean():.3f}" for line in (alone, after)]
        difference = gain(alone, after, metric)
        change = after.of(metric) - alone.of(metric)
        won, lost = int((change > 0).sum()), int((change < 0).sum())
        cells = [*both, cell(difference, "+.4f"), f"{difference.p:.4f}", str(won), str(lost)]
        print(f"| {metric} | {' | '.join(cells)} |", flush=True)
    pairs = [(alone.answers[q.id], after.answers[q.id]) for q in questions]
    same = sum(ranking(one) == ranking(other) for one, other in pairs)
    changed = [other for one, other in pairs if other.searched_for != one.searched_for]
    print(f"\nThe same first {SHORT} passages in the same order: {same} of {len(pairs)}.")
    print(f"Searched for something else than alone: {len(changed)} of {len(pairs)}.")
    for answer in changed[:show]:
        print(f"- {answer.question}\n  - {answer.searched_for}")


def ranking(answer: Answer) -> list[str]:
    return [passage.passage.id for passage in answer.passages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with conversations")
    parser.add_argument("--standalone", type=Path, help="BEIR folder of questions that stand alone")
    parser.add_argument("--limit", type=int, help="questions a set, sampled")
    parser.add_argument("--show", type=int, default=0, help="changed questions to list")
    parser.add_argument("--stores", type=Path, help="keep the stores here")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with TemporaryDirectory() as scratch:
        stores = options.stores or Path(scratch)
        follow_ups(load_dataset(options.folder, limit=options.limit), stores)
        if options.standalone:
            dataset = load_dataset(options.standalone, limit=options.limit)
            stand_alone(dataset, stores, options.show)


if __name__ == "__main__":
    main()
