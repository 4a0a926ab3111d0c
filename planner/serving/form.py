"""The form of a service: every input checked, each reason said beside its field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from planner.plans.fields import CONTROL, QuantityField, TextField
from planner.plans.form_view import FormView, field_view, is_said
from planner.plans.forms import QuestionForm
from planner.plans.querystring import plain_number
from planner.serving.querystring import DEFAULTS, FIELD_OF, PARAMETER_OF
from planner.serving.questions import MOST_TOGETHER, ServingQuestion
from planner.snapshot import current

MAIN = ("model", "people", "prompt", "output", "ttft", "tpot")
MORE = (
    ("The load, said otherwise", ("rate",)),
    ("What may serve it", ("machine", "memory", "count", "devices")),
    ("How the model runs", ("format", "bits", "runtime", "kv")),
)
DEFAULT_OF: dict[str, str] = {
    name: value if isinstance(value, str) else plain_number(value)
    for name, field in FIELD_OF.items()
    if (value := getattr(DEFAULTS, field)) is not None
}


class ServingForm(QuestionForm):
    """The question as a person asks it. After ``is_valid()``, ``service()`` gives it with names resolved."""

    people = QuantityField(
        label="People at once",
        help_text="Conversations that are answered together (concurrency).",
        most=100_000,
        whole=True,
        example="16",
    )
    rate = QuantityField(
        label="Requests a second",
        help_text="Instead of people at once: how many questions come in (request rate).",
        most=100_000,
        unit="/s",
        example="2.5",
    )
    ttft = QuantityField(
        label="First word within",
        help_text="Longest wait until the answer begins (time to first token, TTFT).",
        most=3_600_000,
        unit="ms",
        example="2000",
    )
    tpot = QuantityField(
        label="Each further token within",
        help_text="50 ms are 20 tokens a second for each person (time per output token, TPOT).",
        most=600_000,
        unit="ms",
        example="50",
    )
    machine = TextField(label="Device", help_text="Empty: every graphics card, accelerator and Mac.")
    count = QuantityField(
        label="Devices of one instance",
        help_text="That hold one copy of the model together (tensor parallelism). Empty: all that work.",
        most=MOST_TOGETHER,
        whole=True,
        example="2",
    )
    devices = QuantityField(
        label="Devices at most",
        help_text="Of all instances together (replicas, data parallelism).",
        most=100_000,
        whole=True,
        example="64",
    )
    bits = QuantityField(
        label="Bits a weight at least",
        help_text="Fewer bits are cheaper and cost quality.",
        most=32,
        unit="bits",
        example="4",
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.fields = {name: self.fields[name] for name in FIELD_OF}

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if name not in self.errors:
                self.resolve(name)
        for name in self.repeated():
            self.add_error(
                name, ValidationError("The address says this more than once. Keep one.", code="repeated")
            )
        for name in self.unknown():
            near = difflib.get_close_matches(name, FIELD_OF, n=1)
            shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:60])
            hint = f" Did you mean “{near[0]}”?" if near else ""
            text = f"The address asks for “{shown}”, which is no part of this question.{hint}"
            self.add_error(None, ValidationError(text, code="unknown"))
        if "model" not in self.errors and not self.cleaned_data.get("model"):
            self.add_error("model", ValidationError("Say which language model.", code="required"))
        if self.cleaned_data.get("rate") is not None and not self.is_unsaid("people"):
            text = "Say people at once or requests a second: clear one of the two."
            self.add_error("rate", ValidationError(text, code="both"))
        return self.cleaned_data

    def repeated(self) -> list[str]:
        data = self.data
        return [name for name in FIELD_OF if isinstance(data, QueryDict) and len(data.getlist(name)) > 1]

    def unknown(self) -> list[str]:
        return [name for name in self.data if name not in FIELD_OF][:5]

    def refuse(self, field: str, message: str) -> None:
        name = PARAMETER_OF.get(field, field)
        self.add_error(name if name in self.fields else None, ValidationError(message, code="impossible"))

    def service(self) -> ServingQuestion:
        """The question, after ``is_valid()``."""
        said = {FIELD_OF[n]: v for n, v in self.cleaned_data.items() if v not in (None, "") and n in FIELD_OF}
        said |= {FIELD_OF[name]: entry.slug for name, entry in self.entries.items()}
        if "requests_per_s" in said:
            said["concurrency"] = None
        machine = self.entries.get("machine")
        if machine is not None and machine.kind == "machine":
            preset = self.preset(machine.slug)
            said |= {"device": preset.device, "memory_gb": said.get("memory_gb", preset.memory_gb)}
        if machine is None:
            said.pop("memory_gb", None)
        return ServingQuestion(**said)

    def preset(self, slug: str) -> Any:
        """A machine as it is sold: its devices are what serves."""
        return current().machines[slug]

    def shown(self, name: str) -> str:
        entry = self.entries.get(name)
        if entry is not None:
            return entry.shown if name in ("machine", "model") else entry.slug
        if name in self.implied:
            return self.implied[name]
        typed = CONTROL.sub("\N{REPLACEMENT CHARACTER}", self.typed(name))
        if name == "people" and self.typed("rate").strip() and self.is_unsaid(name):
            return ""
        return typed or DEFAULT_OF.get(name, "")

    def is_unsaid(self, name: str) -> bool:
        return name not in self.errors and self.typed(name).strip() in ("", DEFAULT_OF.get(name, ""))

    def with_value(self, name: str, value: str) -> str:
        kept = {key: CONTROL.sub("", self.typed(key)) for key in FIELD_OF}
        kept |= self.implied | {name: value}
        return urlencode({key: said for key, said in kept.items() if said and said != DEFAULT_OF.get(key)})

    def tidy_query(self) -> str:
        if not self.unknown() and not self.repeated():
            return ""
        return self.with_value("model", self.typed("model"))


def serving_form_view(form: ServingForm) -> FormView:
    """The whole form as the template draws it."""
    address = reverse("serving:index")
    views = {name: replace(field_view(form, name), address=address) for name in form.fields}
    more = tuple((heading, tuple(views[name] for name in names)) for heading, names in MORE)
    hidden = [view for _, group in more for view in group]
    return FormView(
        main=tuple(views[name] for name in MAIN),
        more=more,
        more_open=any(view.errors for view in hidden) or any(is_said(form, view.name) for view in hidden),
        fields=tuple(views.values()),
        refused=form.is_bound and not form.is_valid(),
        incomplete=form.is_bound and form.is_incomplete,
        general_errors=tuple(str(message) for message in form.non_field_errors()) if form.is_bound else (),
    )
