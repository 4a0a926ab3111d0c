"""The question of a service in JSON: typed and checked field by field, then asked through the form of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from planner.api import problems
from planner.api.plans.question import Text, finite, told_of
from planner.api.problems import Problem, escaped, shortened, unknown
from planner.plans.errors import PlanError
from planner.plans.fields import QuantityField
from planner.plans.querystring import plain_number
from planner.serving.form import ServingForm
from planner.serving.querystring import FIELD_OF, PARAMETER_OF
from planner.serving.questions import ServingQuestion
from planner.serving.setups import MOST_SHOWN

MOST_ROWS = 200


class Number(serializers.FloatField):
    """A finite number that is no text, within the form's bounds."""

    def __init__(self, parameter: str) -> None:
        super().__init__(required=False, allow_null=True, min_value=0, **_bounds(parameter))

    def to_internal_value(self, data: Any) -> Any:
        return finite(data)


class Count(serializers.IntegerField):
    """A whole number within the form's bounds."""

    def __init__(self, parameter: str) -> None:
        super().__init__(required=False, allow_null=True, min_value=1, **_bounds(parameter))

    def to_internal_value(self, data: Any) -> int:
        value = finite(data)
        if value != int(value):
            raise ValidationError("Write a whole number here.")
        return int(value)


def _bounds(parameter: str) -> dict[str, Any]:
    field = ServingForm.base_fields[parameter]
    assert isinstance(field, QuantityField)  # noqa: S101
    return {"max_value": int(field.most), "help_text": told_of(str(field.help_text))}


class ServingQuestionSerializer(serializers.Serializer):
    """Which machines serve so many people? Give ``concurrency`` or ``requests_per_s``; 16 at once unless said."""

    model = Text(help_text="A language model: “Llama 3.1 8B”, “gpt-oss:20b”, a slug. Needed.")
    concurrency = Count("people")
    requests_per_s = Number("rate")
    ttft_ms = Number("ttft")
    tpot_ms = Number("tpot")
    prompt_tokens = Count("prompt")
    output_tokens = Count("output")
    format = Text(help_text="A weight format; “auto” (unless said): the common ones from least_bits on.")
    least_bits = Number("bits")
    device = Text(help_text="A device or machine of the catalog; unless said: every candidate.")
    memory_gb = Number("memory")
    device_count = Count("count")
    most_devices = Count("devices")
    runtime = Text(help_text="A program; unless said: those that people serve with.")
    kv_format = Text(help_text="How the KV cache is stored; “f16” unless said.")
    every = serializers.BooleanField(
        required=False, help_text="Every set-up and not the best one of each device; false unless said."
    )
    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_ROWS,
        help_text=f"Rows of each list at most; {MOST_SHOWN} unless said.",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and how much of its answer is wanted."""

    question: ServingQuestion
    every: bool
    limit: int


class ApiServingForm(ServingForm):
    """The form, asked by a program: what is said is said, also where it is the usual."""

    def is_unsaid(self, name: str) -> bool:
        return name not in self.errors and not self.typed(name).strip()


def asked_from(data: Any) -> Asked:
    """What a JSON object asks. Raises a 400 that names every field that is wrong."""
    said = _checked(data)
    every, limit = bool(said.pop("every", False)), int(said.pop("limit", MOST_SHOWN))
    texts = {
        PARAMETER_OF[name]: value if isinstance(value, str) else plain_number(value)
        for name, value in said.items()
        if value != ""
    }
    form = ApiServingForm(texts)
    # nothing at all is a question, too: one that lacks everything
    form.is_bound = True
    if not form.is_valid():
        raise _refusal(form)
    return Asked(form.service(), every, limit)


def impossible(error: PlanError) -> Problem:
    """The problem of a question whose parts cannot go together."""
    return Problem("bad-field", error.message, [{"detail": error.message, "pointer": _at(error.field)}])


@cache
def _fields() -> dict[str, Any]:
    """The serializer's fields, made once: they keep nothing of what they check."""
    return dict(ServingQuestionSerializer().fields)


def _checked(data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise Problem("bad-body", "A question is a JSON object.")
    fields = _fields()
    found, errors = {}, []
    for name, value in data.items():
        if name not in fields:
            text = unknown(str(name), fields, "field of this question")
            errors.append({"detail": text, "pointer": _at(str(name))})
        elif value is not None:
            try:
                found[name] = fields[name].run_validation(value)
            except ValidationError as error:
                errors += [{"detail": str(text), "pointer": _at(name)} for text in error.detail]
    if errors:
        raise Problem("bad-field", problems.summary(errors), errors)
    return found


def _refusal(form: ApiServingForm) -> Problem:
    errors: list[dict[str, Any]] = []
    for parameter, found in form.errors.as_data().items():
        for error in found:
            text = "Name a language model." if error.code == "required" else str(error.messages[0])
            entry: dict[str, Any] = {"detail": text, "pointer": _at(FIELD_OF.get(parameter, parameter))}
            if candidates := form.candidates.get(parameter):
                entry["candidates"] = [{"kind": e.kind, "slug": e.slug, "name": e.name} for e in candidates]
            errors.append(entry)
    return Problem("bad-field", problems.summary(errors), errors)


def _at(name: str) -> str:
    return f"#/{escaped(shortened(name))}"
