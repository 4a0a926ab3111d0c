"""Laws that weights obey for any model and format."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engine.architecture import architecture_from_config
from planner.engine.inventory import Architecture
from planner.engine.parameters import parameters_by_class, total_parameters
from planner.engine.quantize import uniform_format
from planner.engine.weights import (
    bytes_of_total,
    file_bytes,
    loaded_bytes,
    tied_output_bytes,
    weight_bytes,
    weights_table,
)
from tests.engine.catalog import architectures, formats

any_model = st.sampled_from(sorted(architectures()))
any_format = st.sampled_from(sorted(formats()))
LADDER = (
    *("iq1-s", "iq2-xxs", "q2-k-s", "q2-k", "q3-k-s", "q3-k-m", "q3-k-l", "q4-k-s", "q4-k-m"),
    *("q5-k-s", "q5-k-m", "q6-k", "q8-0", "f16", "gguf-f32"),
)


@st.composite
def dense_models(draw: st.DrawFn) -> Architecture:
    heads = draw(st.sampled_from([4, 8, 12, 32]))
    config = {
        "hidden_size": heads * 64,
        "num_hidden_layers": draw(st.integers(1, 90)),
        "num_attention_heads": heads,
        "num_key_value_heads": draw(st.sampled_from([1, 2, 4, heads])),
        "intermediate_size": 32 * draw(st.integers(1, 400)),
        "vocab_size": draw(st.integers(1000, 200_000)),
        "tie_word_embeddings": draw(st.booleans()),
    }
    return architecture_from_config(config, {"t": "dense"})


@given(any_model, any_format)
def test_classes_sum_to_what_is_loaded(model: str, fmt: str) -> None:
    architecture, weight_format = architectures()[model], formats()[fmt]
    by_class = weight_bytes(architecture, weight_format)
    loaded = loaded_bytes(architecture, weight_format)
    assert sum(by_class.values()) - by_class["mtp"] == pytest.approx(loaded)
    assert all(n_bytes >= 0 for n_bytes in by_class.values())
    assert loaded <= file_bytes(architecture, weight_format) * (1 + 1e-12)


@given(dense_models())
@settings(max_examples=40, deadline=None)
def test_more_bits_are_never_smaller(architecture: Architecture) -> None:
    """Where every row fits the blocks; a fallback type may be wider than the next step's own."""
    sizes = [loaded_bytes(architecture, formats()[slug]) for slug in LADDER]
    if all(group.row_length % 256 == 0 for group in architecture.tensors if not group.is_vector):
        assert sizes == sorted(sizes)
    assert sizes[-1] == 4 * total_parameters(architecture)
    assert sizes[-2] == pytest.approx(2 * total_parameters(architecture), rel=2e-2)


@given(any_model, st.floats(0.5, 32, allow_nan=False))
def test_uniform_bits_mean_bits(model: str, bits: float) -> None:
    architecture = architectures()[model]
    expected = total_parameters(architecture) * bits / 8
    assert loaded_bytes(architecture, uniform_format(bits)) == pytest.approx(expected)
    assert bytes_of_total(total_parameters(architecture), uniform_format(bits)) == pytest.approx(expected)


@given(any_model, any_format)
def test_bits_per_weight_are_between_one_and_thirty_two(model: str, fmt: str) -> None:
    architecture = architectures()[model]
    bits = loaded_bytes(architecture, formats()[fmt]) * 8 / total_parameters(architecture)
    assert 1.0 < bits < 32.1


@given(any_model)
def test_two_bytes_a_weight(model: str) -> None:
    architecture = architectures()[model]
    assert loaded_bytes(architecture, formats()["bf16"]) == 2 * total_parameters(architecture)


def test_table_agrees_with_one_at_a_time() -> None:
    slugs = ["llama-3-2-1b", "deepseek-r1", "gemma-4-e2b", "glm-4-5", "qwen3-next-80b-a3b"]
    chosen = [formats()[slug] for slug in ("q4-k-m", "fp8-block128", "mlx-4bit")]
    table = weights_table([*(architectures()[slug] for slug in slugs), None], chosen)
    assert table.total_bytes.shape == (6, 3)
    assert np.isnan(table.total_bytes[5]).all()
    for i, slug in enumerate(slugs):
        architecture = architectures()[slug]
        for j, fmt in enumerate(chosen):
            by_class = weight_bytes(architecture, fmt)
            assert table.total_bytes[i, j] == pytest.approx(loaded_bytes(architecture, fmt))
            assert table.expert_bytes[i, j] == by_class["expert"]
            assert table.file_bytes[i, j] == pytest.approx(file_bytes(architecture, fmt))


def test_what_a_step_reads() -> None:
    """No lookup tables, but a tied table as head; no prediction layers; experts apart."""
    fmt = formats()["f16"]
    tied, small_gemma, moe = (architectures()[s] for s in ("llama-3-2-1b", "gemma-4-e2b", "deepseek-r1"))
    table = weights_table([tied, small_gemma, moe], [fmt])
    assert table.dense_read_bytes[0, 0] == pytest.approx(table.total_bytes[0, 0])
    per_layer_tables = 262_144 * 256 * 35 * 2
    read = table.total_bytes[1, 0] - per_layer_tables - weight_bytes(small_gemma, fmt)["unread"]
    assert table.dense_read_bytes[1, 0] == pytest.approx(read)
    counts = parameters_by_class(moe)
    assert table.expert_bytes[2, 0] == pytest.approx(2 * counts["expert"])
    assert table.dense_read_bytes[2, 0] + table.expert_bytes[2, 0] < table.total_bytes[2, 0]
    assert tied_output_bytes(moe, fmt) == 0


def test_prediction_layers_are_stored_but_not_loaded() -> None:
    glm = architectures()["glm-4-5"]
    fmt = formats()["q8-0"]
    assert file_bytes(glm, fmt) - loaded_bytes(glm, fmt) == pytest.approx(weight_bytes(glm, fmt)["mtp"])


def test_totals_need_nominal_bits() -> None:
    fmt = formats()["q4-k-m"]
    assert bytes_of_total(1e9, fmt) == pytest.approx(1e9 * 4.8944 / 8)
