"""What the page of a sizing shows: figures put into words and the chart drawn, nothing computed anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.safestring import SafeString

from planner.charts.machine_curves import curve_sample
from planner.charts.service_curves import ServiceCurve, ServicePoint, service_curves
from planner.plans.querystring import question_query
from planner.serving import words
from planner.serving.setups import MOST_SHOWN, SetUp, curves, plan_question, ranking, shown
from planner.serving.sizing import Sizing

MOST_CURVES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One set-up as the table shows it."""

    found: SetUp
    how: str
    price: str
    most: str
    room: str
    breaks: str
    sure: str
    plan_query: str  # of the page that works out one instance
    sample: SafeString  # of its curve; "" without one


def answer_context(sizing: Sizing) -> dict[str, Any]:
    """Everything that the answer's templates need."""
    ranked = ranking(sizing)
    priced, unpriced = ranked.priced[:MOST_SHOWN], ranked.unpriced[:MOST_SHOWN]
    drawn = np.concatenate([priced, unpriced])[:MOST_CURVES]
    known, rest = shown(sizing, ranked, priced), shown(sizing, ranked, unpriced)
    best = (*known, *rest)[0] if len(known) + len(rest) else None
    return {
        "sizing": sizing,
        "question": sizing.question,
        "sentence": words.sentence(sizing, best),
        "title": f"Serve {sizing.model.name} to {words.load_words(sizing.question)} · Sizewise",
        "best": best,
        "rows": [_row(sizing, found, i if i < len(drawn) else -1) for i, found in enumerate(known)],
        "unpriced_rows": [
            _row(sizing, found, i + len(known) if i + len(known) < len(drawn) else -1)
            for i, found in enumerate(rest)
        ],
        "n_priced": len(ranked.priced),
        "n_unpriced": len(ranked.unpriced),
        "n_setups": len(sizing),
        "n_looked_at": len(sizing.found),
        "refused": words.refused_words(sizing),
        "notes": words.notes(sizing),
        "chart": _chart(sizing, drawn, (*known, *rest)),
        "plans": reverse("plans:index"),
        "by_rate": sizing.question.requests_per_s is not None,
    }


def _row(sizing: Sizing, found: SetUp, place: int) -> Row:
    return Row(
        found=found,
        how=words.how_words(found),
        price=words.price_words(found),
        most=words.most_words(sizing.question, found),
        room=words.room_words(found),
        breaks=words.BREAKS[found.breaks],
        sure="for certain" if found.sure else "likely",
        plan_query=question_query(plan_question(sizing, found)),
        sample=curve_sample(place) if place >= 0 else SafeString(""),
    )


def _chart(sizing: Sizing, numbers: np.ndarray, found: tuple[SetUp, ...]) -> SafeString:
    if not len(numbers):
        return SafeString("")
    lines = [
        ServiceCurve(
            f"{i + 1}: {one.name}, {one.format_name}",
            [ServicePoint(p.concurrency, p.tpot_ms, p.total_tps, p.holds) for p in points],
        )
        for i, (one, points) in enumerate(zip(found, curves(sizing, numbers), strict=False))
    ]
    return service_curves(
        lines,
        sizing.question.tpot_ms,
        title="Throughput against latency",
        description=(
            "The more people at once, the more tokens all get together and the longer each waits for one. "
            "The table beside the chart has the figures of each set-up under the load that was asked for: "
            + "; ".join(line.name for line in lines)
        ),
    )
