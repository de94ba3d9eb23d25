from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import Broken, Member, documents, members, parse
from qa.parsing import unpacking as limits
from qa.types import Document

Files = Iterable[tuple[str, bytes]]


def zip_of(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tar_of(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def names(data: bytes, path: str) -> list[str]:
    return [member.name for member in members(data, Path(path))]


@pytest.mark.parametrize(("pack", "path"), [(zip_of, "a.zip"), (tar_of, "a.tar")])
def test_no_name_leads_out_of_the_archive_and_hidden_files_are_passed_over(pack, path):
    files = [
        ("../../etc/up.txt", b"a"),
        ("/etc/absolute.txt", b"b"),
        ("C:\\Windows\\drive.txt", b"c"),
        ("a//./b.txt", b"d"),
        (".git/config.txt", b"e"),
        ("__MACOSX/._b.txt", b"f"),
        ("line\nbreak.txt", b"g"),
        ("..", b"h"),
    ]
    expected = ["etc/up.txt", "etc/absolute.txt", "Windows/drive.txt", "a/b.txt", "line_break.txt"]
    assert names(pack(files), path) == expected


def test_equal_names_are_told_apart_and_equal_files_are_one_document():
    first, second = documents(tar_of([("a.txt", b"Text."), ("a.txt", b"Text.")]), Path("t.tar"))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.path, second.path) == ("t.tar/a.txt", "t.tar/a (2).txt")
    assert first.id == second.id == parse(b"Text.", Path("a.txt")).id


def test_many_equal_names_take_no_time():
    started = time.perf_counter()
    packed = tar_of([("a.txt", b"x")] * 5000)
    assert len(set(names(packed, "a.tar"))) == 5000
    assert time.perf_counter() - started < 5


def test_a_message_that_is_nested_without_end_leaves_the_others():
    raw = b"Subject: a\r\n"
    for number in range(3000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    found = list(documents(zip_of([("deep.eml", raw), ("a.txt", b"A.")]), Path("a.zip")))
    assert [one.path for one in found if isinstance(one, Document)][-1] == "a.zip/a.txt"


def test_links_and_devices_are_passed_over():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo("passwd.txt")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert names(buffer.getvalue(), "a.tar") == []


def nested(depth: int) -> bytes:
    data = zip_of([("deep.txt", b"Deep down.")])
    for _ in range(depth - 1):
        data = zip_of([("in.zip", data), ("beside.txt", b"Beside.")])
    return data


def test_containers_in_containers_are_opened_three_deep():
    assert names(nested(3), "a.zip") == [
        "in.zip/in.zip/deep.txt",
        "in.zip/beside.txt",
        "beside.txt",
    ]
    found = list(members(nested(4), Path("a.zip")))
    assert Broken("in.zip/in.zip/in.zip", "it lies more than 3 containers deep") in found
    assert len([one for one in found if isinstance(one, Member)]) == 3


def test_a_zip_that_holds_itself_many_times_ends_at_the_limit(monkeypatch):
    monkeypatch.setattr(limits, "MOST_MEMBERS", 500)
    layer = zip_of((f"{n}.txt", b"x") for n in range(100))
    for _ in range(2):
        layer = zip_of((f"{n}.zip", layer) for n in range(100))
    *found, last = members(layer, Path("a.zip"))
    assert last == Broken("", "it holds more than 500 files: the rest is left out")
    assert len(found) <= 500


def test_what_is_broken_within_is_named_and_the_rest_is_read():
    inner = zip_of([("a.txt", b"A."), ("b.txt", b"B.")])
    damaged = bytearray(
        zip_of([("bad.txt", b"Bad text, long enough " * 50), ("good.txt", b"Good.")])
    )
    damaged[damaged.index(b"bad.txt") + 12] ^= 0xFF
    outer = zip_of([("in.zip", inner[:-30]), ("damaged.zip", bytes(damaged)), ("c.txt", b"C.")])
    found = list(documents(outer, Path("o.zip")))
    broken = {one.name: one.reason for one in found if isinstance(one, Broken)}
    assert list(broken) == ["o.zip/in.zip", "o.zip/damaged.zip/bad.txt"]
    assert "damaged" in broken["o.zip/in.zip"]
    assert "damaged" in broken["o.zip/damaged.zip/bad.txt"]
    paths = [one.path for one in found if isinstance(one, Document)]
    assert paths == ["o.zip/damaged.zip/good.txt", "o.zip/c.txt"]


def test_an_encrypted_member_is_named():
    data = bytearray(zip_of([("a.txt", b"A."), ("b.txt", b"B.")]))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    broken, good = members(bytes(data), Path("a.zip"))
    assert broken == Broken("a.txt", "it is encrypted: pack it without a password")
    assert good.name == "b.txt"


def test_members_that_unfold_beyond_reason_are_named_and_not_unpacked():
    data = zip_of(
        [("bomb.txt", bytes(50_000_000)), ("large.txt", bytes(70_000_000)), ("a.txt", b"A.")]
    )
    found = list(members(data, Path("a.zip")))
    assert [one.name for one in found if isinstance(one, Broken)] == ["bomb.txt", "large.txt"]
    assert found[0].reason == "it is a decompression bomb"  # type: ignore[union-attr]
    assert found[2].name == "a.txt"


def test_a_compressed_tar_ends_at_the_limit_whatever_it_claims(monkeypatch):
    monkeypatch.setattr(limits, "MOST_BYTES", 30_000_000)
    bomb = gzip.compress(tar_of((f"{n}.txt", bytes(10_000_000)) for n in range(20)), 1)
    assert len(bomb) < 2_000_000
    *found, last = members(bomb, Path("a.tar.gz"))
    assert last == Broken("", "it unpacks to more than 28 MB: the rest is left out")
    assert len(found) == 3


def test_what_is_passed_over_in_a_compressed_tar_counts(monkeypatch):
    monkeypatch.setattr(limits, "MOST_BYTES", 30_000_000)
    monkeypatch.setattr(limits, "LARGEST_MEMBER", 1_000_000)
    bomb = gzip.compress(tar_of((f"{n}.txt", bytes(10_000_000)) for n in range(20)), 1)
    *found, last = members(bomb, Path("a.tar.gz"))
    assert last.name == ""
    assert len(found) < 8


def test_a_sparse_file_costs_nothing():
    header = tarfile.TarInfo("sparse.txt")
    header.type, header.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[386:398] = b"00000000001\0"
    block[483:495] = b"77777777777\0"  # the size it claims
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    started = time.perf_counter()
    found = list(members(bytes(block) + bytes(1024), Path("a.tar")))
    assert [type(one) for one in found] == [Broken]
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "path",
    ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.mbox", "a.rss", "a.atom"],
)
@pytest.mark.parametrize("data", [b"nothing of the kind", b"\x1f\x8b\x08", b"BZh9", b"PK\x03\x04"])
def test_what_is_no_container_is_refused_with_the_reason(path, data):
    with pytest.raises(DocumentError, match="it is no"):
        list(members(data, Path(path)))


def test_truncated_archives_give_what_stands_before_the_end_and_say_so():
    data = gzip.compress(tar_of((f"{n}.txt", bytes(range(256)) * 200) for n in range(20)))
    found = []
    with pytest.raises(DocumentError, match="damaged"):
        found.extend(members(data[: len(data) // 2], Path("a.tar.gz")))


def test_files_without_a_parser_are_passed_over():
    found = list(documents(zip_of([("a.png", b"\x89PNG"), ("b.txt", b"B.")]), Path("a.zip")))
    assert [one.path for one in found if isinstance(one, Document)] == ["a.zip/b.txt"]
    assert len(found) == 1


def test_messages_of_a_mailbox_keep_their_from_lines_and_stand_by_number():
    box = (
        b"From ada@b.c Tue Mar  5 10:00:00 2024\nSubject: One\n\n>From here on\nFrom what I know\n"
        b"\n"
        b"From bo@b.c Tue Mar  5 11:00:00 2024\nSubject: Two\n\nText.\n"
    )
    first, second = documents(box, Path("m.mbox"))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.path, first.title, second.title) == ("m.mbox/1.eml", "One", "Two")
    assert first.text.endswith("From here on\nFrom what I know")


FEED = """<?xml version="1.0"?>{dtd}<rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><item><title>Fees &amp; dues</title><author>Ada</author>
<pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate><description>Short.</description>
<c:encoded><![CDATA[<h2>In May</h2><p>They are <b>due</b>.</p><script>evil()</script>]]></c:encoded>
</item></channel></rss>"""


def test_entries_of_a_feed_are_documents_with_title_date_and_author():
    (entry,) = documents(FEED.format(dtd="").encode(), Path("n.rss"))
    assert isinstance(entry, Document)
    assert (entry.path, entry.title) == ("n.rss/1.html", "Fees & dues")
    assert entry.text.endswith("In May\n\nThey are due.")
    assert str(entry.published) == "2024-03-05"
    assert entry.metadata["author"] == "Ada"


def test_a_feed_that_declares_entities_is_refused():
    dtd = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(DocumentError, match="entities"):
        list(members(FEED.format(dtd=dtd).encode(), Path("n.rss")))


def test_no_feed_is_fetched():
    with pytest.raises(DocumentError, match="it is no RSS or Atom feed"):
        list(members(b"http://127.0.0.1:9/feed.rss", Path("n.rss")))
