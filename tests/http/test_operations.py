"""What those who run the service ask of it."""

from __future__ import annotations

import shutil

from prometheus_client.parser import text_string_to_metric_families

from tests.http.conftest import bot_of

QUESTION = "What was chosen as the 2024 Cultural Capital?"


def figures(client) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels, in the order of their names."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_it_is_ready_once_the_model_is_loaded_and_the_store_answers(uploader):
    assert uploader.get("/readyz").json() == {"status": "ready"}
    assert uploader.get("/healthz").json() == {"status": "ok"}


def test_it_is_alive_but_not_ready_while_the_model_is_not_loaded(seed_bot):
    from fastapi.testclient import TestClient

    from qa import QA
    from qa.http import create_app

    unloaded = QA.open(seed_bot.store.folder)
    with TestClient(create_app(unloaded), base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert response.status_code == response.json()["status"] == 503
        assert "retry-after" in response.headers
        _ = unloaded.embedder
        assert client.get("/readyz").status_code == 200


def test_it_is_not_ready_without_its_store(uploader):
    bot = bot_of(uploader)
    shutil.move(bot.store.folder, bot.store.folder.with_name("away"))
    response = uploader.get("/readyz")
    assert response.status_code == response.json()["status"] == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert uploader.get("/healthz").status_code == 200
    assert figures(uploader)[("qa_store_up",)] == 0
    shutil.move(bot.store.folder.with_name("away"), bot.store.folder)
    assert uploader.get("/readyz").status_code == 200
    assert figures(uploader)[("qa_store_up",)] == 1


def test_questions_are_counted_with_their_stages(uploader):
    for _ in range(3):
        timings = uploader.post("/ask", json={"question": QUESTION}).json()["timings_ms"]
    uploader.get("/ask", params={"q": "How tall is the Eiffel Tower in metres?"})
    uploader.post("/ask", json={"question": " "})
    found = figures(uploader)
    assert found[("qa_answers_total", "true")] == 3
    assert found[("qa_answers_total", "false")] == 1
    for stage in timings:
        assert found[("qa_answer_stage_seconds_count", stage)] == 4
    assert found[("qa_http_requests_total", "POST", "/ask", "200")] == 3
    assert found[("qa_http_requests_total", "POST", "/ask", "400")] == 1
    assert found[("qa_http_request_seconds_count", "POST", "/ask")] == 4
    assert found[("qa_http_request_seconds_sum", "POST", "/ask")] > 0


def test_the_index_and_the_uploads_are_counted(uploader):
    before = figures(uploader)
    assert (before[("qa_store_documents",)], before[("qa_store_passages",)]) == (1, 5)
    for name in ("new.txt", "known.txt", "refused.exe"):
        uploader.post("/documents", files={"file": (name, b"The lighthouse stands.")})
    after = figures(uploader)
    assert (after[("qa_store_documents",)], after[("qa_store_passages",)]) == (2, 6)
    assert after[("qa_store_generation",)] > before[("qa_store_generation",)]
    for outcome in ("added", "known", "refused"):
        assert after[("qa_uploads_total", outcome)] == 1
    assert after[("qa_queue", "questions", "working")] == 0


def test_no_label_holds_what_a_caller_wrote(uploader):
    for number in range(50):
        uploader.get(f"/documents/secret{number}/passages/{number}")
        uploader.get(f"/secret{number}")
        uploader.request(f"SECRET{number}", "/ask")
        uploader.get("/ask", params={"q": f"What is secret{number}?"})
    text = uploader.get("/metrics").text.lower()
    assert "secret" not in text
    found = figures(uploader)
    requests = {key[1:]: n for key, n in found.items() if key[0] == "qa_http_requests_total"}
    assert requests[("GET", "/documents/{id}/passages/{number}", "404")] == 50
    assert requests[("GET", "none", "404")] == 50
    assert sum(n for key, n in requests.items() if key[0] == "other") == 50
    assert len(requests) < 10


def test_each_application_counts_for_itself(seed_bot):
    from fastapi.testclient import TestClient

    from qa.http import create_app

    first, second = (
        TestClient(create_app(seed_bot), base_url="http://localhost"),
        TestClient(create_app(seed_bot), base_url="http://localhost"),
    )
    first.get("/ask", params={"q": QUESTION})
    assert ("qa_answers_total", "true") in figures(first)
    assert ("qa_answers_total", "true") not in figures(second)
