"""The charts of sweeps are sound SVG and draw the figures that they are given."""

from __future__ import annotations

import itertools
import math
from xml.etree import ElementTree

import pytest

from planner.charts.front_chart import BASE, FrontPoint, Stair, front_chart
from planner.charts.heat_map import (
    COLUMN,
    HEAD,
    ROW,
    HeatCell,
    heat_cells,
    heat_legend,
    heat_names,
    heat_table,
    in_lines,
    small_heat_map,
)
from planner.charts.log_axis import LogAxis, plain
from planner.charts.machine_curves import MachineCurve, SpeedPoint, curve_sample, machine_curves
from planner.charts.share_bar import share_bar


def parsed(chart: str) -> ElementTree.Element:
    root = ElementTree.fromstring(chart)  # noqa: S314  (made here, by the code under test)
    assert all(part.get("style") is None for part in root.iter()), "the policy forbids inline styles"
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter("text")]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [((3.0, 70.0), 2.0, 100.0), ((0.04, 0.3), 0.02, 0.5), ((20.0, 50.0), 20.0, 100.0), ((7.0,), 5.0, 20.0)],
)
def test_an_axis_has_round_ends_around_its_values(values: tuple[float, ...], low: float, high: float) -> None:
    axis = LogAxis.around(values)
    assert (axis.low, axis.high) == pytest.approx((low, high))
    assert all(0 <= axis.share(value) <= 1 for value in values)


def test_an_axis_has_no_more_ticks_than_there_is_room_for() -> None:
    assert LogAxis(1.0, 100.0).ticks(7) == pytest.approx([1, 2, 5, 10, 20, 50, 100])
    assert LogAxis(1.0, 10_000.0).ticks(7) == pytest.approx([1, 10, 100, 1000, 10_000])
    assert len(LogAxis(1e-4, 1e8).ticks(5)) <= 5


def test_what_lies_beyond_an_axis_stands_at_its_end() -> None:
    axis = LogAxis(1.0, 100.0)
    assert (axis.share(0.01), axis.share(10.0), axis.share(1e6)) == (0.0, pytest.approx(0.5), 1.0)


@pytest.mark.parametrize(("value", "text"), [(0.05, "0.05"), (0.2, "0.2"), (2.0, "2"), (5000.0, "5,000")])
def test_ticks_are_written_in_full(value: float, text: str) -> None:
    assert plain(value) == text


CELLS = [
    [
        HeatCell("step-3", "12", "", "A, M: 12 tokens/s", "machine=0&model=0"),
        HeatCell("step-6", "1.2k", "tight", "A, N: 1,200 tokens/s", "machine=0&model=1"),
    ],
    [
        HeatCell("none", "no", "", "B <&>, M: does not fit", "machine=1&model=0"),
        HeatCell("empty", "", "", "", ""),
    ],
]


def test_each_cell_of_a_heat_map_says_what_its_colour_says_and_leads_to_its_plans() -> None:
    root = parsed(heat_cells(["M", "N"], CELLS, address="/plans/", title="Title", description="What & all"))
    links = list(root.iter("a"))
    assert [link.get("href") for link in links] == [
        "/plans/?machine=0&model=0",
        "/plans/?machine=0&model=1",
        "/plans/?machine=1&model=0",
    ]
    assert [next(link.iter("text")).text for link in links] == ["12", "1.2k", "no"]
    assert [next(link.iter("title")).text for link in links][2] == "B <&>, M: does not fit"
    assert [use.get("href") for use in root.iter("use")] == ["#mark-tight"]
    assert texts(root)[-1] == "–"  # a pair that is not part of the sweep is no blank


def test_a_heat_map_is_named_and_its_links_are_left_to_the_table_beside_it() -> None:
    root = parsed(heat_cells(["M", "N"], CELLS, address="/plans/", title="Title", description="What & all"))
    assert [root[0].text, root[1].text, root.get("role")] == ["Title", "What & all", "group"]
    assert {link.get("tabindex") for link in root.iter("a")} == {"-1"}
    assert root[2].get("aria-hidden") == "true"
    assert len(list(root[2].iter("a"))) == 3


def test_the_table_of_a_heat_map_says_the_same_in_words() -> None:
    root = parsed(heat_table(["A", "B <&>"], ["M", "N"], CELLS, address="/plans/", caption="Map"))
    assert ["".join(head.itertext()) for head in root.iter("th")] == ["Machine", "M", "N", "A", "B <&>"]
    cells = ["".join(cell.itertext()) for cell in root.iter("td")]
    assert cells == [
        "12. A, M: 12 tokens/s",
        "1.2k tight. A, N: 1,200 tokens/s",
        "no. B <&>, M: does not fit",
        "–",
    ]
    assert next(link.get("href") for link in root.iter("a")) == "/plans/?machine=0&model=0"
    assert all(link.get("tabindex") is None for link in root.iter("a"))


def test_cells_and_names_of_a_row_stand_at_one_height() -> None:
    cells = parsed(heat_cells(["M", "N"], CELLS, address="/", title="t", description="d"))
    names = parsed(heat_names(["A", "B"]))
    assert cells.get("height") == names.get("height")
    rectangles = [(float(r.get("x") or 0), float(r.get("y") or 0)) for r in cells.iter("rect")]
    assert rectangles == [(1, HEAD + 1), (COLUMN + 1, HEAD + 1), (1, HEAD + ROW + 1)]
    places = [float(text.get("y") or 0) for text in names.iter("text")]
    assert [HEAD < places[0] < HEAD + ROW, HEAD + ROW < places[1] < HEAD + 2 * ROW] == [True, True]


def test_long_names_take_two_lines_and_no_more() -> None:
    name = "Workstation with 8 × RTX PRO 6000 Blackwell Server Edition 96 GB, 512 GB memory"
    assert len(in_lines(name)) == 2
    assert in_lines(name)[1].endswith("…")
    assert name in [title.text for title in parsed(heat_names([name])).iter("title")]


def test_the_legend_says_every_colour_in_words() -> None:
    root = parsed(heat_legend([("step-0", "slow <2"), ("none", "no plan runs")]))
    assert ["".join(item.itertext()).strip() for item in root] == ["slow <2", "no plan runs"]


def test_a_small_heat_map_draws_each_colour_once() -> None:
    root = parsed(small_heat_map([["step-0", "none"], ["step-0", "empty"]], title="t", description="d"))
    paths = {path.get("class"): (path.get("d") or "").count("M") for path in root.iter("path")}
    assert paths == {"heat-cell step-0": 2, "heat-cell none": 1}


STAIRS = [
    Stair("8 bits", "circle", [(1000.0, 20.0)]),
    Stair("4 bits", "diamond", [(500.0, 10.0), (2000.0, 40.0)]),
    Stair("any", "triangle", []),
]


def front_points() -> list[FrontPoint]:
    return [
        FrontPoint(1, 500.0, 10.0, "Cheap <one>", "1: cheap", "/?machine=a", 1),
        FrontPoint(2, 1000.0, 20.0, "Middle", "2: middle", "", 0),
        FrontPoint(3, 2000.0, 40.0, "Dear", "3: dear", "/?machine=c", 1),
    ]


def test_a_front_draws_its_plans_numbered_and_named_with_links() -> None:
    root = parsed(front_chart(front_points(), STAIRS, [(700.0, 3.0)], title="t", description="d"))
    assert [link.get("href") for link in root.iter("a")] == ["/?machine=a", "/?machine=c"]
    names = [text for text in texts(root) if text[0] in "123" and " " in text]
    assert names == ["1 Cheap <one>", "2 Middle", "3 Dear"]
    shapes = [part.tag for part in root.iter() if (part.get("class") or "").startswith("front-point")]
    assert shapes == ["path", "circle", "path"]


def test_dearer_stands_further_right_and_faster_higher() -> None:
    root = parsed(front_chart(front_points(), STAIRS, [], title="t", description="d"))
    placed = [part for part in root.iter("svg") if part.get("overflow") == "visible"]
    across = [float((part.get("x") or "").rstrip("%")) for part in placed]
    down = [float(part.get("y") or 0) for part in placed]
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)


def test_steps_begin_at_the_axis_and_go_on_to_the_end() -> None:
    root = parsed(front_chart(front_points(), STAIRS, [], title="t", description="d"))
    steps = {
        p.get("class"): p.get("d") or "" for p in root.iter("path") if "stair " in (p.get("class") or "")
    }
    assert set(steps) == {"stair stair-0", "stair stair-1"}
    for drawn in steps.values():
        corners = [tuple(map(float, corner.split())) for corner in drawn.removeprefix("M").split(" L")]
        assert corners[0][1] == BASE
        assert corners[-1][0] == 1000
        # along or up, never aslant
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(corners))


def test_points_at_one_place_do_not_write_over_each_other() -> None:
    points = [FrontPoint(n, 1000.0, 20.0 + n / 1000, f"Machine {n}", str(n), "", 0) for n in range(12)]
    root = parsed(front_chart(points, STAIRS, [], title="t", description="d"))
    names = [
        (t.get("x"), t.get("y"), t.get("text-anchor"))
        for t in root.iter("text")
        if t.get("class") == "front-name"
    ]
    assert len(names) == len(set(names)) < 12


def curve(name: str, *speeds: float) -> MachineCurve:
    points = [SpeedPoint(1024 * 2**n, speed, speed / 2, speed * 2) for n, speed in enumerate(speeds)]
    return MachineCurve(name, points)


def test_curves_have_a_band_each_and_are_named_at_their_ends() -> None:
    root = parsed(
        machine_curves([curve("Fast", 90, 60, 30), curve("Slow & old", 4, 3, 2)], title="t", description="d")
    )
    bands = [p.get("d") or "" for p in root.iter("path") if "curve-band" in (p.get("class") or "")]
    assert [band.count("L") for band in bands] == [5, 5]
    assert {"Fast", "Slow & old", "people read"} <= set(texts(root))
    circles = [float(c.get("cy") or 0) for c in root.iter("circle")]
    assert circles[:3] == sorted(circles[:3])  # slower is lower
    assert max(circles[:3]) < min(circles[3:])


def test_one_point_is_drawn_with_its_interval_and_no_curve() -> None:
    root = parsed(machine_curves([curve("Only", 10)], title="t", description="d"))
    assert not list(root.iter("path"))
    assert len([part for part in root.iter("line") if "curve-line" in (part.get("class") or "")]) == 1


def test_names_of_curves_that_end_together_move_apart() -> None:
    root = parsed(
        machine_curves([curve(f"Machine {n}", 50, 40) for n in range(6)], title="t", description="d")
    )
    places = sorted(
        float(t.get("y") or 0) for t in root.iter("text") if "curve-name" in (t.get("class") or "")
    )
    assert all(b - a >= 15 for a, b in itertools.pairwise(places))


def test_wide_intervals_do_not_flatten_the_curves() -> None:
    points = [SpeedPoint(1024, 10.0, 1e-6, 1e7), SpeedPoint(2048, 9.0, 1e-6, 1e7)]
    root = parsed(machine_curves([MachineCurve("Unsure", points)], title="t", description="d"))
    assert "1,000,000" not in texts(root)
    assert all(math.isfinite(float(c.get("cy") or 0)) for c in root.iter("circle"))


def test_a_sample_of_a_curve_looks_like_it() -> None:
    assert [part.get("class") for part in parsed(curve_sample(2))] == [
        "curve-line curve-2",
        "curve-dot curve-2",
    ]


def test_a_bar_of_shares_leaves_out_what_there_is_none_of() -> None:
    root = parsed(share_bar([("a", 3), ("b", 0), ("c", 1)]))
    assert [(part.get("class"), part.get("x"), part.get("width")) for part in root] == [
        ("share a", "0%", "75%"),
        ("share c", "75%", "25%"),
    ]
    assert share_bar([("a", 0)]) == ""
