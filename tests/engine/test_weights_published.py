"""Weights by rule against published sizes : exact bytes, rounded figures, and Unsloth's own mixes.

Each row of hardware_catalog/data/published_sizes.csv either follows the format's rule or says why it ``differs``
(a projector in the file, a publisher's own mix, an old llama.cpp mix, ...).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from hardware_catalog.published_sizes import (
    OWN_MIX,
    PublishedSize,
    load_published_sizes,
    ollama_sizes,
    preferred_sizes,
)
from planner.engine.weights import file_bytes, weights_table, with_published_sizes
from tests.engine.catalog import architectures, formats, rows

HEADER_BYTES = 12e6  # a GGUF header holds the vocabulary: up to 12 MB here


@cache
def sizes() -> tuple[PublishedSize, ...]:
    return load_published_sizes()


def error(size: PublishedSize) -> float:
    """Predicted over published bytes, less one."""
    predicted = file_bytes(architectures()[size.model], formats()[size.format])
    return predicted / size.size_bytes - 1


def exact(rows: Iterable[PublishedSize]) -> list[PublishedSize]:
    """Rows in exact bytes; the MLX figures are sums of rounded shards."""
    return [size for size in rows if size.rounding_rel_error == 0 and size.publisher != "mlx-community"]


def test_every_row_names_a_model_and_a_format_of_the_catalog() -> None:
    assert all(size.model in architectures() and size.format in formats() for size in sizes())


def test_files_in_exact_bytes_by_rule() -> None:
    errors = np.abs([error(size) for size in exact(sizes()) if not size.differs])
    assert len(errors) >= 160
    assert np.median(errors) <= 0.003
    assert np.percentile(errors, 95) <= 0.02


def test_all_mapped_exact_files_count_in_the_median() -> None:
    errors = np.abs([error(size) for size in exact(sizes())])
    assert len(errors) >= 200
    assert np.median(errors) <= 0.003


def test_exact_files_off_by_more_than_two_percent_say_why() -> None:
    assert [size.name for size in exact(sizes()) if abs(error(size)) > 0.02 and not size.differs] == []


def test_rounded_files_are_right_within_half_a_unit_or_say_why() -> None:
    rounded = [size for size in sizes() if size.rounding_rel_error > 0]
    right = [size for size in rounded if not size.differs]
    assert len(right) / len(rounded) >= 0.6
    for size in right:
        header = HEADER_BYTES / size.size_bytes if size.content == "file" else 3e-4
        slack = size.rounding_rel_error * 1.03 + 1.5e-4
        assert -slack - header <= error(size) <= slack, size


def test_ollama_listing_follows_llama_cpp_rules() -> None:
    """Of Ollama's text-only listings in decimal GB, more than nine in ten are right within half a unit."""
    listed = [size for size in sizes() if size.publisher == "ollama library" and size.rounding_rel_error > 0]
    text = [size for size in listed if "projector" not in size.differs]
    assert sum(not size.differs for size in text) / len(text) >= 0.9


def test_logged_weights_of_standard_formats_agree_to_a_thousandth() -> None:
    logged = [size for size in sizes() if size.content == "weights" and not size.differs]
    assert len(logged) >= 20
    assert all(abs(error(size)) <= max(1.1 * size.rounding_rel_error, 1e-3) for size in logged)


def test_unsloth_mixes_take_their_published_size() -> None:
    known = preferred_sizes(sizes(), [row.slug for row in rows().formats if row.rules.get("approximate")])
    assert len(known) >= 100
    model, fmt = "qwen3-6-27b", "ud-q4-k-xl"
    table = weights_table([architectures()[model]], [formats()[fmt]])
    scaled = with_published_sizes(table, np.array([[float(known[model, fmt])]]))
    assert scaled.file_bytes[0, 0] == known[model, fmt]
    assert (
        scaled.dense_read_bytes[0, 0] / table.dense_read_bytes[0, 0]
        == scaled.total_bytes[0, 0] / table.total_bytes[0, 0]
    )


def test_sizes_of_something_else_are_not_used() -> None:
    """A size twice the rule's belongs to another model or repository; an unknown one changes nothing."""
    table = weights_table([architectures()["qwen3-8b"]], [formats()["ud-q4-k-xl"]])
    for published in (2 * table.file_bytes, np.full((1, 1), np.nan)):
        assert with_published_sizes(table, published).total_bytes[0, 0] == table.total_bytes[0, 0]


def test_unsloth_mixes_by_rule_are_roughly_right() -> None:
    """Without a published size the fitted bits are within a quarter for nine models in ten."""
    own = [size for size in sizes() if size.differs == OWN_MIX and size.format.startswith("ud-")]
    assert len(own) >= 90
    assert np.percentile(np.abs([error(size) for size in own]), 90) <= 0.25


def test_ollama_serves_some_models_in_a_layout_of_its_own() -> None:
    """qwen3:8b keeps its value projections in F16; qwen2.5:7b is llama.cpp's mix, its vision relative is not it."""
    served = ollama_sizes(sizes())
    assert served["qwen3-8b", "q4-k-m"] == 5_225_374_496
    assert ("qwen2-5-7b", "q4-k-m") not in served
    assert ("qwen3-32b", "q4-k-m") not in served  # only qwen3-vl:32b is known
    rule = file_bytes(architectures()["qwen3-8b"], formats()["q4-k-m"])
    assert 1.03 < served["qwen3-8b", "q4-k-m"] / rule < 1.05
