"""The heat map: every machine against every model, a page of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.urls import reverse

from planner.charts.heat_map import HeatCell, heat_cells, heat_legend, heat_names, heat_table
from planner.figures import tokens
from planner.plans.views import HtmxHttpRequest
from planner.sweeps.definition import of_json
from planner.sweeps.grid.entries import Entries
from planner.sweeps.models import Sweep
from planner.sweeps.results.heat_map import (
    MACHINE_ORDERS,
    MEASURES,
    MODEL_ORDERS,
    HeatMap,
    HeatQuery,
    heat_map,
)
from planner.sweeps.results.reading import Reader
from planner.sweeps.views.heat_words import heat_cell, legend
from planner.sweeps.views.room import of_result, page
from planner.sweeps.views.view_form import ViewForm, choice, page_number, search


class HeatForm(ViewForm):
    """What the map shows, of which machines and models, in which order."""

    measure = choice("Colour")
    machine = search("Machine")
    model = search("Model")
    machine_order = choice("Machines by")
    model_order = choice("Models by")
    context = choice("Context")
    users = choice("Users at once")
    format = choice("Weight format")
    runtime = choice("Program (runtime)")
    machines_page = page_number("Page of machines")
    models_page = page_number("Page of models")

    shown = ("measure", "machine", "model", "machine_order", "model_order")
    more = ("context", "users", "format", "runtime")
    examples: Mapping[str, str] = {"machine": "RTX 4090", "model": "Llama"}

    def __init__(self, data: QueryDict, sweep: Sweep, entries: Entries) -> None:
        super().__init__(data)
        definition = of_json(sweep.definition)
        self.offer("measure", MEASURES.items(), "speed", is_open=True)
        self.offer(
            "machine_order",
            [(key, words) for key, (_, words) in MACHINE_ORDERS.items()],
            "memory",
            is_open=True,
        )
        self.offer(
            "model_order",
            [(key, words) for key, (_, words) in MODEL_ORDERS.items()],
            "parameters",
            is_open=True,
        )
        contexts = [(str(size), f"{tokens(size)} tokens") for size in sorted(definition.contexts_tokens)]
        self.offer("context", contexts, nothing="any")
        self.offer(
            "users", [(str(count), str(count)) for count in sorted(definition.concurrency)], nothing="any"
        )
        self.offer("format", [(entry.slug, entry.name) for entry in entries.formats], nothing="any")
        self.runtimes = {f"{entry.slug}/{entry.backend}": entry.name for entry in entries.runtimes}
        self.offer("runtime", self.runtimes.items(), nothing="any")
        self.entries = entries

    def heat_query(self) -> HeatQuery:
        """What is asked of the map; usual where it is left open or wrong."""
        formats = [entry.slug for entry in self.entries.formats]
        chosen, runtime = self.value("format"), self.value("runtime")
        return HeatQuery(
            measure=self.value("measure"),
            machine_text=self.value("machine") or "",
            model_text=self.value("model") or "",
            machine_order=self.value("machine_order"),
            model_order=self.value("model_order"),
            machine_page=self.number("machines_page") or 1,
            model_page=self.number("models_page") or 1,
            context_tokens=self.number("context"),
            concurrency=self.number("users"),
            format=formats.index(chosen) if chosen else None,
            runtime=list(self.runtimes).index(runtime) if runtime else None,
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """Pages of the machines or of the models: which it is, and the queries of its neighbours."""

    what: str
    page: int
    pages: int
    n_found: int
    before: str | None
    after: str | None


@of_result
def heat_map_page(request: HtmxHttpRequest, sweep: Sweep, reader: Reader) -> HttpResponse:
    """A page of the heat map, the same as a table, and the way to its neighbours."""
    form = HeatForm(request.GET, sweep, reader.entries)
    form.is_valid()
    query = form.heat_query()
    found = heat_map(reader, query)
    address = reverse("sweeps:plans", args=[sweep.pk])
    tail = _tail(form)
    rows = [list(_cells(found, machine, query, tail, reader.entries)) for machine in found.machines]
    machines = [reader.entries.machines[number].name for number in found.machines]
    models = [reader.entries.models[number].name for number in found.models]
    title = f"Machines against models: {MEASURES[query.measure]}"
    drawn = bool(machines and models)
    return page(
        request,
        "heat_map",
        sweep,
        reader,
        form,
        names=heat_names(machines) if drawn else "",
        cells=heat_cells(models, rows, address=address, title=title, description=_described(found, query))
        if drawn
        else "",
        legend=heat_legend(legend(query.measure)),
        table=heat_table(machines, models, rows, address=address, caption=title),
        measure=MEASURES[query.measure],
        from_rows=bool(query.conditions) and sweep.keep != "all",
        tally=f"{found.n_machines:,} machines, {found.n_models:,} models",
        turns=list(_turns(found, form)),
    )


def _described(found: HeatMap, query: HeatQuery) -> str:
    running = sum(value.n_running > 0 for value in found.values.values())
    return (
        f"{len(found.machines)} machines in rows, {len(found.models)} models in columns; {running} of "
        f"{len(found.values)} pairs have a plan that runs. The table below says the same in words."
    )


def _cells(found: HeatMap, machine: int, query: HeatQuery, tail: str, entries: Entries) -> Iterator[HeatCell]:
    name = entries.machines[machine].name
    for model in found.models:
        value = found.values.get((machine, model))
        format_name = entries.formats[value.format].name if value is not None and value.format >= 0 else ""
        plans = f"machine={machine}&model={model}{tail}"
        yield heat_cell(query.measure, value, f"{name}, {entries.models[model].name}", format_name, plans)


def _tail(form: HeatForm) -> str:
    """The end of the query of a cell's plans: they are narrowed as the map is."""
    said = {name: str(form.value(name)) for name in form.more if form.value(name)}
    return f"&{urlencode(said)}" if said else ""


def _turns(found: HeatMap, form: HeatForm) -> Iterator[Turn]:
    for what, name, number, pages, n_found in (
        ("machines", "machines_page", found.machine_page, found.machine_pages, found.n_machines),
        ("models", "models_page", found.model_page, found.model_pages, found.n_models),
    ):
        if pages > 1:
            before, after = (
                form.query(**{name: str(other)}) if 1 <= other <= pages else None
                for other in (number - 1, number + 1)
            )
            yield Turn(what, number, pages, n_found, before, after)
