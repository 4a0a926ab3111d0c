"""The page of the accuracy: the shipped report and its held-out predictions, put into words and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from django.utils.safestring import SafeString

from planner import figures
from planner.calibration.files import shipped_held_out, shipped_report
from planner.charts.coverage_strip import Group, coverage_strip
from planner.charts.spread_bar import spread_bar
from planner.engine.intervals import SERVED
from planner.evidence.accuracy_scatter import bins, scatter_chart, shown
from planner.evidence.accuracy_words import (
    METRIC_WORDS,
    MetricWords,
    count,
    format_words,
    model_words,
    outcome_words,
    percent,
    platform_words,
)
from planner.snapshot import current

# bars end here; the worst formulas are off by several times more
MOST_ERROR = 1.5
REASONS = 3
WORST = 16

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """Some rows' error in figures, as text and as a bar."""

    name: str
    median: str
    p90: str
    bar: SafeString
    rows: str
    families: str
    covered: str = ""
    note: str = ""
    url: str = ""
    key: str = ""  # what the address calls the group
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Error and coverage by the values of one field."""

    identity: str
    title: str
    column: str
    lines: tuple[ErrorLine, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """One of the worst misses."""

    id: str
    what: str
    how: str
    measured: str
    predicted: str
    interval: str
    times: str
    reasons: tuple[str, ...]
    date: str
    family: str
    source_url: str


def platforms(metric: str) -> frozenset[str]:
    """The platforms that the page can point out."""
    return frozenset(shipped_report()["metrics"][metric]["groups"]["platform"])


def accuracy_context(metric: str, platform: str) -> dict[str, Any]:
    """Everything that the template needs for one quantity; ``platform`` is one of ``platforms`` or ""."""
    snapshot = current()
    names = tuple((slug, runtime.name) for slug, runtime in snapshot.runtimes.items())
    report = shipped_report()
    return {
        **_context(report["calibration_sha256"], metric, platform, names),
        "is_active": snapshot.calibration.sha256 == report["calibration_sha256"],
        "active": snapshot.calibration.sha256[:12],
    }


@lru_cache(maxsize=32)
def _context(
    calibration_sha256: str, metric: str, platform: str, runtime_names: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    report, words = shipped_report(), METRIC_WORDS[metric]
    part = report["metrics"][metric]
    values = shipped_held_out()
    values = values.take(values.metric == metric)
    groups = _group_tables(part["groups"], words, dict(runtime_names), platform)
    return {
        "metric": metric,
        "words": words,
        "tabs": tuple((key, METRIC_WORDS[key], key == metric) for key in report["metrics"]),
        "title": f"How right: {words.name.lower()} ({words.term}) · Sizewise",
        "platform": platform_words(platform) if platform else "",
        "median": percent(part["by_family"]["median"], 1),
        "p90": percent(part["by_family"]["p90"]),
        "covered": percent(part["interval"]["covered"]),
        "nominal": percent(report["method"]["nominal_coverage"]),
        "width": percent(part["interval"]["median_width"]),
        "around_100": tuple(
            figures.number(100 * float(np.median(end / values.predicted)), 0)
            for end in (values.low, values.high)
        ),
        "rows": count(part["rows"]),
        "families": count(part["families"]),
        "scored_rows": count(part["by_family"]["rows"]),
        "scored_families": count(part["by_family"]["families"]),
        "held_out": _held_out_lines(part, metric),
        "scatter": scatter_chart(values, words, platform),
        "bins": bins(values, words),
        "rivals": _rivals(part),
        "tables": groups,
        "large": _large(part, report, dict(runtime_names)),
        "misses": tuple(_miss(miss, words) for miss in part["worst"][:WORST]),
        "floor": _floor(part["floor"]),
        "method": report["method"],
        "data": _data(report["data"]),
        "calibration": calibration_sha256[:12],
    }


def _line(name: str, score: Report, **more: Any) -> ErrorLine:
    return ErrorLine(
        name=name,
        median=percent(score["median"]),
        p90=percent(score["p90"]),
        bar=spread_bar(score["median"], score["p90"], most=MOST_ERROR),
        rows=count(score["rows"]),
        families=count(score["families"]),
        **more,
    )


def _held_out_lines(part: Report, metric: str) -> tuple[ErrorLine, ...]:
    """What a fold had not seen; each with families limited and with every row alike."""
    unit = "a model with its device and program" if metric in SERVED.values() else "a tester"
    seen = (
        (f"{unit} never seen", part),
        ("a device never seen", part["device_never_seen"]),
        ("a model never seen", part["model_never_seen"]),
    )
    return tuple(
        _line(name, found["by_family"], note=f"{percent(found['rows_equal']['median'])}")
        for name, found in seen
    )


def _rivals(part: Report) -> tuple[tuple[ErrorLine, ErrorLine | None], ...]:
    """Ours on all rows, then every rival; with ours on the same rows where it does not answer all."""
    ours = _line("Sizewise", part["by_family"], note="what these pages show", chosen=True)
    lines: list[tuple[ErrorLine, ErrorLine | None]] = [(ours, None)]
    for rival in sorted(part["rivals"], key=lambda rival: rival["by_family"]["median"] or 0.0):
        name = rival["name"].replace(" * ", " × ").replace(" / ", " ÷ ")
        line = _line(name, rival["by_family"], note=rival["says"], url=rival["source_url"])
        partly = rival["rows"] < part["rows"]
        same = _line("Sizewise on the same rows", rival["ours"]["by_family"]) if partly else None
        lines.append((line, same))
    return tuple(lines)


def _by_rows(item: tuple[str, Report]) -> tuple[int, str]:
    return -item[1]["rows"], item[0]


def _by_year(item: tuple[str, Report]) -> tuple[int, str]:
    return 0 if item[0].isdigit() else 1, item[0]


def _by_size(item: tuple[str, Report]) -> tuple[int, float]:
    """Buckets of tokens in their order: "under 1k", "1k to 4k", ..., "64k and more"."""
    first = item[0].split()[0]
    return (0, 0.0) if first == "under" else (1, float(first.removesuffix("k")))


def _group_tables(
    groups: Mapping[str, Mapping[str, Report]], words: MetricWords, runtimes: Mapping[str, str], platform: str
) -> tuple[GroupTable, ...]:
    def table(
        field: str,
        title: str,
        column: str,
        words_of: Callable[[str], str],
        order: Callable[[tuple[str, Report]], Any] = _by_rows,
    ) -> GroupTable:
        lines = tuple(
            _line(
                words_of(value),
                group["by_family"],
                covered=percent(group["interval"]["covered"]),
                key=value if field == "platform" else "",
                chosen=field == "platform" and value == platform,
            )
            for value, group in sorted(groups[field].items(), key=order)
        )
        return GroupTable(field.replace("_", "-"), title, column, lines)

    return (
        table("platform", "By platform", "Device and backend", platform_words),
        table("runtime", "By program", "Runtime", lambda slug: runtimes.get(slug, slug)),
        table("speed_family", "By weight format", "Format", format_words),
        table("depth", "By length", words.workload, str, _by_size),
        table("year", "By year of the measurement", "Year", str, _by_year),
        table("model_kind", "By kind of model", "Model", model_words),
    )


_FIELD_WORDS: Mapping[str, Callable[[str], str]] = {
    "platform": platform_words,
    "speed_family": format_words,
    "model_kind": model_words,
    "year": lambda value: f"measured in {value}",
    "depth": lambda value: f"{value} tokens",
    "backend": lambda value: f"{value}, all devices",
    "vendor": lambda value: f"{value}, all devices",
    "kind": lambda value: {"gpu": "GPUs", "apple": "Apple chips"}.get(value, f"{value}s"),
}


def _large(part: Report, report: Report, runtimes: Mapping[str, str]) -> dict[str, Any]:
    """The groups that are large enough to be held to the nominal coverage."""
    method = report["method"]
    low, high = method["large_group_covered"]

    def name(group: Report) -> str:
        field, value = group["field"], group["value"]
        if field == "runtime":
            return f"{runtimes.get(value, value)}, all platforms"
        return _FIELD_WORDS[field](value)

    groups = [Group(name(group), group["covered"], group["within"]) for group in part["large_groups"]]
    within = sum(group.within for group in groups)
    outside = tuple(
        (group.name, percent(group.covered))
        for group in sorted(groups, key=lambda group: group.covered)
        if not group.within
    )
    sentence = f"{within} of {len(groups)} groups lie between {percent(low)} and {percent(high)}."
    return {
        "count": len(groups),
        "within": within,
        "outside": outside,
        "low": percent(low),
        "high": percent(high),
        "rows": method["large_group_rows"],
        "families": method["large_group_families"],
        "table": tuple(
            (
                name(group),
                percent(group["covered"], 1),
                percent(group["covered_rows_equal"], 1),
                count(group["rows"]),
            )
            for group in sorted(part["large_groups"], key=lambda group: group["covered"])
        ),
        "strip": coverage_strip(
            groups, nominal=method["nominal_coverage"], wanted=(low, high), description=sentence
        )
        if groups
        else "",
    }


def _times(ratio: float, words: MetricWords) -> str:
    """ "3.4 times too high" of a rate, "too long" of a time."""
    over, under = ("long", "short") if words.is_time else ("high", "low")
    size = max(ratio, 1 / ratio)
    return f"{figures.significant(size, 2)} times too {over if ratio > 1 else under}"


def _miss(miss: Report, words: MetricWords) -> Miss:
    if words is METRIC_WORDS["decode"]:
        depth = miss["depth_tokens"]
        length = f"{figures.tokens(depth)} tokens of context" if depth else "at the beginning of a context"
    elif words in (METRIC_WORDS["served_decode"], METRIC_WORDS["served_ttft"]):
        length = f"{miss['concurrency']} at a time on {miss['device_count']} devices"
    else:
        length = f"{figures.tokens(miss['prompt_tokens'])} tokens of prompt"
    return Miss(
        id=miss["id"],
        what=f"{miss['model']} {miss['format']} on {miss['device']}",
        how=f"{miss['runtime']}, {miss['backend']}, {length}",
        measured=shown(miss["measured"], words),
        predicted=shown(miss["predicted"], words),
        interval=f"{shown(miss['low'], words)} to {shown(miss['high'], words)}",
        times=_times(miss["ratio"], words),
        reasons=tuple(miss["reasons"][:REASONS]),
        date=miss["date"],
        family=miss["family"],
        source_url=miss["source_url"],
    )


def _floor(floor: Report) -> dict[str, Any]:
    """The spread between testers, in words' figures; none where nobody measured the same."""
    testers, repeats, stated = floor["testers"], floor["repeats"], floor["stated"]
    return {
        "pairs": testers["pairs"],
        "set_ups": testers["set_ups"],
        "families": testers["families"],
        "median": percent(testers["median"]),
        "p90": percent(testers["p90"]),
        "middle_median": percent(testers["middle_median"]),
        "middle_p90": percent(testers["middle_p90"]),
        "repeat_pairs": count(repeats["pairs"]) if repeats["pairs"] else "",
        "repeat_median": percent(repeats["median"]),
        "repeat_p90": percent(repeats["p90"]),
        "stated_rows": count(stated["rows"]) if stated["rows"] else "",
        "stated_median": percent(stated["median"], 1),
        "stated_p90": percent(stated["p90"], 1),
    }


def _data(data: Report) -> dict[str, Any]:
    """Size and age of the data."""
    outcomes: Sequence[tuple[str, int]] = sorted(data["outcomes"].items(), key=lambda item: -item[1])
    return {
        **{
            key: count(data[key])
            for key in ("rows", "used", "families", "devices", "models", "formats", "runtimes")
        },
        "first": data["first_date"],
        "last": data["last_date"],
        "age_months": round(12 * (data["median_age_years"] or 0.0)),
        "outcomes": tuple((outcome_words(key), count(number)) for key, number in outcomes),
        "by_year": tuple((year, count(number)) for year, number in data["by_year"].items()),
    }
