"""The charts are sound SVG, say in words what they show, and draw the figures that they are given."""

from __future__ import annotations

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.utils.safestring import SafeString

from planner.charts.context_curves import memory_curve, nice_step, speed_curve
from planner.charts.memory_bar import memory_bar, segments
from planner.charts.reading import READING_TPS, beside_reading
from planner.charts.speed_scale import speed_scale
from planner.charts.svg import element
from planner.plans.answer import Answer, Interval, MemoryPart
from tests.web.sample_answer import DOES_NOT_FIT, FITS, GIB, OFFLOAD, PHONE, SAMPLES, SPEED_UNKNOWN, around


def parsed(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(chart)  # noqa: S314  (made here, by the code under test)


def charts_of(answer: Answer) -> list[SafeString]:
    drawn = [memory_bar(answer), speed_curve(answer), memory_curve(answer)]
    if answer.decode_tps is not None:
        drawn.append(speed_scale(answer.decode_tps))
    return [chart for chart in drawn if chart is not None]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_chart_is_named_and_needs_no_style_attribute(name: str) -> None:
    for chart in charts_of(SAMPLES[name]):
        root = parsed(chart)
        named = {child.get("id"): child.text for child in root if child.tag in ("title", "desc")}
        assert root.get("role") == "img"
        assert named[root.get("aria-labelledby")], chart
        assert named[root.get("aria-describedby")], chart
        assert all(part.get("style") is None for part in root.iter())
        assert "nan" not in chart.lower()


def bar_widths(answer: Answer) -> dict[str, float]:
    root = parsed(memory_bar(answer))
    found = {}
    for rect in root.iter("rect"):
        classes = (rect.get("class") or "").split()
        if classes[:1] in (["seg"], ["over"]):
            found[classes[-1]] = float((rect.get("width") or "").removesuffix("%"))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_segments_stand_side_by_side_and_fill_the_bar(name: str) -> None:
    answer = SAMPLES[name]
    found = segments(answer)
    assert found[0].start_bytes == 0
    for left, right in itertools.pairwise(found):
        assert left.start_bytes + left.size_bytes == pytest.approx(right.start_bytes)
    end = found[-1].start_bytes + found[-1].size_bytes
    assert end == pytest.approx(max(answer.capacity_bytes, answer.need_bytes))


def test_the_bar_is_drawn_to_scale() -> None:
    widths = bar_widths(FITS)
    assert widths["seg-weights"] == pytest.approx(100 * 4.58 / 8, abs=0.02)
    assert widths["seg-free"] == pytest.approx(100 * 1.4 / 8, abs=0.02)
    assert "over" not in widths


def test_what_passes_the_limit_is_hatched() -> None:
    scale = OFFLOAD.need_high_bytes
    assert bar_widths(OFFLOAD)["over"] == pytest.approx(100 * (9.8 - 7.85) * GIB / scale, abs=0.02)


def test_memory_that_other_programs_hold_is_drawn_beyond_the_limit() -> None:
    held = next(segment for segment in segments(PHONE) if segment.key == "held")
    assert held.start_bytes == PHONE.limit_bytes
    assert held.size_bytes == PHONE.held_bytes


def test_names_from_the_catalog_are_escaped() -> None:
    answer = replace(FITS, parts=(MemoryPart("weights", "<b>&", 4 * GIB, ""),))
    assert "<b>" not in memory_bar(answer)
    assert element("text", "<&>", class_='"') == '<text class="&quot;">&lt;&amp;&gt;</text>'


def test_the_speed_curve_stops_where_the_model_no_longer_fits() -> None:
    chart = speed_curve(FITS)
    assert chart is not None
    curve = next(path for path in parsed(chart).iter("path") if path.get("class") == "curve")
    known = [point for point in FITS.contexts if point.decode_tps is not None]
    assert (curve.get("d") or "").count("L") == len(known) - 1
    assert "does not fit" in chart


def test_without_speeds_there_is_no_speed_curve_but_a_memory_curve() -> None:
    assert speed_curve(SPEED_UNKNOWN) is None
    assert memory_curve(SPEED_UNKNOWN) is not None
    assert memory_curve(replace(FITS, contexts=FITS.contexts[:1])) is None


def test_a_need_far_over_the_limit_still_makes_a_bar() -> None:
    widths = bar_widths(DOES_NOT_FIT)
    assert sum(width for key, width in widths.items() if key != "over") == pytest.approx(
        100 * 643 / 650, abs=0.1
    )


@pytest.mark.parametrize(
    ("largest", "step"), [(100, 25), (80, 20), (7.85, 2), (643, 200), (0.04, 0.01), (1.0, 0.25), (5, 2)]
)
def test_grid_lines_stand_at_round_figures(largest: float, step: float) -> None:
    assert nice_step(largest) == pytest.approx(step)


@pytest.mark.parametrize("speed", [0.002, 0.4, 5.3, 52.0, 99.0, 4800.0])
def test_the_speed_scale_holds_any_speed(speed: float) -> None:
    root = parsed(speed_scale(around(speed)))
    dot = next(root.iter("circle"))
    assert 0 <= float((dot.get("cx") or "").removesuffix("%")) <= 100


def test_reading_speed_follows_from_its_two_sources() -> None:
    assert READING_TPS.value == pytest.approx(238 / 60 / 0.75)
    assert beside_reading(READING_TPS.value) == "about as fast as people read"
    assert beside_reading(52.9) == "about 10 times as fast as people read"
    assert beside_reading(0.53) == "slower than people read: about 10 % of reading speed"


def test_an_interval_reaching_zero_is_drawn() -> None:
    assert "nan" not in speed_scale(Interval(1.0, 0.0, 3.0)).lower()


def test_figures_on_the_context_axis_do_not_meet() -> None:
    points = [
        replace(FITS.contexts[0], context_tokens=tokens) for tokens in (2048, 4096, 8192, 16384, 32768, 40960)
    ]
    chart = memory_curve(replace(FITS, contexts=tuple(points)))
    assert chart is not None
    labels = [text for text in parsed(chart).iter("text") if (text.text or "").endswith("k")]
    places = sorted(float((label.get("x") or "").removesuffix("%")) for label in labels)
    assert labels[0].text == "40k"
    assert all(right - left >= 11 for left, right in itertools.pairwise(places))


def test_a_figure_stands_below_its_point_where_the_limit_runs_close_above() -> None:
    def places(limit_gib: float) -> tuple[float, float]:
        chart = memory_curve(replace(FITS, limit_bytes=limit_gib * GIB))
        assert chart is not None
        root = parsed(chart)
        figure = next(text for text in root.iter("text") if text.get("class") == "value-label")
        return float(figure.get("y") or 0), float(next(root.iter("circle")).get("cy") or 0)

    near, point = places(7.0)
    assert near > point
    far, point = places(20.0)
    assert far < point
