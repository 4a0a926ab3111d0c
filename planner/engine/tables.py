"""The engine's inputs: small frozen tables, one numpy array per figure (struct of arrays).

Every row of a table is one choice on one axis of a grid. Figures are SI floats; ``nan`` means that no source
states the figure. Text columns name calibration levels and are turned into numbers once per evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.architecture import Architecture
from planner.engine.attention import AttentionTable, attention_table
from planner.engine.buffers import BufferTable, buffer_table
from planner.engine.kv import CacheTable, cache_table
from planner.engine.parameters import active_parameters, parameters_by_class, total_parameters
from planner.engine.weights import WeightsTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MachineTable:
    """Machines: equal devices × count, with the host around them. All arrays have shape [n_machines]."""

    slug: tuple[str, ...]
    device: tuple[str, ...]  # device slug: the finest calibration level
    vendor: tuple[str, ...]
    architecture: tuple[str, ...]
    kind: tuple[str, ...]  # "gpu" | "apple" | "phone" | "tablet" | "computer" | "accelerator"
    form_factor: tuple[str, ...]  # "laptop", "desktop", ...; "": several or unknown
    platform: tuple[str, ...]  # key of the memory-limit rule
    device_count: Ints
    memory_bytes: Floats  # of one device
    bandwidth_bytes_per_s: Floats  # of one device
    fp16_flops_per_s: Floats  # dense, FP32 accumulate, of one device
    fp32_flops_per_s: Floats
    matrix_flops_per_s: Floats  # of the matrix units: the higher of dense FP16 and half of dense INT8
    fp8_flops_per_s: Floats  # dense; nan: no such units, or not stated
    fp4_flops_per_s: Floats
    link_kind: Ints  # index into the kinds of links.py
    link_bytes_per_s: Floats  # of one device, one direction
    unified_memory: Bools
    host_memory_bytes: Floats  # separate host memory; 0 where there is none
    host_bandwidth_bytes_per_s: Floats
    pcie_bytes_per_s: Floats

    def __len__(self) -> int:
        return len(self.slug)


class ModelShapes(NamedTuple):
    """What models keep, hold in buffers and attend to, row by row for plans: see the tables of those names."""

    cache: CacheTable
    buffers: BufferTable
    attention: AttentionTable


@dataclass(frozen=True, slots=True)
class ModelTable:
    """Language models; ``None`` is an architecture that is not published. Arrays have shape [n_models].

    Weights follow in ``WeightsTable`` [n_models, n_formats].
    """

    slug: tuple[str, ...]
    architecture: tuple[Architecture | None, ...]
    n_layers: Floats
    n_experts: Floats  # 1 for dense models
    n_experts_used: Floats
    n_parameters: Floats  # of the text model
    active_flops_per_token: Floats  # 2 per weight multiplied
    expert_flops_per_token: Floats  # 2 per weight of all routed experts
    max_context_tokens: Floats  # nan: not stated
    cache: CacheTable
    attention: AttentionTable
    buffers: BufferTable
    tied: Bools  # the output head reads the input table

    def shapes(self, model: Ints) -> ModelShapes:
        """The rows of these models: one per plan."""
        return ModelShapes(self.cache.take(model), self.buffers.take(model), self.attention.take(model))

    @classmethod
    def build(cls, slugs: Sequence[str], architectures: Sequence[Architecture | None]) -> ModelTable:
        """Pack the figures of every model; an unknown architecture's are nan."""

        def figure(of: Callable[[Architecture], float | None]) -> Floats:
            return np.array(
                [np.nan if a is None or of(a) is None else of(a) for a in architectures], dtype=np.float64
            )

        return cls(
            slug=tuple(slugs),
            architecture=tuple(architectures),
            n_layers=figure(lambda a: a.n_layers),
            n_experts=figure(lambda a: max(a.n_experts, 1)),
            n_experts_used=figure(lambda a: a.n_experts_used if a.is_moe else 1),
            n_parameters=figure(lambda a: total_parameters(a)),
            active_flops_per_token=figure(lambda a: 2.0 * active_parameters(a)),
            expert_flops_per_token=figure(lambda a: 2.0 * parameters_by_class(a)["expert"]),
            max_context_tokens=figure(lambda a: a.max_context_tokens),
            cache=cache_table(architectures),
            attention=attention_table(architectures),
            buffers=buffer_table(architectures),
            tied=np.array([a is not None and a.tied_embeddings for a in architectures], dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.slug)


@dataclass(frozen=True, slots=True)
class FormatTable:
    """Weight formats: slug and the family whose kernels behave alike."""

    slug: tuple[str, ...]
    speed_family: tuple[str, ...]
    bits_per_weight: Floats  # nominal; nan: not stated
    approximate: Bools  # no closed rule says which tensor gets which type

    def __len__(self) -> int:
        return len(self.slug)


@dataclass(frozen=True, slots=True)
class KvFormatTable:
    """KV cache formats: bits per stored element for keys and for values (they may differ: ``slug`` names the pair)."""

    slug: tuple[str, ...]
    key_bits: Floats
    value_bits: Floats

    def __len__(self) -> int:
        return len(self.slug)


@dataclass(frozen=True, slots=True)
class RuntimeTable:
    """A runtime on a backend, e.g. llama.cpp on CUDA."""

    slug: tuple[str, ...]
    backend: tuple[str, ...]
    kv_rule: Ints  # index into kv.KV_RULES
    batch_tokens: Ints  # prompt tokens read at a time by default

    def __len__(self) -> int:
        return len(self.slug)


@dataclass(frozen=True, slots=True)
class WorkloadTable:
    """What is asked of the plan. ``nan`` overrides mean "by rule". All arrays have shape [n_workloads]."""

    context_tokens: Ints  # allocated per sequence
    depth_tokens: Ints  # tokens already in the cache when a token is decoded
    prompt_tokens: Ints
    prompt_depth_tokens: Ints  # tokens in the cache before the prompt is read
    output_tokens: Ints
    concurrency: Ints
    batch_tokens: Ints  # prompt tokens read at a time (micro-batch); 0: the runtime's default
    flash_attention: Ints  # 1 on, 0 off, -1 the runtime's default
    mla_mode: Ints  # as kv.CachePlan
    wide_mask: Bools  # habits of the llama.cpp build: see builds.LlamaBuild
    all_logits: Bools
    latent_mode: Ints
    experts_on_host: Bools
    layers_on_host: Bools
    tensor_ranks: Ints  # devices that share every layer; 0: all of them in a server runtime, else 1
    utilization: Floats  # share of a device's memory that a server runtime may take; nan: the whole limit
    held_bytes: Floats  # memory that other programs already hold on the devices
    weights_bytes: Floats  # published or logged size of the file; nan: by rule
    bits_per_weight: Floats  # stated average; nan: by rule

    def __len__(self) -> int:
        return len(self.context_tokens)


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything one evaluation reads."""

    machines: MachineTable
    models: ModelTable
    formats: FormatTable
    kv_formats: KvFormatTable
    runtimes: RuntimeTable
    workloads: WorkloadTable
    weights: WeightsTable
