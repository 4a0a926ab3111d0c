"""What the pages read of the measurements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from hardware_catalog.measured import NOT_TRUSTED, OUTCOMES
from hardware_catalog.models import Measurement
from planner.measurements.filters import Offered
from planner.snapshot import Snapshot

PER_PAGE = 50
REASONS_SHOWN = 40


class _Held:
    """What one can choose from, and the state of the catalog that it was read from."""

    state: tuple[object, ...] = ()
    offered: Offered


def offered(snapshot: Snapshot) -> Offered:
    """Formats, programs, backends and years that measurements have: two queries, the second after a change only."""
    shown = Measurement.objects.filter(withdrawn=False)
    state = (snapshot.sha256, shown.count())
    if _Held.state != state:
        found = list(shown.values_list("weight_format__slug", "runtime__slug", "backend", "year").distinct())
        format_names = {slug: row.name for slug, row in snapshot.formats.items()}
        runtime_names = {slug: row.name for slug, row in snapshot.runtimes.items()}
        backends = {backend for _, _, backend, _ in found if backend}
        years = {year for *_, year in found if year}
        _Held.offered = Offered(
            formats=_named(format_names, {slug for slug, *_ in found}),
            runtimes=_named(runtime_names, {slug for _, slug, *_ in found}),
            backends=[(name, name) for name in sorted(backends, key=str.casefold)],
            years=[(str(year), str(year)) for year in sorted(years, reverse=True)],
        )
        _Held.state = state
    return _Held.offered


def _named(names: Mapping[str, str], slugs: set[str | None]) -> list[tuple[str, str]]:
    found = [(slug, names[slug]) for slug in slugs if slug is not None and slug in names]
    return sorted(found, key=lambda pair: pair[1].casefold())


def page_of(measurements: QuerySet[Measurement], number: int) -> Page[Measurement]:
    """One page, entries fetched along; the last one where there are fewer pages."""
    fetched = measurements.select_related("device", "language_model", "weight_format", "runtime")
    return Paginator(fetched, PER_PAGE).get_page(number)


def measurement(slug: str) -> Measurement | None:
    """One measurement with its entries."""
    found = Measurement.objects.select_related("device", "language_model", "weight_format", "runtime")
    return found.filter(slug=slug).first()


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many rows have one outcome, and for which reasons, the commonest first."""

    outcome: str
    rows: int
    reasons: tuple[tuple[str, int], ...]
    more_reasons: int
    more_rows: int


@dataclass(frozen=True, slots=True)
class FamilyCount:
    """How many rows one source has, by outcome in the order of ``OUTCOMES``."""

    family: str
    rows: int
    by_outcome: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything that the page of outcomes counts."""

    rows: int
    outcomes: tuple[OutcomeCount, ...]
    families: tuple[FamilyCount, ...]


def outcomes() -> Outcomes:
    """Counts of every outcome and reason, and by source: one query."""
    counted = (
        Measurement.objects.filter(withdrawn=False)
        .order_by()
        .values_list("outcome", "outcome_reason", "source_family")
        .annotate(rows=Count("pk"))
    )
    totals: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {outcome: Counter() for outcome in OUTCOMES}
    families: dict[str, Counter[str]] = {}
    for outcome, reason, family, rows in counted:
        totals[outcome] += rows
        families.setdefault(family or "not stated", Counter())[outcome] += rows
        # a row may have several reasons not to be trusted
        for part in reason.split("; ") if outcome == NOT_TRUSTED else (reason,):
            if part:
                reasons[outcome][part] += rows
    return Outcomes(
        rows=totals.total(),
        outcomes=tuple(_outcome_count(outcome, totals[outcome], reasons[outcome]) for outcome in OUTCOMES),
        families=tuple(
            FamilyCount(family, counts.total(), tuple(counts[outcome] for outcome in OUTCOMES))
            for family, counts in sorted(families.items(), key=lambda item: (-item[1].total(), item[0]))
        ),
    )


def _outcome_count(outcome: str, rows: int, reasons: Counter[str]) -> OutcomeCount:
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    left = ranked[REASONS_SHOWN:]
    return OutcomeCount(
        outcome, rows, tuple(ranked[:REASONS_SHOWN]), len(left), sum(count for _, count in left)
    )
