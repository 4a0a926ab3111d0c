"""The accuracy report: how right held-out predictions are, overall and by group, and how rivals do on the same rows.

One structure for ``manage.py accuracy --json``, for the file beside the shipped calibration and for the page. A family
(one tester) counts as at most 20 rows, and families of fewer than five rows are counted but not scored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.calibration.conformal import COVERAGE, weighted_quantile
from planner.calibration.crossval import MIN_FAMILY_ROWS, TRAINING_CAP, score
from planner.calibration.floor import WORKLOAD_EDGES, floor
from planner.calibration.folds import FAMILY_CAP, family_weights
from planner.calibration.heldout import HeldOut
from planner.calibration.misses import worst_misses
from planner.calibration.observations import HALF_LIFE_YEARS, UNDATED_YEARS, Outcome, year_of
from planner.calibration.problem import METRICS
from planner.calibration.rivals import RIVALS, Rival
from planner.calibration.settings import FOLDS
from planner.calibration.store import rounded
from planner.calibration.subjects import Subject
from planner.engine.intervals import SERVED
from planner.engine.tables import Floats
from planner.figures import tokens_short

SCHEMA = "sizewise-accuracy-1"
MIN_GROUP_ROWS = 20
# groups of this size are held to the nominal coverage themselves
LARGE_ROWS, LARGE_FAMILIES = 200, 8
LARGE_COVERED = (0.85, 0.95)
DEPTH_EDGES = (1_024, 4_096, 16_384, 65_536)
# sequences at a time, up to and with
BATCH_EDGES = (4, 16, 64)
UNDATED = "undated"

Names = npt.NDArray[np.str_]


def bucket(count: int) -> str:
    """The range of tokens that a count falls into, as "1k to 4k"."""
    place = int(np.searchsorted(DEPTH_EDGES, count, side="right"))
    if place == 0:
        return f"under {tokens_short(DEPTH_EDGES[0])}"
    if place == len(DEPTH_EDGES):
        return f"{tokens_short(DEPTH_EDGES[-1])} and more"
    return f"{tokens_short(DEPTH_EDGES[place - 1])} to {tokens_short(DEPTH_EDGES[place])}"


def batch_bucket(sequences: int) -> str:
    """The range of sequences at a time that a count falls into, as "5 to 16"."""
    low = 1
    for edge in BATCH_EDGES:
        if sequences <= edge:
            return f"{low} to {edge}"
        low = edge + 1
    return f"{low} and more"


def year_text(date: str) -> str:
    """The year of a source's date."""
    year = year_of(date)
    return UNDATED if year is None else str(int(year))


def workload_text(subject: Subject) -> str:
    """What makes a row's workload long: sequences at a time, or the context while writing, else the prompt."""
    if subject.metric in SERVED.values():
        return batch_bucket(subject.concurrency)
    return bucket(subject.depth_tokens if subject.metric == "decode" else subject.prompt_tokens)


# what rows are grouped by
GROUPED_BY: Mapping[str, Callable[[Subject], str]] = {
    "platform": lambda s: s.platform,
    "vendor": lambda s: s.device.vendor,
    "kind": lambda s: s.device.kind,
    "backend": lambda s: s.backend,
    "runtime": lambda s: s.runtime.slug,
    "speed_family": lambda s: s.format.speed_family,
    "depth": workload_text,
    "year": lambda s: year_text(s.source_date),
    "model_kind": lambda s: s.model_kind,
}


def _figure(value: float) -> float | None:
    """Nine digits; ``None`` where there was nothing to score."""
    return rounded(value) if math.isfinite(value) else None


def scores(errors: Floats, family: Names) -> dict[str, Any]:
    """Median and 90th percentile, families weighing min(n, 20) and rows equal."""
    return {
        name: {
            key: _figure(value) if isinstance(value, float) else value for key, value in asdict(found).items()
        }
        for name, found in (
            ("by_family", score(errors, family)),
            ("rows_equal", score(errors, family, equal_rows=True)),
        )
    }


def interval(values: HeldOut, family: Names) -> dict[str, Any]:
    """Share of rows inside their interval, and the interval's median width over its prediction."""
    weights = family_weights(family)
    return {
        "covered": rounded(float(np.average(values.inside, weights=weights))),
        "covered_rows_equal": rounded(float(np.mean(values.inside))),
        "median_width": rounded(float(np.median(values.width))),
        "median_width_by_family": rounded(weighted_quantile(values.width, weights, 0.5)),
    }


def summary(values: HeldOut, family: Names) -> dict[str, Any]:
    """Error and coverage of some rows of one metric."""
    return {**scores(values.errors, family), "interval": interval(values, family)}


def summaries(subjects: Sequence[Subject], values: HeldOut) -> dict[str, Any]:
    """What the calibration file itself says of its accuracy: error and coverage, also by group, and rivals' error."""
    result = {}
    for metric, rows, part in _by_metric(subjects, values):
        family = _families(rows)
        rivals = {rival.name: _rival(rival, rows, part) for rival in RIVALS[metric]}
        result[metric] = {
            **summary(part, family),
            "groups": _groups(rows, part),
            "rivals": {
                name: {key: found[key] for key in ("by_family", "rows_equal")}
                for name, found in rivals.items()
            },
        }
    return result


def accuracy_report(
    subjects: Sequence[Subject],
    values: HeldOut,
    outcomes: Sequence[Outcome],
    *,
    data_sha256: str,
    calibration_sha256: str | None,
) -> dict[str, Any]:
    """The whole report. ``subjects`` and ``values`` hold the same rows; they may be in different order."""
    by_id = {subject.id: subject for subject in subjects}
    ordered = [by_id[str(name)] for name in values.id]
    return {
        "schema": SCHEMA,
        "calibration_sha256": calibration_sha256,
        "data_sha256": data_sha256,
        "data": _data(ordered, outcomes),
        "method": _method(),
        "metrics": {
            metric: _metric(metric, rows, part) for metric, rows, part in _by_metric(ordered, values)
        },
    }


def _by_metric(subjects: Sequence[Subject], values: HeldOut) -> list[tuple[str, list[Subject], HeldOut]]:
    found = []
    for metric in METRICS:
        chosen = values.metric == metric
        if chosen.any():
            rows = [subject for subject, mine in zip(subjects, chosen, strict=True) if mine]
            found.append((metric, rows, values.take(chosen)))
    return found


def _families(subjects: Sequence[Subject]) -> Names:
    return np.array([subject.unit for subject in subjects])


def _metric(metric: str, subjects: Sequence[Subject], values: HeldOut) -> dict[str, Any]:
    family = _families(subjects)
    groups = _groups(subjects, values)
    return {
        **summary(values, family),
        "rows": len(subjects),
        "families": len(np.unique(family)),
        "device_never_seen": scores(_errors(values.device_never_seen, values), family),
        "model_never_seen": scores(_errors(values.model_never_seen, values), family),
        "groups": groups,
        "large_groups": _large(groups),
        "rivals": [
            {
                "name": rival.name,
                "says": rival.says,
                "source_url": rival.source_url,
                **_rival(rival, subjects, values),
            }
            for rival in RIVALS[metric]
        ],
        "floor": floor(subjects, values.measured.tolist()),
        "worst": worst_misses(subjects, values),
    }


def _errors(predicted: Floats, values: HeldOut) -> Floats:
    return np.asarray(np.abs(predicted / values.measured - 1))


def _rival(rival: Rival, subjects: Sequence[Subject], values: HeldOut) -> dict[str, Any]:
    """The rival's error on the rows that it answers, and ours on the same."""
    answers = np.array([answer if (answer := rival.answer(s)) is not None else np.nan for s in subjects])
    answered = np.isfinite(answers)
    family = _families(subjects)[answered]
    part = values.take(answered)
    return {
        "rows": int(answered.sum()),
        **scores(_errors(answers[answered], part), family),
        "ours": scores(part.errors, family),
    }


def _groups(subjects: Sequence[Subject], values: HeldOut) -> dict[str, dict[str, Any]]:
    """Summaries of every value of every field that has enough rows."""
    family = _families(subjects)
    result: dict[str, dict[str, Any]] = {}
    for field, value_of in GROUPED_BY.items():
        names = np.array([value_of(subject) for subject in subjects])
        result[field] = {
            str(name): {
                **summary(values.take(chosen), family[chosen]),
                "rows": int(chosen.sum()),
                "families": len(np.unique(family[chosen])),
            }
            for name in np.unique(names)
            for chosen in (names == name,)
            if chosen.sum() >= MIN_GROUP_ROWS
        }
    return result


def _large(groups: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Groups large enough to be held to the nominal coverage, and whether they keep it."""
    low, high = LARGE_COVERED
    return [
        {
            "field": field,
            "value": value,
            "rows": group["rows"],
            "families": group["families"],
            "covered": group["interval"]["covered"],
            "covered_rows_equal": group["interval"]["covered_rows_equal"],
            "within": bool(low <= group["interval"]["covered"] <= high),
        }
        for field, by_value in groups.items()
        for value, group in by_value.items()
        if group["rows"] >= LARGE_ROWS and group["families"] >= LARGE_FAMILIES
    ]


def _data(subjects: Sequence[Subject], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Size and age of the data."""
    years = [year for subject in subjects if (year := year_of(subject.source_date)) is not None]
    newest = max(years, default=0.0)
    return {
        "rows": len(outcomes),
        "outcomes": dict(sorted(Counter(outcome.status for outcome in outcomes).items())),
        "used": len(subjects),
        "families": len({s.family for s in subjects}),
        "devices": len({s.device.slug for s in subjects}),
        "models": len({s.model.slug for s in subjects}),
        "formats": len({s.format.slug for s in subjects}),
        "runtimes": len({s.runtime.slug for s in subjects}),
        "first_date": min((s.source_date for s in subjects if s.source_date), default=""),
        "last_date": max((s.source_date for s in subjects if s.source_date), default=""),
        "median_age_years": rounded(newest - float(np.median(years))) if years else None,
        "by_year": dict(sorted(Counter(year_text(s.source_date) for s in subjects).items())),
    }


def _method() -> dict[str, Any]:
    """The figures of the procedure, as the code has them."""
    return {
        "folds": FOLDS,
        "family_cap": FAMILY_CAP,
        "min_family_rows": MIN_FAMILY_ROWS,
        "training_cap": TRAINING_CAP,
        "half_life_years": HALF_LIFE_YEARS,
        "undated_years": UNDATED_YEARS,
        "nominal_coverage": COVERAGE,
        "large_group_rows": LARGE_ROWS,
        "large_group_families": LARGE_FAMILIES,
        "large_group_covered": list(LARGE_COVERED),
        "min_group_rows": MIN_GROUP_ROWS,
        "workload_edges_tokens": list(WORKLOAD_EDGES),
    }
