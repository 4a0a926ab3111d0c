"""What an architecture says of its layers: caches, states, experts, and what is refused."""

from __future__ import annotations

import pytest

from planner.engine.architecture import UnknownArchitecture, architecture_from_config
from planner.engine.units import MIB
from tests.engine.catalog import architectures, models


def test_every_known_layer_keeps_one_kind_of_cache() -> None:
    """Falcon-H1 has two in every layer, searched and Mamba models none in some; nowhere does a layer appear twice."""
    for slug, architecture in architectures().items():
        keep = [layer for group in architecture.attention for layer in group.layers]
        n_mixers = 2 if architecture.gguf_arch == "falcon-h1" else 1
        assert len(keep) <= n_mixers * architecture.n_layers, slug
        assert all(0 <= layer < architecture.n_layers for layer in keep), slug
        if n_mixers == 1:
            assert len(keep) == len(set(keep)), slug


def test_recurrent_state_of_qwen3_6_27b() -> None:
    """149.6 MiB of f32 state a sequence, as llama.cpp logs it."""
    architecture = architectures()["qwen3-6-27b"]
    assert architecture.recurrent_state_bytes_per_sequence / MIB == pytest.approx(149.625)
    assert architecture.has_recurrent


def test_gemma_windows_and_wide_global_heads() -> None:
    sliding, full = sorted(
        architectures()["gemma-4-31b"].attention, key=lambda group: group.kind, reverse=True
    )
    assert (sliding.kind, len(sliding.layers), sliding.window_tokens, sliding.head_dim_k) == (
        "sliding",
        50,
        1024,
        256,
    )
    assert (full.kind, len(full.layers), full.n_kv_heads, full.head_dim_k) == ("full", 10, 4, 512)


def test_small_gemma_4_shares_caches() -> None:
    kinds = [(group.kind, len(group.layers)) for group in architectures()["gemma-4-e2b"].attention]
    assert sorted(kinds) == [("full", 3), ("shared", 4), ("shared", 16), ("sliding", 12)]


def test_glm_5_2_indexes_21_of_78_layers() -> None:
    (group,) = architectures()["glm-5-2"].attention
    assert (group.kind, len(group.layers), group.n_indexer_layers, group.indexer_head_dim) == (
        "mla",
        78,
        21,
        128,
    )


def test_llama_4_chunks_three_of_four_layers() -> None:
    full, chunked = architectures()["llama-4-scout-17b-16e"].attention
    assert (full.kind, len(full.layers)) == ("full", 12)
    assert (chunked.kind, len(chunked.layers), chunked.window_tokens) == ("sliding", 36, 8192)


def test_quantizer_sees_query_heads_per_kv_head() -> None:
    assert architectures()["llama-3-1-8b"].gqa_ratio == 4
    assert architectures()["llama-2-7b"].gqa_ratio == 1


def test_mixture_of_experts_flags() -> None:
    assert architectures()["deepseek-r1"].is_moe
    assert architectures()["deepseek-r1"].has_mla
    assert not architectures()["llama-3-1-8b"].is_moe


def test_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnknownArchitecture, match="retnet"):
        architecture_from_config({"hidden_size": 1}, {"t": "retnet"})


def test_missing_figure_is_an_error() -> None:
    config = dict(models()["llama-3-1-8b"].config)
    del config["hidden_size"]
    with pytest.raises(KeyError, match="hidden_size"):
        architecture_from_config(config, {"t": "dense"})
