"""Published start-up logs as plans: reads tests/data/memory_logs.csv for the tests of memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from hardware_catalog.files import load_rows
from planner.engine.architecture import Architecture, AttentionGroup, architecture_from_config
from planner.engine.buffers import BufferPlan
from planner.engine.builds import llama_build
from planner.engine.kv import (
    KV_RULES,
    MLA_FULL,
    MLA_LATENT,
    MLA_LATENT_TWICE,
    CachePlan,
    cache_table,
    layer_cells,
    padded_context,
)

DATA = Path(__file__).resolve().parent.parent / "data"
MIB = 2.0**20
HOST_BUFFERS = ("CPU", "CUDA_Host", "Vulkan_Host", "CPU_Mapped", "AMX", "CPU_REPACK")
KV_BITS = {"f16": 16, "q8_0": 8.5, "q4_0": 4.5, "iq4_nl": 4.5}  # block sizes of ggml-common.h


def _outside_catalog(n_layers: int, hidden: int, vocab: int, *groups: AttentionGroup) -> Architecture:
    heads = max(group.n_q_heads for group in groups)
    return Architecture(
        n_layers=n_layers,
        hidden_size=hidden,
        vocab_size=vocab,
        tied_embeddings=True,
        n_heads=heads,
        n_kv_heads=groups[0].n_kv_heads,
        n_experts=0,
        n_experts_used=0,
        max_context_tokens=None,
        n_mtp_layers=0,
        tensors=(),
        attention=groups,
    )


# Shapes of models that the catalog does not describe: layer and window counts as their logs print them,
# heads as in their published configs.
OUTSIDE_CATALOG = {
    "bitnet-2b": _outside_catalog(
        30, 2560, 128256, AttentionGroup("full", tuple(range(30)), 20, 5, 128, 128)
    ),
    "glm-z1-rumination-32b": _outside_catalog(
        61, 6144, 151552, AttentionGroup("full", tuple(range(61)), 48, 8, 128, 128)
    ),
    "gemma-4-12b": _outside_catalog(
        48,
        3840,
        262144,
        AttentionGroup("full", tuple(range(5, 48, 6)), 16, 1, 512, 512),
        AttentionGroup("sliding", tuple(i for i in range(48) if i % 6 != 5), 16, 8, 256, 256, 1024),
    ),
}


@dataclass(frozen=True)
class LogRow:
    """One logged load."""

    fields: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fields[name]

    def number(self, name: str, default: float = 0.0) -> float:
        return float(self.fields[name] or default)

    def sizes(self, name: str) -> dict[str, float]:
        """ "CUDA0=12;CPU=3" as bytes by buffer."""
        pairs = (part.rsplit("=", 1) for part in self.fields[name].split(";") if "=" in part)
        return {device: float(size) * MIB for device, size in pairs}

    @property
    def gpus(self) -> list[str]:
        return [d for d in self.sizes("compute_mib_by_device") if d not in HOST_BUFFERS]

    @property
    def host_share(self) -> float:
        """Part of the weights in host memory."""
        weights = self.sizes("weights_mib_by_device")
        return sum(weights.get(d, 0.0) for d in HOST_BUFFERS) / max(sum(weights.values()), 1.0)

    @property
    def layers_on_gpu(self) -> float:
        found = re.fullmatch(r"(\d+)/(\d+)", self["ngl"])
        return int(found[1]) / int(found[2]) if found else 1.0


@cache
def architectures() -> dict[str, Architecture]:
    """Every model of the catalog whose architecture is published, and those above."""
    known = {
        model.slug: architecture_from_config(model.config, model.formula)
        for model in load_rows().models
        if model.formula
    }
    return known | {slug: a for slug, a in OUTSIDE_CATALOG.items() if slug not in known}


def log_rows() -> list[LogRow]:
    with (DATA / "memory_logs.csv").open(newline="") as file:
        return [LogRow(row) for row in csv.DictReader(file)]


def _bytes_per_element(row: LogRow, which: str) -> float:
    kind = row["kv_type"] or "K:f16 V:f16"
    found = re.search(rf"(?:c\^KV|{which}):(\w+)", kind)
    return KV_BITS[found[1]] / 8 if found else 2.0


def _mla_mode(row: LogRow) -> int:
    if "kv^T" in row["kv_type"]:
        return MLA_LATENT_TWICE
    return MLA_LATENT if "c^KV" in row["kv_type"] else MLA_FULL


def cache_plan(rows: Sequence[LogRow]) -> CachePlan:
    return CachePlan(
        context_tokens=np.array([row.number("n_ctx") for row in rows]),
        n_sequences=np.array([row.number("n_seq", 1) for row in rows]),
        batch_tokens=np.array([row.number("n_ubatch", 512) for row in rows]),
        key_bytes=np.array([_bytes_per_element(row, "K") for row in rows]),
        value_bytes=np.array([_bytes_per_element(row, "V") for row in rows]),
        rule=np.array([KV_RULES.index(row["program"]) for row in rows]),
        mla_mode=np.array([_mla_mode(row) for row in rows]),
    )


def buffer_plan(rows: Sequence[LogRow]) -> BufferPlan:
    """The plans behind logs: what was on the host is read from the logged weights."""
    plan = cache_plan(rows)
    table = cache_table([architectures()[row["catalog_model"]] for row in rows])
    cells = padded_context(plan)
    windows = np.where(table.window_tokens > 0, layer_cells(table, plan), np.inf).min(axis=1)
    ik = np.array([row["program"] == "ik_llama" for row in rows])
    gpus = np.array([float(len(row.gpus)) for row in rows])
    moe = np.array([row["is_moe"] == "1" and row.host_share > 0.15 for row in rows])
    partial = np.array([row.layers_on_gpu < 0.9 for row in rows])
    # a thread of discussion runs for a year after its date
    versions = ["2025-06" if "discussions" in row["source_url"] else row["source_date"] for row in rows]
    builds = [llama_build(ik=bool(k), version=version) for k, version in zip(ik, versions, strict=True)]
    batch = np.minimum(plan.batch_tokens, cells)
    all_logits = np.array([build.all_logits for build in builds])
    return BufferPlan(
        cells=cells,
        window_cells=np.minimum(windows, cells),
        batch_tokens=batch,
        logit_tokens=np.where(all_logits, batch, plan.n_sequences),
        n_sequences=plan.n_sequences,
        flash_attention=np.array([row["flash_attn"] == "1" for row in rows]),
        mla_mode=plan.mla_mode,
        key_bytes=plan.key_bytes,
        n_gpus=gpus,
        experts_on_host=moe & (gpus > 0),
        layers_on_host=partial & (gpus > 0),
        pipelined=(gpus > 1) & ~moe & ~partial,
        borrows=np.array(["MTL0" not in row.gpus for row in rows]),
        weight_bits=np.array([_weight_bits(row) for row in rows]),
        wide_mask=np.array([build.wide_mask for build in builds]),
        ik=ik,
        chunk_bytes=np.array([row.number("amb_mib") * MIB for row in rows]),
        latent_mode=np.array([build.latent_mode for build in builds]),
    )


def _weight_bits(row: LogRow) -> float:
    """Average bits per weight of the logged weights."""
    parameters = row.number("params_b") * 1e9
    weights = sum(row.sizes("weights_mib_by_device").values())
    return min(weights * 8 / parameters, 16.0) if parameters and weights else 4.5
