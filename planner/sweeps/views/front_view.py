"""Speed against price against bits per weight, for one model: what the best plans cost, and what the others lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from planner import figures
from planner.charts.front_chart import FrontPoint, Stair, front_chart
from planner.figures import tokens
from planner.plans.views import HtmxHttpRequest
from planner.sweeps.definition import of_json
from planner.sweeps.grid.entries import Entries
from planner.sweeps.models import Sweep
from planner.sweeps.results.front import (
    Candidate,
    Front,
    FrontQuery,
    figures_of,
    front,
    quality_of,
    usual_query,
)
from planner.sweeps.results.reading import Reader
from planner.sweeps.views.plan_lines import PlanLine, plan_line
from planner.sweeps.views.room import of_result, page
from planner.sweeps.views.view_form import ViewForm, choice

# words and shape of each quality, in the order of front.QUALITIES
QUALITIES = (
    ("8 bits per weight and more", "circle"),
    ("4 bits and more", "diamond"),
    ("any format", "triangle"),
)
OFFLOAD = {"no": "that the devices hold", "yes": "also with a part in main memory (offload)"}


class FrontForm(ViewForm):
    """Whose front: a model, with so much context and so many users."""

    model = choice("Model")
    context = choice("Context")
    users = choice("Users at once")
    offload = choice("Plans")
    shown = ("model", "context", "users", "offload")

    def __init__(self, data: QueryDict, sweep: Sweep, reader: Reader) -> None:
        super().__init__(data)
        definition = of_json(sweep.definition)
        contexts, users = sorted(definition.contexts_tokens), sorted(definition.concurrency)
        entries = reader.entries
        self.usual_query = usual_query(reader, contexts, users) or FrontQuery(0, contexts[0], users[0])
        self.models = {entry.slug: number for number, entry in enumerate(entries.models)}
        by_name = sorted(entries.models, key=lambda entry: entry.name.casefold())
        self.offer(
            "model",
            [(entry.slug, entry.name) for entry in by_name],
            entries.models[self.usual_query.model].slug,
        )
        self.offer(
            "context",
            [(str(size), f"{tokens(size)} tokens") for size in contexts],
            str(self.usual_query.context_tokens),
        )
        self.offer("users", [(str(count), str(count)) for count in users], str(self.usual_query.concurrency))
        # of a sweep that keeps only the best, those beaten by a plan with offload are gone
        self.offer("offload", OFFLOAD.items(), "yes" if sweep.keep == "best" else "no")

    def front_query(self) -> FrontQuery:
        """What is asked; usual where it is left open or wrong."""
        return FrontQuery(
            model=self.models[self.value("model")],
            context_tokens=int(self.value("context")),
            concurrency=int(self.value("users")),
            with_offload=self.value("offload") == "yes",
        )


@dataclass(frozen=True, slots=True)
class FrontLine:
    """A row of the table: its number in the chart, its quality, and the plan."""

    number: int
    quality: int
    line: PlanLine


@of_result
def front_page(request: HtmxHttpRequest, sweep: Sweep, reader: Reader) -> HttpResponse:
    """The front of one model as a chart and as a table, and the machines without a price."""
    form = FrontForm(request.GET, sweep, reader)
    form.is_valid()
    query = form.front_query()
    found = front(reader, query)
    stored = figures_of(reader, found)
    steps = _steps(found)
    lines = [
        FrontLine(number, quality_of(one), plan_line(sweep, reader.entries, stored[one.plan]))
        for number, one in enumerate(steps, start=1)
    ]
    model = reader.entries.models[query.model]
    plans = reverse("sweeps:plans", args=[sweep.pk])
    return page(
        request,
        "front",
        sweep,
        reader,
        form,
        model=model,
        tally=f"{model.name}: {len(steps)} plans along the front",
        holds_only=not query.with_offload,
        chart=_chart(found, steps, reader.entries, {line.number: line.line for line in lines}),
        qualities=[(words, shape, place) for place, (words, shape) in enumerate(QUALITIES)],
        lines=lines,
        unpriced=[plan_line(sweep, reader.entries, stored[one.plan]) for one in found.unpriced],
        n_unpriced=found.n_unpriced,
        n_more_unpriced=found.n_unpriced - len(found.unpriced),
        n_machines=found.n_machines,
        n_between=len(found.best) - len(steps),
        plans_address=f"{plans}?model={query.model}",
    )


def _steps(found: Front) -> list[Candidate]:
    """The plans along any of the steps, the cheapest first, each once."""
    every = {one.plan: one for part in found.stairs for one in part}
    return sorted(every.values(), key=lambda one: (one.price_usd, -one.bits, -one.decode_tps, one.plan))


def _chart(
    found: Front, steps: Sequence[Candidate], entries: Entries, lines: Mapping[int, PlanLine]
) -> SafeString | None:
    if not steps:
        return None
    points = [
        _point(number, one, entries.machines[one.machine].name, lines[number])
        for number, one in enumerate(steps, start=1)
    ]
    stairs = [
        Stair(words, shape, [(one.price_usd, one.decode_tps) for one in part])
        for (words, shape), part in zip(QUALITIES, found.stairs, strict=True)
    ]
    on_steps = {one.plan for one in steps}
    between = [(one.price_usd, one.decode_tps) for one in found.best if one.plan not in on_steps]
    cheapest, fastest = steps[0], max(steps, key=lambda one: one.decode_tps)
    return front_chart(
        points,
        stairs,
        [*found.behind, *between],
        title="Writing speed against the launch price of the devices",
        description=(
            f"Logarithmic axes. From {figures.rate(cheapest.decode_tps)} tokens a second for "
            f"${cheapest.price_usd:,.0f} to {figures.rate(fastest.decode_tps)} for ${fastest.price_usd:,.0f}. "
            "The numbers are those of the table."
        ),
    )


def _point(number: int, one: Candidate, name: str, line: PlanLine) -> FrontPoint:
    words = f"{number}: {name}, {line.format}, {line.bits} bits, {figures.rate(one.decode_tps)} tokens/s, {line.price}"
    href = f"{reverse('plans:index')}?{line.query}" if line.query else ""
    return FrontPoint(number, one.price_usd, one.decode_tps, name, words, href, quality_of(one))
