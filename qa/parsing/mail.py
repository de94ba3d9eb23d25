"""Messages (EML) by the standard library: who wrote what to whom, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, TextBuilder, decode
from qa.parsing.html import add_visible

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

_SHOWN = ("From", "To", "Cc", "Date")
_LONGEST_HEADER, _LONGEST_FIELD = 4000, 1000
"""Characters as it is written, and as it is shown."""
_MOST_DEPTH = 20
_BEGIN = re.compile(rb"(?:\A|\r?\n\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n")
"""Where a message of an MBOX begins: the line "From sender date" behind an empty one."""


class MailParser:
    media_type = "message/rfc822"
    suffixes = (".eml",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        message = read_message(data)
        fields = {name: _field(message, name) for name in (*_SHOWN, "Subject")}
        if not any(fields.values()):
            raise DocumentError("it is no e-mail: it has neither sender nor subject nor date")
        builder = TextBuilder()
        builder.heading(1, fields["Subject"])
        builder.block("\n".join(f"{name}: {fields[name]}" for name in _SHOWN if fields[name]))
        _add_body(builder, message)
        return builder.parsed(
            title=fields["Subject"],
            published=_date(message),
            metadata={
                "author": fields["From"],
                "from": fields["From"],
                "to": fields["To"],
                "cc": fields["Cc"],
            },
        )


def read_message(data: bytes) -> EmailMessage:
    """The message; what is wrong with its form is passed over."""
    from email import message_from_bytes
    from email.policy import EmailPolicy

    class ShortHeaders(EmailPolicy):
        """The time that a header takes grows with the square of its length."""

        def header_fetch_parse(self, name: str, value: str) -> Any:
            return super().header_fetch_parse(name, value[:_LONGEST_HEADER])

    policy: Any = ShortHeaders()
    return cast("EmailMessage", message_from_bytes(data.lstrip(), policy=policy))


def attachments(message: MIMEPart, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The files and messages within a message, by name; the pictures of its text are none."""
    if not message.is_multipart() or depth > _MOST_DEPTH:
        return
    for part in message.iter_parts():
        if part.get_content_type() == "message/rfc822":
            (inner, *_) = part.iter_parts()
            subject = re.sub(r"[/\\]", "_", _field(inner, "Subject")).lstrip(" .")
            yield f"{subject or 'message'}.eml", inner.as_bytes()
        elif part.is_multipart():
            yield from attachments(part, depth + 1)
        elif name := part.get_filename():
            content = part.get_payload(decode=True)
            yield name, content if isinstance(content, bytes) else b""


def split_mailbox(data: bytes) -> Iterator[bytes]:
    """The messages of an MBOX."""
    begins = list(_BEGIN.finditer(data))
    for begin, following in zip_longest(begins, begins[1:]):
        message = data[begin.end() : following.start() if following else len(data)]
        yield re.sub(rb"(?m)^>(>*From )", rb"\1", message)


def _add_body(builder: TextBuilder, message: EmailMessage) -> None:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return
    content = body.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    text = _decoded(data, body.get_content_charset())
    if body.get_content_type() == "text/html":
        add_visible(builder, text.encode("utf-8", "replace"))
    else:
        builder.block(text.replace("\r\n", "\n"))


def _decoded(data: bytes, charset: str | None) -> str:
    if charset:
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _field(message: MIMEPart, name: str) -> str:
    try:
        value = " ".join(str(message.get(name, "")).split())
    except Exception:  # whatever the standard library stumbles over in a malformed header
        return ""
    return value[:_LONGEST_FIELD]


def _date(message: EmailMessage) -> date | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(_field(message, "Date")).date()
    except (ValueError, TypeError, OverflowError):
        return None
