"""Every format on every model: the shipped rules name only known types and conditions, and give a size."""

from __future__ import annotations

import numpy as np

from planner.engine.quantize import _CONDITIONS
from planner.engine.weights import weights_table
from tests.engine.catalog import architectures, formats, models, rows


def test_the_whole_table_is_filled() -> None:
    slugs = list(models())
    table = weights_table([architectures().get(slug) for slug in slugs], list(formats().values()))
    unknown = [slug for slug, row in zip(slugs, table.total_bytes, strict=True) if np.isnan(row).any()]
    assert unknown == ["grok-2"]
    assert (table.total_bytes[~np.isnan(table.total_bytes)] > 1e8 / 8).all()


def test_rules_name_known_types_and_conditions() -> None:
    blocks = rows().block_types
    for row in rows().formats:
        rules = row.rules
        named = [rules["default"], rules.get("vectors", "F32"), rules.get("last_resort", "F16")]
        named += [case["type"] for case in rules.get("cases", ())]
        named += [t for pair in rules.get("fallback", {}).items() for t in pair] + list(rules.get("kept", {}))
        assert all(name in blocks for name in named if isinstance(name, str)), row.slug
        keys = {key for case in rules.get("cases", ()) for key in case.get("when", {})}
        assert keys <= {*_CONDITIONS, "band", "index"}, row.slug
        assert all("tensors" in case or "classes" in case for case in rules.get("cases", ())), row.slug


def test_every_format_states_nominal_bits_and_sources() -> None:
    assert all(row.nominal_bits_per_weight and row.sources for row in rows().formats)


def test_each_native_format_is_shipped() -> None:
    assert {model.native_format for model in models().values()} <= set(formats())
