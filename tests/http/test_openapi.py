"""The description of the interface is true: what it says is what is answered."""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_headers_conformance, response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def spec(server) -> dict[str, Any]:
    return httpx.get(f"{server[0]}/openapi.json").json()


def operations(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }


def test_every_schema_has_an_example_that_fits_it(spec):
    schemas = spec["components"]["schemas"]
    assert {"AnswerModel", "AskRequest", "DocumentModel", "Problem", "ProgressEvent"} <= set(
        schemas
    )
    for name, schema in schemas.items():
        root = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
        assert schema["examples"], name
        for example in schema["examples"]:
            jsonschema_rs.validator_for(root, validate_formats=True).validate(example)


def test_every_body_and_answer_has_a_schema_or_an_example(spec):
    for label, operation in operations(spec).items():
        contents = [response.get("content", {}) for response in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in contents:
            for media_type, described in content.items():
                what = described.get("schema") or described["itemSchema"]
                assert "$ref" in what or "example" in described | what or media_type == "*/*", label


def test_every_error_is_described_as_a_problem(spec):
    for label, operation in operations(spec).items():
        for status, response in operation["responses"].items():
            if status >= "400":
                if " /v1/" in label:  # these in OpenAI's shape: see test_openai.py
                    continue
                assert list(response["content"]) == ["application/problem+json"], label
                (content,) = response["content"].values()
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert content["example"]["status"] == int(status)
    assert "HTTPValidationError" not in spec["components"]["schemas"]


def test_what_each_operation_can_end_with_is_said(spec):
    said = {label: set(each["responses"]) for label, each in operations(spec).items()}
    assert {"200", "400", "401", "403", "413", "422", "429", "503"} == said["POST /ask"]
    assert {"200", "201", "400", "413", "415", "422", "503"} <= said["POST /documents"]
    assert {"204", "403", "404", "503"} <= said["DELETE /documents/{id}"]
    assert said["GET /healthz"] == {"200"}
    assert said["GET /readyz"] == {"200", "503"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ask/stream", {"question": "What was chosen as the 2024 Cultural Capital?"}),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "Who met whom?"}], "stream": True},
        ),
    ],
)
def test_the_events_of_a_stream_are_as_described(server, path, body):
    schema = schemathesis.openapi.from_url(f"{server[0]}/openapi.json")
    case = schema[path]["POST"].Case(body=body, media_type="application/json")
    assert case.call_and_validate(checks=CHECKS).status_code == 200


def try_all(address: str, examples: int) -> dict[str, set[int]]:
    """Sends requests of every operation, in order and not, and checks each answer against what is
    said of it; returns the statuses there were."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    statuses: dict[str, set[int]] = {}
    for operation in (result.ok() for result in schema.get_all_operations()):
        seen = statuses.setdefault(operation.label, set())
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _try(operation.as_strategy(generation_mode=mode), examples, seen)
            except Unsatisfiable:  # no request of an operation without parameters is out of order
                assert mode is GenerationMode.NEGATIVE
    return statuses


def _try(cases: st.SearchStrategy[Case], examples: int, seen: set[int]) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases)
    def send(case: Case) -> None:
        seen.add(case.call_and_validate(checks=CHECKS).status_code)

    send()


def test_no_request_breaks_it_or_what_it_says_of_itself(uploading):
    statuses = try_all(uploading[0], examples=12)
    assert {200, 422} <= statuses["POST /ask"]
    assert statuses["GET /readyz"] == {200}
    assert statuses["POST /documents"] & {201, 422}


@pytest.mark.server
def test_no_request_of_hundreds_breaks_it_or_what_it_says_of_itself(uploading):
    try_all(uploading[0], examples=300)
