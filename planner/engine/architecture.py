"""From a published config to an architecture: the tensors, caches and states of a language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from planner.engine.architectures.compressed import deepseek_v4
from planner.engine.architectures.gemma import gemma, gemma3n, gemma4
from planner.engine.architectures.hybrid import delta_net_hybrid, kimi_linear, lightning_hybrid
from planner.engine.architectures.irregular import deci, mimo2, step
from planner.engine.architectures.mamba import falcon_h1, granite_hybrid, nemotron_h
from planner.engine.architectures.mla import latent_transformer, longcat
from planner.engine.architectures.shortconv import lfm2
from planner.engine.architectures.transformer import transformer
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup

__all__ = ["Architecture", "AttentionGroup", "TensorGroup", "UnknownArchitecture", "architecture_from_config"]

_KINDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Architecture]] = {
    "dense": transformer,
    "moe": transformer,
    "mla": latent_transformer,
    "gemma": gemma,
    "gemma4": gemma4,
    "gdn": delta_net_hybrid,
    "kimi_linear": kimi_linear,
    "minimax_m1": lightning_hybrid,
    "nemotron_h": nemotron_h,
    "decilm": deci,
    "mimo2": mimo2,
    "step": step,
    "longcat": longcat,
    "lfm2": lfm2,
    "granite_hybrid": granite_hybrid,
    "falcon_h1": falcon_h1,
    "gemma3n": gemma3n,
    "deepseek_v4": deepseek_v4,
}


class UnknownArchitecture(ValueError):
    """The formula names no architecture kind that the engine knows."""


def architecture_from_config(config: Mapping[str, Any], formula: Mapping[str, Any]) -> Architecture:
    """The architecture that a config (Hugging Face names) and its formula hints describe.

    ``formula["t"]`` names the kind; the other keys say which variant (biases, norms, shared experts, ...).
    Raises UnknownArchitecture for another kind, KeyError where the config lacks a figure that the kind needs.
    """
    kind = formula.get("t")
    builder = _KINDS.get(str(kind))
    if builder is None:
        raise UnknownArchitecture(f"no architecture kind {kind!r}; known: {', '.join(sorted(_KINDS))}")
    return builder(config, formula)
