"""Folders in the layout of BEIR: documents, queries and relevance judgements (qrels).

``corpus.jsonl``   one document a line: ``_id``, ``title``, ``text``
``queries.jsonl``  one query a line: ``_id``, ``text``; ours may carry ``answers`` (accepted
                   strings) and ``answerable`` (false: the documents don't say)
``qrels/*.tsv``    a heading line, then ``query-id``, ``corpus-id``, ``score``, by split

Source: Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information
Retrieval Models", NeurIPS 2021.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import UsageError
from qa.evaluation.datasets import Dataset, Question, Source, plain
from qa.evaluation.question_files import json_lines, read_text
from qa.parsing import document_id
from qa.types import Document, Section

if TYPE_CHECKING:
    from qa.ingest import IngestReport, OnProgress
    from qa.service import QA

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
_MEDIA_TYPE = "text/plain"
_LONGEST_TITLE = 80


def load(folder: Path, split: str) -> Dataset:
    """The queries of a folder that have judgements in ``split`` or are said to be unanswerable.

    A query with no relevant document that isn't said to be unanswerable belongs to another split.

    Raises:
        UsageError: a file is missing or wrong; it names file and line.
    """
    corpus, queries = folder / CORPUS, folder / QUERIES
    for path in (corpus, queries):
        if not path.is_file():
            raise UsageError(
                f"There is no {path}: a BEIR folder has corpus.jsonl and queries.jsonl, "
                "a folder of conversations corpus.jsonl and conversations.jsonl."
            )
    sources = _qrels(folder, split)
    records = json_lines(queries, read_text(queries))
    every = [_query(record, sources, where) for where, record in records]
    questions = tuple(question for question in every if question)
    if not questions:
        raise UsageError(f"No query of {queries} has a relevant document in the split {split!r}.")
    name = folder.resolve().name
    return Dataset(name, folder, questions, corpus, split)


def _qrels(folder: Path, split: str) -> dict[str, list[Source]]:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        splits = sorted(found.stem for found in folder.glob("qrels/*.tsv"))
        there = f"there are {', '.join(splits)}" if splits else "there are none"
        raise UsageError(f"There is no {path}: give a --split that is there ({there}).")
    sources: dict[str, list[Source]] = defaultdict(list)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.split("\t")[0] == "query-id"):
            continue
        try:
            query, document, grade = line.rstrip("\r").split("\t")
            sources[query].append(Source(document, grade=int(grade)))
        except ValueError:
            raise UsageError(
                f"{path}:{number} is no judgement: write query-id, corpus-id and a whole-number "
                "score with tabs between them."
            ) from None
    return sources


def _query(record: dict[str, Any], sources: dict[str, list[Source]], where: str) -> Question | None:
    id_, text = record.get("_id"), record.get("text")
    if id_ is None or not isinstance(text, str) or not text.strip():
        raise UsageError(f"{where} is no query: give it an `_id` and a `text`.")
    answers = record.get("answers") or []
    if not isinstance(answers, list) or not all(isinstance(a, str) and a.strip() for a in answers):
        raise UsageError(f'{where} has answers that are no list of texts: write ["…", "…"].')
    extra = {n: v for n, v in record.items() if n not in ("_id", "text", "answers", "answerable")}
    question = Question(str(id_), text.strip(), tuple(answers), extra=plain(extra))
    if record.get("answerable") is False:
        return replace(question, answerable=False, answers=())
    judged = sources.get(str(id_), [])
    if not any(source.grade > 0 for source in judged):
        return None
    return replace(question, sources=tuple(judged))


# ------------------------------------------------------------------ the documents


def add_corpus(
    bot: QA, dataset: Dataset, on_progress: OnProgress = lambda progress: None
) -> IngestReport:
    """Puts the documents of a dataset into the bot's store; those stored already cost nothing.

    Raises:
        UsageError: a line of the corpus is wrong, or the store holds documents from elsewhere,
            which would be found instead of the dataset's.
        StoreError: the store is busy, made with another model, or can't be written.
    """
    if dataset.corpus is None:
        raise UsageError(f"{dataset.path} brings no documents: ask a store that has them.")
    ids = {document.id for document in documents(dataset.corpus)}
    strangers = [info for info in bot.documents() if info.id not in ids]
    if strangers:
        raise UsageError(
            f"The store {bot.store.folder} holds documents that aren't in {dataset.corpus} "
            f"({strangers[0].path} is one): give --store a folder of its own."
        )
    total = len(ids)
    return bot.add(
        documents(dataset.corpus),
        on_progress=lambda progress: on_progress(replace(progress, total=total)),
    )


def documents(corpus: Path) -> Iterator[Document]:
    """The documents of ``corpus.jsonl``; the ``_id`` is the path. Those with no text are left out.

    Raises:
        UsageError: a line is wrong, or two have one id.
    """
    seen: set[str] = set()
    with corpus.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{corpus}:{number}"
            document = _document(line, where, _unique(seen, where))
            if document:
                yield document


def _unique(seen: set[str], where: str) -> Callable[[str], None]:
    def check(id_: str) -> None:
        if id_ in seen:
            raise UsageError(f"{where} has the _id {id_!r} of an earlier line: take one out.")
        seen.add(id_)

    return check


def _document(line: bytes, where: str, check: Callable[[str], None]) -> Document | None:
    try:
        record = json.loads(line)
        id_, title, text = record["_id"], record.get("title") or "", record.get("text") or ""
        title, text = str(title).strip(), valid(str(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(
            f"{where} is no document: write a JSON object with `_id`, `title` and `text`."
        ) from None
    check(str(id_))
    title_stated = bool(title) and bool(text.strip())
    text = text if text.strip() else valid(title)
    if not text.strip():
        return None
    sha256 = hashlib.sha256(line.strip()).hexdigest()
    return Document(
        id=document_id(sha256),
        paths=(valid(str(id_)),),
        title=valid(title) or " ".join(text.split())[:_LONGEST_TITLE],
        published=None,
        media_type=_MEDIA_TYPE,
        sha256=sha256,
        text=text,
        structure=(Section(0, 0, len(text)),),
        title_stated=title_stated,
    )


def valid(text: str) -> str:
    """Lone surrogates, which no tokenizer or database takes, as question marks."""
    return text.encode("utf-8", "replace").decode()
