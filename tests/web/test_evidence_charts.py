"""The evidence's charts are sound SVG and draw the figures that they are given."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from planner.charts.coverage_strip import Group, coverage_strip
from planner.charts.scatter import BASE, PLOT, Axes, Cloud, dots, scatter
from planner.charts.spread_bar import spread_bar


def parsed(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(chart)  # noqa: S314  (made here, by the code under test)


def test_both_axes_have_one_range_of_whole_powers_of_ten() -> None:
    axes = Axes.around([(2.0, 30.0), (0.5, 900.0)])
    assert (axes.low, axes.high) == (0.1, 1000.0)
    assert axes.decades == pytest.approx([0.1, 1, 10, 100, 1000])
    assert axes.place(0.1, 1000.0) == (0.0, pytest.approx(BASE - PLOT))
    assert axes.place(10.0, 10.0) == (pytest.approx(0.5), pytest.approx(BASE - PLOT / 2))


def test_equal_values_still_span_a_decade() -> None:
    axes = Axes.around([(10.0, 10.0)])
    assert math.isfinite(axes.share(10.0))


def test_a_right_prediction_stands_on_the_diagonal_and_points_at_one_place_are_one_dot() -> None:
    axes = Axes(1.0, 100.0)
    assert dots([(10.0, 10.0), (10.0, 10.0)], axes) == f"M500 {BASE - PLOT // 2}z"


def test_the_scatter_is_named_and_draws_each_kind_of_point() -> None:
    chart = scatter(
        Cloud(inside=[(10.0, 11.0)], outside=[(10.0, 90.0)], behind=[(1.0, 1.0), (3.0, 3.0)]),
        title="Title <&>",
        description="Two & more",
        unit="tokens/s",
    )
    root = parsed(chart)
    assert [root[0].text, root[1].text] == ["Title <&>", "Two & more"]
    kinds = {
        (path.get("class") or "").split()[-1]: (path.get("d") or "").count("M")
        for path in root.iter("path")
        if (path.get("class") or "").startswith("dots")
    }
    assert kinds == {"behind": 2, "inside": 1, "ring": 1, "hole": 1}
    assert all(part.get("style") is None for part in root.iter())


def test_a_scatter_without_outsiders_draws_no_ring() -> None:
    chart = scatter(Cloud(inside=[(10.0, 11.0)], outside=[]), title="t", description="d", unit="ms")
    assert 'class="dots ring"' not in chart


def test_a_bar_ends_at_its_90th_percentile_or_runs_out_of_the_cell() -> None:
    inside, beyond = parsed(spread_bar(0.2, 0.75, most=1.5)), parsed(spread_bar(0.2, 4.0, most=1.5))
    assert inside.find("circle").get("cx") == "13.33%"  # type: ignore[union-attr]
    assert [line.get("x2") for line in inside.iter("line")] == ["50%", "50%"]
    assert [line.get("x2") for line in beyond.iter("line")] == ["100%"]
    assert spread_bar(None, None, most=1.5) == ""


def test_groups_stand_at_their_coverage_and_stack() -> None:
    groups = [
        Group("a", 0.90, True),
        Group("b", 0.904, True),
        Group("c", 0.75, False),
        Group("d", 0.5, False),
    ]
    chart = coverage_strip(groups, nominal=0.9, wanted=(0.85, 0.95), description="d")
    circles = {circle[0].text: circle for circle in parsed(chart).iter("circle")}
    assert circles["a: 90.0%"].get("cx") == circles["b: 90.4%"].get("cx") == "66.67%"
    assert circles["a: 90.0%"].get("cy") != circles["b: 90.4%"].get("cy")
    assert circles["c: 75.0%"].get("class") == "group off"
    assert circles["d: 50.0%"].get("cx") == "0%"
