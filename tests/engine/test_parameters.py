"""Parameters counted from the architecture against published totals: nearly all within 0.1 %."""

from __future__ import annotations

import pytest

from planner.engine.parameters import (
    active_parameters,
    parameters_as_published,
    parameters_by_class,
    total_parameters,
)
from tests.engine.catalog import architectures, models


def relative_errors() -> dict[str, float]:
    """Computed over published total, less one, of each model that has both."""
    return {
        slug: parameters_as_published(architecture, model.formula or {}) / model.params_published - 1
        for slug, architecture in architectures().items()
        if (model := models()[slug]).params_published
    }


def test_nearly_every_published_total_is_reproduced() -> None:
    errors = relative_errors()
    close = [slug for slug, error in errors.items() if abs(error) <= 0.001]
    assert len(errors) >= 215
    assert len(close) >= 208


def test_text_models_alone_agree_for_most() -> None:
    close = [
        slug
        for slug, architecture in architectures().items()
        if (published := models()[slug].params_published)
        and abs(total_parameters(architecture) / published - 1) <= 0.001
    ]
    assert len(close) >= 172


def test_every_other_total_states_its_cause() -> None:
    unexplained = [
        slug
        for slug, error in relative_errors().items()
        if abs(error) > 0.001 and models()[slug].params_check == "ok"
    ]
    assert unexplained == []
    assert all(
        model.params_check != "ok"
        for model in models().values()
        if model.formula is None or not model.params_published
    )


@pytest.mark.parametrize(
    ("slug", "published"),
    [
        ("deepseek-v4-pro", 1_598_839_674_782),  # text model + MTP layer
        ("step-3-7-flash", 201_365_316_160),  # + 3 MTP layers with output heads + vision encoder
        ("longcat-flash-chat", 561_862_880_256),  # + MTP layer with an embedding
        ("glm-4-5", 358_337_791_296),
        ("minimax-m3", 427_040_140_160),  # + vision tower
        ("granite-4-0-h-small", 32_207_337_984),
        ("lfm2-2-6b", 2_569_272_320),
        ("falcon-h1-34b", 33_642_516_224),
        ("nemotron-nano-9b-v2", 8_888_227_328),
        ("nemotron-3-nano-4b", 3_973_556_832),
        ("lfm2-24b-a2b", 23_843_661_440),
        ("qwen3-8-27b", 27_781_427_952),  # + MTP layer and vision tower
        ("qwen3-vl-30b-a3b", 31_070_754_032),  # + vision tower
        ("devstral-2-123b", 125_025_988_608),
    ],
)
def test_totals_of_every_kind_are_exact(slug: str, published: int) -> None:
    assert parameters_as_published(architectures()[slug], models()[slug].formula or {}) == published


def vit(depth: int, hidden: int, ffn: int) -> int:
    """Weights of a vision transformer's blocks with biases and two LayerNorms."""
    return depth * (4 * (hidden * hidden + hidden) + 2 * hidden * ffn + ffn + hidden + 4 * hidden)


def qwen_merger(hidden: int, out: int, *, wide_norm: bool = False) -> int:
    """Four patches to one: a norm and two layers."""
    four = 4 * hidden
    return 2 * (four if wide_norm else hidden) + four * four + four + four * out + out


def qwen_tower(depth: int, hidden: int, ffn: int, out: int) -> int:
    """Qwen3.5's vision tower: 16 x 16 x 2 patches, 2304 positions.

    Source: https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen3_vl/modeling_qwen3_vl.py
    """
    patches = 3 * 2 * 16 * 16 * hidden + hidden
    return vit(depth, hidden, ffn) + patches + 2304 * hidden + qwen_merger(hidden, out)


def test_vision_towers_follow_from_their_own_configs() -> None:
    """The vision_tower figures in the catalog are sums of published layer sizes, not differences of totals."""
    towers = {
        slug: int((model.formula or {}).get("published_counts", {}).get("vision_tower", 0))
        for slug, model in models().items()
    }
    assert towers["qwen3-5-0-8b"] == qwen_tower(12, 768, 3072, 1024)
    assert towers["qwen3-5-2b"] == qwen_tower(24, 1024, 4096, 2048)
    assert towers["qwen3-5-4b"] == qwen_tower(24, 1024, 4096, 2560)
    assert towers["qwen3-5-9b"] == qwen_tower(27, 1152, 4304, 4096)
    deep_stack = 3 * qwen_merger(1152, 4096, wide_norm=True)
    assert towers["qwen3-vl-8b"] == qwen_tower(27, 1152, 4304, 4096) + deep_stack
    assert towers["qwen3-vl-235b-a22b"] == towers["qwen3-vl-8b"]
    for slug, sizes in {
        "qwen3-vl-2b": (24, 1024, 4096, 2048),
        "qwen3-vl-4b": (24, 1024, 4096, 2560),
        "qwen3-vl-30b-a3b": (27, 1152, 4304, 2048),
        "qwen3-vl-32b": (27, 1152, 4304, 5120),
    }.items():
        merger = qwen_merger(sizes[1], sizes[3], wide_norm=True)
        assert towers[slug] == qwen_tower(*sizes) + 3 * merger, slug
    assert towers["qwen3-8-27b"] == qwen_tower(27, 1152, 4304, 5120)
    moonvit = vit(27, 1152, 4304) + 588 * 1152 + 1152 + 64 * 64 * 1152 + 2 * 1152
    projector = 2 * 1152 + 4608 * 4608 + 4608 + 4608 * 7168 + 7168
    assert towers["kimi-k2-5"] == moonvit + projector
    llama4 = 588 * 1408 + 1408 + 577 * 1408 + 4 * 1408 + vit(34, 1408, 5632)
    assert towers["llama-4-scout-17b-16e"] == llama4 + 5632 * 4096 + 4096 * 4096 + 4096 * 5120
    minimax = vit(32, 1280, 5120) + 3 * 2 * 14 * 14 * 1280 + 2 * 1280
    minimax += (1280 * 6144 + 6144) + 2 * (6144 * 6144 + 6144) + (4 * 6144 * 6144 + 6144)
    assert towers["minimax-m3"] == minimax


@pytest.mark.parametrize(
    ("slug", "billions", "tolerance"),
    [
        ("deepseek-r1", 36.7, 0.01),
        ("deepseek-v4-pro", 49, 0.01),
        ("kimi-k3", 104, 0.01),
        ("kimi-k2", 32, 0.02),
        ("gpt-oss-120b", 5.1, 0.01),
        ("gpt-oss-20b", 3.6, 0.01),
        ("qwen3-235b-a22b", 22, 0.03),
        ("minimax-m1", 45.9, 0.03),
        ("nemotron-3-ultra-550b-a55b", 55, 0.01),
        ("gemma-4-26b-a4b", 4, 0.05),
    ],
)
def test_active_parameters_match_the_makers_figure(slug: str, billions: float, tolerance: float) -> None:
    assert active_parameters(architectures()[slug]) / 1e9 == pytest.approx(billions, rel=tolerance)


def test_active_parameters_never_exceed_the_total() -> None:
    for slug, architecture in architectures().items():
        assert 0 < active_parameters(architecture) <= total_parameters(architecture), slug


def test_classes_sum_to_the_total_with_prediction_layers() -> None:
    for slug, architecture in architectures().items():
        by_class = parameters_by_class(architecture)
        assert sum(by_class.values()) == total_parameters(architecture, with_mtp=True), slug
