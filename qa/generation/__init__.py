"""Answers written by a language model, from the passages that were found."""

from qa.generation.client import KEY_VARIABLE, LanguageModel
from qa.generation.rewriting import Rewritten, rewrite
from qa.generation.writing import write

__all__ = ["KEY_VARIABLE", "LanguageModel", "Rewritten", "rewrite", "write"]
