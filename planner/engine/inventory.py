"""What a model is made of: its tensors by GGUF role, its attention layers, its recurrent state.

Shapes only: no bytes here (quantize.py says what a tensor's type is, weights.py adds up).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

TensorClass = Literal[
    "embedding",  # tables read one row per token: token_embd, per-layer embeddings
    "output",  # the language-model head, where it is its own tensor
    "attention",  # attention projections, and the projections of linear-attention layers
    "dense_ffn",
    "shared_expert",  # experts that every token uses
    "expert",  # routed experts
    "router",
    "norm",
    "recurrent",  # convolutions and state parameters of recurrent layers
    "mtp",  # multi-token-prediction layers: stored in the checkpoint, not part of the text model's total
    "unread",  # stored and loaded, but used by no step
    "other",
]

TENSOR_CLASSES: tuple[TensorClass, ...] = (
    "embedding",
    "output",
    "attention",
    "dense_ffn",
    "shared_expert",
    "expert",
    "router",
    "norm",
    "recurrent",
    "mtp",
    "unread",
    "other",
)


@dataclass(frozen=True, slots=True)
class TensorGroup:
    """Equal matrices, one or more a layer, that play one role.

    ``row_length`` is the number of input features: quantization blocks run along it. ``per_layer`` counts the
    matrices in a layer (the experts of a stack). ``layers`` is empty for a tensor that exists once.
    ``is_vector`` marks one-dimensional tensors (norms, biases), which every format keeps unquantized.
    ``is_stack`` marks three-dimensional GGUF tensors (experts, MLA's per-head projections).
    """

    name: str
    tensor_class: TensorClass
    n_rows: int
    row_length: int
    per_layer: int = 1
    layers: tuple[int, ...] = ()
    is_vector: bool = False
    is_stack: bool = False
    origin: TensorClass | None = None  # what an "mtp" or "unread" tensor would be in a layer of the model

    @property
    def role_class(self) -> TensorClass:
        """The class that a format's rules see: formats treat prediction layers like the others."""
        return self.origin or self.tensor_class

    @property
    def n_layers(self) -> int:
        """Layers that have this group; 1 for a tensor outside the layers."""
        return len(self.layers) or 1

    @property
    def n_parameters(self) -> int:
        """Weights of the whole group."""
        return self.n_rows * self.row_length * self.per_layer * self.n_layers


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Layers that keep the same kind of cache.

    kind: "full", "sliding" (``window_tokens`` positions back, or llama.cpp's chunk of that size), "mla",
    "linear" (no KV cache, ``state_elements`` f32 values a layer and sequence), "shared" (reads another layer's
    cache, keeps none), "compressed" (keeps one entry per ``compression`` tokens, and a window).
    """

    kind: str
    layers: tuple[int, ...]
    n_q_heads: int
    n_kv_heads: int
    head_dim_k: int
    head_dim_v: int
    window_tokens: int = 0
    kv_lora_rank: int = 0
    qk_rope_head_dim: int = 0
    indexer_head_dim: int = 0
    n_indexer_layers: int = 0
    state_elements: int = 0
    compression: int = 0


@dataclass(frozen=True, slots=True)
class Architecture:
    """A language model's shapes: everything that memory and speed are computed from."""

    n_layers: int
    hidden_size: int
    vocab_size: int
    tied_embeddings: bool
    n_heads: int
    n_kv_heads: int
    n_experts: int  # routed experts of a layer; 0 for a dense model
    n_experts_used: int
    max_context_tokens: int | None
    n_mtp_layers: int
    tensors: tuple[TensorGroup, ...]
    attention: tuple[AttentionGroup, ...]
    gguf_arch: str = ""  # llama.cpp's architecture name, where a rule asks for it
    gguf_has_mtp: bool = False  # published GGUF files carry the MTP layers and count them as layers

    @property
    def is_moe(self) -> bool:
        return self.n_experts > 0

    @property
    def has_mla(self) -> bool:
        return any(group.kind == "mla" for group in self.attention)

    @property
    def has_sliding(self) -> bool:
        return any(group.kind == "sliding" for group in self.attention)

    @property
    def has_recurrent(self) -> bool:
        return any(group.state_elements for group in self.attention)

    @property
    def gqa_ratio(self) -> int:
        """Query heads per KV head, as llama.cpp's quantizer reads it from the first layer."""
        return self.n_heads // self.n_kv_heads if self.n_kv_heads else 1

    @property
    def n_gguf_layers(self) -> int:
        """Layers that a GGUF file of this model counts."""
        return self.n_layers + (self.n_mtp_layers if self.gguf_has_mtp else 0)

    @property
    def recurrent_state_bytes_per_sequence(self) -> int:
        """Recurrent and convolution state of one sequence over all layers: f32, as llama.cpp keeps it."""
        return sum(4 * group.state_elements * len(group.layers) for group in self.attention)

    def groups(self, tensor_class: TensorClass) -> Iterable[TensorGroup]:
        return (group for group in self.tensors if group.tensor_class == tensor_class)
