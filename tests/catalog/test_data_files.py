"""What the shipped files hold: complete, sourced, and honest about what is not known."""

from __future__ import annotations

from collections import Counter

import pytest

from hardware_catalog.rows import CatalogRows, DeviceRow

KINDS = {"gpu": 218, "phone": 196, "computer": 140, "apple": 41, "tablet": 22, "accelerator": 8}


def device(shipped: CatalogRows, slug: str) -> DeviceRow:
    return next(row for row in shipped.devices if row.slug == slug)


def test_every_device_and_model_is_there(shipped: CatalogRows) -> None:
    assert Counter(row.kind for row in shipped.devices) == KINDS
    assert len(shipped.devices) == 625
    assert len(shipped.models) == 220


def test_every_entry_names_its_sources(shipped: CatalogRows) -> None:
    entries = (*shipped.devices, *shipped.machines, *shipped.models, *shipped.formats, *shipped.kv_formats)
    assert [row.slug for row in (*entries, *shipped.runtimes) if not row.sources] == []
    assert [rule for runtime in shipped.runtimes for rule in runtime.supports if not rule["source"]] == []
    assert [block.name for block in shipped.block_type_rows if not block.sources] == []


def test_every_citation_is_described(shipped: CatalogRows) -> None:
    described = {source.citation for source in shipped.sources}
    assert {citation for row in shipped.devices for citation in row.sources} <= described
    unlicensed = [source for source in shipped.sources if not source.licence]
    assert unlicensed == [], f"{len(unlicensed)} citations have no licence in sources.csv"


def test_figures_are_in_si_units(shipped: CatalogRows) -> None:
    card = device(shipped, "nvidia-geforce-rtx-4090")
    assert card.memory_options_gb == (24.0,)
    assert card.bandwidth_bytes_per_s == 1008e9
    assert card.fp16_flops_per_s == 165.2e12
    assert card.pcie_bytes_per_s == 32e9
    assert device(shipped, "apple-m1-8-core-gpu").bandwidth_bytes_per_s == 68_250_000_000


@pytest.mark.parametrize(
    ("slug", "field"),
    [
        ("raspberry-pi-5", "fp16_flops_per_s"),
        ("nvidia-rtx-spark-pc", "bandwidth_bytes_per_s"),
        ("apple-iphone-18-pro", "bandwidth_bytes_per_s"),
        ("nvidia-h100-nvl-94-gb", "fp16_flops_per_s"),
        ("nvidia-h100-sxm5-80-gb", "launch_price_usd"),
    ],
)
def test_unknown_figures_stay_unknown(shipped: CatalogRows, slug: str, field: str) -> None:
    assert getattr(device(shipped, slug), field) is None


def test_devices_without_a_known_memory_size_have_none(shipped: CatalogRows) -> None:
    assert sum(not row.memory_options_gb for row in shipped.devices) == 121


def test_bandwidth_of_phones_is_an_upper_limit_and_says_so(shipped: CatalogRows) -> None:
    for row in shipped.devices:
        limit = row.kind in {"phone", "tablet"} and row.bandwidth_bytes_per_s is not None
        assert row.bandwidth_is_upper_limit == limit, row.slug
        noted = [note for note in row.figure_notes if note.kind == "upper_limit"]
        assert bool(noted) == limit, row.slug
        assert all("up to" in note.text and note.field == "bandwidth_bytes_per_s" for note in noted), row.slug


def test_disagreements_of_sources_are_carried(shipped: CatalogRows) -> None:
    disputed = {
        (row.slug, note.field)
        for row in shipped.devices
        for note in row.figure_notes
        if note.kind == "disagreement"
    }
    assert len(disputed) > 150
    assert {
        ("nvidia-geforce-rtx-3090-ti", "fp16_flops_per_s"),
        ("nvidia-geforce-rtx-4080", "bandwidth_bytes_per_s"),
        ("nvidia-geforce-rtx-5090-laptop-gpu", "tdp_w"),
        ("nvidia-rtx-a1000", "memory_options_gb"),
        ("amd-instinct-mi355x", "fp8_flops_per_s"),
        ("apple-m3-max-30-core-gpu", "bandwidth_bytes_per_s"),
        ("apple-m5-max-32-core-gpu", "bandwidth_bytes_per_s"),
        ("apple-iphone-17-pro", "bandwidth_bytes_per_s"),
        ("samsung-galaxy-s25", "bandwidth_bytes_per_s"),
        ("raspberry-pi-5", "bandwidth_bytes_per_s"),
    } <= disputed


def test_rows_that_nobody_can_check_are_marked(shipped: CatalogRows) -> None:
    marked = {
        row.slug
        for row in shipped.devices
        if any(note.kind == "unverified" and not note.field for note in row.figure_notes)
    }
    unnamed = {
        row.slug for row in shipped.devices if all("repository not named" in text for text in row.sources)
    }
    assert unnamed <= marked
    assert len(unnamed) > 12
    assert all(
        source.verified != ("repository not named" in source.citation) or not source.verified
        for source in shipped.sources
    )
    assert "nvidia-geforce-rtx-4090" not in marked


def test_laptop_and_desktop_parts_are_told_apart(shipped: CatalogRows) -> None:
    for row in shipped.devices:
        if "Laptop GPU" in row.name:
            assert row.form_factor == "laptop", row.slug
        elif row.kind == "gpu" and "GeForce" in row.name:
            assert row.form_factor == "desktop", row.slug
    desktop, laptop = (
        device(shipped, "nvidia-geforce-rtx-4090"),
        device(shipped, "nvidia-geforce-rtx-4090-laptop-gpu"),
    )
    assert (desktop.memory_options_gb, laptop.memory_options_gb) == ((24.0,), (16.0,))


def test_known_plausible_ranges(shipped: CatalogRows) -> None:
    """A slipped digit would break these: a part's peak rate per byte of bandwidth lies within physical habit."""
    for row in shipped.devices:
        if row.kind == "gpu" and row.fp16_flops_per_s and row.bandwidth_bytes_per_s:
            assert 10 < row.fp16_flops_per_s / row.bandwidth_bytes_per_s < 700, row.slug
        if row.fp16_flops_per_s and row.fp8_flops_per_s:
            assert 0.99 < row.fp8_flops_per_s / row.fp16_flops_per_s < 5, row.slug


def test_models_carry_configs_and_totals(shipped: CatalogRows) -> None:
    by_slug = {row.slug: row for row in shipped.models}
    r1 = by_slug["deepseek-r1"]
    assert r1.config["n_routed_experts"] == 256
    assert r1.vendor == "DeepSeek"
    assert sum(row.formula is not None for row in shipped.models) >= 189
    for row in shipped.models:
        if row.active_params_published and row.params_published:
            assert row.active_params_published <= row.params_published, row.slug


def test_block_types_are_those_of_the_formats(shipped: CatalogRows) -> None:
    assert shipped.block_types["Q4_K"] == (256, 144)
    assert shipped.block_types["Q8_0"] == (32, 34)
    assert shipped.block_types["MXFP4"] == (32, 17)


def test_kv_formats_have_their_bits(shipped: CatalogRows) -> None:
    bits = {row.slug: row.bits_per_element for row in shipped.kv_formats}
    assert {
        "f16": 16.0,
        "bf16": 16.0,
        "q8_0": 8.5,
        "q5_1": 6.0,
        "q5_0": 5.5,
        "q4_1": 5.0,
        "q4_0": 4.5,
    }.items() <= bits.items()
    assert bits["fp8"] == 8.0
