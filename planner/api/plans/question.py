"""A question in JSON: typed and checked field by field, then asked through the form of the pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from planner.api import problems
from planner.api.problems import Problem, escaped, shortened, unknown
from planner.plans import suggest
from planner.plans.errors import PlanError
from planner.plans.fields import MOST_CHARACTERS, QuantityField
from planner.plans.forms import QuestionForm
from planner.plans.querystring import PARAMETER_OF_FIELD, plain_number
from planner.plans.questions import Question
from planner.snapshot import current

# Fields of the API by the form's parameter.
FIELDS: Mapping[str, str] = {
    "machine": "machine",
    "count": "count",
    "memory": "memory_gb",
    "host": "host_memory_gb",
    "used": "held_gib",
    "bandwidth": "bandwidth_gb_per_s",
    "compute": "fp16_tflops",
    "model": "model",
    "format": "format",
    "context": "context_tokens",
    "runtime": "runtime",
    "kv": "kv_format",
    "users": "concurrency",
    "prompt": "prompt_tokens",
    "output": "output_tokens",
}
PARAMETER_OF = {field: parameter for parameter, field in FIELDS.items()} | {"device": "machine"}
COLUMNS = ("device", *FIELDS.values())
NEEDED = {
    "machine": "Name a device or a machine, or give memory_gb and bandwidth_gb_per_s of one of your own.",
    "model": "Name a language model.",
    "memory": "Figures of your own need memory_gb, too.",
}
EITHER = "Figures of your own stand in the place of a device or machine: give one or the other."


class Text(serializers.CharField):
    """A name: text and nothing else."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False, allow_null=True, allow_blank=True, max_length=MOST_CHARACTERS, **options
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError("Write a name here, as text.")
        found: str = super().to_internal_value(data)
        return found


def _bounds(parameter: str) -> dict[str, Any]:
    """The bounds that the form sets."""
    field = QuestionForm.base_fields[parameter]
    assert isinstance(field, QuantityField)  # noqa: S101
    return {"max_value": int(field.most), "help_text": told_of(str(field.help_text))}


def told_of(text: str) -> str:
    """What the form says of a field, without what holds for typing only."""
    return text.replace(" 8k is 8,192 tokens, about 6,000 English words.", "").replace(
        "Empty:", "Unless said:"
    )


class Number(serializers.FloatField):
    """A finite number that is no text."""

    def __init__(self, parameter: str) -> None:
        super().__init__(required=False, allow_null=True, min_value=0, **_bounds(parameter))

    def to_internal_value(self, data: Any) -> Any:
        return finite(data)


class Count(serializers.IntegerField):
    """A whole number."""

    def __init__(self, parameter: str) -> None:
        super().__init__(required=False, allow_null=True, min_value=1, **_bounds(parameter))

    def to_internal_value(self, data: Any) -> int:
        value = finite(data)
        if value != int(value):
            raise ValidationError("Write a whole number here.")
        return int(value)


def finite(data: Any) -> Any:
    """The number. Raises a ``ValidationError`` where it is none or not finite."""
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise ValidationError("Write a number here.")
    try:
        finite = math.isfinite(data)
    except OverflowError:  # an integer that no float holds
        finite = False
    if not finite:
        raise ValidationError("This number is too large.")
    return data


class QuestionSerializer(serializers.Serializer):
    """Can this machine run this model? Names are understood as on the pages; slugs always mean one entry."""

    device = Text(help_text="A device of the catalog: “RTX 4090”, “2x 3090”, a slug. Or give a machine.")
    machine = Text(help_text="A machine of the catalog: “MacBook Air M4 16 GB”, a slug. Or give a device.")
    count = Count("count")
    memory_gb = Number("memory")
    host_memory_gb = Number("host")
    held_gib = Number("used")
    bandwidth_gb_per_s = Number("bandwidth")
    fp16_tflops = Number("compute")
    model = Text(help_text="A language model: “Llama 3.1 8B”, “gpt-oss:20b”, a slug. Needed.")
    format = Text(help_text="A weight format; “auto” (unless said): the most bits per weight that fit.")
    runtime = Text(help_text="A program; unless said: the usual one for the machine.")
    context_tokens = Count("context")
    prompt_tokens = Count("prompt")
    output_tokens = Count("output")
    concurrency = Count("users")
    kv_format = Text(help_text="How the KV cache is stored; “f16” unless said.")


def checked(data: Any) -> dict[str, Any]:
    """The values of a JSON object by field, each of its type. Raises a 400 that names every field that is wrong."""
    if not isinstance(data, Mapping):
        hint = " Send a list to /api/v1/plans/many/." if isinstance(data, list) else ""
        raise Problem("bad-body", f"A question is a JSON object.{hint}")
    fields = _fields()
    found, errors = {}, []
    for name, value in data.items():
        if name not in fields:
            errors.append(
                {"detail": unknown(str(name), fields, "field of a question"), "pointer": _at(str(name))}
            )
        elif value is not None:
            try:
                found[name] = fields[name].run_validation(value)
            except ValidationError as error:
                errors += [{"detail": str(text), "pointer": _at(name)} for text in error.detail]
    if errors:
        raise Problem("bad-field", problems.summary(errors), errors)
    return found


@cache
def _fields() -> dict[str, Any]:
    """The serializer's fields, made once: they keep nothing of what they check."""
    return dict(QuestionSerializer().fields)


class ApiForm(QuestionForm):
    """The form, asked by a program: what is said is said, also where it is the usual."""

    def __init__(self, data: Mapping[str, str], *, by_device: bool) -> None:
        super().__init__(data=data)
        self.by_device = by_device

    def look_up(self, kind: str, text: str) -> suggest.Lookup:
        """As on the pages, but a device's own name means the device, also where a machine has the same."""
        if kind == "machine" and self.by_device:
            devices = suggest.directory().entries["device"]
            entry = devices.get(text) or devices.get(text.casefold())
            if entry is not None:
                return suggest.Lookup(entry)
        return suggest.look_up(kind, text)

    def is_unsaid(self, name: str) -> bool:
        return name not in self.errors and not self.typed(name).strip()


def question_from(data: Any) -> Question:
    """The question that a JSON object asks. Raises a 400 that names every field that is wrong."""
    said = {
        name: value if isinstance(value, str) else plain_number(value)
        for name, value in checked(data).items()
        if value != ""
    }
    return _understood(tuple(said.items()), current().sha256)


@lru_cache(maxsize=4096)
def _understood(said: tuple[tuple[str, str], ...], snapshot: str) -> Question:
    """The same texts mean the same question as long as the catalog is the same (``snapshot``)."""
    return question_of_texts(dict(said))


def question_of_texts(said: Mapping[str, str]) -> Question:
    """The question of texts by field, as a CSV has them. Raises a 400 that names every field that is wrong."""
    wrong = [name for name in said if name not in COLUMNS]
    if wrong:
        errors = [{"detail": unknown(n, COLUMNS, "field of a question"), "pointer": _at(n)} for n in wrong]
        raise Problem("bad-field", problems.summary(errors), errors)
    asked = {name: text for name, text in said.items() if text.strip()}
    if "device" in asked and "machine" in asked:
        errors = [{"detail": "Give a device or a machine, not both.", "pointer": _at("machine")}]
        raise Problem("bad-field", errors[0]["detail"], errors)
    form = ApiForm({PARAMETER_OF[name]: text for name, text in asked.items()}, by_device="device" in asked)
    # nothing at all is a question, too: one that lacks everything
    form.is_bound = True
    if not form.is_valid():
        raise refusal(form)
    return form.question()


def refusal(form: ApiForm) -> Problem:
    """Why the form does not take the question, by the API's fields."""
    errors: list[dict[str, Any]] = []
    for parameter, found in form.errors.as_data().items():
        for error in found:
            text = str(error.messages[0])
            if error.code == "required":
                text = NEEDED.get(parameter, text)
            elif error.code == "both":
                text = EITHER
            entry: dict[str, Any] = {"detail": text, "pointer": _at(_field(parameter, form.by_device))}
            if candidates := form.candidates.get(parameter):
                entry["candidates"] = [{"kind": e.kind, "slug": e.slug, "name": e.name} for e in candidates]
            errors.append(entry)
    return Problem("bad-field", problems.summary(errors), errors)


def impossible(error: PlanError, asked: Mapping[str, Any]) -> Problem:
    """The problem of a question whose parts cannot go together."""
    parameter = PARAMETER_OF_FIELD.get(error.field, error.field)
    by_device = bool(asked.get("device"))
    name = _field(parameter, by_device)
    detail = error.message.replace(" Choose another under “Memory of one”.", " Say memory_gb for another.")
    return Problem("bad-field", detail, [{"detail": detail, "pointer": _at(name)}])


def _field(parameter: str, by_device: bool) -> str:
    return "device" if parameter == "machine" and by_device else FIELDS.get(parameter, parameter)


def _at(name: str) -> str:
    return f"#/{escaped(shortened(name))}"
