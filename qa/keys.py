"""API keys of a store: who may ask it over HTTP, and who may change it.

A key is 256 random bits, so a plain sha256 of it is kept and no slow hash: slow hashes make up for
secrets that can be guessed, and nobody guesses these. The keys stand in ``keys.json`` in the
store's folder, which only its owner may read. Where that file is, keys are demanded, also when the
last one in it has been revoked; a damaged file lets nobody in. To go without keys again, stop the
service and remove the file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import KeysError, NotFoundError, UsageError

FILE = "keys.json"
MAX_NAME = 100

Scope = Literal["read", "write"]
"""What a key is good for; write includes read."""

_TOKEN = re.compile(r"qa_([0-9a-f]{8})_[0-9a-f]{64}")
_LOCK_SECONDS = 10


class Key(BaseModel):
    """What is kept of a key; not the key itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    scope: Scope
    created: datetime
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    keys: list[Key] = []


class Keys:
    """The keys of a store, as they are now: what another process creates or revokes is seen at
    the next call, at the cost of one look at the file's date."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: the store's; it is made when the first key is.
        """
        self.path = folder / FILE
        self._stamp: tuple[int, ...] | None = None
        self._keys: dict[str, Key] | None = None

    @property
    def demanded(self) -> bool:
        """Whether nobody is let in without a key: there is a file of keys, or there was one.

        Raises:
            KeysError: see `all`.
        """
        return self._current() is not None

    def all(self) -> list[Key]:
        """The keys in force, oldest first.

        Raises:
            KeysError: the file can't be read, or isn't what it should be.
        """
        return list((self._current() or {}).values())

    def find(self, token: str) -> Key | None:
        """The key that a token is, or None.

        Raises:
            KeysError: see `all`.
        """
        keys = self._current() or {}
        matched = _TOKEN.fullmatch(token)
        key = keys.get(matched[1]) if matched else None
        if key is None or not hmac.compare_digest(_digest(token), key.sha256):
            return None
        return key

    def create(self, name: str, scope: Scope = "read") -> tuple[Key, str]:
        """A new key and its token, which is kept nowhere.

        Raises:
            UsageError: the name is empty, too long, or not one line of text.
            KeysError: the file can't be read or written.
        """
        name = name.strip()
        if not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise UsageError(f"Name the key in one line of 1 to {MAX_NAME} characters.")
        with self._locked():
            keys = self.all()
            taken = {key.id for key in keys}
            key_id = secrets.token_hex(4)
            while key_id in taken:
                key_id = secrets.token_hex(4)
            token = f"qa_{key_id}_{secrets.token_hex(32)}"
            created = datetime.now(UTC).replace(microsecond=0)
            key = Key(id=key_id, name=name, scope=scope, created=created, sha256=_digest(token))
            self._write([*keys, key])
        return key, token

    def revoke(self, key_id: str) -> Key:
        """Takes a key out of force, at once also where a server runs.

        Raises:
            NotFoundError: there is no such key.
            KeysError: the file can't be read or written.
        """
        with self._locked():
            keys = self.all()
            revoked = [key for key in keys if key.id == key_id]
            if not revoked:
                raise NotFoundError(f"There is no key {key_id!r}: `qa keys list` lists their ids.")
            self._write([key for key in keys if key.id != key_id])
        return revoked[0]

    def _current(self) -> dict[str, Key] | None:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp != self._stamp:
                data = self.path.read_bytes()
                self._keys = {key.id: key for key in _File.model_validate_json(data).keys}
                self._stamp = stamp
        except FileNotFoundError:
            # A service that has demanded keys doesn't open because their file went.
            self._keys = None if self._keys is None else {}
            self._stamp = None
        except (OSError, ValidationError) as error:
            self._stamp = None
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise KeysError(
                f"The API keys in {self.path} can't be read ({why}): correct the file, or remove "
                "it and create new keys."
            ) from error
        return self._keys

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                yield
        except Timeout:
            raise KeysError(
                f"Another process is changing {self.path}: try again shortly."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, keys: Sequence[Key]) -> None:
        temporary = self.path.with_name(f".{FILE}.{secrets.token_hex(8)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(_File(keys=list(keys)).model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(descriptor)
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> KeysError:
        return KeysError(
            f"The API keys in {self.path} can't be changed ({error.strerror}): see that the "
            "store's folder can be written."
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
