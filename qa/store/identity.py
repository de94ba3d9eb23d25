"""What a store's vectors were made with: anything else doesn't compare with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from qa.errors import StoreMismatchError

FORMAT = 3


@dataclass(frozen=True, slots=True)
class Identity:
    model: str
    """The name the model was given by; for people, not compared."""
    fingerprint: str
    """The model itself: the sha256 over its files."""
    dimension: int
    passage_tokens: int

    def to_dict(self) -> dict[str, str | int]:
        return asdict(self)

    def check_model(self, model: str, fingerprint: str) -> None:
        """Raises StoreMismatchError if what this model embeds can't be compared with the store."""
        if self.fingerprint != fingerprint:
            raise StoreMismatchError(
                f"The store was made with the model {self.model!r} ({self.fingerprint[:12]}), not "
                f"with {model!r} ({fingerprint[:12]}): run `qa ingest --rebuild` to embed "
                "everything again, or set the model back (--model, QA_MODEL or qa.toml)."
            )

    def check(self, other: Identity) -> None:
        """Raises StoreMismatchError if passages made as ``other`` says don't belong here."""
        self.check_model(other.model, other.fingerprint)
        if self.passage_tokens != other.passage_tokens:
            raise StoreMismatchError(
                f"The store's passages were cut at {self.passage_tokens} tokens, not "
                f"{other.passage_tokens}: run `qa ingest --rebuild` to cut and embed everything "
                "again, or set passage_tokens back."
            )
