"""From the parameters of an address, or of the posted form, to a sweep's definition; reasons stand at their fields."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from planner.plans.fields import CONTROL, QuantityField, TextField
from planner.snapshot import Snapshot
from planner.sweeps.definition import FULL, KEEP, Definition, DefinitionError
from planner.sweeps.pages.axes import AXES, BY_FILTER
from planner.sweeps.pages.axis_input import UNREADABLE, AxisInput, listed
from planner.sweeps.pages.numbers import NumbersField

DEFAULTS = Definition()
# The parameter of each field of the definition, where it is called otherwise.
PARAMETER_OF_FIELD = {
    "kv_formats": "kv",
    "contexts_tokens": "contexts",
    "concurrency": "users",
    "prompt_tokens": "prompt",
    "output_tokens": "output",
}
NUMBERS = ("counts", "contexts", "users")
DEFAULT_TEXT: Mapping[str, str] = {
    "counts": "1",
    "kv": "f16",
    "contexts": "8192",
    "users": "1",
    "prompt": "512",
    "fill": "",
    "output": "256",
    "keep": "running",
    "name": "",
}
# What a button or a link of the page adds to the question; nothing that stays in the address.
PASSING = ("remove", "take", "from", "csrfmiddlewaretoken", *(axis.find() for axis in AXES.values()))
MOST_NAME = 200
MOST_TOLD = 5
# gunicorn reads at most 8,190 bytes of a request's first line; the fields that are left empty want room, too.
MOST_QUERY = 6000
MOST_TOKENS = 100_000_000


class SweepForm(forms.Form):
    """A sweep's question. After ``is_valid()``, ``definition()`` gives it unless something is ``missing``."""

    use_required_attribute = False
    data: QueryDict

    counts = NumbersField(
        label="How many of each",
        help_text="Machines or devices of one kind working together: 1, 2, 4, 8.",
        most=10_000,
        whole=True,
        example="2",
    )
    contexts = NumbersField(
        label="Contexts",
        help_text="How much text it keeps in mind, in tokens: 4096, 32k, 128k.",
        most=MOST_TOKENS,
        unit="tokens",
        whole=True,
        tokens=True,
        example="32k",
    )
    users = NumbersField(
        label="Users at once",
        help_text="Conversations answered together (concurrency): 1, 8, 64.",
        most=100_000,
        whole=True,
        example="8",
    )
    prompt = QuantityField(
        label="Prompt length",
        help_text="Tokens that are sent.",
        most=MOST_TOKENS,
        unit="tokens",
        whole=True,
        tokens=True,
        example="512",
    )
    fill = forms.BooleanField(label="As long as the context leaves room for", required=False)
    output = QuantityField(
        label="Answer length",
        help_text="Tokens that are written back.",
        most=MOST_TOKENS,
        unit="tokens",
        whole=True,
        tokens=True,
        example="256",
    )
    kv = forms.Field(label="KV cache formats", required=False)
    keep = forms.ChoiceField(
        label="What is kept",
        required=False,
        choices=list(KEEP.items()),
        error_messages={"invalid_choice": "Choose one of these."},
    )
    name = TextField(label="Name", help_text="For your list. Empty: made of the question.")

    def __init__(self, data: QueryDict, snapshot: Snapshot, *, takes_typed: bool = False) -> None:
        super().__init__(data=data, auto_id="%s", label_suffix="")
        self.snapshot = snapshot
        self.axes = {
            name: AxisInput(axis, data, snapshot, takes_typed=takes_typed) for name, axis in AXES.items()
        }
        self.is_asked = any(name not in PASSING for name in data)

    def text(self, name: str) -> str:
        """What stands in a field: as it was typed, or its default where the address does not say it."""
        said = self.data.get(name)
        return DEFAULT_TEXT[name] if said is None else CONTROL.sub(UNREADABLE, said).strip()

    @property
    def kv_slugs(self) -> list[str]:
        """Chosen formats of the KV cache; a form with none of them checked still says ``kv``."""
        return listed(self.data, "kv") if "kv" in self.data else list(DEFAULTS.kv_formats)

    # Checks ----------------------------------------------------------------------------------------------------------

    def clean_kv(self) -> tuple[str, ...]:
        known = {row.slug for row in self.snapshot.rows.kv_formats}
        gone = [slug for slug in self.kv_slugs if slug not in known]
        if gone:
            told = ", ".join(f"“{slug[:60]}”" for slug in gone[:MOST_TOLD])
            raise ValidationError(f"The catalog has no {told}. Choose from these.", code="name")
        if not self.kv_slugs:
            raise ValidationError("Choose at least one.", code="empty")
        return tuple(self.kv_slugs)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if len(name) > MOST_NAME:
            raise ValidationError(f"A name has at most {MOST_NAME} characters.", code="long")
        return name

    def clean(self) -> dict[str, Any]:
        for name in NUMBERS:
            if name not in self.errors and name in self.data and not self.cleaned_data[name]:
                self.add_error(name, ValidationError("Write at least one number.", code="empty"))
        single = [*self.fields, *self._axis_parameters(), *PASSING]
        for name in self.data:
            if name not in single:
                self._refuse_unknown(name, single)
            elif name not in self._plural() and len(self.data.getlist(name)) > 1:
                target = name if name in self.fields else None
                text = "The address says this more than once. Keep one."
                self.add_error(target, text if target else f"{name[:60]}: {text}")
        if len(self.query()) > MOST_QUERY:
            self.add_error(
                None, "This is too much for an address: take a filter, or all, instead of so many names."
            )
        return self.cleaned_data

    def _axis_parameters(self) -> list[str]:
        found = []
        for axis in AXES.values():
            found += [axis.name, axis.entry, *(axis.parameter_of(key) for key in axis.filter_keys)]
        return found

    def _plural(self) -> set[str]:
        """Parameters that may be said several times."""
        return {"kv", *(axis.entry for axis in AXES.values())}

    def _refuse_unknown(self, name: str, known: list[str]) -> None:
        if len(self.non_field_errors()) >= MOST_TOLD:
            return
        near = difflib.get_close_matches(name, [known for known in known if known not in PASSING], n=1)
        hint = f" Did you mean “{near[0]}”?" if near else ""
        shown = CONTROL.sub(UNREADABLE, name[:60])
        self.add_error(None, f"The address asks for “{shown}”, which is no part of a sweep.{hint}")

    def refuse(self, error: DefinitionError) -> None:
        """Say beside each field what the grid cannot do with it."""
        for field, texts in error.errors.items():
            name = PARAMETER_OF_FIELD.get(field, field)
            if name in self.axes:
                self.axes[name].errors += texts
            else:
                for text in texts:
                    self.add_error(name if name in self.fields else None, text)

    @property
    def is_wrong(self) -> bool:
        """Whether anything that is said makes no sense."""
        return bool(self.errors) or any(
            axis.errors or axis.name_errors or axis.filter_errors for axis in self.axes.values()
        )

    @property
    def missing(self) -> list[tuple[str, str]]:
        """What is still to be said: the axis and a sentence."""
        empty = {name for name, axis in self.axes.items() if axis.is_empty}
        found = {name: f"Choose at least one {AXES[name].noun}." for name in AXES if name in empty}
        if {"machines", "devices"} <= empty:
            found["machines"] = "Choose at least one machine or device."
        else:
            found.pop("machines", None)
        found.pop("devices", None)
        for name in AXES:
            if name in empty and self.axes[name].way == BY_FILTER:
                found[name] = f"Set a filter of the {AXES[name].nouns}, or take all."
        return list(found.items())

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """What is wrong: where it is on the page, what that is called, and why; ("", "", why) for the whole."""
        found = [("", "", str(text)) for text in self.non_field_errors()]
        for name, given in self.axes.items():
            title = given.axis.title
            found += [(f"axis-{name}", title, text) for text in given.errors]
            found += [(given.axis.find(), title, text) for text in given.name_errors]
            for key, texts in given.filter_errors.items():
                label = f"{title}, {given.filters.fields[key].label}" if given.filters else title
                found += [(given.axis.parameter_of(key), label, str(text)) for text in texts]
        for name, field in self.fields.items():
            found += [(name, str(field.label), str(text)) for text in self.errors.get(name, ())]
        return found

    # The question ----------------------------------------------------------------------------------------------------

    def definition(self) -> Definition:
        """The question, after ``is_valid()``."""
        value: dict[str, Any] = self.cleaned_data
        filled: Literal["full"] = "full"
        axes: dict[str, Any] = {name: given.selection() for name, given in self.axes.items()}
        return Definition(
            **axes,
            counts=value["counts"] or DEFAULTS.counts,
            kv_formats=value["kv"],
            contexts_tokens=value["contexts"] or DEFAULTS.contexts_tokens,
            concurrency=value["users"] or DEFAULTS.concurrency,
            prompt_tokens=filled if value["fill"] else value["prompt"] or DEFAULTS.prompt_tokens,
            output_tokens=value["output"] or DEFAULTS.output_tokens,
            keep=value["keep"] or DEFAULTS.keep,
        )

    def parameters(self) -> dict[str, str]:
        """What the address says, as it was typed, without what goes without saying."""
        found: dict[str, str] = {}
        for axis in self.axes.values():
            found |= axis.parameters()
        for name, default in DEFAULT_TEXT.items():
            text = ",".join(self.kv_slugs) if name == "kv" else self.text(name)
            if text != default:
                found[name] = text
        return found

    def query(self) -> str:
        """The query string under which the page asks the same."""
        return written(self.parameters())


def written(parameters: Mapping[str, str]) -> str:
    """Parameters as a query string that people can read."""
    return urlencode(parameters, safe=",/")


def definition_query(definition: Definition, name: str = "") -> str:
    """The query string under which the page asks for a definition: that of a saved sweep, or of an example."""
    found: dict[str, str] = {}
    for key, axis in AXES.items():
        asked = getattr(definition, key)
        if isinstance(asked, str):
            continue  # the word for what goes without saying
        way = "all" if asked.all else "where" if asked.where else "list"
        if way != axis.usual_way:
            found[axis.name] = way
        if asked.slugs:
            found[axis.entry] = ",".join(asked.slugs)
        found |= {axis.parameter_of(filter_key): text for filter_key, text in asked.where.items()}
    said = {
        "counts": ", ".join(map(str, definition.counts)),
        "kv": ",".join(definition.kv_formats),
        "contexts": ", ".join(map(str, definition.contexts_tokens)),
        "users": ", ".join(map(str, definition.concurrency)),
        "prompt": DEFAULT_TEXT["prompt"]
        if definition.prompt_tokens == FULL
        else str(definition.prompt_tokens),
        "fill": "1" if definition.prompt_tokens == FULL else "",
        "output": str(definition.output_tokens),
        "keep": definition.keep,
        "name": name,
    }
    return written(found | {key: text for key, text in said.items() if text != DEFAULT_TEXT[key]})
