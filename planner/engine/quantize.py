"""Which type a weight format gives to each tensor: an interpreter of the rules in formats.json.

A format's ``rules`` are data:

- ``default``: the type of every matrix that no other rule names; a block type's name or a number of bits;
- ``vectors``: the type of one-dimensional tensors (norms, biases);
- ``kept``: {type: [tensor names]} for matrices that the mix leaves alone;
- ``cases``: a list, first match wins; each has ``tensors`` (names, a trailing * matches any ending) or ``classes``,
  ``when`` (conditions, all must hold; see _CONDITIONS and _band) and ``type``;
- ``fallback``: {type: type} where a row is no multiple of the type's block; ``last_resort`` where that fails too;
- ``row_bytes``, ``column_bytes``: {type: bytes} that each output row or input column adds (scales).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from planner.engine.inventory import Architecture, TensorGroup

TypeName = str | float
_ALWAYS: Mapping[str, Any] = {}
# The value projection counts among these in llama.cpp's quantizer (src/llama-quant.cpp, n_attention_wv).
_VALUE_LIKE = ("attn_v", "attn_qkv", "attn_kv_b")


class FormatLike(Protocol):
    """What this module needs of a catalog format."""

    @property
    def slug(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def rules(self) -> Mapping[str, Any]: ...
    @property
    def nominal_bits_per_weight(self) -> float | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class WeightFormat:
    """A format ready for use: its rules and the block types that they name."""

    slug: str
    family: str
    rules: Mapping[str, Any]
    block_types: Mapping[str, tuple[int, float]]
    nominal_bits_per_weight: float | None = None
    # Cases that can concern a tensor, by (name, class): found once, since a table asks for the same names often.
    _cases: dict[tuple[str, str], tuple[Mapping[str, Any], ...]] = field(default_factory=dict, repr=False)
    _costs: dict[TypeName, tuple[float, float, float]] = field(default_factory=dict, repr=False)

    def cases_for(self, group: TensorGroup) -> tuple[Mapping[str, Any], ...]:
        """The cases whose names or classes match the group, in order; conditions are not looked at."""
        key = (group.name, group.role_class)
        if key not in self._cases:
            cases = self.rules.get("cases", ())
            kept = self.rules.get("kept", {})
            keep = tuple({"type": t} for t, names in kept.items() if _names_match(names, group.name))
            self._cases[key] = keep[:1] or tuple(case for case in cases if _concerns(case, group))
        return self._cases[key]

    @property
    def vector_bits(self) -> float:
        """Bits per element of one-dimensional tensors."""
        return self.bits_of(self.rules.get("vectors", self.rules["default"]))

    def costs_of(self, type_name: TypeName) -> tuple[float, float, float]:
        """(bytes per element, per output row, per input column) of a type in this format."""
        costs = self._costs.get(type_name)
        if costs is None:
            per_row, per_column = self.rules.get("row_bytes", {}), self.rules.get("column_bytes", {})
            key = str(type_name)
            costs = (self.bits_of(type_name) / 8, per_row.get(key, 0), per_column.get(key, 0))
            self._costs[type_name] = costs
        return costs

    def bits_of(self, type_name: TypeName) -> float:
        """Bits per weight of a type, without per-row scales."""
        if not isinstance(type_name, str):
            return float(type_name)
        elements, n_bytes = self.block_types[type_name]
        return n_bytes * 8 / elements


def weight_format(row: FormatLike, block_types: Mapping[str, tuple[int, float]]) -> WeightFormat:
    """The engine's view of a catalog format."""
    return WeightFormat(row.slug, row.family, row.rules, block_types, row.nominal_bits_per_weight)


def uniform_format(bits_per_weight: float) -> WeightFormat:
    """Every tensor at the same number of bits: what "N bpw" of a whole file means."""
    rules = {"default": float(bits_per_weight), "vectors": float(bits_per_weight)}
    return WeightFormat(f"{bits_per_weight:g}-bpw", "uniform", rules, {}, float(bits_per_weight))


@dataclass(frozen=True, slots=True)
class Counts:
    """Positions that llama.cpp's quantizer counts while it walks through a model's tensors."""

    ordinal: Mapping[tuple[str, int], int]  # (tensor name, layer) -> how many of its category came before
    n_value_like: int
    n_layers: int
    is_moe: bool = field(default=False)


def _category(name: str) -> str:
    for prefix in ("ffn_down", "ffn_gate", "ffn_up"):
        if name.startswith(prefix) and "inp" not in name:
            return prefix
    return name


def count_tensors(architecture: Architecture) -> Counts:
    """Ordinals of each matrix within its category, in file order (by layer, then by name)."""
    walk = sorted(
        (layer, group.name)
        for group in architecture.tensors
        if not group.is_vector and _in_file(group, architecture)
        for layer in group.layers
    )
    seen: Counter[str] = Counter()
    ordinal = {}
    for layer, name in walk:
        ordinal[name, layer] = seen[_category(name)]
        seen[_category(name)] += 1
    return Counts(
        ordinal, sum(seen[name] for name in _VALUE_LIKE), architecture.n_gguf_layers, architecture.is_moe
    )


def _in_file(group: TensorGroup, architecture: Architecture) -> bool:
    return group.tensor_class != "mtp" or architecture.gguf_has_mtp


# Conditions on the architecture and the tensor; each takes (wanted value, architecture, group).
_CONDITIONS: Mapping[str, Callable[[Any, Architecture, TensorGroup], bool]] = {
    "n_experts": lambda value, arch, group: arch.n_experts == value,
    "min_experts": lambda value, arch, group: arch.n_experts >= value,
    "max_experts": lambda value, arch, group: arch.n_experts <= value,
    "min_gqa": lambda value, arch, group: arch.gqa_ratio >= value,
    "max_gqa": lambda value, arch, group: arch.gqa_ratio <= value,
    "n_layers": lambda value, arch, group: arch.n_layers == value,
    "tied": lambda value, arch, group: arch.tied_embeddings == value,
    "archs": lambda value, arch, group: arch.gguf_arch in value,
    "not_archs": lambda value, arch, group: arch.gguf_arch not in value,
    "stack": lambda value, arch, group: group.is_stack == value,
    "row_multiple_of": lambda value, arch, group: group.row_length % value == 0,
}


def _in_band(band: str | int, i: int, n: int) -> bool:
    """Whether position i of n belongs to a band of layers; integer division as in llama-quant.cpp."""
    if isinstance(band, int):
        return i < band
    if band == "more_bits":
        return i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2
    if band == "first_eighth":
        return i < n // 8
    if band == "first_sixteenth":
        return i < n // 16
    if band == "middle":
        return n // 8 <= i < 7 * n // 8
    raise ValueError(f"no such band of layers: {band!r}")


def _position(when: Mapping[str, Any], group: TensorGroup, layer: int, counts: Counts) -> tuple[int, int]:
    """(i, n) of a tensor: value projections are counted; feed-forward blocks too, but by layer in MoE models."""
    if group.name in _VALUE_LIKE:
        return counts.ordinal[group.name, layer], counts.n_value_like
    if counts.is_moe and when.get("index") != "count":
        return layer, counts.n_layers
    return counts.ordinal[group.name, layer], counts.n_layers


def _names_match(names: Sequence[str], name: str) -> bool:
    return any(name == n or (n.endswith("*") and name.startswith(n[:-1])) for n in names)


def _concerns(case: Mapping[str, Any], group: TensorGroup) -> bool:
    if "tensors" in case and not _names_match(case["tensors"], group.name):
        return False
    return "classes" not in case or group.role_class in case["classes"]


def _holds(when: Mapping[str, Any], group: TensorGroup, architecture: Architecture) -> bool:
    return all(
        _CONDITIONS[key](value, architecture, group)
        for key, value in when.items()
        if key not in ("band", "index")
    )


def types_of(
    group: TensorGroup, architecture: Architecture, fmt: WeightFormat, counts: Counts
) -> dict[TypeName, int]:
    """How many of the group's layers get which type; a tensor outside the layers counts as one layer.

    ``counts`` is ``count_tensors(architecture)``, computed once by the caller.
    """
    rules = fmt.rules
    if group.is_vector:
        return {rules.get("vectors", rules["default"]): group.n_layers}
    cases = fmt.cases_for(group)
    if not cases:
        return {_fitting(rules["default"], group, fmt): group.n_layers}
    left: Sequence[int] = group.layers or (-1,)
    types: dict[TypeName, int] = {}
    for case in cases:
        when = case.get("when", _ALWAYS)
        if not left:
            break
        if when and not _holds(when, group, architecture):
            continue
        taken, left = _split(when, group, left, architecture, counts)
        if taken:
            type_name = _fitting(case["type"], group, fmt)
            types[type_name] = types.get(type_name, 0) + len(taken)
    if left:
        type_name = _fitting(rules["default"], group, fmt)
        types[type_name] = types.get(type_name, 0) + len(left)
    return types


def _split(
    when: Mapping[str, Any],
    group: TensorGroup,
    layers: Sequence[int],
    architecture: Architecture,
    counts: Counts,
) -> tuple[Sequence[int], Sequence[int]]:
    """Layers inside the case's band, and the rest."""
    if "band" not in when or not group.layers:
        return layers, ()
    if not _in_file(group, architecture):
        return (), layers
    inside = [_in_band(when["band"], *_position(when, group, layer, counts)) for layer in layers]
    taken = [layer for layer, is_inside in zip(layers, inside, strict=True) if is_inside]
    left = [layer for layer, is_inside in zip(layers, inside, strict=True) if not is_inside]
    return taken, left


def _fitting(type_name: TypeName, group: TensorGroup, fmt: WeightFormat) -> TypeName:
    """The type, or what the format falls back to where rows are no multiple of its block."""
    fallback = fmt.rules.get("fallback")
    if not fallback or not isinstance(type_name, str) or _divides(type_name, group, fmt):
        return type_name
    second = fallback.get(type_name, fmt.rules["last_resort"])
    if isinstance(second, str) and not _divides(second, group, fmt):
        return str(fmt.rules["last_resort"])
    return str(second)


def _divides(type_name: str, group: TensorGroup, fmt: WeightFormat) -> bool:
    return group.row_length % fmt.block_types[type_name][0] == 0


def group_bytes(group: TensorGroup, architecture: Architecture, fmt: WeightFormat, counts: Counts) -> float:
    """Bytes of a group of tensors in a format; ``counts`` as in types_of."""
    total = 0.0
    for type_name, n_layers in types_of(group, architecture, fmt, counts).items():
        per_element, per_row, per_column = fmt.costs_of(type_name)
        matrix = group.n_rows * group.row_length * per_element
        if not group.is_vector:
            matrix += group.n_rows * per_row + group.row_length * per_column
        total += n_layers * group.per_layer * matrix
    return total
