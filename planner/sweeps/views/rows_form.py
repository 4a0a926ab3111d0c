"""The form above the table of plans, and of what is exported of it: an address read as a query of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from planner.engine.units import GIB
from planner.engine.verdict import VERDICTS, WORDS
from planner.figures import tokens
from planner.plans.fields import QuantityField, TextField
from planner.sweeps.definition import of_json
from planner.sweeps.grid.entries import Entries
from planner.sweeps.models import Sweep
from planner.sweeps.results.cursors import CursorError, read_cursor
from planner.sweeps.results.order import Order
from planner.sweeps.results.query import RUNS, RowsQuery
from planner.sweeps.results.table_columns import TABLE
from planner.sweeps.views.view_form import ViewForm, choice, search


class EntryField(TextField):
    """An entry by its number in the sweep, its slug or its name; several that share a slug are all meant.

    The cleaned value is a tuple of numbers, empty where the field is left open.
    """

    def __init__(self, *, noun: str, **options: Any) -> None:
        self.noun = noun
        self.listed: Sequence[Any] = ()
        super().__init__(**options)

    def clean(self, value: Any) -> tuple[int, ...]:
        text = super().clean(value)
        if not text:
            return ()
        if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < len(self.listed):
            return (int(text),)
        wanted = text.casefold()
        slugs = tuple(number for number, entry in enumerate(self.listed) if entry.slug == text)
        found = slugs or tuple(n for n, entry in enumerate(self.listed) if entry.name.casefold() == wanted)
        if found:
            return found
        raise ValidationError(f"There is no such {self.noun} in this sweep.", code="unknown")


class RowsForm(ViewForm):
    """Which plans of a sweep, in which order, from which place. Anything else in the address is refused."""

    q = search("Search")
    machine = EntryField(label="Machine", noun="machine")
    model = EntryField(label="Model", noun="model")
    verdict = choice("Does it fit?")
    speed = QuantityField(label="Writing speed at least, tokens/s", most=1e6, least=0, example="20")
    format = choice("Weight format")
    bits = QuantityField(label="Bits per weight at least", most=64, least=0, example="4")
    kv_format = choice("KV format")
    runtime = choice("Program (runtime)")
    context = choice("Context")
    users = choice("Users at once")
    need = QuantityField(label="Memory needed at most, GiB", most=1e7, least=0, example="24")
    price = QuantityField(label="Price of the devices at most, $", most=1e9, least=0, example="2,000")
    sort = choice("Order")
    cursor = TextField(label="Place in the table")

    shown = ("q", "verdict", "speed", "sort")
    more = ("format", "bits", "kv_format", "runtime", "context", "users", "need", "price")
    hidden = ("machine", "model")
    examples: Mapping[str, str] = {
        "q": "RTX 4090 Llama",
        "speed": "20",
        "bits": "4",
        "need": "24",
        "price": "2000",
    }

    def __init__(self, data: QueryDict, sweep: Sweep, entries: Entries) -> None:
        super().__init__(data)
        self.entries = entries
        definition = of_json(sweep.definition)
        self._know("machine", entries.machines)
        self._know("model", entries.models)
        words = [(word, WORDS[word]) for word in VERDICTS]
        self.offer("verdict", [(RUNS, "runs: fits, is tight, or fits with offload"), *words], nothing="any")
        self.offer("format", [(entry.slug, entry.name) for entry in entries.formats], nothing="any")
        self.offer("kv_format", [(entry.slug, entry.name) for entry in entries.kv_formats], nothing="any")
        self.runtimes = [f"{entry.slug}/{entry.backend}" for entry in entries.runtimes]
        names = [entry.name for entry in entries.runtimes]
        self.offer("runtime", list(zip(self.runtimes, names, strict=True)), nothing="any")
        contexts = [(str(size), f"{tokens(size)} tokens") for size in sorted(definition.contexts_tokens)]
        self.offer("context", contexts, nothing="any")
        users = [(str(count), str(count)) for count in sorted(definition.concurrency)]
        self.offer("users", users, nothing="any")
        self.offer("sort", SORTS.items(), nothing="as the sweep numbers them")

    def _know(self, name: str, listed: Sequence[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, EntryField)  # noqa: S101
        field.listed = listed

    def clean_cursor(self) -> str:
        """A place of the table in this order, or ""."""
        text: str = self.cleaned_data["cursor"]
        if text and "sort" in self.cleaned_data:
            try:
                order = Order.of(self.cleaned_data["sort"])
                order.check(read_cursor(text, order.sort))
            except CursorError as error:
                raise ValidationError(str(error), code="cursor") from error
        return text

    def rows_query(self) -> RowsQuery:
        """Which plans are asked for; what is wrong in the form counts as left open."""
        formats = [entry.slug for entry in self.entries.formats]
        kv_formats = [entry.slug for entry in self.entries.kv_formats]
        need = self.value("need")
        return RowsQuery(
            machines=self.value("machine") or (),
            models=self.value("model") or (),
            formats=_place(formats, self.value("format")),
            kv_formats=_place(kv_formats, self.value("kv_format")),
            runtimes=_place(self.runtimes, self.value("runtime")),
            context_tokens=self.number("context"),
            concurrency=self.number("users"),
            verdict=self.value("verdict") or "",
            least_decode_tps=self.value("speed"),
            most_need_bytes=None if need is None else need * GIB,
            most_price_usd=self.value("price"),
            least_bits=self.value("bits"),
            text=self.value("q") or "",
        )


def _sorts() -> dict[str, str]:
    found: dict[str, str] = {}
    for column in TABLE:
        up, down = ("least first", "most first") if column.is_number else ("A to Z", "Z to A")
        if column.key == "verdict":
            up, down = "fits first", "does not fit first"
        first, second = (column.key, up), (f"-{column.key}", down)
        if column.is_number and column.key != "verdict":
            first, second = second, first
        found |= {key: f"{column.heading}, {words}" for key, words in (first, second)}
    return found


# What the table can be sorted by, with the words.
SORTS: Mapping[str, str] = _sorts()


def _place(listed: Sequence[str], chosen: str | None) -> tuple[int, ...]:
    return (listed.index(chosen),) if chosen else ()
