"""Texts to vectors: sentence-transformers is the authority, ONNX Runtime the fast path."""

from qa.embedding.base import Embedded, Embedder
from qa.embedding.loading import load_embedder

__all__ = ["Embedded", "Embedder", "load_embedder"]
