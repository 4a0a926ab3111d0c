"""Speed against context: each machine's fastest plan at every context."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.sweeps.results.contexts import (
    MOST_MACHINES,
    ContextsQuery,
    best_machines,
    context_curves,
    usual_format,
)
from planner.sweeps.results.reading import Reader
from tests.sweeps.told_results import FORMATS, NAN, NO, OFFLOAD, machine, model, told

MACHINES = [
    machine("Phone", category="phone"),
    machine("Desktop", category="desktop"),
    machine("Desktop again", category="desktop", device="desktop"),
    machine("Faster desktop", category="desktop"),
    machine("Server", category="server"),
]
MODELS = [model("One 8B", 8), model("Other 70B", 70)]
FOUR, EIGHT = FORMATS.index("4 bits"), FORMATS.index("8 bits")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Five machines; the phone holds the shortest context only."""
    plans = [
        {"machine": number, "context_tokens": context, "decode_tps": speed / (1 + context / 100_000)}
        for number, speed in ((1, 50.0), (2, 50.0), (3, 80.0), (4, 200.0))
        for context in (8192, 2048, 32_768)
    ]
    others = [
        {"machine": 0, "context_tokens": 2048, "decode_tps": 10.0},
        {"machine": 0, "context_tokens": 8192, "verdict": NO},
        {"machine": 1, "context_tokens": 2048, "decode_tps": 70.0, "runtime": 1},
        {"machine": 1, "context_tokens": 2048, "decode_tps": 30.0, "format": "8 bits"},
        {"machine": 1, "context_tokens": 2048, "decode_tps": 90.0, "concurrency": 4},
        {"machine": 1, "context_tokens": 2048, "decode_tps": 95.0, "format": "2 bits", "verdict": OFFLOAD},
        {"machine": 4, "context_tokens": 65_536, "decode_tps": NAN},
    ]
    return told(tmp_path, MACHINES, MODELS, plans, others)


def speeds(reader: Reader, query: ContextsQuery) -> dict[str, list[tuple[int, float]]]:
    return {
        MACHINES[curve.machine].name: [(p["context_tokens"], round(p["decode_tps"], 1)) for p in curve.plans]
        for curve in context_curves(reader, query)
    }


def test_curves_stand_in_the_order_asked_for_and_rise_by_context(reader: Reader) -> None:
    found = speeds(reader, ContextsQuery(0, FOUR, 1, machines=(3, 0)))
    assert found == {
        "Faster desktop": [(2048, 78.4), (8192, 73.9), (32_768, 60.3)],
        "Phone": [(2048, 10.0)],
    }
    assert list(found) == ["Faster desktop", "Phone"]


def test_of_several_programs_the_fastest_counts_and_other_users_and_formats_do_not(reader: Reader) -> None:
    assert speeds(reader, ContextsQuery(0, FOUR, 1, (1,)))["Desktop"][0] == (2048, 70.0)
    assert speeds(reader, ContextsQuery(0, EIGHT, 1, (1,))) == {"Desktop": [(2048, 30.0)]}
    assert speeds(reader, ContextsQuery(0, FOUR, 4, (1,))) == {"Desktop": [(2048, 90.0)]}


def test_in_any_format_the_fastest_counts_also_with_offload(reader: Reader) -> None:
    assert speeds(reader, ContextsQuery(0, None, 1, (1,)))["Desktop"][0] == (2048, 95.0)


def test_an_unknown_speed_is_no_point(reader: Reader) -> None:
    (curve,) = context_curves(reader, ContextsQuery(0, FOUR, 1, (4,)))
    assert [plan["context_tokens"] for plan in curve.plans] == [2048, 8192, 32_768]


def test_without_a_choice_the_fastest_of_each_kind_stand_first(reader: Reader) -> None:
    machines = best_machines(reader, ContextsQuery(0, FOUR, 1))
    # each kind once, then devices that are not there yet
    assert [MACHINES[number].name for number in machines] == ["Server", "Faster desktop", "Phone", "Desktop"]


def test_at_most_six_machines_are_drawn(tmp_path: Path) -> None:
    machines = [machine(f"Machine {n}", category=f"kind {n % 9}") for n in range(20)]
    reader = told(tmp_path, machines, MODELS, [{"machine": n, "decode_tps": 10.0 + n} for n in range(20)])
    assert len(context_curves(reader, ContextsQuery(0, None, 1))) == MOST_MACHINES


def test_a_model_that_nothing_runs_has_no_curve(reader: Reader) -> None:
    assert context_curves(reader, ContextsQuery(1, None, 1)) == ()
    assert context_curves(reader, ContextsQuery(1, None, 1, (0, 1))) == ()


def test_the_usual_format_has_about_four_bits(reader: Reader) -> None:
    assert usual_format(reader, 0) == FOUR
    assert usual_format(reader, 1) is None
