"""Question files in each format, and what is said of a wrong one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from qa.errors import UsageError
from qa.evaluation import Source, load_dataset
from tests.conftest import SEED
from tests.evaluation.sets import SEED_HARD, SEED_QUESTIONS, write_jsonl

JSONL = """\
{"id": "a", "question": "Who?", "answers": ["Ann", "Ann Berg"], "sources": ["a.md"], "kind": "x"}

{"question": "When?", "answers": []}
{"question": "Why?", "answerable": true, "sources": [{"document": "b.md", "quote": "because"}]}
{"question": "Where?", "answers": "Rome", "sources": {"document": "b.md", "start": 2, "end": 9}}
"""
CSV = """\
id,question,answers,sources,kind
a,Who?,Ann|Ann Berg,a.md,x
,When?,,,
c,"Why, then?",because | since,a.md|b.md,
"""
YAML = """\
- id: a
  question: Who?
  answers: [Ann, Ann Berg]
  sources: [a.md]
  kind: x
- question: When?
  answers: []
- question: How many?
  answers: [8]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), [("q.jsonl", JSONL), ("q.csv", CSV), ("q.yaml", YAML)])
def test_each_format_says_the_same(name, text, tmp_path):
    dataset = load_dataset(write(tmp_path, name, text))
    first, second = dataset.questions[:2]
    assert (first.id, first.text, first.answers) == ("a", "Who?", ("Ann", "Ann Berg"))
    assert (first.sources, first.extra["kind"]) == ((Source("a.md"),), "x")
    assert (second.text, second.answers, second.answerable) == ("When?", (), False)
    assert (dataset.name, dataset.corpus) == ("q", None)


def test_sources_may_quote_or_give_offsets(tmp_path):
    *_, why, where = load_dataset(write(tmp_path, "q.jsonl", JSONL)).questions
    assert why.answerable
    assert why.sources == (Source("b.md", quote="because"),)
    assert where.answers == ("Rome",)
    assert where.sources == (Source("b.md", start=2, end=9),)


def test_csv_separates_by_bars_and_yaml_takes_numbers(tmp_path):
    why = load_dataset(write(tmp_path, "q.csv", CSV)).questions[2]
    assert (why.text, why.answers) == ("Why, then?", ("because", "since"))
    assert [source.document for source in why.sources] == ["a.md", "b.md"]
    assert load_dataset(write(tmp_path, "q.yml", YAML)).questions[2].answers == ("8",)


def test_other_fields_are_kept_as_json_can_hold_them(tmp_path):
    text = "- {question: W, answers: [], asked: 2024-05-01, weight: .nan, tags: [a, b]}"
    (question,) = load_dataset(write(tmp_path, "q.yaml", text)).questions
    assert question.extra == {"asked": "2024-05-01", "weight": "NaN", "tags": ["a", "b"]}


def test_a_question_without_an_id_keeps_its_own_when_others_come_before_it(tmp_path):
    rows = [{"question": "Who?", "answers": ["Ann"]}, {"question": "When?", "answers": ["May"]}]
    before = load_dataset(write_jsonl(tmp_path / "1.jsonl", rows))
    after = load_dataset(write_jsonl(tmp_path / "2.jsonl", reversed(rows)))
    assert {q.text: q.id for q in before.questions} == {q.text: q.id for q in after.questions}
    assert len({q.id for q in before.questions}) == 2


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("q.jsonl", '{"question": "Who?", "answers": []}\n{"question"', 2, "isn't JSON"),
        ("q.jsonl", "[1]", 1, "no JSON object"),
        ("q.jsonl", '{"answers": []}', 1, "has no question"),
        ("q.jsonl", '{"question": " ", "answers": []}', 1, "has no question"),
        ("q.jsonl", '{"question": "Who?", "answer": ["Ann"]}', 1, "has no answers"),
        ("q.jsonl", '{"question": "Who?", "answers": [["Ann"]]}', 1, "no text"),
        ("q.jsonl", '{"question": "Who?", "answers": [""]}', 1, "empty answer"),
        ("q.jsonl", '{"question": "Who?", "answers": [], "sources": ["a"]}', 1, "take its sources"),
        ("q.jsonl", '{"question": "Who?", "answerable": true}', 1, "neither answers nor sources"),
        ("q.jsonl", '{"question": "Who?", "answerable": "perhaps"}', 1, "true or false"),
        ("q.jsonl", '{"question": "Who?", "answers": ["A"], "sources": [7]}', 1, "path or id"),
        (
            "q.jsonl",
            '{"question": "Who?", "answers": ["A"], "sources": [{"document": "a", "start": 9}]}',
            1,
            "start first",
        ),
        ("q.jsonl", "[" * 100_000, 1, "isn't JSON"),
        ("q.yaml", '- {question: "Who?", answers: [], more: &m [*m]}', 1, "holds itself"),
        ("q.csv", "question,answers\nWho?,Ann,Berg\n", 2, "more columns"),
        ("q.csv", "question;answers\nWho?;Ann\n", 2, "has no question"),
        ("q.csv", 'question,answers\n"Who?"x,Ann\n', 2, "isn't CSV"),
        ("q.yaml", "- question: Who?\n  answers: [Ann\n", 3, "isn't YAML"),
        ("q.yaml", "- question: Who?\n  answers: []\n- Ann\n", 3, "no mapping"),
    ],
)
def test_a_wrong_record_is_named_by_file_and_line(name, text, line, words, tmp_path):
    path = write(tmp_path, name, text)
    with pytest.raises(UsageError) as caught:
        load_dataset(path)
    assert str(caught.value).startswith(f"{path}:{line} ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("q.txt", b"Who?", "must end in"),
        ("q.jsonl", b"\n", "holds no question"),
        ("q.jsonl", b'{"question": "\xff"}', "isn't UTF-8"),
        ("q.yaml", b"question: Who?", "no YAML list"),
        ("q.yaml", b"- \x00", "YAML"),
    ],
)
def test_a_wrong_file_is_named(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        load_dataset(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_missing_file_and_a_double_id_are_errors(tmp_path):
    with pytest.raises(UsageError, match="There is no dataset"):
        load_dataset(tmp_path / "none.jsonl")
    rows = [{"id": "a", "question": text, "answers": []} for text in ("Who?", "When?")]
    with pytest.raises(UsageError, match=r"two questions of the id 'a'.*When"):
        load_dataset(write_jsonl(tmp_path / "q.jsonl", rows))


def test_a_sample_is_seeded_and_keeps_the_order():
    whole = load_dataset(SEED_QUESTIONS).questions
    sample = load_dataset(SEED_QUESTIONS, limit=10, seed=1).questions
    assert len(sample) == 10
    assert sample == load_dataset(SEED_QUESTIONS, limit=10, seed=1).questions
    assert sample != load_dataset(SEED_QUESTIONS, limit=10, seed=2).questions
    places = [whole.index(question) for question in sample]
    assert places == sorted(places) != list(range(10))
    assert load_dataset(SEED_QUESTIONS, limit=1000).questions == whole
    with pytest.raises(UsageError, match="limit"):
        load_dataset(SEED_QUESTIONS, limit=0)


@pytest.mark.parametrize(
    ("path", "least"),
    [
        (SEED_QUESTIONS, {"answerable": 15, "paraphrased": 8, "unanswerable": 12}),
        (SEED_HARD, {"answerable": 1, "paraphrased": 1, "unanswerable": 7}),
    ],
)
def test_the_questions_on_the_seed_article_are_true_to_it(path, least):
    text = SEED.read_text(encoding="utf-8")
    dataset = load_dataset(path)
    kinds = Counter(question.extra["kind"] for question in dataset.questions)
    assert all(kinds[kind] >= number for kind, number in least.items())
    for question in dataset.questions:
        assert question.answerable == (question.extra["kind"] != "unanswerable")
        for source in question.sources:
            assert source.document == SEED.name
            assert source.quote in text
            assert any(answer in source.quote for answer in question.answers)
