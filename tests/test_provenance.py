"""Every change of an original or an answer is found, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qa import QA
from qa.errors import NotFoundError, UsageError
from qa.parsing import parse
from qa.provenance import State
from tests.conftest import RunQA
from tests.samples import FORMATS, Sample


def sample_of(number: int) -> Sample:
    return Sample(f"Captain Marlow {number} has kept lighthouse {number * 7}.", f"Duties {number}")


@pytest.fixture
def docs(bot: QA) -> Path:
    """Forty files: one of every format, and texts."""
    return write_and_ingest(bot)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> QA:
    """A bot over such a folder; tests only read it."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "docs").mkdir()
    bot = QA.open(folder / "vectors", seeds=folder / "docs")
    write_and_ingest(bot)
    return bot


def write_and_ingest(bot: QA) -> Path:
    folder = bot.settings.seeds
    for number, (name, format_) in enumerate(FORMATS.items()):
        format_.write(folder / name, sample_of(number))
    for number in range(len(FORMATS), 40):
        (folder / f"text-{number}.txt").write_text(f"{sample_of(number).sentence}\n" * 3)
    bot.ingest()
    return folder


def not_fine(bot: QA, docs: Path) -> dict[str, str]:
    """The state of each path at which not all is as it was."""
    return {
        str(Path(path.path).relative_to(docs)): path.state.value
        for document in bot.verify()
        for path in document.paths
        if not path.state.is_fine
    }


def test_originals_that_are_as_they_were_are_unchanged(bot, docs):
    states = bot.verify()
    assert len(states) == len(bot.documents()) > 40
    assert {state.state for state in states} == {State.UNCHANGED}


def test_every_planted_change_is_found_and_nothing_else(bot, docs):
    data = bytearray((docs / "print.pdf").read_bytes())
    data[len(data) // 2] ^= 1
    (docs / "print.pdf").write_bytes(data)
    with (docs / "plain.txt").open("a") as file:
        file.write(" ")
    os.truncate(docs / "markdown.md", 20)
    (docs / "page.html").unlink()
    shutil.copy(docs / "text-30.txt", docs / "text-31.txt")
    (docs / "text-32.txt").rename(docs / "renamed.txt")
    (docs / "letter.docx").unlink()
    (docs / "letter.docx").mkdir()
    (docs / "text-33.txt").write_text("")
    (docs / "text-36.txt").unlink()
    (docs / "text-36.txt").symlink_to(docs / "nowhere.txt")
    os.utime(docs / "text-34.txt")  # no change
    times = (docs / "text-35.txt").stat()
    (docs / "text-35.txt").write_text((docs / "text-35.txt").read_text().replace("245", "246"))
    os.utime(docs / "text-35.txt", ns=(times.st_atime_ns, times.st_mtime_ns))  # of the same size
    with zipfile.ZipFile(docs / "archive.zip", "a") as archive:
        archive.writestr("notes/new.txt", "This is new.")  # its members are as they were
    (docs / "lines.jsonl").write_text((docs / "lines.jsonl").read_text().replace("Marlow", "Vale"))
    os.truncate(docs / "packed.tar.gz", 60)
    assert not_fine(bot, docs) == {
        "print.pdf": "changed", "plain.txt": "changed", "markdown.md": "changed",
        "page.html": "missing", "text-31.txt": "changed", "text-32.txt": "missing",
        "letter.docx": "missing", "text-33.txt": "changed", "text-35.txt": "changed",
        "text-36.txt": "missing",
        "lines.jsonl/2.json": "changed", "packed.tar.gz/notes/page.html": "changed",
    }  # fmt: skip


def test_a_member_that_left_its_archive_is_missing(bot, docs):
    with zipfile.ZipFile(docs / "archive.zip", "w") as archive:
        archive.writestr("notes/other.txt", "Something else.")
    assert not_fine(bot, docs) == {
        "archive.zip/notes/other.txt": "changed", "archive.zip/notes/page.html": "missing"
    }  # fmt: skip


@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_told_as_that(bot, docs):
    (docs / "plain.txt").chmod(0)
    assert not_fine(bot, docs) == {"plain.txt": "unreadable"}


def test_a_document_is_unchanged_while_one_of_its_paths_is(bot, docs):
    shutil.copy(docs / "plain.txt", docs / "copy.txt")
    bot.ingest()
    (docs / "plain.txt").unlink()
    copies = {str(docs / "plain.txt"), str(docs / "copy.txt")}
    (document,) = (d for d in bot.verify() if {path.path for path in d.paths} == copies)
    assert document.state is State.UNCHANGED
    assert not_fine(bot, docs) == {"plain.txt": "missing"}


def test_what_a_program_added_never_had_a_file(bot, docs):
    bot.add([parse(b"Cats sleep all day.", Path("from the program.txt"))])
    states = [state.state for state in bot.verify()]
    assert states.count(State.UNFILED) == 1
    assert not_fine(bot, docs) == {}


def test_the_command_names_what_is_changed_and_fails(qa: RunQA, tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("cats", "dogs", "birds"):
        (tmp_path / "docs" / f"{name}.txt").write_text(f"This is about {name}.")
    assert qa("ingest", "docs").returncode == 0
    run = qa("verify")
    assert (run.returncode, run.stdout) == (0, "unchanged 3, changed 0, missing 0\n")
    (tmp_path / "docs" / "cats.txt").write_text("This is about tigers.")
    (tmp_path / "docs" / "dogs.txt").unlink()
    run = qa("verify")
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "changed    docs/cats.txt",
        "missing    docs/dogs.txt",
        "unchanged 1, changed 1, missing 1",
    ]
    assert qa("verify", "--where", "path=*birds.txt").returncode == 0
    report = json.loads(qa("verify", "--json").stdout)
    assert report["counts"]["changed"] == report["counts"]["missing"] == 1


# ------------------------------------------------------------------ answers


QUESTION = "Who has kept lighthouse 231?"


@pytest.fixture
def answer(kept: QA) -> dict[str, Any]:
    return kept.ask(QUESTION, top_k=3).to_dict()


def standings(bot: QA, answer: Any) -> dict[str, str]:
    return {state.at: state.standing for state in bot.verify_answer(answer)}


def test_the_citations_of_an_answer_stand(kept, answer):
    states = kept.verify_answer(answer)
    assert {state.at for state in states} >= {"answer.citation", "passages[0].source"}
    assert all(state.is_fine for state in states)
    assert {state.at.split(".")[0] for state in kept.verify_answer([answer])} >= {"[0]"}


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        (lambda c: c["selector"][1].update(exact=c["selector"][1]["exact"].upper()), "gone"),
        (lambda c: c["selector"][1].update(exact=c["selector"][1]["exact"] + "!"), "gone"),
        (lambda c: c["selector"][0].update(start=c["start"] + 1), "moved"),
        (lambda c: c["selector"][0].update(start=10**30, end=10**31), "moved"),
        (lambda c: c.update(start=c["start"] + 1), "altered"),
        (lambda c: c.update(end=0), "altered"),
        (lambda c: c["selector"][1].update(suffix="elsewhere"), "altered"),
        (lambda c: c.update(sha256="0" * 64), "altered"),
        (lambda c: c.update(document_id="0" * 32), "removed"),
    ],
)
def test_what_is_changed_in_a_citation_is_found(kept, answer, change, standing):
    change(answer["passages"][0]["source"])
    found = standings(kept, answer)
    assert found.pop("passages[0].source") == standing
    assert set(found.values()) == {"stands"}


@pytest.mark.parametrize("at", ["answer", "passage"])
def test_words_that_were_exchanged_beside_a_citation_are_found(kept, answer, at):
    holder = answer["answer"] if at == "answer" else answer["passages"][0]
    holder["text"] = holder["text"].replace("Marlow", "Vale")
    where = "answer.citation" if at == "answer" else "passages[0].source"
    found = standings(kept, answer)
    assert found.pop(where) == "altered"
    assert set(found.values()) == {"stands"}


def test_words_that_a_language_model_wrote_are_no_quotation(kept, answer):
    answer["answer"] |= {"text": "It is Marlow [1].", "model": "some-model"}
    assert set(standings(kept, answer).values()) == {"stands"}


def test_a_document_that_is_removed_changed_or_gone_is_told(bot, docs):
    answer = bot.ask(QUESTION, top_k=3).to_dict()
    file = Path(answer["passages"][0]["source"]["path"])
    text = file.read_text()
    file.write_text(f"A new line.\n{text}")
    (state, *_) = bot.verify_answer(answer)
    assert (state.standing, state.original) == ("stands", State.CHANGED)
    assert not state.is_fine
    bot.ingest()
    assert standings(bot, answer)["passages[0].source"] == "removed"
    file.unlink()
    bot.ingest()
    assert standings(bot, answer)["passages[0].source"] == "removed"


def test_of_several_places_the_one_with_the_same_surroundings_is_meant(bot, docs):
    (docs / "twice.txt").write_text("One. The dredger came late. Two. The dredger came late. End.")
    bot.ingest()
    info = bot.library.find(str(docs / "twice.txt"))
    second = info.to_dict() | {"start": 3, "end": 9, "selector": [
        {"type": "TextPositionSelector", "start": 3, "end": 9},
        {"type": "TextQuoteSelector", "exact": "The dredger came late.",
         "prefix": "The dredger came late. Two. "[-32:], "suffix": " End."},
    ]}  # fmt: skip
    second["selector"][1]["prefix"] = "One. The dredger came late. Two. "[-32:]
    (state,) = bot.verify_answer({"source": second})
    assert (state.standing, state.now) == ("moved", (33, 55))


@pytest.mark.parametrize(
    "value",
    [
        {}, [], "text", 3, None, {"selector": 1}, {"selector": []}, {"selector": [1]},
        {"selector": [{"type": "TextPositionSelector"}, {"type": "TextQuoteSelector"}]},
        {"a": {"selector": [{"type": ["x"]}]}},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_one_sentence(kept, value):
    with pytest.raises(UsageError, match=r"give what `qa ask --json` prints\.$"):
        kept.verify_answer(value)


def test_an_answer_that_cites_nothing_is_fine(kept, answer):
    nothing = answer | {"answered": False, "answer": None, "passages": []}
    assert kept.verify_answer(nothing) == []
    assert kept.verify_answer([nothing]) == []


@pytest.mark.parametrize(("name", "wrong"), [("exact", ""), ("exact", "\ud800"), ("prefix", 3)])
def test_quotations_that_are_none_are_refused(kept, answer, name, wrong):
    answer["passages"][0]["source"]["selector"][1][name] = wrong
    with pytest.raises(UsageError, match=r"passages\[0\].source isn't as qa writes them"):
        kept.verify_answer(answer)


def test_offsets_that_are_none_are_refused(kept, answer):
    for wrong in (-1, 1.5, "3", None, True):
        answer["passages"][0]["source"]["selector"][0]["start"] = wrong
        with pytest.raises(UsageError, match=r"passages\[0\].source isn't as qa writes them"):
            kept.verify_answer(answer)


def test_the_command_checks_an_answer_from_a_file_or_a_pipe(qa: RunQA, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "cats.txt").write_text("Cats sleep all day. They hunt at night.")
    (tmp_path / "a.json").write_text(qa("ask", "When do cats hunt?", "--json").stdout)
    run = qa("verify", "--answer", "a.json")
    assert run.returncode == 0, run.stdout
    assert all(line.startswith("stands") for line in run.stdout.splitlines())
    assert "seeds/cats.txt:20-39" in run.stdout
    (tmp_path / "a.json").write_text((tmp_path / "a.json").read_text().replace("night", "noon"))
    run = qa("verify", "--answer", "a.json")
    assert run.returncode == 1
    assert run.stdout.startswith("gone")
    for text, words in (("{", "isn't JSON"), ("[" * 100_000, "isn't JSON"), ("{}", "no citation"),
                        ("[" * 500 + "]" * 500, "nested too deeply")):  # fmt: skip
        (tmp_path / "a.json").write_text(text)
        run = qa("verify", "--answer", "a.json")
        assert run.returncode == 2
        assert words in run.stderr
        assert "Traceback" not in run.stderr
    assert qa("verify", "--answer", "none.json").returncode == 2


# ------------------------------------------------------------------ single documents


def test_the_original_of_a_document_in_a_file_is_its_own_bytes(bot, docs):
    for name in ("archive.zip", "packed.tar.xz", "mailbox.mbox", "lines.jsonl", "news.rss"):
        for path in (path for info in bot.documents() for path in info.paths if name in path):
            info = bot.library.find(path)
            original = bot.library.original(info.id)
            assert parse(original.data, Path(path)).id == info.id
            assert original.name == Path(path).name
    with zipfile.ZipFile(docs / "archive.zip", "w") as archive:
        archive.writestr("notes/page.html", "<p>Nobody ingested this.</p>")
    info = bot.library.find(str(docs / "archive.zip" / "notes" / "page.html"))
    for other in ("plain.tar", "packed.tar.gz", "packed.tar.bz2", "packed.tar.xz"):
        (docs / other).unlink(missing_ok=True)
    with pytest.raises(NotFoundError):
        bot.library.original(info.id)


def test_a_passage_is_shown_in_its_surroundings(qa: RunQA, tmp_path):
    (tmp_path / "seeds").mkdir()
    paragraphs = [f"Paragraph {n} speaks of harbour {n}. " + "It goes on. " * 60 for n in range(6)]
    (tmp_path / "seeds" / "a.txt").write_text("\n\n".join(paragraphs))
    assert qa("ingest").returncode == 0
    whole = json.loads(qa("documents", "show", "seeds/a.txt", "--json").stdout)
    shown = json.loads(qa("documents", "show", "seeds/a.txt", "--passage", 2, "--json").stdout)
    start, end = whole["passages"][2]["start"], whole["passages"][2]["end"]
    assert shown["text"] == whole["text"][start:end]
    assert (shown["source"]["start"], shown["source"]["passage"]) == (start, 2)
    around = whole["text"][start - len(shown["before"]) : end + len(shown["after"])]
    assert around == shown["before"] + shown["text"] + shown["after"]
    assert 0 < len(shown["before"]) <= 500
    run = qa("documents", "show", "seeds/a.txt", "--passage", 2)
    lines = run.stdout.splitlines()
    assert f"seeds/a.txt:{start}-{end}" in lines[0]
    assert "\n".join(line[2:] for line in lines if line.startswith("> ")) == shown["text"]
    run = qa("documents", "show", "seeds/a.txt", "--passage", 99)
    assert run.returncode == 1
    assert "there is no 99" in run.stderr
