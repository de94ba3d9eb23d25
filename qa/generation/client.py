"""A language model behind any OpenAI-compatible endpoint, and everything that it may do wrong."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from qa.errors import LanguageModelError, SettingsError
from qa.generation.failures import (
    EMPTY,
    IN_PIECES,
    LONG,
    WEB_PAGE,
    Failure,
    explained,
    is_passing,
    wait_for,
)
from qa.generation.replies import Ended, told, whole, without_thoughts

if TYPE_CHECKING:
    from openai import BadRequestError, OpenAI, Stream

    from qa.generation.connection import Connection

_log = logging.getLogger(__name__)

Message = Mapping[str, str]
"""``{"role": "system" | "user" | "assistant", "content": …}``"""

KEY_VARIABLE = "QA_LLM_API_KEY"
REST = 15.0
"""Seconds for which a model that can't be reached isn't asked again."""
_NO_KEY = "none"  # the client insists on one
_ATTEMPTS = 3
_CHARACTERS_PER_TOKEN = 10
"""More than any tokenizer makes of running text: for endpoints that know no ``max_tokens``."""


class LanguageModel:
    """Completions by one language model. Safe to use from several threads."""

    def __init__(self, base_url: str, model: str, api_key: str | None, seconds: float) -> None:
        """
        Args:
            base_url: what "/chat/completions" stands behind, as "http://127.0.0.1:11434/v1".
            api_key: None sends a word that says that there is none.
            seconds: the longest that a completion may take, retries included.

        Raises:
            SettingsError: the key can't be sent.
        """
        self.base_url = base_url
        self.model = model
        self._key = (api_key or "").strip() or _NO_KEY
        self._seconds = seconds
        self._dialect = _Dialect()
        self._rest = _Rest()
        if not (self._key.isascii() and self._key.isprintable()):
            raise SettingsError(
                f"{KEY_VARIABLE} holds characters that no key has: copy the key again."
            )

    def stream(
        self, messages: Sequence[Message], most_tokens: int, seconds: float | None = None
    ) -> Generator[str, None, None]:
        """What the model writes, in pieces as they come; temperature 0. Closing the iterator
        closes the connection.

        A failure that may pass is tried again, with exponential back-off and as ``Retry-After``
        says, as long as there is time and nothing was written yet.

        Args:
            most_tokens: how much it may write.
            seconds: the longest that it may take, where that is less than always.

        Raises:
            LanguageModelError: it can't be reached, takes too long, writes too much or nothing,
                or sends what is no completion; pieces may have come before.
        """
        seconds = min(self._seconds, seconds or self._seconds)
        self._rest.check()
        from qa.generation.connection import Connection

        connection = Connection(self.base_url, self._key, seconds)
        with self._explaining(connection, seconds), connection.limited():
            written = 0
            with closing(self._pieces(connection, messages, most_tokens)) as pieces:
                for piece in without_thoughts(pieces):
                    written += len(piece)
                    if written > most_tokens * _CHARACTERS_PER_TOKEN:
                        raise Failure(LONG)
                    yield piece
            if not written:
                raise Failure(EMPTY)

    def complete(
        self, messages: Sequence[Message], most_tokens: int, seconds: float | None = None
    ) -> str:
        """All that the model writes; see `stream`."""
        return "".join(self.stream(messages, most_tokens, seconds))

    def _pieces(
        self, connection: Connection, messages: Sequence[Message], most_tokens: int
    ) -> Generator[str, None, None]:
        from openai import Stream

        reply = self._opened(connection, messages, most_tokens)
        if isinstance(reply, Stream):
            with closing(reply):
                end = yield from _streamed(reply)
        else:
            text, end = whole(reply)
            yield text
        if end is Ended.CUT_BY_LENGTH:
            raise Failure(LONG)
        if end is Ended.UNKNOWN:
            raise Failure(IN_PIECES)

    def _opened(self, connection: Connection, messages: Sequence[Message], most_tokens: int) -> Any:
        """The reply, streamed or as JSON, once there is one."""
        from openai import BadRequestError, OpenAI, UnprocessableEntityError
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay

        client = OpenAI(
            base_url=self.base_url,
            api_key=_NO_KEY,  # the connection knows it
            admin_api_key="",  # given, or they are read from the environment
            organization="",
            project="",
            webhook_secret="",
            max_retries=0,
            http_client=connection.client,
        )
        retrying = Retrying(
            retry=retry_if_exception(is_passing),
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(connection.left),
            wait=wait_for,
            reraise=True,
        )
        while True:
            dialect = self._dialect
            try:
                return retrying(self._send, client, connection, dialect, messages, most_tokens)
            except (BadRequestError, UnprocessableEntityError) as error:
                adapted = dialect.adapted_to(error)
                if adapted is None:
                    raise
                self._dialect = adapted

    def _send(
        self,
        client: OpenAI,
        connection: Connection,
        dialect: _Dialect,
        messages: Sequence[Message],
        most_tokens: int,
    ) -> Any:
        from openai import BaseModel

        request: Any = dialect.request(messages, most_tokens)
        reply = client.chat.completions.create(model=self.model, timeout=connection.left, **request)
        return reply.to_dict() if isinstance(reply, BaseModel) else reply

    @contextmanager
    def _explaining(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Whatever goes wrong is a LanguageModelError; what a stranger sends may break the client
        in any way."""
        try:
            yield
        except Exception as error:
            _log.debug("A language model failed.", exc_info=True)
            late = seconds if connection.is_over or connection.left < 0.01 else None
            message, lasts = explained(error, self.base_url, self.model, late, self._key)
            told_error = LanguageModelError(message)
            if lasts:
                self._rest.begin(told_error)
            raise told_error from error
        self._rest.end()


def _streamed(stream: Stream[Any]) -> Generator[str, None, Ended]:
    """The text of a reply that was to be streamed; some endpoints send it at once all the same."""
    response = stream.response
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise Failure(WEB_PAGE)
    if kind != "application/json":
        return (yield from told(stream))
    response.read()
    text, end = whole(response.json())
    yield text
    return end


class _Dialect:
    """What an endpoint takes: some refuse what others need."""

    _OPTIONAL = ("max_tokens", "temperature", "stream")

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self._without = without

    def request(self, messages: Sequence[Message], most_tokens: int) -> dict[str, Any]:
        without = self._without
        length = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        request = {
            "messages": _merged(messages) if "system" in without else list(messages),
            "temperature": 0,
            "stream": "stream" not in without,
            length: most_tokens,
        }
        return {name: value for name, value in request.items() if name not in without}

    def adapted_to(self, error: BadRequestError | Any) -> _Dialect | None:
        """The dialect without what the endpoint says that it doesn't take, if it says so."""
        message = error.message.casefold()
        named = [
            name
            for name in self._OPTIONAL
            if error.param == name or (f"'{name}'" in message and "support" in message)
        ]
        if "system" in message and "role" in message:
            named.append("system")
        without = self._without | set(named)
        return _Dialect(without) if without != self._without else None


def _merged(messages: Sequence[Message]) -> list[Message]:
    """The instructions in the first of the user's messages."""
    first, second, *others = messages
    text = f"{first['content']}\n\n{second['content']}"
    return [{"role": second["role"], "content": text}, *others]


class _Rest:
    """After a failure that would make every question wait, the model is left alone for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._error: LanguageModelError | None = None

    def check(self) -> None:
        with self._lock:
            if self._error and time.monotonic() < self._until:
                raise LanguageModelError(str(self._error))

    def begin(self, error: LanguageModelError) -> None:
        with self._lock:
            self._error, self._until = error, time.monotonic() + REST

    def end(self) -> None:
        with self._lock:
            self._error = None
