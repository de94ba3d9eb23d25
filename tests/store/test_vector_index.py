"""Every `VectorIndex` must behave as a plain NumPy search does."""

from __future__ import annotations

import numpy as np
import pytest

from qa.store.vector_index import VectorIndex, new_vector_index

DIMENSION = 8


@pytest.fixture(params=["faiss", "numpy"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def index(kind: str) -> VectorIndex:
    return new_vector_index(kind, DIMENSION)


def unit_vectors(n: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


IDS = np.array([7, 3, 100, 2**40, 12], dtype=np.int64)
VECTORS = unit_vectors(len(IDS))


def test_vectors_are_given_back_as_they_came(index):
    index.add(IDS, VECTORS)
    assert np.array_equal(index.vectors(IDS[[3, 0, 4]]), VECTORS[[3, 0, 4]])


def test_search_is_exact_and_best_first(index):
    index.add(IDS, VECTORS)
    queries = unit_vectors(4, seed=1)
    scores, ids = index.search(queries, 3)
    similarities = queries @ VECTORS.T
    expected = np.argsort(-similarities, axis=1)[:, :3]
    assert ids.tolist() == IDS[expected].tolist()
    assert np.allclose(scores, np.take_along_axis(similarities, expected, axis=1), atol=1e-6)


def test_more_than_there_is_gives_what_there_is(index):
    assert index.search(VECTORS[:2], 5)[1].shape == (2, 0)
    index.add(IDS, VECTORS)
    assert sorted(index.search(VECTORS[:1], 50)[1][0].tolist()) == sorted(IDS.tolist())


def test_what_is_removed_is_not_found(index):
    index.add(IDS, VECTORS)
    index.remove(IDS[1:3])
    assert sorted(index.ids().tolist()) == sorted(np.delete(IDS, [1, 2]).tolist())
    assert index.search(VECTORS[1:2], 5)[1].shape == (1, 3)
    index.remove(np.array([999], dtype=np.int64))
    index.add(IDS[1:2], VECTORS[1:2])
    assert index.search(VECTORS[1:2], 1)[1].tolist() == [[3]]


def test_a_written_index_reads_back_the_same(index, kind, tmp_path):
    index.add(IDS, VECTORS)
    index.write(tmp_path / "file")
    other = new_vector_index(kind, DIMENSION)
    other.read(tmp_path / "file")
    assert other.ids().tolist() == IDS.tolist()
    assert other.search(VECTORS, 2)[1].tolist() == index.search(VECTORS, 2)[1].tolist()


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty", "other dimension"])
def test_a_damaged_file_raises(index, kind, tmp_path, damage):
    path = tmp_path / "file"
    index.add(IDS, VECTORS)
    index.write(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "garbage":
        path.write_bytes(b"\x93garbage" * 50)
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        new_vector_index(kind, DIMENSION + 1).write(path)
    with pytest.raises(Exception, match=r"."):
        new_vector_index(kind, DIMENSION).read(path)
