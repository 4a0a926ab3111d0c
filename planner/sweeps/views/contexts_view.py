"""Writing speed against context: one model and format on up to six machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from planner import figures
from planner.charts.machine_curves import MachineCurve, SpeedPoint, curve_sample, machine_curves
from planner.plans.views import HtmxHttpRequest
from planner.sweeps.definition import FULL, of_json
from planner.sweeps.models import Sweep
from planner.sweeps.results.contexts import (
    MOST_MACHINES,
    ContextsQuery,
    Curve,
    context_curves,
    usual_format,
)
from planner.sweeps.results.front import usual_query
from planner.sweeps.results.heat_map import ordered
from planner.sweeps.results.reading import Reader
from planner.sweeps.views.plan_lines import PlanLine, plan_line
from planner.sweeps.views.room import of_result, page
from planner.sweeps.views.view_form import ViewForm, choice, search

ANY_FORMAT = "any"
ANY_WORDS = "whichever is fastest"
MOST_CANDIDATES = 8


class MachinesField(forms.MultipleChoiceField):
    """Up to six machines."""

    def clean(self, value: Sequence[str]) -> list[str]:
        chosen = list(dict.fromkeys(text for text in super().clean(value) if text))
        if len(chosen) > MOST_MACHINES:
            raise ValidationError(f"At most {MOST_MACHINES} machines can be told apart. Leave some out.")
        return chosen


class ContextsForm(ViewForm):
    """Of which plans: a model, a format, so many users, and the machines."""

    model = choice("Model")
    format = choice("Weight format")
    users = choice("Users at once")
    machine = MachinesField(label="Machines", required=False)
    add = search("Add a machine")

    several = ("machine",)
    shown = ("model", "format", "users", "add")
    hidden = ("machine",)
    examples: Mapping[str, str] = {"add": "RTX 4090"}

    def __init__(self, data: QueryDict, sweep: Sweep, reader: Reader) -> None:
        super().__init__(data)
        definition = of_json(sweep.definition)
        users, entries = sorted(definition.concurrency), reader.entries
        usual = usual_query(reader, definition.contexts_tokens, users)
        self.reader, self.entries, self.keeps_best = reader, entries, sweep.keep == "best"
        self.models = {entry.slug: number for number, entry in enumerate(entries.models)}
        by_name = sorted(entries.models, key=lambda entry: entry.name.casefold())
        self.offer(
            "model",
            [(entry.slug, entry.name) for entry in by_name],
            entries.models[usual.model if usual else 0].slug,
        )
        self.formats = {entry.slug: number for number, entry in enumerate(entries.formats)}
        self.offer(
            "format",
            [(ANY_FORMAT, ANY_WORDS), *((entry.slug, entry.name) for entry in entries.formats)],
        )
        self.offer("users", [(str(count), str(count)) for count in users], str(users[0]))
        field = self.fields["machine"]
        assert isinstance(field, MachinesField)  # noqa: S101
        field.choices = [
            ("", ""),
            *((str(number), entry.name) for number, entry in enumerate(entries.machines)),
        ]
        field.error_messages["invalid_choice"] = (
            "There is no machine with this number in this sweep: %(value)s."
        )

    def contexts_query(self) -> ContextsQuery:
        """What is asked; usual where it is left open or wrong."""
        model = self.models[self.value("model")]
        # of a sweep that keeps only the best, one format has gaps
        found = None if self.keeps_best else usual_format(self.reader, model)
        # the usual one depends on the model: an open field stays open when another model is chosen
        usual = ANY_WORDS if found is None else self.entries.formats[found].name
        self.offer("format", self.offered["format"], nothing=f"usual ({usual})")
        chosen = self.value("format")
        number = found if not chosen else None if chosen == ANY_FORMAT else self.formats[chosen]
        return ContextsQuery(
            model=model,
            format=number,
            concurrency=int(self.value("users")),
            machines=tuple(int(number) for number in self.value("machine") or ()),
        )

    def with_machines(self, machines: Sequence[int]) -> str:
        """The query string with these machines, and nothing being looked for."""
        return self.query(machine=[str(number) for number in machines], add="")

    def candidates(self, chosen: Sequence[int]) -> list[tuple[str, str]]:
        """Machines whose names hold every word that is looked for: name, and the query that adds it."""
        words = self.value("add") or ""
        if not words or len(chosen) >= MOST_MACHINES:
            return []
        numbers = ordered(self.entries.machines, words, lambda entry: len(entry.name))
        return [
            (self.entries.machines[number].name, self.with_machines([*chosen, number]))
            for number in numbers
            if number not in chosen
        ][:MOST_CANDIDATES]


@dataclass(frozen=True, slots=True)
class CurveTable:
    """One machine's plans: its sample of the curve, and a line for each context."""

    name: str
    sample: SafeString
    lines: tuple[PlanLine, ...]


@of_result
def contexts_page(request: HtmxHttpRequest, sweep: Sweep, reader: Reader) -> HttpResponse:
    """Speed against context as a chart and as a table."""
    form = ContextsForm(request.GET, sweep, reader)
    form.is_valid()
    query = form.contexts_query()
    curves = context_curves(reader, query)
    names = [entry.name for entry in reader.entries.machines]
    chosen = query.machines or tuple(curve.machine for curve in curves)
    return page(
        request,
        "contexts",
        sweep,
        reader,
        form,
        model=reader.entries.models[query.model],
        tally=f"{reader.entries.models[query.model].name} on {len(curves)} machines",
        chart=_chart(curves, names),
        tables=[
            CurveTable(
                names[curve.machine],
                curve_sample(place),
                tuple(plan_line(sweep, reader.entries, plan) for plan in curve.plans),
            )
            for place, curve in enumerate(curves)
        ],
        machines=[
            (names[number], form.with_machines([other for other in chosen if other != number]))
            for number in chosen
        ],
        candidates=form.candidates(chosen),
        looked_for=form.value("add") or "",
        is_full=len(chosen) >= MOST_MACHINES,
        without=[names[number] for number in query.machines if number not in {c.machine for c in curves}],
        has_chosen=bool(query.machines),
        **_workload(sweep),
    )


def _workload(sweep: Sweep) -> dict[str, Any]:
    """What of the sweep's question limits what the curves can say."""
    definition = of_json(sweep.definition)
    return {
        "prompt_tokens": None if definition.prompt_tokens == FULL else definition.prompt_tokens,
        "output_tokens": definition.output_tokens,
        "repeat": f"{reverse('sweeps:new')}?from={sweep.pk}",
        "one_context": len(definition.contexts_tokens) == 1,
        "best_only": sweep.keep == "best",
    }


def _chart(curves: Sequence[Curve], names: Sequence[str]) -> SafeString | None:
    drawn = [MachineCurve(names[curve.machine], points) for curve in curves if (points := _points(curve))]
    if not drawn:
        return None
    ends = "; ".join(
        f"{curve.name}: {' to '.join(_said(point) for point in (curve.points[0], curve.points[-1]))}"
        for curve in drawn
    )
    return machine_curves(
        drawn,
        title="Writing speed against context",
        description=f"Tokens a second, logarithmic axes, the bands are the 90 % intervals. {ends}.",
    )


def _points(curve: Curve) -> list[SpeedPoint]:
    found = [
        SpeedPoint(
            plan["context_tokens"], plan["decode_tps"], plan["decode_tps_low"], plan["decode_tps_high"]
        )
        for plan in curve.plans
    ]
    return [
        point
        for point in found
        if all(math.isfinite(v) and v > 0 for v in (point.value, point.low, point.high))
    ]


def _said(point: SpeedPoint) -> str:
    return f"{figures.rate(point.value)} with {figures.tokens_short(point.context_tokens)}"
