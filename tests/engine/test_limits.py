"""What a process may use, against the figures that systems print."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware_catalog.files import DATA
from planner.engine.limits import limit_table, overhead_table, platform_key, usable_bytes

GIB, MB = 2.0**30, 1e6
RAW = json.loads((DATA / "limits.json").read_text(encoding="utf-8"))
TABLE = limit_table(RAW)


def usable(platform: str, memory_gb: float, count: float = 1) -> tuple[float, float, float]:
    got = usable_bytes(
        TABLE, np.array([TABLE.index(platform)]), np.array([memory_gb * GIB]), np.array([count])
    )
    return got.low[0], got.central[0], got.high[0]


@pytest.mark.parametrize(
    ("memory_gb", "logged_bytes"),
    [
        (16, 12713.12 * MB),
        (24, 19069.67 * MB),
        (32, 26800.60 * MB),
        (48, 40200.90 * MB),
        (64, 55662.79 * MB),
        (128, 115448.73 * MB),
        (512, 498216.21 * MB),
    ],
)
def test_macos_plans_with_what_newer_systems_print(memory_gb: float, logged_bytes: float) -> None:
    assert usable("macos", memory_gb)[1] == pytest.approx(logged_bytes, rel=1e-6)


@pytest.mark.parametrize(
    ("memory_gb", "older_gib"),
    [(8, 5.333), (16, 10.667), (32, 21.333), (36, 27.0), (48, 36.0), (64, 48.0), (96, 72.0), (192, 144.0)],
)
def test_macos_range_reaches_down_to_older_systems(memory_gb: float, older_gib: float) -> None:
    low, central, high = usable("macos", memory_gb)
    assert low / GIB == pytest.approx(older_gib, rel=0.002)
    assert low <= central <= high


@pytest.mark.parametrize("memory_gb", [16, 18, 36, 64, 96, 128, 256, 512])
def test_raising_the_macos_limit_gives_more_but_not_all(memory_gb: float) -> None:
    default, raised = usable("macos", memory_gb)[1], usable("macos_raised", memory_gb)[1]
    assert default <= raised < memory_gb * GIB


def test_macos_sizes_not_seen_lie_between_their_neighbours() -> None:
    shares = [usable("macos", size)[1] / size for size in (64, 96, 128, 192, 256, 512)]
    assert shares == sorted(shares)


def test_ios_apps_get_what_apps_measured() -> None:
    assert usable("ios", 6)[1] == 4.20e9
    assert usable("ios", 8)[1] == 6.0e9
    assert usable("ios_default", 8)[1] == 3.0e9
    assert usable("ios_default", 4)[1] == 2.1e9


def test_android_leaves_about_half() -> None:
    low, central, high = usable("android", 8)
    assert (low / GIB, central / GIB, high / GIB) == pytest.approx((3.6, 4.0, 4.4))
    assert usable("android", 12)[0] == pytest.approx(3.9 * GIB)


def test_nvidia_drivers_keep_a_little() -> None:
    assert usable("nvidia", 24)[1] == 24080 * 2**20
    assert usable("nvidia", 24, count=4)[1] == 4 * 24080 * 2**20
    assert usable("nvidia_windows", 24)[1] < usable("nvidia", 24)[1]


def test_strix_halo_range_covers_default_and_usual_setting() -> None:
    low, central, _ = usable("unified_amd", 128)
    assert low / GIB == pytest.approx(62.2)
    assert central / GIB == pytest.approx(96)


def test_hosts_keep_memory_for_the_system() -> None:
    assert usable("windows_host", 16)[1] < usable("linux_host", 16)[1] < 16 * GIB
    assert usable("windows_host", 2)[0] == 0  # never negative


def test_unknown_memory_stays_unknown() -> None:
    got = usable_bytes(TABLE, np.array([0, 1]), np.array([np.nan, 8 * GIB]), np.array([1.0, 1.0]))
    assert np.isnan(got.central[0])
    assert got.central[1] > 0


# what iOS prints as a process's default limit is lower on 8 GB than on 6 GB devices
RISING = sorted(set(TABLE.platforms) - {"ios_default"})


@given(st.sampled_from(RISING), st.floats(1, 1024), st.floats(1, 2))
def test_more_memory_is_never_less_usable(platform: str, memory_gb: float, factor: float) -> None:
    small, large = usable(platform, memory_gb), usable(platform, memory_gb * factor)
    for a, b in zip(small, large, strict=True):
        # a share that falls between two published sizes may bend the line by less than this
        assert b >= a * (1 - 1e-3)
    assert 0 <= small[0] <= small[1] <= small[2] <= memory_gb * GIB


@pytest.mark.parametrize(
    ("given_device", "platform"),
    [
        ({"kind": "apple", "vendor": "Apple", "operating_system": "macos", "unified_memory": True}, "macos"),
        ({"kind": "apple", "vendor": "Apple", "raised": True}, "macos_raised"),
        ({"kind": "phone", "vendor": "Apple"}, "ios"),
        ({"kind": "tablet", "vendor": "Apple", "operating_system": "ipados"}, "ios"),
        ({"kind": "phone", "vendor": "Samsung"}, "android"),
        ({"kind": "gpu", "vendor": "NVIDIA"}, "nvidia"),
        ({"kind": "gpu", "vendor": "NVIDIA", "operating_system": "windows"}, "nvidia_windows"),
        ({"kind": "gpu", "vendor": "AMD"}, "amd"),
        ({"kind": "gpu", "vendor": "Intel"}, "gpu"),
        ({"kind": "computer", "vendor": "AMD", "unified_memory": True}, "unified_amd"),
        ({"kind": "computer", "vendor": "NVIDIA", "unified_memory": True}, "unified_nvidia"),
        ({"kind": "computer", "vendor": "Intel"}, "linux_host"),
        ({"kind": "computer", "vendor": "Intel", "operating_system": "windows"}, "windows_host"),
        ({"kind": "accelerator", "vendor": "AMD"}, "amd"),
    ],
)
def test_each_kind_of_machine_has_its_rule(given_device: dict, platform: str) -> None:
    key = platform_key(**given_device)
    assert key == platform
    assert key in TABLE.platforms


def test_every_rule_can_be_explained() -> None:
    for rule in TABLE.rules:
        assert rule.label
        assert rule.explanation.endswith(".")
        address = rule.source(16 * GIB)
        assert not address or address.startswith("https://")
        assert all(rule.sources)


def test_a_rule_without_source_or_with_a_crossed_range_is_refused() -> None:
    broken = copy.deepcopy(RAW)
    broken["rules"][0]["points"][0]["sources"] = []
    with pytest.raises(ValueError, match="source"):
        limit_table(broken)
    crossed = copy.deepcopy(RAW)
    crossed["rules"][0]["points"][0]["low_bytes"] = crossed["rules"][0]["points"][0]["high_bytes"] + 1
    with pytest.raises(ValueError, match="low to high"):
        limit_table(crossed)


def test_overheads_are_ordered_and_sourced() -> None:
    table = overhead_table(RAW)
    assert (table.bytes.low <= table.bytes.central).all()
    assert (table.bytes.central <= table.bytes.high).all()
    assert all(table.sources)
    cuda = table.take(np.array([table.backends.index("cuda")]))
    assert cuda.low[0] == 100 * 2**20
    assert cuda.central[0] == 451 * 2**20
