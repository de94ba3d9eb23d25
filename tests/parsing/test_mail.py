from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import Broken, documents, parse
from qa.types import Document
from tests.samples import Sample, html, message

SAMPLE = Sample("The keeper is Edith Marlow.", "Keepers")


def read(mail: EmailMessage | bytes) -> Document:
    return parse(mail if isinstance(mail, bytes) else mail.as_bytes(), Path("a.eml"))


def test_subject_date_and_people_are_title_date_and_metadata():
    document = read(message(SAMPLE))
    assert (document.title, document.published) == ("Keepers", date(2024, 3, 5))
    assert document.metadata["from"] == "Ada <ada@example.org>"
    assert document.metadata["to"] == "Bo <b@c.d>"
    assert document.text.startswith("Keepers\n\nFrom: Ada <ada@example.org>\nTo: Bo <b@c.d>\nDate:")
    assert document.text.endswith("The keeper is Edith Marlow.")


def test_of_two_forms_of_a_text_the_plain_one_is_read_and_html_where_there_is_no_other():
    mail = message(SAMPLE)
    mail.add_alternative("<p>In <b>HTML</b>.</p>", subtype="html")
    assert "HTML" not in read(mail).text
    mail = EmailMessage()
    mail["Subject"] = "Keepers"
    mail.set_content(html(SAMPLE), subtype="html")
    assert read(mail).text.endswith("Keepers\n\nThe keeper is Edith Marlow.")


def test_headers_and_texts_in_other_encodings():
    raw = (
        b"Subject: =?iso-8859-1?Q?Geb=FChren?=\r\nFrom: =?utf-8?B?xI5h?= <a@b.c>\r\n"
        b"Content-Type: text/plain; charset=windows-1252\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nDie Geb=FChr betr=E4gt 12 =80.\r\n"
    )
    document = read(raw)
    assert document.title == "Gebühren"
    assert document.metadata["from"] == "Ďa <a@b.c>"
    assert document.text.endswith("Die Gebühr beträgt 12 €.")
    unknown = (
        raw.replace(b"windows-1252", b"no-such-charset").replace(b"=FC", b"u").replace(b"=80", b"E")
    )
    assert "Die Gebuhr" in read(unknown.replace(b"=E4", b"a")).text


def test_attachments_are_documents_of_their_own_in_whatever_depth():
    inner = message(Sample("It is closed in winter.", "Winter"))
    inner.add_attachment(b"Open from May.", maintype="text", subtype="plain", filename="hours.txt")
    mail = message(SAMPLE)
    mail.add_attachment(
        html(SAMPLE).encode(), maintype="text", subtype="html", filename="../k.html"
    )
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="k.png")
    mail.add_attachment(b"%PDF-1.4 half", maintype="application", subtype="pdf", filename="k.pdf")
    mail.add_attachment(inner)
    found = list(documents(mail.as_bytes(), Path("mails/a.eml")))
    read_ = {one.path: one.text for one in found if isinstance(one, Document)}
    assert list(read_) == [
        "mails/a.eml",
        "mails/a.eml/k.html",
        "mails/a.eml/Winter.eml",
        "mails/a.eml/Winter.eml/hours.txt",
    ]
    assert read_["mails/a.eml/Winter.eml/hours.txt"] == "Open from May."
    assert [one for one in found if isinstance(one, Broken)] == [
        Broken("mails/a.eml/k.pdf", "it is truncated: its end is missing")
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"From: \xff\xfe\r\nSubject: =?utf-8?B?////?=\r\nDate: never\r\n\r\nText.",
        b"Subject: a\r\nContent-Type: multipart/mixed\r\n\r\nText.",
        b"Subject: a\r\nContent-Type: text/plain; charset=\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!",
        b"Subject: a\r\nContent-Type: message/rfc822\r\n\r\nSubject: b\r\n\r\nText.",
        b"Subject:" + b" =?utf-8?Q?a?=" * 20_000 + b"\r\n\r\nText.",
    ],
)
def test_malformed_messages_are_read_as_far_as_they_go(raw):
    assert read(raw).text
    assert list(documents(raw, Path("a.eml")))


def test_what_is_no_message_is_refused():
    with pytest.raises(DocumentError, match="it is no e-mail"):
        read(b"Just some text.\n\nAnd more.")


def test_parts_in_parts_without_end_come_to_an_end():
    raw = b"Subject: a\r\n"
    for number in range(3000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    try:
        assert read(raw).title == "a"
    except DocumentError as error:
        assert "nested too deeply" in str(error)
