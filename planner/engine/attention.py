"""FLOPs of attention while a prompt is read, for models packed as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from planner.engine.architecture import Architecture

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# layers of a recurrent kind attend to no earlier token; their work is linear in the prompt and counted with the weights
_LINEAR = "linear"


@dataclass(frozen=True, slots=True)
class AttentionTable:
    """Attention layers of each model, padded: arrays of shape [n_models, n_groups]."""

    n_layers: Floats
    width: Floats  # query heads * (key + value head size): FLOPs per pair of tokens = 2 * width
    window_tokens: Floats  # inf: no window

    def take(self, model: Ints) -> Self:
        """The rows of these models: [n_plans, n_groups]."""
        return type(self)(**{f.name: getattr(self, f.name)[model] for f in fields(self)})


def attention_table(architectures: Sequence[Architecture | None]) -> AttentionTable:
    """Pack the attending layers of every model; an unknown architecture has none."""
    kept = [
        [g for g in (a.attention if a else ()) if g.kind != _LINEAR and g.n_q_heads] for a in architectures
    ]
    width = max((len(groups) for groups in kept), default=1) or 1
    shape = (len(kept), width)
    table = AttentionTable(np.zeros(shape), np.zeros(shape), np.full(shape, np.inf))
    for row, groups in enumerate(kept):
        for column, group in enumerate(groups):
            table.n_layers[row, column] = len(group.layers)
            table.width[row, column] = group.n_q_heads * (group.head_dim_k + group.head_dim_v)
            if group.window_tokens and group.kind == "sliding":
                table.window_tokens[row, column] = group.window_tokens
    return table


def _pairs(tokens: Floats, window: Floats) -> Floats:
    """Pairs of (token, earlier or same token within the window) among the first ``tokens`` tokens."""
    inside = np.minimum(tokens, window)
    # window may be inf where no token lies outside
    outside = np.where(tokens > window, (tokens - inside) * inside, 0.0)
    return np.asarray(inside * (inside + 1) / 2 + outside)


def prefill_attention_flops(table: AttentionTable, prompt_tokens: Floats, depth_tokens: Floats) -> Floats:
    """FLOPs of the causal attention of a prompt read after ``depth_tokens`` cached tokens: [n_plans].

    2 FLOPs for each of the (key + value) head elements, query head, layer and pair of tokens
    (https://arxiv.org/abs/2204.02311, appendix B, counted per causal pair). ``table`` holds one row per plan.
    """
    last, first = (prompt_tokens + depth_tokens)[..., None], depth_tokens[..., None]
    pairs = _pairs(last, table.window_tokens) - _pairs(first, table.window_tokens)
    return np.asarray((2.0 * table.width * table.n_layers * pairs).sum(axis=-1))
