"""Counting weights: totals, totals by class, and those that one token uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.engine.inventory import TENSOR_CLASSES, Architecture, TensorClass


def parameters_by_class(architecture: Architecture) -> dict[TensorClass, int]:
    """Weights of each tensor class; every class is a key."""
    counts: dict[TensorClass, int] = dict.fromkeys(TENSOR_CLASSES, 0)
    for group in architecture.tensors:
        counts[group.tensor_class] += group.n_parameters
    return counts


def total_parameters(architecture: Architecture, *, with_mtp: bool = False) -> int:
    """Weights of the text model; tied embeddings count once, MTP layers only if asked for."""
    counts = parameters_by_class(architecture)
    return sum(counts.values()) - (0 if with_mtp else counts["mtp"])


def active_parameters(architecture: Architecture) -> int:
    """Weights read to decode one token of one sequence.

    Everything but the embedding table (one row is read; a tied table counts, since it is the output head), the
    MTP layers, tensors that no step uses, and the routed experts that the token does not use.
    """
    counts = parameters_by_class(architecture)
    active = sum(counts.values()) - counts["mtp"] - counts["unread"] - counts["embedding"] - counts["expert"]
    if architecture.is_moe:
        active += counts["expert"] * architecture.n_experts_used // architecture.n_experts
    if architecture.tied_embeddings:
        active += sum(group.n_parameters for group in architecture.tensors if group.name == "token_embd")
    return active


def parameters_as_published(architecture: Architecture, formula: Mapping[str, Any]) -> int:
    """What the published total counts: the text model and what ``formula["published_counts"]`` adds to it.

    ``mtp``: the multi-token-prediction layers; ``tied_head``: a tied table once more, where the checkpoint repeats it;
    ``vision_tower``: so many weights of a vision encoder, which the text model does not have.
    """
    counts = formula.get("published_counts", {})
    total = total_parameters(architecture, with_mtp=bool(counts.get("mtp")))
    if counts.get("tied_head"):
        total += sum(group.n_parameters for group in architecture.tensors if group.name == "token_embd")
    return total + int(counts.get("vision_tower", 0))
