"""The committed description is that of the code, and every operation has an example that the engine computed.

After a change of the API, the catalog or the calibration: ``manage.py load_catalog && manage.py make_api_schema``.
"""

from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest
from django.test import Client
from referencing import Registry, Resource

from planner.api import schema
from planner.api.examples import compute
from planner.api.management.commands.make_api_schema import description

pytestmark = pytest.mark.django_db
REGENERATE = (
    "the committed file is old: run manage.py load_catalog && manage.py make_api_schema, and look at the diff"
)
# what differs from one installation to the next
OF_THE_MOMENT = frozenset({"created", "registered", "started", "finished", "progress"})


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    found: dict[str, Any] = schema.json.loads(schema.SCHEMA.read_text(encoding="utf-8"))
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_the_committed_description_is_that_of_the_code(committed: dict[str, Any]) -> None:
    assert description() == committed, REGENERATE


def test_it_is_openapi_3_1(committed: dict[str, Any]) -> None:
    assert committed["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in committed["paths"])


def test_every_operation_is_told_in_a_line(committed: dict[str, Any]) -> None:
    told = [operation["summary"] for operation in operations(committed)]
    assert all(0 < len(line) <= 80 for line in told), max(told, key=len)


def test_every_operation_has_an_example(committed: dict[str, Any]) -> None:
    for operation in operations(committed):
        if operation["operationId"] == "schema":
            continue  # it is this document
        success = next(r for status, r in operation["responses"].items() if status.startswith("2"))
        if "content" not in success:
            continue
        for media_type, content in success["content"].items():
            if media_type in schema.examples()[operation["operationId"]]["response"]:
                assert "example" in content, (operation["operationId"], media_type)
        assert any("example" in content for content in success["content"].values()), operation["operationId"]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            assert "example" in content or media_type == "text/csv", (operation["operationId"], media_type)


def test_the_examples_are_what_the_engine_computes() -> None:
    differing = sorted(unequal(compute(), schema.examples()))
    assert not differing, f"{differing[:5]}: {REGENERATE}"


def unequal(found: Any, expected: Any, at: str = "") -> set[str]:
    """Where two values differ by more than the last digits of a number."""
    if isinstance(found, dict) and isinstance(expected, dict):
        names = (found.keys() | expected.keys()) - OF_THE_MOMENT
        return {
            place
            for name in names
            for place in (
                unequal(found[name], expected[name], f"{at}/{name}")
                if name in found and name in expected
                else {f"{at}/{name}"}
            )
        }
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return {place for i, (a, b) in pairs for place in unequal(a, b, f"{at}/{i}")}
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return set() if math.isclose(found, expected, rel_tol=1e-5) else {at}
    return set() if found == expected else {at}


def test_the_examples_keep_to_the_schemas(committed: dict[str, Any]) -> None:
    registry = Registry().with_resource(
        "urn:api", Resource.from_contents(committed, default_specification=jsonschema_specification())
    )
    for operation in operations(committed):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                if "example" in content:
                    written = {"$ref": "urn:api#" + pointer_of(committed, content["schema"])}
                    validator = jsonschema.Draft202012Validator(written, registry=registry)
                    errors = [
                        f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(content["example"])
                    ]
                    assert not errors, (operation["operationId"], errors[:3])


def jsonschema_specification() -> Any:
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012


def pointer_of(document: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Where a schema stands in the document, so that its references are followed from there."""

    def look(value: Any, at: str) -> str | None:
        if value is wanted:
            return at
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for name, inner in items:
            found = look(
                inner,
                f"{at}/{str(name).replace('~', '~0').replace('/', '~1').replace('{', '%7B').replace('}', '%7D')}",
            )
            if found is not None:
                return found
        return None

    return look(document, "") or ""


def test_the_description_is_served(client: Client) -> None:
    response = client.get("/api/v1/schema/")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["openapi"] == "3.1.1"
    again = client.get("/api/v1/schema/", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("page", ["docs", "problems"])
def test_the_pages_ask_nobody_else(client: Client, page: str) -> None:
    response = client.get(f"/api/v1/{page}/")
    text = response.content.decode()
    assert response.status_code == 200
    assert 'src="http' not in text
    assert "unsafe" not in response.headers["Content-Security-Policy"]
