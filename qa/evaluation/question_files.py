"""Question/answer files: JSONL, CSV or YAML, one question a record.

``question``    what is asked
``answers``     accepted strings; none means that the documents don't say
``id``          optional; unique
``sources``     optional; where the answer stands: the path or id of a document, or
                ``{"document": …, "quote": …}``, or ``{"document": …, "start": …, "end": …}``
``answerable``  optional; true where only sources are known, with no accepted strings

In CSV, ``answers`` and ``sources`` are separated by ``|``, and a source is a path or id. Other
fields are kept beside the question.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qa.errors import UsageError
from qa.evaluation.datasets import Dataset, Question, Source, plain, question_id

_OWN = ("question", "answers", "id", "sources", "answerable")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
Record = Mapping[Any, Any]


def load(path: Path) -> Dataset:
    """The questions of a file.

    Raises:
        UsageError: the file can't be read or a record is wrong; it names file and line.
    """
    read = {".jsonl": _jsonl, ".csv": _csv, ".yaml": _yaml, ".yml": _yaml}.get(path.suffix.lower())
    if read is None:
        raise UsageError(
            f"{path} is no question file: its name must end in .jsonl, .csv, .yaml or .yml."
        )
    questions = tuple(_question(record, where) for where, record in read(path, read_text(path)))
    if not questions:
        raise UsageError(f"{path} holds no question: give it at least one.")
    return Dataset(path.stem, path, questions)


def read_text(path: Path) -> str:
    """A file's text, which must be UTF-8. Raises UsageError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} isn't UTF-8 (byte {error.start:,}): save it as UTF-8.") from error


def json_lines(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL text, each with where it stands ("file:line"). Raises UsageError."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where} isn't JSON ({error}): correct that line.") from error
        if not isinstance(record, dict):
            raise UsageError(f"{where} is no JSON object: write {{…}} on each line.")
        yield where, record


def _jsonl(path: Path, text: str) -> Iterator[tuple[str, Record]]:
    return json_lines(path, text)


def _csv(path: Path, text: str) -> Iterator[tuple[str, Record]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row:
                raise UsageError(
                    f"{where} has more columns than the first line names: quote what has commas."
                )
            filled = {name: value for name, value in row.items() if value is not None}
            for name in ("answers", "sources"):
                if name in filled:
                    filled[name] = [p.strip() for p in filled[name].split("|") if p.strip()]
            if not filled.get("answerable", "-").strip():
                del filled["answerable"]
            yield where, filled
    except csv.Error as error:
        raise UsageError(
            f"{path}:{reader.reader.line_num} isn't CSV ({error}): correct it."
        ) from error


def _yaml(path: Path, text: str) -> Iterator[tuple[str, Record]]:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        records = yaml.safe_load(text)
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply: write a plain list.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "it has characters that YAML doesn't allow"
        raise UsageError(f"{where} isn't YAML ({problem}): correct it.") from error
    if not isinstance(records, list) or not isinstance(node, yaml.SequenceNode):
        raise UsageError(f"{path} is no YAML list: begin each question with `- question: …`.")
    for item, record in zip(node.value, records, strict=True):
        where = f"{path}:{item.start_mark.line + 1}"
        if not isinstance(record, dict):
            raise UsageError(f"{where} is no mapping: begin each question with `- question: …`.")
        yield where, record


def _question(record: Record, where: str) -> Question:
    text = record.get("question")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{where} has no question: give it a text named `question`.")
    stated = _truth(record["answerable"], where) if "answerable" in record else None
    if "answers" not in record and stated is None:
        raise UsageError(
            f"{where} has no answers: name the accepted strings, or give an empty list "
            "where the documents don't say."
        )
    answers = _strings(record.get("answers"), where)
    sources = tuple(_source(source, where) for source in _list(record.get("sources")))
    answerable = bool(answers) if stated is None else stated
    if not answerable and (answers or sources):
        raise UsageError(
            f"{where} has sources or answers to a question that the documents don't answer: "
            "give it accepted strings, or take its sources out."
        )
    if answerable and not (answers or sources):
        raise UsageError(
            f"{where} is said to be answerable, but has neither answers nor sources: give some."
        )
    id_ = str(record.get("id") if record.get("id") not in (None, "") else question_id(text))
    try:
        extra = plain({name: value for name, value in record.items() if name not in _OWN})
    except (ValueError, RecursionError):
        raise UsageError(f"{where} has a field that holds itself: take it out.") from None
    return Question(id_, text.strip(), answers, answerable, sources, extra)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _strings(value: Any, where: str) -> tuple[str, ...]:
    answers = _list(value)
    for answer in answers:
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise UsageError(f"{where} has an answer that is no text ({answer!r}): quote it.")
        if not str(answer).strip():
            raise UsageError(
                f"{where} has an empty answer: leave it out; an empty list means that "
                "the documents don't say."
            )
    return tuple(str(answer).strip() for answer in answers)


def _source(value: Any, where: str) -> Source:
    if isinstance(value, str) and value.strip():
        return Source(value.strip())
    if not isinstance(value, dict) or not isinstance(value.get("document"), str):
        raise UsageError(
            f"{where} has a source that names no document ({value!r}): give its path or id."
        )
    quote, start, end = value.get("quote"), value.get("start"), value.get("end")
    if quote is not None and (not isinstance(quote, str) or not quote.strip()):
        raise UsageError(f"{where} has an empty quote: give the sentence that answers.")
    if start is None and end is None:
        return Source(value["document"], quote)
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise UsageError(
            f"{where} has a source from {start!r} to {end!r}: give `start` and `end` as "
            "characters of the document's text, start first."
        )
    return Source(value["document"], quote, start, end)


def _truth(value: Any, where: str) -> bool:
    truth = _TRUTHS.get(str(value).strip().lower())
    if truth is None:
        raise UsageError(f"{where} has answerable: {value!r}: write true or false.")
    return truth
