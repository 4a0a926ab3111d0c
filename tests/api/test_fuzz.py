"""Whatever is sent to whichever operation: no answer is a failure, none is undocumented, none is of another shape.

The requests are made from the committed description, good ones and bad ones, the same in every run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from planner.api import schema
from planner.snapshot import current

pytestmark = pytest.mark.django_db
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# of all operations together; what is left over when it is up is not tried
MOST_S = 15.0
EXAMPLES = 10


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests share the test's transaction: nothing closes its connection between them."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def operations() -> list[Any]:
    document = json.loads(schema.SCHEMA.read_text(encoding="utf-8"))
    found = schemathesis.openapi.from_dict(_without_examples(document))
    found.app = get_wsgi_application()
    return [operation.ok() for operation in found.get_all_operations()]


def _without_examples(value: Any) -> Any:
    """Examples have a test of their own, and making requests of them takes long."""
    if isinstance(value, dict):
        return {name: _without_examples(inner) for name, inner in value.items() if name != "example"}
    return [_without_examples(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_no_answer_fails_or_is_undocumented(mode: GenerationMode) -> None:
    current()  # made once for all tests
    found = operations()
    until = time.monotonic() + MOST_S / 2
    tried: set[str] = set()
    for operation in found:
        tried |= _try(operation, mode, until)
    assert tried


def _try(operation: Any, mode: GenerationMode, until: float) -> set[str]:
    """Send some requests of an operation; its name where any was sent."""
    tried: set[str] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if time.monotonic() < until:
            tried.add(operation.label)
            case.call_and_validate(base_url="http://127.0.0.1", checks=CHECKS)

    send()
    return tried
