"""Which files an ingest sees: real folders, links, pipes and patterns."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import QA
from qa.errors import SettingsError, UsageError
from qa.files import Files, Patterns, find_files
from qa.settings import load_settings


def is_wanted(path: Path) -> bool:
    return path.suffix in (".md", ".txt", ".pdf")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return tmp_path / "docs"


def make(folder: Path, *names: str, ignore: str | None = None) -> Path:
    """Files with these names below a folder, and what is to be ignored there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    if ignore is not None:
        (folder / ".qaignore").write_text(ignore)
    return folder


def look(*roots: Path, known: tuple[Path, ...] = (), store: str = "vectors", **scope) -> Files:
    top = roots[0].parent
    return find_files(roots, is_wanted, map(str, known), top / store, **scope)


def names(paths, folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in paths)


# ---------------------------------------------------------------- roots with wildcards


def test_a_pattern_finds_what_matches_in_every_folder(docs):
    make(docs, "a.pdf", "a.md", "sub/b.pdf", "sub/deep/c.pdf", "sub/deep/c.md")
    assert names(look(docs / "**" / "*.pdf").found, docs) == [
        "a.pdf", "sub/b.pdf", "sub/deep/c.pdf"
    ]  # fmt: skip
    assert names(look(docs / "*.pdf").found, docs) == ["a.pdf"]
    assert names(look(docs / "s?b" / "[!c].pdf").found, docs) == ["sub/b.pdf"]
    assert names(look(docs / "s*").found, docs) == [
        "sub/b.pdf", "sub/deep/c.md", "sub/deep/c.pdf"
    ]  # fmt: skip


def test_a_folder_whose_name_has_wildcards_is_a_folder(docs):
    make(docs / "2024 [old]", "a.md", "b.pdf")
    assert names(look(docs / "2024 [old]").found, docs) == ["2024 [old]/a.md", "2024 [old]/b.pdf"]
    assert names(look(docs / "2024 [old]" / "*.pdf").found, docs) == ["2024 [old]/b.pdf"]


def test_a_pattern_that_nothing_matches_is_wrong_and_one_that_matched_before_is_not(docs):
    make(docs, "a.md")
    assert look(docs / "*.pdf").failed == {docs / "*.pdf": "no file matches it"}
    assert look(docs / "*.pdf", known=(docs / "b.pdf",)).failed == {}
    nowhere = look(docs / "none" / "*.pdf", known=(docs / "none" / "b.pdf",))
    assert nowhere.failed == {docs / "none": "there is no such folder"}
    assert not nowhere.is_gone(docs / "none" / "b.pdf", [docs / "none" / "*.pdf"])


def test_a_pattern_reads_no_folder_where_nothing_can_match(docs):
    make(docs, "a/x/1.md", "b/x/2.md", ignore="")
    (docs / "b" / ".qaignore").mkdir()
    (docs / "b" / "x" / ".qaignore").symlink_to("nowhere")  # it would fail if it were read
    files = look(docs / "a" / "*" / "*.md", docs / "?" / "y" / "*.md", known=(docs / "c/y/1.md",))
    assert names(files.found, docs) == ["a/x/1.md"]
    assert files.failed == {}


def test_what_matched_and_vanished_is_gone_and_nothing_else_is(docs):
    make(docs, "a.pdf")
    root = docs / "**" / "*.pdf"
    files = look(root, known=(docs / "b.pdf",))
    gone = [docs / "b.pdf", docs / "sub" / "c.pdf"]
    kept = [docs / "a.pdf", docs / "b.md", docs.parent / "b.pdf", docs.parent / "docs2" / "b.pdf"]
    assert [path for path in gone + kept if files.is_gone(path, [root])] == gone


# ---------------------------------------------------------------- include and exclude


def test_include_and_exclude_restrict_what_is_looked_at(docs):
    make(docs, "a.md", "b.txt", "drafts/c.md", "sub/drafts/d.md", "sub/e.md")
    assert names(look(docs, include=["*.md"]).found, docs) == [
        "a.md", "drafts/c.md", "sub/drafts/d.md", "sub/e.md"
    ]  # fmt: skip
    assert names(look(docs, exclude=["drafts/"]).found, docs) == ["a.md", "b.txt", "sub/e.md"]
    assert names(look(docs, include=["sub/"], exclude=["/sub/drafts"]).found, docs) == ["sub/e.md"]
    assert names(look(docs, include=["drafts/", "!d.md"]).found, docs) == ["drafts/c.md"]
    assert look(docs, include=["*.md"]).skipped == {}


def test_what_is_out_of_scope_is_not_gone(docs):
    make(docs, "a.md")
    scope = {"include": ["*.md"], "exclude": ["drafts/", "!keep.md"]}
    files = look(docs, **scope)
    gone = [docs / "x.md", docs / "sub" / "y.md"]
    kept = [docs / "x.txt", docs / "drafts" / "keep.md", docs / "sub" / "drafts" / "z.md"]
    assert [path for path in gone + kept if files.is_gone(path, [docs])] == gone


def test_patterns_are_relative_to_each_root_and_hold_for_named_files(docs):
    make(docs, "a.md", "one/top.md", "one/sub/top.md", "two/top.md")
    roots = (docs / "one", docs / "two", docs / "a.md")
    files = look(*roots, exclude=["/top.md", "a.*"])
    assert names(files.found, docs) == ["one/sub/top.md"]
    assert files.skipped == {docs / "a.md": "include or exclude leaves it out"}
    (docs / "a.md").unlink()
    assert not look(*roots, known=(docs / "a.md",), exclude=["a.*"]).is_gone(docs / "a.md", roots)


def test_patterns_do_not_hold_for_what_was_uploaded(docs):
    make(docs.parent / "vectors" / "uploads" / "0a", "a.pdf")
    root = docs.parent / "vectors" / "uploads"
    files = find_files([root], is_wanted, [], docs.parent / "vectors", include=["*.md"])
    assert names(files.found, root) == ["0a/a.pdf"]


@pytest.mark.parametrize("pattern", ["!", "a\\", "[z-a]", "[[:alpha:]]"])
def test_what_is_no_pattern_is_named(pattern, docs):
    make(docs, "a.md")
    with pytest.raises(UsageError, match="is no pattern"):
        look(docs, exclude=[pattern])
    with pytest.raises(SettingsError, match=r"exclude from --exclude .*is no pattern"):
        load_settings(exclude=[pattern])


# ---------------------------------------------------------------- .qaignore


def test_ignored_files_are_not_part_of_a_folder_and_those_known_are_gone(docs):
    make(docs, "a.md", "draft-b.md", "private/c.md", "sub/d.md", ignore="draft-*\nprivate/\n")
    files = look(docs)
    assert names(files.found, docs) == ["a.md", "sub/d.md"]
    assert files.skipped == {}
    known = [docs / "a.md", docs / "draft-b.md", docs / "private" / "c.md"]
    assert [path for path in known if files.is_gone(path, [docs])] == known[1:]


def test_the_nearest_ignore_file_decides(docs):
    make(docs, "a.txt", "sub/a.txt", "sub/deep/a.txt", "sub/deep/b.txt", ignore="*.txt\n")
    make(docs / "sub", ignore="!a.txt\r\n# a remark\r\n")
    make(docs / "sub" / "deep", ignore="\ufeff/a.txt")
    assert names(look(docs).found, docs) == ["sub/a.txt"]


def test_an_ignore_file_that_cannot_be_read_keeps_its_folder_out_and_empties_nothing(docs):
    make(docs, "a.md")
    for name, put in {
        "pipe": os.mkfifo,
        "link": lambda path: path.symlink_to("nowhere"),
        "bad": lambda path: path.write_text("*.txt\n[z-a]\n"),
        "huge": lambda path: path.write_text("x\n" * 600_000),
    }.items():
        put(make(docs / name, "secret.md") / ".qaignore")
    files = look(docs)
    assert names(files.found, docs) == ["a.md"]
    assert {path.name: reason for path, reason in files.failed.items()} == {
        "pipe": "its .qaignore can't be used (it is not a regular file)",
        "link": "its .qaignore can't be used (it is not a regular file)",
        "bad": "its .qaignore can't be used ('[z-a]' is no pattern)",
        "huge": "its .qaignore can't be used (it has over 1 MB)",
    }
    assert not files.is_gone(docs / "bad" / "old.md", [docs])


_SEGMENTS = st.sampled_from(["a", "b", "ab", "a.b", "*", "a*", "*.b", "?", "[ab]", "[!a]", "**",
                             "a?b", "\\a"])  # fmt: skip
_PATTERNS = st.builds(
    lambda no, top, segments, end: no + top + "/".join(segments) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(_SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "/", " "]),
)
_IGNORES = st.dictionaries(
    st.sampled_from(["", "a", "b", "a/b", "a.b", "ab/a"]),
    st.lists(_PATTERNS, min_size=1, max_size=4),
    min_size=1,
)
_TREES = st.sets(
    st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), min_size=1, max_size=4).map("/".join),
    max_size=15,
)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git, to compare with")
@settings(max_examples=100, deadline=None)
@given(tree=_TREES, ignores=_IGNORES)
def test_ignore_files_mean_what_git_takes_them_for(tree, ignores):
    with tempfile.TemporaryDirectory() as name:
        top = Path(name) / "top"
        make(top)
        subprocess.run(["git", "init", "-q", top], check=True)
        for path in tree:
            make((top / path), "file.md")
        for folder, lines in ignores.items():
            make(top / folder, "a.txt", ignore="\n".join(lines))
        listed = subprocess.run(
            ["git", "-C", top, "ls-files", "-o", "--exclude-per-directory=.qaignore", "-z"],
            capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        expected = {path for path in listed if path and not path.endswith(".qaignore")}
        assert set(names(look(top).found, top)) == expected


def test_a_name_of_another_line_or_encoding_is_matched_whole():
    assert Patterns(["*.txt"]).say(["a\nb.txt"])
    assert Patterns(["b"]).say(["a\na", "b"])
    assert Patterns(["a*"]).say(["a\udcff.md"])
    assert Patterns(["a"]).say(["a\n"]) is None


# ---------------------------------------------------------------- links


def test_folders_behind_links_are_followed(docs):
    make(docs, "a.md")
    make(docs.parent / "elsewhere", "b.md", "sub/c.md")
    (docs / "more").symlink_to("../elsewhere")
    files = look(docs)
    assert names(files.found, docs) == ["a.md", "more/b.md", "more/sub/c.md"]
    (docs.parent / "elsewhere" / "b.md").unlink()
    assert look(docs).is_gone(docs / "more" / "b.md", [docs])


def test_a_loop_ends_and_is_named(docs):
    make(docs, "sub/a.md")
    (docs / "sub" / "self").symlink_to(".")
    (docs / "sub" / "up").symlink_to("..")
    (docs / "sub" / "above").symlink_to(docs.parent)
    (docs / "sub" / "round").symlink_to("round")
    files = look(docs)
    assert names(files.found, docs) == ["sub/a.md"]
    within = "it is a link to a folder that it lies in: "
    assert {path.name: reason for path, reason in files.skipped.items()} == {
        "above": within + str(docs.parent),
        "self": within + str(docs / "sub"),
        "up": within + str(docs),
        "round": "it is a link that leads nowhere",
    }


def test_a_folder_keeps_its_own_path_whatever_links_lead_to_it(docs):
    make(docs, "zoo/a.md")
    (docs / "animals").symlink_to("zoo")  # it comes first by name
    make(docs.parent / "elsewhere", "sub/b.md")
    (docs / "one").symlink_to("../elsewhere/sub")
    (docs / "two").symlink_to("../elsewhere")
    files = look(docs)
    assert names(files.found, docs) == ["one/b.md", "zoo/a.md"]
    assert files.skipped == {
        docs / "animals": f"it is a link to a folder that was read already: {docs / 'zoo'}",
        docs / "two" / "sub": f"it is a folder that was read already: {docs / 'one'}",
    }
    assert files.is_gone(docs / "animals" / "a.md", [docs])


def test_two_links_that_lead_into_each_other_end(docs):
    make(docs.parent / "x", "a.md")
    make(docs.parent / "y", "b.md")
    (docs.parent / "x" / "y").symlink_to("../y")
    (docs.parent / "y" / "x").symlink_to("../x")
    make(docs)
    (docs / "x").symlink_to("../x")
    files = look(docs)
    assert names(files.found, docs) == ["x/a.md", "x/y/b.md"]
    assert names(files.skipped, docs) == ["x/y/x"]


def test_what_lay_behind_a_link_that_leads_nowhere_is_not_gone(docs):
    make(docs, "a.md")
    (docs / "drive").symlink_to("/nowhere/at/all")
    (docs / "b.md").symlink_to("/nowhere/b.md")
    files = look(docs)
    assert files.skipped == {
        docs / "drive": "it is a link that leads nowhere",
        docs / "b.md": "it is a link that leads nowhere",
    }
    for known in (docs / "drive" / "c.md", docs / "b.md"):
        assert not files.is_gone(known, [docs])


def test_a_link_to_the_store_or_around_it_never_leads_into_it(docs):
    make(docs, "a.md")
    make(docs.parent / "project" / "vectors" / "uploads", "secret.md")
    make(docs.parent / "project", "b.md")
    (docs / "store").symlink_to("../project/vectors")
    (docs / "project").symlink_to("../project")
    files = look(docs, store="project/vectors")
    assert names(files.found, docs) == ["a.md", "project/b.md"]


# ---------------------------------------------------------------- what isn't a document


def test_special_files_are_skipped_in_a_folder_and_failed_where_they_are_named(tmp_path):
    docs = make(tmp_path / "docs", "a.md")
    os.mkfifo(docs / "pipe.md")
    (docs / "device.md").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(docs)  # a socket's path must be short
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        files = look(docs)
    assert names(files.found, docs) == ["a.md"]
    assert {path.name: reason for path, reason in files.skipped.items()} == dict.fromkeys(
        ["device.md", "pipe.md", "socket"], "it is not a regular file"
    )
    assert look(docs / "pipe.md").failed == {docs / "pipe.md": "it is not a regular file"}


def test_sidecars_are_left_out_in_silence(docs):
    make(docs, "a.pdf", "a.pdf.meta.json", "b.META.JSON", "c.json")
    files = find_files([docs], lambda path: True, [], docs / "vectors")
    assert names(files.found, docs) == ["a.pdf", "c.json"]
    assert files.skipped == files.failed == {}
    named = find_files([docs / "a.pdf.meta.json"], lambda path: True, [], docs / "vectors")
    assert "describes the file beside it" in named.failed[docs / "a.pdf.meta.json"]


def test_folders_nested_beyond_what_the_system_can_name_are_told(docs):
    make(docs, "a.md")
    here = Path.cwd()
    os.chdir(docs)
    try:
        for _ in range(2200):  # paths of over 4,096 bytes
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    try:
        files = look(docs)
        assert names(files.found, docs) == ["a.md"]
        (reason,) = files.failed.values()
        assert reason == "it can't be read (File name too long)"
    finally:
        subprocess.run(["rm", "-rf", docs], check=True)  # rmtree recurses


# ---------------------------------------------------------------- all the way into a store


def test_patterns_and_ignore_files_reach_the_store_by_settings_and_options(qa, tmp_path):
    docs = make(tmp_path / "docs", "cats.md", "dogs.txt", "drafts/birds.md", "photo.jpg")
    os.mkfifo(docs / "pipe.md")
    (tmp_path / "qa.toml").write_text('exclude = ["drafts/"]\n')
    run = qa("ingest", "docs", "--include", "*.md", "--include", "*.jpg")
    assert run.stdout.splitlines() == [
        "skipped docs/pipe.md: it is not a regular file",
        "added 1, updated 0, unchanged 0, removed 0, failed 0 (skipped 1 of other formats)",
    ]
    run = qa("ingest", "docs/**/*s.*", "--exclude", "cats.md")
    assert run.stdout.startswith("added 2, updated 0, unchanged 0, removed 0")


def test_what_is_ignored_leaves_the_store_and_what_is_out_of_scope_stays(bot, tmp_path):
    docs = make(tmp_path / "docs", "cats.md", "dogs.txt", "drafts/birds.md")
    assert len(bot.ingest().added) == 3
    make(docs, ignore="dogs*\n")
    (docs / "cats.md").unlink()
    scoped = QA.open(bot.store.folder, seeds=docs, exclude=["cats.md"])
    assert scoped.ingest().removed == [str(docs / "dogs.txt")]
    assert bot.ingest().removed == [str(docs / "cats.md")]
    assert [Path(info.path).name for info in bot.documents()] == ["birds.md"]
