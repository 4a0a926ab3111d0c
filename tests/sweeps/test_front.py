"""The front of a model: what no other plan beats in speed, price and bits at once, and the steps along it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from planner.sweeps.results.front import (
    MOST_UNPRICED,
    WORTH,
    Candidate,
    FrontQuery,
    figures_of,
    front,
    front_of,
    quality_of,
    usual_context,
    usual_query,
)
from planner.sweeps.results.reading import Reader
from tests.sweeps.told_results import NAN, NO, OFFLOAD, TIGHT, machine, model, told

MACHINES = [
    machine("Cheap", 200.0),
    machine("Middle", 1000.0),
    machine("Dear", 5000.0),
    machine("Gift", 0.0),
    machine("Secret", None),
    machine("Hidden", None),
]
MODELS = [model("One 8B", 8), model("Other 70B", 70)]
ASKED = FrontQuery(model=0, context_tokens=8192, concurrency=1)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Plans 0 to 4 on the front of the first model; the others are beaten or beside the question."""
    return told(
        tmp_path,
        MACHINES,
        MODELS,
        [
            {"machine": 0, "decode_tps": 30.0, "format": "2 bits"},
            {"machine": 0, "decode_tps": 10.0, "format": "8 bits"},
            {"machine": 1, "decode_tps": 40.0, "format": "4 bits"},
            {"machine": 1, "decode_tps": 20.0, "format": "8 bits", "verdict": TIGHT},
            {"machine": 2, "decode_tps": 90.0, "format": "8 bits"},
        ],
        [
            {"machine": 1, "decode_tps": 39.0, "format": "4 bits", "runtime": 1},  # 5: slower than 2
            {"machine": 1, "decode_tps": 25.0, "format": "2 bits"},  # 6: dearer and slower than 0
            {"machine": 2, "decode_tps": 80.0, "format": "4 bits"},  # 7: fewer bits than 4, and slower
            {"machine": 0, "decode_tps": 99.0, "format": "16 bits", "verdict": OFFLOAD},  # 8
            {"machine": 0, "decode_tps": 99.0, "context_tokens": 4096},  # 9: another context
            {"machine": 0, "decode_tps": 99.0, "concurrency": 8},  # 10: more users
            {"machine": 0, "decode_tps": 99.0, "model": 1},  # 11: another model
            {"machine": 2, "verdict": NO},
            {"machine": 2, "decode_tps": NAN, "format": "2 bits"},
            {"machine": 4, "decode_tps": 500.0, "format": "2 bits"},  # 14
            {"machine": 4, "decode_tps": 300.0, "format": "4 bits"},  # 15
            {"machine": 5, "decode_tps": 7.0, "format": "2 bits"},  # 16
            {"machine": 3, "decode_tps": 1.0, "format": "16 bits"},  # 17: a price of nothing is no price
        ],
    )


def plans(candidates: tuple[Candidate, ...]) -> list[int]:
    return [candidate.plan for candidate in candidates]


def test_what_no_other_plan_beats_stands_on_the_front_by_price_and_bits(reader: Reader) -> None:
    found = front(reader, ASKED)
    assert plans(found.best) == [1, 0, 3, 2, 4]
    # of a machine and a format only the fastest plan is a candidate
    assert sorted(found.behind) == [(1000.0, 25.0), (5000.0, 80.0)]
    assert (found.n_machines, found.n_candidates) == (6, 11)


def test_steps_go_along_the_front_in_each_quality(reader: Reader) -> None:
    found = front(reader, ASKED)
    assert [plans(stair) for stair in found.stairs] == [[1, 3, 4], [1, 2, 4], [0, 2, 4]]
    assert [quality_of(candidate) for candidate in found.best] == [0, 2, 0, 1, 0]


def test_machines_without_a_price_are_counted_and_listed_apart(reader: Reader) -> None:
    found = front(reader, ASKED)
    # in four bits and more where they can
    assert plans(found.unpriced) == [15, 16, 17]
    assert found.n_unpriced == 3


def test_plans_with_a_part_in_main_memory_count_only_where_asked(reader: Reader) -> None:
    with_offload = FrontQuery(0, 8192, 1, with_offload=True)
    assert plans(front(reader, with_offload).best) == [8]
    assert 8 not in plans(front(reader, ASKED).best)


def test_all_figures_of_what_is_named_are_read(reader: Reader) -> None:
    found = front(reader, ASKED)
    figures = figures_of(reader, found)
    assert set(figures) == {0, 1, 2, 3, 4, 15, 16, 17}
    assert figures[3]["decode_tps_high"] == 40.0


def test_where_nothing_runs_there_is_no_front(reader: Reader) -> None:
    found = front(reader, FrontQuery(1, 4096, 1))
    assert (found.best, found.stairs, found.n_machines) == ((), ((), (), ()), 0)
    assert figures_of(reader, found) == {}


@pytest.mark.parametrize("seed", range(5))
def test_the_front_agrees_with_a_comparison_of_all_with_all(seed: int) -> None:
    rng = random.Random(seed)
    candidates = [
        Candidate(
            plan, plan, rng.choice([100.0, 200.0, 300.0, NAN]), rng.randint(1, 9), rng.choice([2.0, 4.5, 8.5])
        )
        for plan in range(60)
    ]
    priced = [one for one in candidates if one.price_usd > 0]

    def beaten(one: Candidate) -> bool:
        return any(
            other.price_usd <= one.price_usd
            and other.decode_tps >= one.decode_tps
            and other.bits >= one.bits
            and (other.price_usd, other.decode_tps, other.bits) != (one.price_usd, one.decode_tps, one.bits)
            for other in priced
        )

    found = front_of(candidates)
    assert {one.plan for one in found.best} == {one.plan for one in priced if not beaten(one)}
    assert len(found.best) + len(found.behind) == len(priced)
    for stair in found.stairs:
        speeds = [one.decode_tps for one in stair]
        assert all(later >= WORTH * earlier for earlier, later in itertools.pairwise(speeds))


def test_a_step_that_hardly_gains_is_none() -> None:
    found = front_of(
        [
            Candidate(0, 0, 100.0, 10.0, 8.5),
            Candidate(1, 1, 110.0, 10.4, 8.5),
            Candidate(2, 2, 120.0, 10.6, 8.5),
        ]
    )
    assert plans(found.best) == [0, 1, 2]
    assert plans(found.stairs[0]) == [0, 2]


def test_so_many_machines_without_a_price_are_named() -> None:
    found = front_of([Candidate(n, n, NAN, 1.0 + n, 4.5) for n in range(40)])
    assert (len(found.unpriced), found.n_unpriced) == (MOST_UNPRICED, 40)
    assert found.unpriced[0].plan == 39
    assert found.best == ()


def test_what_is_usual_is_a_middling_model_that_many_run(reader: Reader, tmp_path: Path) -> None:
    assert usual_query(reader, (4096, 8192), (1, 8)) == FrontQuery(0, 8192, 1)
    nothing = told(tmp_path / "nothing", MACHINES, MODELS, [{"verdict": NO}])
    assert usual_query(nothing, (4096,), (1,)) is None
    assert usual_context((2048, 131_072)) == 2048
    assert usual_context((4096, 16_384)) == 4096
