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
LIMIT_HEADERS = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "What is left of the limit, and for how many seconds it holds.",
        "schema": {"type": "string", "examples": ['"reads";r=599;t=42']},
    },
    "RateLimit-Policy": {
        "description": "The limit, and its period in seconds.",
        "schema": {"type": "string", "examples": ['"reads";q=600;w=60']},
    },
    "ETag": {
        "description": "Send it as If-None-Match to be told 304 while nothing has changed.",
        "schema": {"type": "string"},
    },
}


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
        operation.setdefault(
            "summary", operation.get("description", "").strip().partition(". ")[0].rstrip(".")
        )
        responses = operation["responses"]
        for response in responses.values():
            response["description"] = response["description"] or self._first_line()
            response["headers"] = dict(LIMIT_HEADERS)
        if self.method == "GET" and getattr(self.view, "is_conditional", True):
            responses["304"] = {"description": "What the client has is what there is (If-None-Match)."}
            responses["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
        for status in {*ALWAYS, *getattr(self.view, "problem_statuses", ()), *self._usual_problems()}:
            responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
        operation["responses"] = dict(sorted(responses.items()))
        self._say_filters(operation)
        _add_format(operation, self.view.renderer_classes)
        _add_example(operation)
        return operation

    def get_tags(self) -> list[str]:
        found: list[str] = super().get_tags()
        return found if found and found != ["schema"] else ["api"]

    def _say_filters(self, operation: dict[str, Any]) -> None:
        """What each filter does, where its type was given by hand."""
        filters = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in filters:
                parameter["description"] = str(filters[parameter["name"]].extra["help_text"])

    def _first_line(self) -> str:
        return (self.view.__doc__ or "").strip().partition("\n")[0]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.method == "GET" and getattr(self.view, "is_list", False)

    def _usual_problems(self) -> tuple[int, ...]:
        """404 (and 410) where something may not be there, 413 and 415 where a body is read."""
        found: tuple[int, ...] = (404,) if "{" in self.path or self._is_list_view() else ()
        acts = self.method != "GET" and "sweep" in self.path
        found = (*found, 403, 409) if acts else found
        return (*found, 413, 415) if self.method == "POST" else found


def problem_responses() -> dict[str, Any]:
    """The answers that are problems, by the names under which operations refer to them."""
    found = {}
    for status in sorted({kind.status for kind in problems.KINDS.values()}):
        titles = [kind.title for kind in problems.KINDS.values() if kind.status == status]
        headers: dict[str, Any] = dict(LIMIT_HEADERS)
        if status == 429:
            headers["Retry-After"] = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        if status == 401:
            headers["WWW-Authenticate"] = {"description": "How to ask.", "schema": {"type": "string"}}
        found[f"Problem{status}"] = {
            "description": " / ".join(titles),
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": headers,
        }
    return found


def _add_format(operation: dict[str, Any], renderers: Any) -> None:
    """Every operation takes ``?format=``."""
    parameters = operation.setdefault("parameters", [])
    names = sorted({renderer.format for renderer in renderers})
    for parameter in parameters:
        if parameter["name"] == "format":
            return
    parameters.append(
        {
            "name": "format",
            "in": "query",
            "description": "The format of the answer, before what Accept says.",
            "schema": {"type": "string", "enum": names},
        }
    )


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
