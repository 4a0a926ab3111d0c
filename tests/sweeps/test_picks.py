"""The first picks of a sweep: plans that are fast enough and good enough, for what the sweep leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.sweeps.results.picks import Pick, Picks, picks, usual_models
from planner.sweeps.results.reading import Reader
from tests.sweeps.told_results import NAN, NO, OFFLOAD, TIGHT, machine, model, told

ONE_MACHINE = [machine("Mine", 1500.0)]
MODELS = [model("Small 1B", 1), model("Middle 30B", 30), model("Large 70B", 70), model("Huge 400B", 400)]
MACHINES = [
    machine("Cheap card", 300.0),
    machine("Good card", 1000.0),
    machine("Twin of the good card", 1000.0, device="good card"),
    machine("Dear card", 5000.0),
    machine("No price", None),
]


def told_picks(reader: Reader) -> dict[str, tuple[str, str, float]]:
    """Of each kind the machine, model and speed."""
    entries = reader.entries
    return {
        pick.kind: (
            entries.machines[pick.plan["machine"]].name,
            entries.models[pick.plan["model"]].name,
            pick.plan["decode_tps"],
        )
        for pick in picks(reader).picks
    }


def of_kind(found: Picks, kind: str) -> Pick:
    return next(pick for pick in found.picks if pick.kind == kind)


def names(reader: Reader, plans: tuple[Any, ...]) -> list[str]:
    return [reader.entries.machines[plan["machine"]].name for plan in plans]


def test_one_machine_is_told_its_largest_models_and_never_the_smallest_in_fewest_bits(tmp_path: Path) -> None:
    reader = told(
        tmp_path,
        ONE_MACHINE,
        MODELS,
        [
            {"model": 0, "decode_tps": 400.0, "format": "2 bits"},
            {"model": 0, "decode_tps": 200.0, "format": "8 bits"},
            {"model": 1, "decode_tps": 40.0, "format": "4 bits"},
            {"model": 1, "decode_tps": 12.0, "format": "8 bits"},
            {"model": 2, "decode_tps": 15.0, "format": "4 bits"},
            {"model": 2, "decode_tps": 9.0, "format": "8 bits"},  # too slow
            {"model": 3, "decode_tps": 30.0, "format": "2 bits"},  # too few bits
        ],
    )
    assert told_picks(reader) == {
        "largest": ("Mine", "Large 70B", 15.0),
        "largest-best": ("Mine", "Middle 30B", 12.0),
    }


def test_a_quick_one_is_told_where_it_is_another(tmp_path: Path) -> None:
    plans = [{"model": 0, "decode_tps": 31.0}, {"model": 2, "decode_tps": 10.0, "format": "8 bits"}]
    assert told_picks(told(tmp_path, ONE_MACHINE, MODELS, plans)) == {
        "largest": ("Mine", "Large 70B", 10.0),
        "largest-quick": ("Mine", "Small 1B", 31.0),
    }


def test_where_nothing_is_fast_enough_the_largest_that_fits_is_told(tmp_path: Path) -> None:
    slow = [
        {"model": 1, "decode_tps": 3.0},
        {"model": 2, "decode_tps": 1.0},
        {"model": 3, "decode_tps": 0.4, "format": "2 bits"},
    ]
    reader = told(tmp_path, ONE_MACHINE, MODELS, slow)
    assert told_picks(reader) == {"fits": ("Mine", "Large 70B", 1.0)}
    assert picks(reader).nothing_comfortable


def test_where_nothing_runs_there_are_no_picks(tmp_path: Path) -> None:
    reader = told(tmp_path, ONE_MACHINE, MODELS, [{"model": 1, "verdict": NO}])
    assert picks(reader) == Picks((), 0, False)


def test_for_one_model_the_cheapest_the_fastest_and_the_best_machine_are_told(tmp_path: Path) -> None:
    reader = told(
        tmp_path,
        MACHINES,
        [MODELS[1]],
        [
            {"machine": 0, "decode_tps": 60.0, "format": "2 bits"},  # too few bits
            {"machine": 0, "decode_tps": 30.0, "verdict": OFFLOAD},  # its price is not all that it costs
            {"machine": 1, "decode_tps": 20.0, "verdict": TIGHT},
            {"machine": 2, "decode_tps": 19.0},
            {"machine": 3, "decode_tps": 50.0},
            {"machine": 3, "decode_tps": 25.0, "format": "8 bits"},
            {"machine": 4, "decode_tps": 90.0, "format": "16 bits"},
        ],
    )
    assert told_picks(reader) == {
        "cheapest": ("Good card", "Middle 30B", 20.0),
        "fastest": ("No price", "Middle 30B", 90.0),
        "widest": ("Dear card", "Middle 30B", 25.0),
    }
    found = picks(reader)
    cheapest = of_kind(found, "cheapest")
    assert (cheapest.n_machines, cheapest.n_unpriced, found.n_unpriced) == (4, 1, 1)
    assert names(reader, cheapest.next) == ["Dear card"]  # not the same device again
    assert names(reader, of_kind(found, "fastest").next) == ["Dear card", "Cheap card"]


def test_where_no_machine_has_a_price_the_fastest_is_told(tmp_path: Path) -> None:
    machines = [machine("A", None), machine("B", None)]
    plans = [{"machine": 0, "decode_tps": 20.0}, {"machine": 1, "decode_tps": 30.0}]
    reader = told(tmp_path, machines, [MODELS[1]], plans)
    cheapest = of_kind(picks(reader), "cheapest")
    assert (names(reader, (cheapest.plan,)), cheapest.n_machines, cheapest.n_unpriced) == (["B"], 2, 2)


def test_plans_with_offload_are_told_where_there_are_no_others(tmp_path: Path) -> None:
    plans = [{"machine": n, "decode_tps": 12.0, "verdict": OFFLOAD} for n in range(2)]
    reader = told(tmp_path, MACHINES[:2], [MODELS[1]], plans)
    assert told_picks(reader)["cheapest"] == ("Cheap card", "Middle 30B", 12.0)


def test_for_many_of_both_a_usual_model_of_each_size_is_told(tmp_path: Path) -> None:
    plans = [
        {"machine": place, "model": number, "decode_tps": 20.0 + place}
        for place in range(4)
        for number in range(4)
        if place >= number  # the larger the model, the fewer machines
    ]
    reader = told(tmp_path, MACHINES[:4], MODELS, plans)
    found = picks(reader)
    told_of = [
        (pick.kind, names(reader, (pick.plan,))[0], MODELS[pick.plan["model"]].name) for pick in found.picks
    ]
    assert told_of == [
        ("largest", "Dear card", "Huge 400B"),
        ("cheapest", "Cheap card", "Small 1B"),
        ("cheapest", "Twin of the good card", "Middle 30B"),  # at one price the faster
        ("cheapest", "Twin of the good card", "Large 70B"),
        # the cheapest for the largest is told already
    ]


def test_one_model_on_one_machine_is_told_its_ways(tmp_path: Path) -> None:
    plans = [
        {"decode_tps": 90.0, "format": "2 bits"},
        {"decode_tps": 50.0},
        {"decode_tps": 20.0, "format": "8 bits"},
        {"decode_tps": 11.0, "context_tokens": 65_536},
        {"decode_tps": 5.0, "context_tokens": 131_072},
    ]
    reader = told(tmp_path, ONE_MACHINE, [MODELS[1]], plans)
    assert [(pick.kind, pick.plan["plan"]) for pick in picks(reader).picks] == [
        ("fastest", 1),
        ("widest", 2),
        ("longest", 3),
    ]


def test_an_unknown_speed_is_never_picked(tmp_path: Path) -> None:
    plans = [{"machine": 0, "decode_tps": NAN}, {"machine": 1, "decode_tps": 20.0}]
    reader = told(tmp_path, MACHINES[:2], [MODELS[1]], plans)
    assert all(pick.plan["machine"] == 1 for pick in picks(reader).picks)


def test_known_models_stand_for_their_size_before_others(tmp_path: Path) -> None:
    models = [model("Nobody knows 9B", 9), model("Qwen3 8B", 8)]  # the slug of the second is well known
    reader = told(tmp_path, ONE_MACHINE, models, [{"model": 0}, {"model": 1}])
    assert usual_models(reader) == (1,)


def test_picks_of_a_sweep_under_way_are_those_of_its_chunks(tmp_path: Path) -> None:
    chunks = [{"model": 1, "decode_tps": 40.0}], [{"model": 2, "decode_tps": 15.0}]
    done = told(tmp_path / "done", ONE_MACHINE, MODELS, *chunks)
    under_way = told(tmp_path / "under-way", ONE_MACHINE, MODELS, *chunks, is_done=False)
    assert told_picks(under_way) == told_picks(done)
    assert under_way.counts() == done.counts() == {"fits": 2, "tight": 0, "offload": 0, "no": 0, "unknown": 0}


def test_before_any_chunk_there_is_nothing(tmp_path: Path) -> None:
    reader = told(tmp_path, ONE_MACHINE, MODELS, is_done=False)
    assert reader.is_empty
    assert picks(reader) == Picks((), 0, False)
    assert sum(reader.counts().values()) == 0
