"""The heat map tells of each machine and model what its plans say, from the summary or from the plans themselves."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from planner.duck import connect
from planner.engine.verdict import VERDICTS
from planner.sweeps.results.closing import write_summary
from planner.sweeps.results.heat_map import (
    COLUMNS,
    MACHINE_ORDERS,
    MODEL_ORDERS,
    ROWS,
    HeatQuery,
    heat_map,
    ordered,
    page_of,
)
from planner.sweeps.results.reading import Reader
from planner.sweeps.views.heat_words import STEPS, heat_cell, kind_of, legend
from tests.sweeps.random_rows import as_dicts, entries, plans, write_parts
from tests.sweeps.told_results import (
    FITS,
    NAN,
    NO,
    OFFLOAD,
    TIGHT,
    UNKNOWN,
    ToldFiles,
    machine,
    model,
    told,
)

MACHINES = [
    machine("Small card", 300.0, 8.0),
    machine("Large card", 2000.0, 32.0),
    machine("Old box", None, 64.0),
]
MODELS = [model("Big 70B", 70), model("Tiny 1B", 1)]


@pytest.fixture
def small(tmp_path: Path) -> Reader:
    """Every kind of cell."""
    return told(
        tmp_path,
        MACHINES,
        MODELS,
        [
            {"machine": 0, "model": 1, "decode_tps": 50.0, "format": "4 bits"},
            {"machine": 0, "model": 1, "decode_tps": 20.0, "format": "16 bits"},
            {"machine": 0, "model": 0, "verdict": NO},
            {"machine": 1, "model": 0, "decode_tps": 3.0, "verdict": OFFLOAD, "format": "8 bits"},
            {"machine": 1, "model": 0, "decode_tps": 9.0, "verdict": TIGHT, "format": "2 bits"},
            {"machine": 1, "model": 1, "verdict": FITS, "decode_tps": NAN},
            {"machine": 2, "model": 0, "verdict": UNKNOWN},
        ],
    )


def texts(reader: Reader, query: HeatQuery) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Each cell's colour, text and mark, by the names of its machine and model."""
    found = heat_map(reader, query)
    shown = {}
    for row in found.machines:
        for column in found.models:
            cell = heat_cell(query.measure, found.values.get((row, column)), "pair", "format", "q")
            shown[MACHINES[row].name, MODELS[column].name] = (cell.kind, cell.text, cell.mark)
    return shown


def test_a_cell_tells_the_speed_of_its_fastest_plan_and_what_else_there_is(small: Reader) -> None:
    assert texts(small, HeatQuery()) == {
        ("Small card", "Tiny 1B"): ("step-5", "50", ""),
        ("Small card", "Big 70B"): ("none", "no", ""),
        ("Large card", "Tiny 1B"): ("unsure", "runs", ""),
        ("Large card", "Big 70B"): ("step-2", "9.0", "tight"),
        ("Old box", "Tiny 1B"): ("empty", "", ""),
        ("Old box", "Big 70B"): ("unsure", "?", ""),
    }


def test_a_cell_tells_the_most_bits_that_fit_with_room_to_spare(small: Reader) -> None:
    shown = texts(small, HeatQuery(measure="bits"))
    assert shown["Small card", "Tiny 1B"] == ("step-5", "16.00", "")
    assert shown["Large card", "Tiny 1B"] == ("step-2", "4.50", "")
    assert shown["Large card", "Big 70B"] == ("none", "tight", "")


def test_every_cell_is_told_in_words(small: Reader) -> None:
    found = heat_map(small, HeatQuery())
    value = found.values[1, 0]
    cell = heat_cell("speed", value, "Large card, Big 70B", "2 bits", "machine=1")
    assert cell.words == "Large card, Big 70B: 9.0 tokens/s (4.5 to 18.0) in 2 bits, tight. 2 plans."
    assert cell.query == "machine=1"
    assert (value.counts, value.n_running) == ((0, 1, 1, 0, 0), 2)


def test_the_orders_put_what_is_unknown_last(small: Reader) -> None:
    def names(order: str) -> list[str]:
        found = heat_map(small, HeatQuery(machine_order=order))
        return [MACHINES[number].name for number in found.machines]

    assert names("memory") == ["Small card", "Large card", "Old box"]
    assert names("-memory") == ["Old box", "Large card", "Small card"]
    assert names("price") == ["Small card", "Large card", "Old box"]
    assert names("-price") == ["Large card", "Small card", "Old box"]
    assert names("name") == ["Large card", "Old box", "Small card"]
    assert [MODELS[n].name for n in heat_map(small, HeatQuery()).models] == ["Tiny 1B", "Big 70B"]
    assert all(heat_map(small, HeatQuery(model_order=order)).n_models == 2 for order in MODEL_ORDERS)
    assert all(heat_map(small, HeatQuery(machine_order=order)).n_machines == 3 for order in MACHINE_ORDERS)


def test_names_are_searched_word_by_word(small: Reader) -> None:
    found = heat_map(small, HeatQuery(machine_text="card LARGE", model_text="b"))
    assert (found.machines, found.n_machines, found.n_models) == ((1,), 1, 2)
    none = heat_map(small, HeatQuery(machine_text="no such"))
    assert (none.machines, none.values, none.machine_page, none.machine_pages) == ((), {}, 1, 1)


def test_pages_hold_all_and_the_last_is_shown_for_those_beyond() -> None:
    assert page_of(range(60), 1, 25) == (1, 3, tuple(range(25)))
    assert page_of(range(60), 3, 25) == (3, 3, tuple(range(50, 60)))
    assert page_of(range(60), 99, 25) == (3, 3, tuple(range(50, 60)))
    assert page_of([], 4, 25) == (1, 1, ())


def test_a_narrowed_map_counts_the_plans_that_are_kept(small: Reader) -> None:
    found = heat_map(small, HeatQuery(format=3))
    assert {pair: (value.value, value.counts) for pair, value in found.values.items()} == {
        (0, 1): (20.0, (1, 0, 0, 0, 0))
    }
    assert heat_map(small, HeatQuery(context_tokens=4096)).values == {}


@pytest.mark.parametrize("measure", ["speed", "bits"])
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "under way"])
def test_the_map_agrees_with_a_look_at_every_plan(tmp_path: Path, measure: str, *, is_done: bool) -> None:
    """From the summary, from the chunks, and narrowed from the plans: always what a plain loop finds."""
    known = entries()
    columns = plans(known, 800)
    rows, cells = write_parts(columns, [100, 300, 300], "all", known, tmp_path)
    summary = None
    if is_done:
        summary = tmp_path / "summary"
        with connect() as connection:
            write_summary(connection, cells, summary)
    reader = Reader(ToldFiles(known, tuple(rows), tuple(cells), summary, (tmp_path, is_done)))
    listed = as_dicts(columns)
    for query in (HeatQuery(measure=measure), HeatQuery(measure=measure, context_tokens=4096, runtime=1)):
        among = [
            plan for plan in listed if all(plan[name] == value for name, value in query.conditions.items())
        ]
        found = heat_map(reader, query)
        assert set(found.values) == {(plan["machine"], plan["model"]) for plan in among}
        for pair, value in found.values.items():
            own = [plan for plan in among if (plan["machine"], plan["model"]) == pair]
            assert value.counts == tuple(
                sum(p["verdict"] == code for p in own) for code in range(len(VERDICTS))
            )
            best = best_plan(own, measure)
            assert value.plan == (-1 if best is None else best["plan"])
            if best is not None:
                bits = 8 * best["weights_bytes"] / known.models[pair[1]].n_parameters
                assert value.value == pytest.approx(best["decode_tps"] if measure == "speed" else bits)
            else:
                assert math.isnan(value.value)


def best_plan(own: list[dict[str, float]], measure: str) -> dict[str, float] | None:
    if measure == "speed":
        able = [plan for plan in own if plan["verdict"] <= 2 and plan["decode_tps"] is not None]
        return max(able, key=lambda plan: (plan["decode_tps"], -plan["plan"]), default=None)
    able = [plan for plan in own if plan["verdict"] == 0]
    return max(able, key=lambda p: (p["weights_bytes"], p["decode_tps"] or -1.0, -p["plan"]), default=None)


@pytest.mark.parametrize("measure", list(STEPS))
def test_steps_of_colour_rise_and_each_has_words(measure: str) -> None:
    bounds = [least for least, _ in STEPS[measure]]
    assert bounds == sorted(bounds)
    assert [kind_of(measure, least) for least in bounds] == [f"step-{n}" for n in range(len(bounds))]
    assert len(legend(measure)) == len({words for _, words in legend(measure)}) == len(bounds) + 2


def test_a_figure_stands_in_the_step_that_its_text_belongs_to() -> None:
    assert kind_of("speed", 4.96) == kind_of("speed", 5.0)  # both are written 5.0
    assert kind_of("bits", 3.996) == kind_of("bits", 4.0)


def test_a_page_is_no_larger_than_it_says() -> None:
    machines = [machine(f"M {n}", None, n) for n in range(ROWS + 3)]
    models = [model(f"L {n}", n + 1) for n in range(COLUMNS + 2)]
    assert len(ordered(machines, "m 1", lambda entry: entry.memory_gb)) == 12
    assert len(page_of(ordered(models, "", lambda entry: entry.n_parameters), 2, COLUMNS)[2]) == 2
    assert replace(HeatQuery(), concurrency=4).conditions == {"concurrency": 4}
