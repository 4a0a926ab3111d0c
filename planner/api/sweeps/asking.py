"""A sweep in JSON: axes by names, slugs, filters or everything, resolved to a definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from planner.api import problems
from planner.api.problems import Problem, escaped, unknown
from planner.plans import suggest
from planner.sweeps.definition import KEEP, MOST_NUMBERS, Definition, DefinitionError, of_json

# Axes of entries: the kind of entry by whose names they are said.
AXES: Mapping[str, str] = {
    "machines": "machine",
    "devices": "device",
    "models": "model",
    "formats": "format",
    "runtimes": "runtime",
}
ALL, COMMON, USUAL = "all", "common", "usual"
WORDS: Mapping[str, tuple[str, ...]] = {"formats": (COMMON, ALL), "runtimes": (USUAL, ALL)}
NUMBERS = ("counts", "contexts_tokens", "concurrency")
FIELDS = ("name", *AXES, "kv_formats", *NUMBERS, "prompt_tokens", "output_tokens", "keep")
MOST_NAMES = 2_000


def definition_from(data: Any) -> tuple[Definition, str]:
    """The definition and the name that a JSON object asks for. Raises a 400 that names every field that is wrong."""
    if not isinstance(data, Mapping):
        raise Problem("bad-body", "A sweep is a JSON object.")
    errors: list[dict[str, Any]] = [
        _error(str(name), unknown(str(name), FIELDS, "field of a sweep"))
        for name in data
        if name not in FIELDS
    ]
    asked = {
        name: value for name, value in data.items() if name in FIELDS and name != "name" and value is not None
    }
    for axis, kind in AXES.items():
        if axis in asked:
            asked[axis] = _axis(axis, kind, asked[axis], errors)
    name = data.get("name", "")
    if name is not None and not isinstance(name, str):
        errors.append(_error("name", "Write a name here, as text."))
    if errors:
        raise Problem("bad-field", problems.summary(errors), errors)
    try:
        return of_json(asked), name or ""
    except ValidationError as error:
        found = [_error("/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        # of a union each member says why it is not meant
        errors = list({entry["pointer"].split("/")[1]: entry for entry in reversed(found)}.values())
        raise Problem("bad-field", problems.summary(errors), errors) from None


def _axis(axis: str, kind: str, value: Any, errors: list[dict[str, Any]]) -> Any:
    """An axis as a definition writes it; what is wrong goes to ``errors``."""
    if isinstance(value, str):
        words = WORDS.get(axis, (ALL,))
        if value not in words:
            errors.append(_error(axis, unknown(value, words, "word for this axis; or send a list of names")))
        return {"all": True} if value == ALL else value
    if not isinstance(value, list):
        return value  # a selection, written out
    if len(value) > MOST_NAMES:
        errors.append(_error(axis, f"At most {MOST_NAMES:,} names."))
        return {}
    found = [_slug(axis, number, kind, name, errors) for number, name in enumerate(value)]
    return {"slugs": [slug for slug in found if slug]}


def _slug(axis: str, number: int, kind: str, name: Any, errors: list[dict[str, Any]]) -> str:
    at = f"{axis}/{number}"
    if not isinstance(name, str):
        errors.append(_error(at, "Write a name here, as text."))
        return ""
    program, slash, backend = name.partition("/") if axis == "runtimes" else (name, "", "")
    entry = suggest.directory().entries[kind].get(program)
    if entry is None or entry.kind not in (kind, "kv"):
        found = suggest.look_up("machine" if kind == "device" else kind, program)
        entry = found.entry
        if entry is None:
            reason = (
                f"“{problems.shortened(name)}” can mean more than one."
                if found.ambiguous
                else "No such entry."
            )
            near = [{"kind": e.kind, "slug": e.slug, "name": e.name} for e in found.candidates]
            errors.append(_error(at, reason) | ({"candidates": near} if near else {}))
            return ""
        if kind in ("machine", "device") and entry.kind != kind:
            other = "machines" if entry.kind == "machine" else "devices"
            errors.append(_error(at, f"{entry.name} is one of the {other}: name it there."))
            return ""
    return f"{entry.slug}{slash}{backend}"


def impossible(error: DefinitionError) -> Problem:
    """The problem of a definition that makes no sweep."""
    errors = [_error(name, text) for name, texts in error.errors.items() for text in texts]
    return Problem("bad-field", problems.summary(errors), errors)


def _error(name: str, text: str) -> dict[str, Any]:
    pointer = "/".join(escaped(part) for part in name.split("/"))
    return {"detail": text, "pointer": f"#/{pointer}" if name else "#"}


def described(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A stored definition as it may be sent again: lists of slugs where these were chosen."""
    found = dict(definition)
    for axis in AXES:
        value = found.get(axis)
        if isinstance(value, Mapping):
            slugs: Sequence[str] = value.get("slugs") or ()
            found[axis] = list(slugs) if slugs or not value.get("where") else {"where": value["where"]}
            if value.get("all"):
                found[axis] = ALL
    return found


_NUMBERS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1},
    "minItems": 1,
    "maxItems": MOST_NUMBERS,
}


def _axis_schema(noun: str, words: tuple[str, ...], usual: str = "") -> dict[str, Any]:
    return {
        "description": f"Which {noun}: names or slugs, {' or '.join(f'“{w}”' for w in words)}, or the filters of the "
        f"page's list.{usual}",
        "oneOf": [
            {"type": "array", "items": {"type": "string"}, "maxItems": MOST_NAMES},
            {"type": "string", "enum": list(words)},
            {
                "type": "object",
                "properties": {"where": {"type": "object", "additionalProperties": {"type": "string"}}},
                "required": ["where"],
                "additionalProperties": False,
            },
            {"type": "null"},
        ],
    }


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A grid of plans: every machine with every model, format, program, context and number of users.",
    "additionalProperties": False,
    "required": ["models"],
    "properties": {
        "name": {"type": ["string", "null"], "maxLength": 200},
        "machines": _axis_schema("machines", (ALL,), " They make one axis with the devices."),
        "devices": _axis_schema("devices", (ALL,), " Each with every memory size that it is sold with."),
        "counts": _NUMBERS | {"description": "How many of each machine or device."},
        "models": _axis_schema("language models", (ALL,)),
        "formats": _axis_schema("weight formats", (COMMON, ALL), " Unless said: common."),
        "kv_formats": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Slugs; f16 unless said.",
        },
        "runtimes": _axis_schema(
            "programs", (USUAL, ALL), " “vllm/CUDA” names a backend. Unless said: usual."
        ),
        "contexts_tokens": _NUMBERS | {"description": "Contexts; 8192 unless said."},
        "concurrency": _NUMBERS | {"description": "Users at once; 1 unless said."},
        "prompt_tokens": {
            "description": "Tokens of each prompt, or “full”: what the answer leaves of the context. 512 unless said.",
            "oneOf": [{"type": "integer", "minimum": 1}, {"const": "full"}],
        },
        "output_tokens": {
            "type": "integer",
            "minimum": 1,
            "description": "Tokens of each answer; 256 unless said.",
        },
        "keep": {
            "type": "string",
            "enum": list(KEEP),
            "description": "What is kept: "
            + "; ".join(f"{key}: {words}" for key, words in KEEP.items())
            + ".",
        },
    },
}
