"""How well a store answers: datasets, metrics with their intervals, failures, comparisons;
and settings tuned by them.

>>> from qa.evaluation import evaluate, load_dataset
>>> result = evaluate(QA.open("vectors"), load_dataset(Path("questions.jsonl")))
>>> result.metrics["Answer@1"].value
"""

from qa.evaluation.beir import add_corpus
from qa.evaluation.compare import Comparison, MetricComparison, compare, deciding_metric
from qa.evaluation.datasets import Dataset, Question, Source, load_dataset
from qa.evaluation.evaluate import DEPTH, check_options, evaluate
from qa.evaluation.gates import Gate, parse_gates, shortfalls
from qa.evaluation.metrics import COVERAGE
from qa.evaluation.report import write_report
from qa.evaluation.results import (
    Estimate,
    QueryResult,
    Result,
    read_json,
    write_json,
    write_run,
)
from qa.evaluation.tune import FOLDS, Tuning, check_tunable, tune, write_tuning

__all__ = [
    "COVERAGE",
    "DEPTH",
    "FOLDS",
    "Comparison",
    "Dataset",
    "Estimate",
    "Gate",
    "MetricComparison",
    "QueryResult",
    "Question",
    "Result",
    "Source",
    "Tuning",
    "add_corpus",
    "check_options",
    "check_tunable",
    "compare",
    "deciding_metric",
    "evaluate",
    "load_dataset",
    "parse_gates",
    "read_json",
    "shortfalls",
    "tune",
    "write_json",
    "write_report",
    "write_run",
    "write_tuning",
]
