"""From the parameters of an address to a question: every input checked, each reason said beside its field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from planner.engine.units import GIB
from planner.plans import suggest
from planner.plans.fields import CONTROL, CatalogField, QuantityField, TextField
from planner.plans.querystring import PARAMETER_OF_FIELD, PARAMETERS, plain_number
from planner.plans.questions import OwnDevice, Question

# How the fields are laid out: the question itself, then what is under "more", group by group.
MAIN = ("machine", "model", "format", "context")
MORE = (
    ("The machine", ("count", "memory", "host", "used")),
    ("Your own figures, instead of a machine from the list", ("bandwidth", "compute")),
    ("How the model runs", ("runtime", "kv", "users", "prompt", "output")),
)
DEFAULTS = Question(model="")
# Where a field left empty takes the question's default.
DEFAULT_OF: dict[str, Any] = {
    "count": DEFAULTS.device_count,
    "used": DEFAULTS.held_bytes,
    "format": DEFAULTS.format,
    "context": DEFAULTS.context_tokens,
    "runtime": DEFAULTS.runtime,
    "kv": DEFAULTS.kv_format,
    "users": DEFAULTS.concurrency,
    "prompt": DEFAULTS.prompt_tokens,
    "output": DEFAULTS.output_tokens,
}


class QuestionForm(forms.Form):
    """The question as a person asks it. After ``is_valid()``, ``question()`` gives it with names resolved."""

    use_required_attribute = False

    machine = TextField(
        label="Machine",
        help_text="A computer, phone, graphics card or chip, such as “MacBook Air M4 16 GB” or “4090”.",
    )
    model = TextField(
        label="Language model", help_text="An open-weight model, such as “Llama 3.1 8B” or “gpt-oss:20b”."
    )
    format = CatalogField(
        kind="format", label="Precision", help_text="How many bits each weight is stored in (weight format)."
    )
    context = QuantityField(
        label="Context",
        help_text="How much text it keeps in mind, in tokens. 8k is 8,192 tokens, about 6,000 English words.",
        most=100_000_000,
        unit="tokens",
        whole=True,
        tokens=True,
        example="8192 or 8k",
    )
    count = QuantityField(
        label="How many",
        help_text="Devices of this kind working together.",
        most=10_000,
        whole=True,
        example="1",
    )
    memory = QuantityField(
        label="Memory of one",
        help_text="GB as sold, of one device. Empty: what the machine comes with.",
        most=1_000_000,
        unit="GB",
    )
    host = QuantityField(
        label="Host memory",
        help_text="GB of ordinary memory beside a graphics card's own (RAM).",
        most=1_000_000,
        least=0,
        unit="GB",
        example="32",
    )
    used = QuantityField(
        label="Already in use",
        help_text="GiB that other programs hold on the device.",
        most=1_000_000,
        least=0,
        unit="GiB",
        example="1.5",
    )
    bandwidth = QuantityField(
        label="Memory bandwidth",
        help_text="GB/s. Empty: fit only, no speed.",
        most=1_000_000,
        unit="GB/s",
        example="273",
    )
    compute = QuantityField(
        label="Compute",
        help_text="TFLOPS at 16 bits, dense, for one device.",
        most=1_000_000,
        unit="TFLOPS",
        example="34",
    )
    runtime = CatalogField(kind="runtime", label="Program", help_text="What runs the model (runtime).")
    kv = CatalogField(
        kind="kv", label="KV cache format", help_text="How the memory of the conversation so far is stored."
    )
    users = QuantityField(
        label="Users at once",
        help_text="Conversations answered together (concurrency).",
        most=100_000,
        whole=True,
        example="1",
    )
    prompt = QuantityField(
        label="Prompt length",
        help_text="Tokens you send.",
        most=100_000_000,
        unit="tokens",
        whole=True,
        tokens=True,
        example="512",
    )
    output = QuantityField(
        label="Answer length",
        help_text="Tokens it writes back.",
        most=100_000_000,
        unit="tokens",
        whole=True,
        tokens=True,
        example="256",
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data=data or None, auto_id="%s")
        self.entries: dict[str, suggest.Entry] = {}
        self.candidates: dict[str, tuple[suggest.Entry, ...]] = {}
        self.implied: dict[str, str] = {}

    def resolve(self, name: str) -> None:
        """Find the catalog's entry behind a typed name; ambiguous and unknown names are asked back."""
        field, text = self.fields[name], self.cleaned_data.get(name)
        if not isinstance(field, TextField) or not text:
            return
        kind = field.kind if isinstance(field, CatalogField) else name
        if kind == "format" and text == DEFAULTS.format:
            return
        found = self.look_up(kind, text)
        self.take_what_the_name_implies(found)
        if found.entry is not None:
            self.entries[name] = found.entry
            return
        self.candidates[name] = found.candidates
        self.add_error(name, ValidationError(reason(kind, text, found), code="name"))

    def look_up(self, kind: str, text: str) -> suggest.Lookup:
        """What a name means."""
        return suggest.look_up(kind, text)

    def take_what_the_name_implies(self, found: suggest.Lookup) -> None:
        """Take count, memory and format from "2x 3090", "m4 max 64gb", "llama 3.1 8b q4_k_m" where no field does."""
        for name, value in (("count", found.device_count), ("memory", found.memory_gb)):
            if value is not None and self.is_unsaid(name):
                self.cleaned_data[name] = value
                self.implied[name] = plain_number(value)
        if found.format_text and self.is_unsaid("format"):
            stored = suggest.look_up("format", found.format_text)
            if stored.entry is not None:
                self.entries["format"] = stored.entry
                self.implied["format"] = stored.entry.slug

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if name not in self.errors:
                self.resolve(name)
        for name in self.repeated():
            self.add_error(
                name, ValidationError("The address says this more than once. Keep one.", code="repeated")
            )
        for name in self.unknown():
            near = difflib.get_close_matches(name, PARAMETERS, n=1)
            shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:60])
            hint = f" Did you mean “{near[0]}”?" if near else ""
            self.add_error(
                None,
                ValidationError(
                    f"The address asks for “{shown}”, which is no part of a question.{hint}", code="unknown"
                ),
            )
        if "machine" not in self.errors:
            self.clean_machine_or_own()
        if "model" not in self.errors and not self.cleaned_data.get("model"):
            self.add_error("model", ValidationError("Say which language model.", code="required"))
        return self.cleaned_data

    def clean_machine_or_own(self) -> None:
        """Either a machine from the list or one's own figures, not both and not neither."""
        own = [name for name in ("bandwidth", "compute") if self.cleaned_data.get(name) is not None]
        if self.cleaned_data.get("machine"):
            for name in own:
                self.add_error(
                    name,
                    ValidationError(
                        "A machine is chosen above: clear that to use your own figures, or clear this.",
                        code="both",
                    ),
                )
        elif self.cleaned_data.get("memory") is None and "memory" not in self.errors:
            if own:
                self.add_error(
                    "memory", ValidationError("Your own figures need the memory, too.", code="required")
                )
            else:
                self.add_error(
                    "machine",
                    ValidationError(
                        "Say which machine, or give its memory and bandwidth under “More”.", code="required"
                    ),
                )

    def repeated(self) -> list[str]:
        """Known parameters that the address holds more than once."""
        data = self.data
        return [name for name in PARAMETERS if isinstance(data, QueryDict) and len(data.getlist(name)) > 1]

    def unknown(self) -> list[str]:
        """Parameters of the address that are no part of a question, at most five."""
        return [name for name in self.data if name not in PARAMETERS][:5]

    def refuse(self, field: str, message: str) -> None:
        """Say beside ``field`` (a field of the question or a parameter) why the question is impossible."""
        name = PARAMETER_OF_FIELD.get(field, field)
        self.add_error(name if name in self.fields else None, ValidationError(message, code="impossible"))

    @property
    def is_incomplete(self) -> bool:
        """Whether the only thing wrong is that the machine or the model is not said yet."""
        errors = [error.code for found in self.errors.as_data().values() for error in found]
        return bool(errors) and all(code == "required" for code in errors)

    def question(self) -> Question:
        """The question, after ``is_valid()``."""
        value: dict[str, Any] = {
            name: DEFAULT_OF.get(name) if found in (None, "") else found
            for name, found in self.cleaned_data.items()
        }
        machine = self.entries.get("machine")
        own = None
        if machine is None:
            own = OwnDevice(
                memory_bytes=value["memory"] * GIB,
                bandwidth_bytes_per_s=None if value["bandwidth"] is None else value["bandwidth"] * 1e9,
                fp16_flops_per_s=None if value["compute"] is None else value["compute"] * 1e12,
            )
        return Question(
            model=self.entries["model"].slug,
            machine=machine.slug if machine is not None and machine.kind == "machine" else "",
            device=machine.slug if machine is not None and machine.kind == "device" else "",
            own_device=own,
            device_count=value["count"],
            memory_gb=value["memory"] if machine is not None else None,
            host_memory_gb=value["host"],
            held_bytes=(value["used"] or 0.0) * GIB,
            format=self.slug_of("format", DEFAULTS.format),
            kv_format=self.slug_of("kv", DEFAULTS.kv_format),
            runtime=self.slug_of("runtime", DEFAULTS.runtime),
            context_tokens=value["context"],
            concurrency=value["users"],
            prompt_tokens=value["prompt"],
            output_tokens=value["output"],
        )

    def slug_of(self, name: str, default: str) -> str:
        """The slug that was chosen in a short list, or the default."""
        entry = self.entries.get(name)
        return default if entry is None else entry.slug

    def shown(self, name: str) -> str:
        """What the field shows: the entry's name once it is found, else what was typed, else the default."""
        entry = self.entries.get(name)
        if entry is not None:
            return entry.shown if name in ("machine", "model") else entry.slug
        if name in self.implied:
            return self.implied[name]
        default = "" if name == "used" else str(DEFAULT_OF.get(name, ""))
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", self.typed(name)) or default

    def is_unsaid(self, name: str) -> bool:
        """Whether a field holds nothing, or the default that a form sends along."""
        return name not in self.errors and self.typed(name).strip() in ("", str(DEFAULT_OF.get(name, "")))

    def typed(self, name: str) -> str:
        """What the address says for a parameter, as it stands there."""
        return str(self.data.get(name, "") or "")

    def with_value(self, name: str, value: str) -> str:
        """The query string of the same input with one parameter said otherwise, tidied."""
        kept = {key: CONTROL.sub("", self.typed(key)) for key in PARAMETERS}
        kept |= self.implied | {name: value}
        return urlencode(
            {key: said for key, said in kept.items() if said and said != str(DEFAULT_OF.get(key))}
        )

    def tidy_query(self) -> str:
        """The query string of this input without what is no part of a question; "" where all of it is."""
        if not self.unknown() and not self.repeated():
            return ""
        return self.with_value("machine", self.typed("machine"))


def reason(kind: str, text: str, found: suggest.Lookup) -> str:
    """Why a name was not taken."""
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    noun = suggest.NOUNS[kind]
    if found.ambiguous:
        return f"“{shown}” can mean more than one {noun}. Choose the one you mean."
    if found.candidates:
        return f"No {noun} is called “{shown}”. Did you mean one of these?"
    return f"No {noun} is called “{shown}”, nor anything near it."
