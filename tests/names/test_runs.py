"""The names of a run, read together: what is left open is taken only where it hardly matters, and said."""

from __future__ import annotations

import pytest

from hardware_catalog.names import NameIndex
from hardware_catalog.names.runs import RunError, RunNames, TakenFormat, device_doubts
from hardware_catalog.rows import CatalogRows


@pytest.fixture(scope="module")
def runs(shipped: CatalogRows, names: NameIndex) -> RunNames:
    return RunNames(shipped, names)


def device(
    runs: RunNames, text: str, metric: str = "decode_tps", backend: str = ""
) -> tuple[str, float, str]:
    """Slug, GB/s and doubts of the entry that is taken."""
    found = runs.resolve_device(text, memory_gb=None, bandwidth_gbs=None, backend_text=backend, metric=metric)
    row = runs.device(found)
    return row.slug, (row.bandwidth_bytes_per_s or 0.0) / 1e9, "; ".join(device_doubts(found))


def test_a_processor_with_two_kinds_of_memory_takes_a_rate_between(runs: RunNames) -> None:
    slug, rate, doubts = device(runs, "11th Gen Intel Core i7-1165G7 @ 2.80GHz", backend="CPU")
    assert slug == "intel-core-11th-gen-laptop-i5-1135g7-i7-1165g7-ddr4-3200"
    assert 51.2 < rate < 68.3
    assert rate == pytest.approx((51.2 * 68.3) ** 0.5, rel=0.01)
    assert "DDR4-3200" in doubts
    assert "LPDDR4X-4267" in doubts


def test_the_stated_memory_decides(runs: RunNames) -> None:
    slug, rate, doubts = device(runs, "Intel Core i7-1165G7 (LPDDR4X-4267)", backend="CPU")
    assert "lpddr4x" in slug
    assert rate == pytest.approx(68.3, rel=0.01)
    assert doubts == ""


@pytest.mark.parametrize(
    "text", ["NVIDIA H100", "NVIDIA H100 80GB", "Apple M3 Max", "12th Gen Intel Core i7-1260P"]
)
@pytest.mark.parametrize("metric", ["decode_tps", "prefill_tps"])
def test_what_differs_too_much_is_asked_back(runs: RunNames, text: str, metric: str) -> None:
    with pytest.raises(RunError, match="may be: ") as error:
        device(runs, text, metric)
    assert error.value.status == "ambiguous"


def test_one_bandwidth_is_enough_for_the_speed_of_writing(runs: RunNames) -> None:
    """The Jetson AGX Orin with 32 and 64 GB: both read at 204.8 GB/s, and compute at other rates."""
    slug, rate, doubts = device(runs, "NVIDIA Jetson AGX Orin", "decode_tps")
    assert (slug, rate) == ("nvidia-jetson-agx-orin-32-gb", 204.8)
    assert "64 GB" in doubts
    with pytest.raises(RunError, match="may be: "):
        device(runs, "NVIDIA Jetson AGX Orin", "prefill_tps")


def taken_format(runs: RunNames, text: str, runtime: str = "llama.cpp", **options: float) -> TakenFormat:
    model = runs.model("Llama-3.1-8B")
    return runs.format(text, model, model_text="Llama-3.1-8B", runtime_text=runtime, **options)


def test_short_names_of_nearly_one_size_are_taken_as_the_likeliest(runs: RunNames) -> None:
    found = taken_format(runs, "Q4 (type not stated)")
    assert found.slug == "q4-k-m"
    assert "Q4_0" in found.doubts[0]
    assert taken_format(runs, "Q4_K_M") == TakenFormat("q4-k-m")


def test_an_unknown_format_is_taken_by_its_stated_size(runs: RunNames) -> None:
    with pytest.raises(RunError, match="no format 'Q9_ZZ' in the catalog"):
        taken_format(runs, "Q9_ZZ")
    found = taken_format(runs, "Q9_ZZ", weights_gib=4.58)
    assert found.slug == "q4-k-m"
    assert "Q9_ZZ" in found.doubts[0]
