"""How an operation is described: its problems, its headers, its example."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from planner.api import problems

EXAMPLES = Path(__file__).with_name("examples.json")
SCHEMA = Path(__file__).with_name("openapi.json")
# Problems that any operation may have.
ALWAYS = (400, 401, 406, 429)


@cache
def examples() -> dict[str, Any]:
    """The committed examples by operation; computed by ``manage.py make_api_schema``."""
    found: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8")) if EXAMPLES.exists() else {}
    return found


class TokenScheme(OpenApiAuthenticationExtension):
    """``Authorization: Bearer TOKEN``."""

    target_class = "planner.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that an administrator makes under /admin/. Only writing needs one.",
        }


class Schema(AutoSchema):
    """The framework's description with what every operation of ours has."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        statuses = {*ALWAYS, *getattr(self.view, "problem_statuses", ()), *self._usual_problems()}
        for status in sorted(statuses):
            operation["responses"][str(status)] = _problem_response(status)
        for status, response in operation["responses"].items():
            if status != "304":
                response.setdefault("headers", {}).update(_headers(status))
        if self._is_conditional():
            operation["responses"]["304"] = {
                "description": "What the client has is what there is (If-None-Match)."
            }
            operation["responses"]["200"]["headers"]["ETag"] = {
                "description": "Send it as If-None-Match to be told 304 while nothing has changed.",
                "schema": {"type": "string"},
            }
        operation["responses"] = dict(sorted(operation["responses"].items()))
        _add_example(operation)
        return operation

    def _is_conditional(self) -> bool:
        return self.method == "GET" and getattr(self.view, "is_conditional", True)

    def _usual_problems(self) -> tuple[int, ...]:
        """404 (and 410) where something may not be there, 413 and 415 where a body is read."""
        found: tuple[int, ...] = (404,) if "{" in self.path or self._is_list_view() else ()
        return (*found, 413, 415) if self.method in ("POST", "PUT", "PATCH") else found


def _problem_response(status: int) -> dict[str, Any]:
    titles = [kind.title for kind in problems.KINDS.values() if kind.status == status]
    return {
        "description": " / ".join(titles),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _headers(status: str) -> dict[str, Any]:
    found = {
        "RateLimit": {
            "description": "What is left of the limit, and for how many seconds it holds.",
            "schema": {"type": "string", "examples": ['"reads";r=599;t=42']},
        },
        "RateLimit-Policy": {
            "description": "The limit, and its period in seconds.",
            "schema": {"type": "string", "examples": ['"reads";q=600;w=60']},
        },
    }
    if status == "429":
        found["Retry-After"] = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    if status == "401":
        found["WWW-Authenticate"] = {"description": "How to authenticate.", "schema": {"type": "string"}}
    return found


def _add_example(operation: dict[str, Any]) -> None:
    """The example of the operation, where one has been computed: of its body, its answer and its address."""
    example = examples().get(operation["operationId"])
    if example is None:
        return
    for media_type, value in example.get("request", {}).items():
        operation["requestBody"]["content"][media_type]["example"] = value
    for media_type, value in example.get("response", {}).items():
        content = operation["responses"][example["status"]].setdefault("content", {})
        content.setdefault(media_type, {})["example"] = value
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
