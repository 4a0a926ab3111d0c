"""What is added to the whole description once all operations are known."""

from __future__ import annotations

from typing import Any

from planner.api import problems, schema

DESCRIPTION = """\
Can this machine run this language model, how fast, and at what cost? The same answers as the pages, for programs.

**Reading and planning need no token**, within limits per client that the RateLimit headers tell. Writing (sweeps)
needs one: `Authorization: Bearer …`, made by an administrator under `/admin/`.

**Units are in the names**: bytes, tokens per second (`_tps`), milliseconds. GB are the vendor's: 2³⁰ bytes each.
What no source states is `null`, never zero. Speeds come with their 90 % interval.

**Nothing is ignored.** A parameter or field that is not known is refused with the nearest one that is. Errors are
[problem details](https://www.rfc-editor.org/rfc/rfc9457); a name that may mean several entries comes with candidates.

**Answers can be kept.** Lists and entries have an `ETag`: send it as `If-None-Match` to be told 304 while nothing has
changed. A plan is addressed by the hash of its question and of the catalog and calibration that answered it: it never
changes.
"""

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What is wrong, as RFC 9457 writes it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Explains this kind of problem.",
        },
        "title": {"type": "string", "description": "The kind of problem in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong here."},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "JSON pointer to the field of the body."},
                    "parameter": {"type": "string", "description": "Parameter of the address."},
                    "candidates": {"$ref": "#/components/schemas/Candidates"},
                },
            },
        },
        "candidates": {"$ref": "#/components/schemas/Candidates"},
    },
    "examples": [
        {
            "type": f"{problems.EXPLAINED_AT}#bad-parameter",
            "title": problems.KINDS["bad-parameter"].title,
            "status": 400,
            "detail": "“vendr” is no parameter of this address. Did you mean “vendor”?",
            "errors": [
                {
                    "detail": "“vendr” is no parameter of this address. Did you mean “vendor”?",
                    "parameter": "vendr",
                }
            ],
        }
    ],
}
CANDIDATES: dict[str, Any] = {
    "type": "array",
    "description": "Entries that may be meant, the likeliest first.",
    "items": {
        "type": "object",
        "required": ["slug", "name"],
        "properties": {
            "kind": {"type": "string", "description": "device, machine, model, format, …"},
            "slug": {"type": "string"},
            "name": {"type": "string"},
        },
    },
}


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem's schema, the description and the address."""
    result["info"]["description"] = DESCRIPTION
    components = result["components"]
    components.setdefault("schemas", {}).update(Problem=PROBLEM, Candidates=CANDIDATES)
    components["responses"] = schema.problem_responses()
    components["headers"] = schema.HEADERS
    components["schemas"]["Question"]["required"] = ["model"]
    _tidy(result)
    result["servers"] = [{"url": "/", "description": "Where this document was read."}]
    return result


def _tidy(value: Any) -> None:
    """Take out what the framework leaves for itself."""
    if isinstance(value, dict):
        value.pop("x-spec-enum-id", None)
        if isinstance(value.get("description"), str):
            value["description"] = value["description"].strip()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _tidy(inner)
