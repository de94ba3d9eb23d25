"""The report: one page that needs nothing else, whatever the documents say."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qa import QA
from qa.evaluation import Dataset, Question, Result, Source, evaluate, write_report
from qa.evaluation.report import render

HOSTILE = "</blockquote><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "div", "table",
    "tr", "th", "td", "article", "blockquote", "mark", "bdi", "svg", "text", "line", "polyline",
    "circle", "rect",
}  # fmt: skip
VOID = {"meta"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; every element must be closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def assert_self_contained(html: str) -> None:
    page = Page(html)
    assert page.tags <= TAGS
    assert not page.attributes & {"src", "href", "srcset", "style", "action"}
    assert not [name for name in page.attributes if name.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert not re.search(r"url\(|@import", style)


def test_the_page_needs_nothing_else(seed_result, tmp_path):
    write_report(seed_result, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert_self_contained(html)
    assert not re.search(r"https?://|<script", html)
    assert "prefers-color-scheme: dark" in html


def all_failed(result: Result) -> Result:
    """The result as if every question had failed: the page must not depend on how well qa does."""
    queries = [
        replace(query, failure="outranked" if query.answerable else "wrongly answered")
        for query in result.queries
    ]
    return replace(result, queries=tuple(queries))


def test_figures_plots_and_every_failure_are_there(seed_result):
    seed_result = all_failed(seed_result)
    html = render(seed_result)
    page = Page(html)
    for name, estimate in seed_result.metrics.items():
        assert name in page.text
        assert f"{estimate.value:.3f}" in page.text
    assert re.findall(r'aria-label="(.*?)"', html) == [
        "Found in the first k",
        "Wrong first passages by coverage",
        "Calibration",
        "Latency",
    ]
    assert html.count("<article>") == 42
    for query in seed_result.queries:
        assert query.question in page.text
        assert query.first.text in page.text


def test_a_result_with_nothing_to_show_is_still_a_page(seed_result):
    curves = {name: [] for name in seed_result.curves}
    html = render(replace(seed_result, queries=(), negatives=(), curves=curves, metrics={}))
    assert_self_contained(html)
    assert "<svg" not in html
    assert "None." in Page(html).text


@pytest.fixture
def hostile(bot: QA, tmp_path: Path) -> Result:
    (bot.settings.seeds / "<b>x.txt").write_text(f"Who did it? It was {HOSTILE} who did it.")
    (bot.settings.seeds / "other.txt").write_text("Ann Berg has done it.")
    bot.ingest()
    questions = (
        Question("<i>", f"Who did it? {HOSTILE}", ("Ann Berg",), sources=(Source("other.txt"),)),
        Question("b", "Who did what? \ud800", (HOSTILE,), sources=(Source("other.txt"),)),
    )
    return all_failed(evaluate(bot, Dataset("<u>set", tmp_path / "d.jsonl", questions)))


def test_hostile_text_is_shown_and_not_obeyed(hostile, tmp_path):
    write_report(hostile, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert_self_contained(html)
    assert "<script" not in html
    assert "<img" not in html
    assert HOSTILE in Page(html).text, "as text"


def test_what_each_side_of_the_search_said_is_side_by_side(seed_result):
    query = all_failed(seed_result).queries[0]

    def evidence(dense: int | None, lexical: int | None) -> dict:
        return {
            "dense": {"rank": dense, "score": 0.5},
            "lexical": {"rank": lexical, "score": 7.25},
            "sentence": 0.625,
            "rerank": None,
        }

    told = replace(
        query,
        gold_passage=replace(query.gold_passage, rank=4, evidence=evidence(12, 1)),
        first=replace(query.first, evidence=evidence(1, None)),
    )
    html = render(replace(seed_result, queries=(told,)))
    assert (
        "The right passage comes 4th; dense ranks it 12th and the first passage 1st; "
        "lexical ranks it 1st and the first passage not at all."
    ) in Page(html).text
    cells = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    assert "dense rank 12 1" in cells
    assert "lexical rank 1 –" in cells
    assert "lexical score 7.250 7.250" in cells
    assert "rerank score" not in cells
