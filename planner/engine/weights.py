"""Bytes of a model's weights by tensor class, and the bytes that one decode step reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.engine.inventory import TENSOR_CLASSES, Architecture, TensorClass, TensorGroup
from planner.engine.quantize import Counts, WeightFormat, count_tensors, group_bytes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An architecture made ready for many formats: vectors, which have one type in all of them, are summed up."""

    architecture: Architecture
    counts: Counts
    matrices: tuple[TensorGroup, ...]
    vector_elements: dict[TensorClass, int]


def _prepared(architecture: Architecture) -> _Prepared:
    vectors: dict[TensorClass, int] = dict.fromkeys(TENSOR_CLASSES, 0)
    for group in architecture.tensors:
        if group.is_vector:
            vectors[group.tensor_class] += group.n_parameters
    matrices = tuple(group for group in architecture.tensors if not group.is_vector)
    return _Prepared(architecture, count_tensors(architecture), matrices, vectors)


def weight_bytes(architecture: Architecture, fmt: WeightFormat) -> dict[TensorClass, float]:
    """Bytes of each tensor class in a format; every class is a key. MTP layers are a class of their own."""
    return _by_class(_prepared(architecture), fmt)[0]


def _by_class(prepared: _Prepared, fmt: WeightFormat) -> tuple[dict[TensorClass, float], float]:
    """(bytes by class, bytes of the token embedding)."""
    bytes_per_vector_element = fmt.vector_bits / 8
    totals: dict[TensorClass, float] = {
        name: count * bytes_per_vector_element for name, count in prepared.vector_elements.items()
    }
    table = 0.0
    for group in prepared.matrices:
        n_bytes = group_bytes(group, prepared.architecture, fmt, prepared.counts)
        totals[group.tensor_class] += n_bytes
        if group.name == "token_embd":
            table = n_bytes
    return totals, table


def loaded_bytes(architecture: Architecture, fmt: WeightFormat) -> float:
    """Bytes of the text model in memory: everything but the MTP layers."""
    totals = weight_bytes(architecture, fmt)
    return sum(totals.values()) - totals["mtp"]


def file_bytes(architecture: Architecture, fmt: WeightFormat) -> float:
    """Bytes of the tensors in a published file, without its header.

    Checkpoints carry the MTP layers; GGUF files only those of some architectures.
    """
    totals = weight_bytes(architecture, fmt)
    carries_mtp = fmt.family != "gguf" or architecture.gguf_has_mtp
    return sum(totals.values()) - (0.0 if carries_mtp else totals["mtp"])


def bytes_of_total(n_parameters: float, fmt: WeightFormat) -> float:
    """Approximate bytes where only the number of weights is published: the format's nominal bits for all.

    Raises ValueError for a format without nominal bits.
    """
    if fmt.nominal_bits_per_weight is None:
        raise ValueError(f"{fmt.slug} states no nominal bits per weight")
    return n_parameters * fmt.nominal_bits_per_weight / 8


@dataclass(frozen=True, slots=True)
class WeightsTable:
    """Bytes of models x formats: each array has shape [n_models, n_formats]; NaN where the architecture is unknown.

    ``total_bytes`` is what the text model takes in memory (without ``mtp_bytes``). ``dense_read_bytes`` is what every
    decode step reads: attention, dense feed-forward, shared experts, router, norms, state and the output head (for
    tied embeddings the table itself); ``expert_bytes`` are all routed experts, of which a step reads a part.
    Embedding tables that are only looked up and tensors that no step uses are in ``total_bytes`` alone.
    """

    total_bytes: FloatArray
    embedding_bytes: FloatArray
    output_bytes: FloatArray
    attention_bytes: FloatArray
    dense_ffn_bytes: FloatArray
    shared_expert_bytes: FloatArray
    expert_bytes: FloatArray
    other_bytes: FloatArray
    mtp_bytes: FloatArray
    dense_read_bytes: FloatArray
    file_bytes: FloatArray


_OTHER: tuple[TensorClass, ...] = ("router", "norm", "recurrent", "other", "unread")
_READ: tuple[TensorClass, ...] = (
    "output",
    "attention",
    "dense_ffn",
    "shared_expert",
    "router",
    "norm",
    "recurrent",
    "other",
)


def tied_output_bytes(architecture: Architecture, fmt: WeightFormat) -> float:
    """Bytes of the embedding table that a tied model reads as its output head; 0 for an untied one."""
    if not architecture.tied_embeddings:
        return 0.0
    return _by_class(_prepared(architecture), fmt)[1]


def _row(prepared: _Prepared, fmt: WeightFormat) -> tuple[float, ...]:
    by_class, table = _by_class(prepared, fmt)
    architecture = prepared.architecture
    tied = table if architecture.tied_embeddings else 0.0
    total = sum(by_class.values())
    carries_mtp = fmt.family != "gguf" or architecture.gguf_has_mtp
    return (
        total - by_class["mtp"],
        by_class["embedding"],
        by_class["output"] or tied,
        by_class["attention"],
        by_class["dense_ffn"],
        by_class["shared_expert"],
        by_class["expert"],
        sum(by_class[c] for c in _OTHER),
        by_class["mtp"],
        sum(by_class[c] for c in _READ) + tied,
        total - (0.0 if carries_mtp else by_class["mtp"]),
    )


def weights_table(
    architectures: Sequence[Architecture | None], formats: Sequence[WeightFormat]
) -> WeightsTable:
    """Bytes of every model in every format; equal architectures are computed once.

    ``output_bytes`` of a tied model repeats its table, which ``total_bytes`` counts once.
    """
    n_columns = len(WeightsTable.__dataclass_fields__)
    values = np.full((n_columns, len(architectures), len(formats)), np.nan)
    rows_of: dict[Architecture, list[int]] = {}
    for i, architecture in enumerate(architectures):
        if architecture is not None:
            rows_of.setdefault(architecture, []).append(i)
    for architecture, rows in rows_of.items():
        prepared = _prepared(architecture)
        for j, fmt in enumerate(formats):
            values[:, rows, j] = np.array(_row(prepared, fmt))[:, None]
    return WeightsTable(*values)


# A published size further from the rule than this belongs to something else (another model, a projector beside it).
_SANE_RATIO = (0.65, 1.55)


def with_published_sizes(table: WeightsTable, published_bytes: FloatArray) -> WeightsTable:
    """The table with models x formats scaled to published sizes where one is given and sane.

    ``published_bytes`` has the table's shape, NaN where no size is published. Every class is scaled alike: a size says
    nothing about which tensors got the bits.
    """
    ratio = published_bytes / table.file_bytes
    sane = np.isfinite(ratio) & (ratio >= _SANE_RATIO[0]) & (ratio <= _SANE_RATIO[1])
    factor = np.where(sane, ratio, 1.0)
    return WeightsTable(*(getattr(table, name) * factor for name in WeightsTable.__dataclass_fields__))
