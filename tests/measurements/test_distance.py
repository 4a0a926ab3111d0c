"""How near a measurement is: the same set-up is nearest, and each thing that differs moves it away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from planner.measurements import distance as d

# devices: 0 and 1 of one architecture, 2 another of the vendor, 3 another vendor's, 4 an unknown bandwidth
ENTRIES = d.Entries(
    architecture=np.array([0, 0, 1, 2, 0]),
    vendor=np.array([0, 0, 0, 1, 0]),
    kind=np.array([0, 0, 0, 0, 0]),
    log_bandwidth=np.log([1000e9, 900e9, 1000e9, 1000e9, np.nan]),
    # models: 0 and 1 of one family, 2 another family, 3 of another kind, 4 unpublished
    family=np.array([0, 0, 1, 1, 2]),
    model_kind=np.array([0, 0, 0, 1, 0]),
    log_active=np.log([8e9, 8e9, 8e9, 8e9, np.nan]),
    log_total=np.log([8e9, 8e9, 8e9, 8e9, np.nan]),
    format_family=np.array([0, 0, 1]),
    log_bits=np.log([4.5, 8.5, 4.5]),
)
TARGET = d.Target(
    device=0,
    log_bandwidth=math.log(1000e9),
    model=0,
    format=0,
    runtime=0,
    backend=0,
    devices=1.0,
    users=1.0,
    year=2026.0,
)
SAME = {
    "device": 0,
    "model": 0,
    "format": 0,
    "runtime": 0,
    "backend": 0,
    "devices": 1.0,
    "users": 1.0,
    "depth": 512.0,
    "prompt": 512.0,
    "year": 2026.0,
}


def far(target: d.Target = TARGET, **changes: float) -> float:
    """Distance of a measurement that differs from the target in so much."""
    row = SAME | changes
    numbers = {name: np.array([row[name]]) for name in ("device", "model", "format", "runtime", "backend")}
    rows = d.Rows(
        **numbers,
        doublings_of_devices=np.log2([row["devices"]]),
        doublings_of_users=np.log2([row["users"]]),
        doublings_of_depth=d.token_doublings(np.array([row["depth"]])),
        doublings_of_prompt=d.token_doublings(np.array([row["prompt"]])),
        year=np.array([row["year"]]),
    )
    found = d.standing_distances(ENTRIES, rows, target)
    found += d.token_distance(rows.doublings_of_depth, 512.0, d.PER_DOUBLED_DEPTH)
    found += d.token_distance(rows.doublings_of_prompt, 512.0, d.PER_DOUBLED_PROMPT)
    return float(found[0])


def test_the_same_set_up_is_at_no_distance():
    assert far() == 0.0


@pytest.mark.parametrize(
    ("nearer", "further"),
    [
        ({"device": 1}, {"device": 2}),  # another architecture
        ({"device": 2}, {"device": 3}),  # another vendor
        ({"device": 1}, {"device": 4}),  # a bandwidth that nobody states
        ({"model": 1}, {"model": 2}),  # another family
        ({"model": 2}, {"model": 3}),  # another kind
        ({"format": 2}, {"format": 1}),  # twice the bits weigh more than other kernels
        ({"runtime": 1}, {"backend": 1}),
        ({"depth": 1024.0}, {"depth": 8192.0}),
        ({"prompt": 1024.0}, {"prompt": 8192.0}),
        ({"devices": 2.0}, {"devices": 8.0}),
        ({"users": 2.0}, {"users": 32.0}),
        ({"year": 2025.0}, {"year": 2023.0}),
        ({"runtime": 1}, {"device": 3}),
    ],
)
def test_what_differs_more_is_further(nearer: dict[str, float], further: dict[str, float]):
    assert 0 < far(**nearer) < far(**further)


def test_what_is_not_stated_counts_as_little_known():
    assert far(depth=math.nan) == 0.0  # reading a prompt has no depth
    assert far(year=math.nan) == pytest.approx(d.UNDATED_YEARS * d.PER_YEAR)
    assert math.isinf(far(model=4))  # an unpublished architecture compares with nothing


def test_a_device_of_ones_own_is_compared_by_its_bandwidth():
    own = d.device_distance(ENTRIES, -1, math.log(900e9))
    assert int(np.argmin(own)) == 1
    assert np.all(own > 0)
    assert np.isfinite(d.device_distance(ENTRIES, -1, math.nan)).all()


def test_all_weights_are_positive():
    names = [name for name in vars(d) if name.startswith(("OTHER_", "PER_", "UNKNOWN_"))]
    assert len(names) >= 17
    assert all(getattr(d, name) > 0 for name in names)


def test_several_conversations_are_compared_with_several():
    many = replace(TARGET, users=32.0)
    assert far(many, users=32.0) == 0.0 < far(many, users=8.0) < far(many, users=1.0)
