"""What can go wrong between qa and a language model, in words for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai import APIStatusError
    from tenacity import RetryCallState

WEB_PAGE = "sends a web page (is llm_base_url right? most end in /v1)"
STRANGE = "sends what is no completion"
EMPTY = "wrote nothing"
LONG = "wrote more than it may"
IN_PIECES = "broke off"

_PASSING = {408, 429}
_LONGEST_DETAIL = 120
_BACK_OFF = (0.5, 8.0)
"""Seconds before the second attempt, and the most before any."""


class Failure(Exception):
    """What a language model did wrong, as the end of a sentence about it."""


def explained(
    error: Exception, base_url: str, model: str, late: float | None, key: str
) -> tuple[str, bool]:
    """What went wrong, as the beginning of a sentence, and whether the next question would meet
    it too, after as long a wait.

    Args:
        late: the seconds that it had, if they are over.
        key: what must not be shown, wherever it comes from.
    """
    from openai import APIStatusError

    if isinstance(error, APIStatusError):
        what, lasts = _refused(error, model)
    elif late is not None:
        what, lasts = f"took more than {late:g} seconds", True
    else:
        what, lasts = _broken(error)
    return f"The language model at {base_url} {what.replace(key, '…')}", lasts


def _broken(error: Exception) -> tuple[str, bool]:
    """What went wrong with the connection, or with what came over it."""
    import httpx2
    from openai import APIConnectionError, APIError

    from qa.generation.connection import UnusableError

    if isinstance(error, Failure):
        return str(error), False
    if isinstance(error, APIConnectionError) and isinstance(error.__cause__, httpx2.RequestError):
        error = error.__cause__  # the client's own says only that there was one
    if isinstance(error, UnusableError):
        return str(error), False
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return f"can't be reached ({_plain(str(error))})", True
    if isinstance(error, httpx2.TransportError):
        return IN_PIECES, True
    return (f"fails ({_plain(error.message)})" if isinstance(error, APIError) else STRANGE), False


def _refused(error: APIStatusError, model: str) -> tuple[str, bool]:
    status = error.status_code
    if status in {401, 403}:
        return f"doesn't accept the key (HTTP {status}: set QA_LLM_API_KEY)", False
    if status == 404:
        return (
            f"has no model {model!r} (HTTP 404: check llm_model, and llm_base_url, which mostly "
            "ends in /v1)"
        ), False
    if status == 429:
        return "has too much to do (HTTP 429)", True
    if status < 400:
        return f"has moved (HTTP {status}: set llm_base_url to where it is)", False
    if status >= 500 or status in _PASSING:
        return f"fails (HTTP {status})", True
    return f"refuses the request (HTTP {status}: {_plain(error.message)})", False


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    from qa.generation.connection import UnusableError

    if isinstance(error, APIStatusError):
        return error.status_code in _PASSING or error.status_code >= 500
    if isinstance(error, APITimeoutError) or isinstance(error.__cause__, UnusableError):
        return False  # all time is over, or the same would come again
    return isinstance(error, APIConnectionError)


def wait_for(state: RetryCallState) -> float:
    """Seconds to the next attempt: as the endpoint says, or exponentially more with jitter."""
    from openai import APIStatusError
    from tenacity import wait_random_exponential

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, APIStatusError):
        asked = retry_after(error.response.headers)
        if asked is not None:
            return asked
    first, most = _BACK_OFF
    return wait_random_exponential(multiplier=first, max=most, min=first / 2)(state)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that ``Retry-After`` asks for, as a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _plain(text: str) -> str:
    """What an endpoint says, short, on one line and no markup."""
    text = re.sub(r"\[Errno -?\d+\]", "", text)
    words = re.sub(r"[^\w\s.,:;'()=/%-]", " ", text).split()
    line = " ".join(words)
    return line if len(line) <= _LONGEST_DETAIL else line[:_LONGEST_DETAIL].rstrip() + "…"
