"""Whether a text entails a sentence, by a model of natural language inference (NLI)."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from qa.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Entailment(Protocol):
    """Says whether texts entail sentences. Safe to call from several threads."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each pair of a text and a sentence how likely it is that the text entails the
        sentence, 0 to 1."""


class CrossEncoderEntailment:
    """A sentence-transformers CrossEncoder that was made for NLI, one of whose labels is
    "entailment"."""

    def __init__(self, name: str) -> None:
        """
        Args:
            name: a folder, or a Hugging Face name on this machine.

        Raises:
            ModelError: there is no such model, or it isn't one.
        """
        from sentence_transformers import CrossEncoder

        try:
            self._model: CrossEncoder = CrossEncoder(name, local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"The NLI model {name!r} can't be loaded ({type(error).__name__}): give the folder "
                "of a cross-encoder or a name on this machine, or leave nli_model empty."
            ) from error
        labels = self._model.config.id2label
        found = [int(i) for i, label in labels.items() if label.casefold() == "entailment"]
        if len(found) != 1 or len(labels) < 2:
            raise ModelError(
                f'The model {name!r} has no label "entailment" (it has {_listed(labels)}): give '
                "a cross-encoder that was made for NLI."
            )
        self._label = found[0]
        self._lock = Lock()  # a tokenizer that several threads use at once fails

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        import torch

        with self._lock:
            rows = self._model.predict(
                list(pairs), activation_fn=torch.nn.Softmax(dim=-1), show_progress_bar=False
            )
        return [float(row[self._label]) for row in rows]


def load_entailment(name: str) -> Entailment | None:
    """The NLI model of a name, or None for no name.

    Raises:
        ModelError: the model can't be found or used.
    """
    return CrossEncoderEntailment(name) if name else None


def _listed(labels: dict[int, str]) -> str:
    return ", ".join(str(label)[:40] for label in list(labels.values())[:5])
