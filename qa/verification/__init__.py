"""What a language model wrote, held against the passages it cites."""

from qa.verification.entailment import CrossEncoderEntailment, Entailment, load_entailment
from qa.verification.markers import complete, split
from qa.verification.reading import says_something
from qa.verification.verifier import UNSUPPORTED_MARK, Verifier, as_text

__all__ = [
    "UNSUPPORTED_MARK",
    "CrossEncoderEntailment",
    "Entailment",
    "Verifier",
    "as_text",
    "complete",
    "load_entailment",
    "says_something",
    "split",
]
