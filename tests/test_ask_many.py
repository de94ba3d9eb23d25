"""Many questions at once are answered as each by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from qa import QA, Turn
from qa.errors import StoreEmptyError, UsageError
from qa.store import OutdatedError, Store
from qa.types import Answer, Ask
from tests.store.test_store import EVERYWHERE, IDENTITY, add, fill
from tests.test_service import QUESTIONS


def answers(found: Iterator[Answer | Exception]) -> list[Answer]:
    every = list(found)
    assert all(isinstance(answer, Answer) for answer in every)
    return every


def test_each_answer_is_the_one_that_its_question_gets_by_itself(seed_bot: QA):
    asks = [Ask(question) for question, _ in QUESTIONS]
    asks += [
        Ask("Who met whom?", top_k=1),
        Ask("Who met whom?", where=("date=1999",)),
        Ask("When was it?", history=(Turn("Who met Almalik?"),)),
    ]
    for ask, together in zip(asks, answers(seed_bot.ask_many(asks)), strict=True):
        alone = seed_bot.ask(ask.question, ask.top_k, where=ask.where, history=ask.history)
        assert (together.text, together.searched_for) == (alone.text, alone.searched_for)
        assert [p.passage for p in together.passages] == [p.passage for p in alone.passages]
        assert [p.score for p in together.passages] == pytest.approx(
            [p.score for p in alone.passages], abs=1e-5
        )
        assert list(together.timings_ms)[:3] == ["load", "embed", "wait"]


def test_what_is_wrong_with_one_question_is_not_the_others_affair(seed_bot: QA):
    asks = [Ask("Who met whom?"), Ask("  "), Ask("Who?", where=("nonsense",)), Ask("Who?", 0)]
    first, empty, condition, top_k, last = seed_bot.ask_many([*asks, Ask("Who met Almalik?")])
    assert isinstance(first, Answer)
    assert all(isinstance(error, UsageError) for error in (empty, condition, top_k))
    assert isinstance(last, Answer)
    assert "Bayramov met" in last.passages[0].text
    assert list(seed_bot.ask_many([])) == []
    (alone,) = seed_bot.ask_many([Ask("")])
    assert isinstance(alone, UsageError)


def test_where_there_is_no_store_every_question_is_told_so(bot: QA):
    errors = list(bot.ask_many([Ask("Who?"), Ask(""), Ask("When?")]))
    assert [type(error) for error in errors] == [StoreEmptyError, UsageError, StoreEmptyError]


def test_what_comes_and_goes_between_two_answers_is_seen_by_the_later_one(bot: QA):
    docs = bot.settings.seeds
    (docs / "one.txt").write_text("The lighthouse stands on the northern cape.")
    bot.ingest()
    question = Ask("Where does the lighthouse stand?")
    many = bot.ask_many([question] * 3)
    first = next(many)
    (docs / "one.txt").unlink()
    (docs / "two.txt").write_text("The lighthouse stands on the southern cape.")
    QA.open(bot.store.folder, seeds=docs).ingest()
    second, third = answers(many)
    assert isinstance(first, Answer)
    assert first.text == "The lighthouse stands on the northern cape."
    assert second.text == third.text == "The lighthouse stands on the southern cape."


# ---------------------------------------------------------------- the indexes beneath


def test_a_snapshot_that_is_behind_the_indexes_is_told_so_or_takes_them_back(tmp_path):
    store = Store(tmp_path / "vectors", "numpy", "memory")
    old = fill(store, "Old.")
    with store.snapshot() as rewinding, store.snapshot(rewinds=False) as behind:
        assert len(behind.search_dense(EVERYWHERE, 10)[0]) == 1
        with store.writer(IDENTITY) as writer:
            writer.remove_path(old.path)
            add(writer, "New.\nNewer.", "/docs/b.txt")
            writer.commit()
        with store.snapshot(rewinds=False) as ahead:
            assert len(ahead.search_dense(EVERYWHERE, 10)[0]) == 2
        with pytest.raises(OutdatedError):
            behind.search_dense(EVERYWHERE, 10)
        assert len(rewinding.search_dense(EVERYWHERE, 10)[0]) == 1


def test_an_index_follows_by_what_is_new_and_by_what_is_gone(tmp_path):
    store = Store(tmp_path / "vectors", "faiss", "tantivy")
    first = fill(store, "One.\nTwo.")
    sizes = []
    for change in ("Three.", "Four.\nFive.", None, "Six."):
        with store.writer(IDENTITY) as writer:
            if change is None:
                writer.remove_path(first.path)
            else:
                add(writer, change, f"/docs/{change[:3]}.txt")
            writer.commit()
        with store.snapshot() as snapshot:
            found = {key for key, _ in snapshot.search_dense(EVERYWHERE, 100)[0]}
            assert found == set(snapshot.catalog.passage_keys().tolist())
            assert snapshot.size == len(found)
            sizes.append(len(found))
    assert sizes == [3, 5, 3, 4]


def test_several_search_an_index_at_once_and_who_changes_it_waits_for_them(tmp_path):
    store = Store(tmp_path / "vectors", "numpy", "memory")
    fill(store, "Old.")
    inside, release = threading.Barrier(3), threading.Event()

    def read() -> None:
        with store.snapshot() as snapshot, store._dense.at(snapshot, store._dense_kind(IDENTITY)):
            inside.wait(10)  # both readers are within at the same time
            assert release.wait(10)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    inside.wait(10)
    fill(store, "New.", "/docs/b.txt")
    sizes: list[int] = []

    def follow() -> None:
        with store.snapshot() as snapshot:
            sizes.append(len(snapshot.search_dense(EVERYWHERE, 10)[0]))

    follower = threading.Thread(target=follow)
    follower.start()
    follower.join(0.3)
    assert follower.is_alive()
    release.set()
    for thread in (*readers, follower):
        thread.join(10)
    assert sizes == [2]


def test_a_large_lexical_index_is_made_anew_in_one_when_the_store_has_doubled(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("qa.store.derived._LEXICAL_REMADE_FROM", 4)
    store = Store(tmp_path / "vectors", "numpy", "tantivy")
    wholes = []
    for number in range(10):
        fill(store, f"Passage {number}.", f"/docs/{number}.txt")
        with store.snapshot() as snapshot:
            wholes.append(snapshot.catalog.meta("lexical_index")["whole"])
            assert snapshot.size == number + 1
    assert wholes == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]
