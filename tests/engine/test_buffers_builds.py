"""What a build reserves, by its date or number."""

from __future__ import annotations

import pytest

from planner.engine.buffers import LATENT_ALL_F16, LATENT_ALL_F32, LATENT_CHUNKS
from planner.engine.builds import llama_build


@pytest.mark.parametrize(
    ("version", "wide_mask", "all_logits"),
    [
        ("", False, False),
        ("b8198", True, True),
        ("b8946 (2026-04)", True, True),
        ("build: 9272 (1d7ab2b94)", True, True),
        ("b1-b21e4de (2026-08-22)", False, False),
        ("2026-05-29", False, True),
        ("b11026", False, False),
        ("2025-12", True, True),
    ],
)
def test_llama_cpp_reserves_less_since_june_2026(version: str, wide_mask: bool, all_logits: bool) -> None:
    build = llama_build(ik=False, version=version)
    assert (build.wide_mask, build.all_logits) == (wide_mask, all_logits)


def test_tools_that_are_no_server_reserve_every_logit() -> None:
    assert llama_build(ik=False, serves=False).all_logits


@pytest.mark.parametrize(
    ("version", "wide_mask", "latent"),
    [
        ("2025-03-07", True, LATENT_ALL_F32),
        ("2025-06-14", True, LATENT_ALL_F16),
        ("2025-12-01", False, LATENT_ALL_F16),
        ("", False, LATENT_CHUNKS),
    ],
)
def test_ik_llama_cpp_by_date(version: str, wide_mask: bool, latent: int) -> None:
    build = llama_build(ik=True, version=version)
    assert (build.wide_mask, build.latent_mode) == (wide_mask, latent)
    assert build.all_logits
