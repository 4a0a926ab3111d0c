"""The worked example of parameters and weights: every matrix of the model, counted and weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hardware_catalog.tables import architecture_of
from planner.engine.inventory import Architecture, TensorClass, TensorGroup
from planner.engine.parameters import active_parameters, parameters_by_class, total_parameters
from planner.engine.quantize import WeightFormat, count_tensors, group_bytes, types_of, weight_format
from planner.plans.plan import Plan

CLASS_WORDS: Mapping[TensorClass, str] = {
    "embedding": "table of input words (embedding)",
    "output": "output head",
    "attention": "attention",
    "dense_ffn": "feed-forward, used by every token",
    "shared_expert": "experts that every token uses (shared)",
    "expert": "routed experts",
    "router": "router, which chooses the experts",
    "norm": "norms",
    "recurrent": "recurrent state and convolutions",
    "mtp": "layers that predict further tokens (MTP)",
    "unread": "stored, but used by no step",
    "other": "other",
}


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of tensors: its weights, and its bytes in the plan's format by the format's rule."""

    words: str
    parameters: int
    bytes_by_rule: float
    counted: bool  # in the total that must be in memory

    @property
    def bits(self) -> float:
        return self.bytes_by_rule * 8 / self.parameters if self.parameters else float("nan")


@dataclass(frozen=True, slots=True)
class TensorLine:
    """Equal matrices of one role: their shape, how many there are, and the types that the format gives them."""

    name: str
    words: str
    n_rows: int
    row_length: int
    count: int
    types: tuple[tuple[str, int], ...]  # (type, matrices)
    bytes_by_rule: float


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A block type that the format uses: so many weights in so many bytes."""

    name: str
    elements: int
    bytes: float

    @property
    def bits(self) -> float:
        return self.bytes * 8 / self.elements


@dataclass(frozen=True, slots=True)
class WeightsExample:
    """Parameters and weights of one plan."""

    total_parameters: int
    active_parameters: int
    published_parameters: float | None
    classes: tuple[ClassLine, ...]
    tensors: tuple[TensorLine, ...]
    blocks: tuple[BlockLine, ...]
    by_rule_bytes: float  # the sum over the classes that count
    published_factor: float  # what published file sizes make of the rule; 1 where the rule alone answers
    weights_bytes: float  # what the plan takes


def weights_example(plan: Plan) -> WeightsExample:
    """Count and weigh the plan's model, in the plan's format."""
    architecture = architecture_of(plan.model)
    if architecture is None:
        raise ValueError(f"{plan.model.slug} has no published architecture: no plan is made of it")
    stored = weight_format(plan.format, plan.snapshot.rows.block_types)
    counts = count_tensors(architecture)
    by_class: dict[TensorClass, float] = {}
    lines = []
    for group in architecture.tensors:
        n_bytes = group_bytes(group, architecture, stored, counts)
        by_class[group.tensor_class] = by_class.get(group.tensor_class, 0.0) + n_bytes
        if not group.is_vector:
            types = types_of(group, architecture, stored, counts)
            lines.append(
                _tensor_line(group, {str(t): n * group.per_layer for t, n in types.items()}, n_bytes)
            )
    by_rule = sum(n_bytes for name, n_bytes in by_class.items() if name != "mtp")
    weights = float(plan.columns["weights_bytes"][plan.row])
    return WeightsExample(
        total_parameters=total_parameters(architecture),
        active_parameters=active_parameters(architecture),
        published_parameters=plan.model.params_published,
        classes=_class_lines(architecture, by_class),
        tensors=tuple(lines),
        blocks=_block_lines(plan, stored, lines),
        by_rule_bytes=by_rule,
        published_factor=weights / by_rule,
        weights_bytes=weights,
    )


def _class_lines(architecture: Architecture, by_class: Mapping[TensorClass, float]) -> tuple[ClassLine, ...]:
    return tuple(
        ClassLine(CLASS_WORDS[name], n_parameters, by_class.get(name, 0.0), name != "mtp")
        for name, n_parameters in parameters_by_class(architecture).items()
        if n_parameters
    )


def _tensor_line(group: TensorGroup, types: Mapping[str, int], n_bytes: float) -> TensorLine:
    return TensorLine(
        name=group.name,
        words=CLASS_WORDS[group.tensor_class],
        n_rows=group.n_rows,
        row_length=group.row_length,
        count=group.n_layers * group.per_layer,
        types=tuple(types.items()),
        bytes_by_rule=n_bytes,
    )


def _block_lines(plan: Plan, stored: WeightFormat, lines: list[TensorLine]) -> tuple[BlockLine, ...]:
    used = {name for line in lines for name, _ in line.types}
    known = plan.snapshot.rows.block_types
    return tuple(
        BlockLine(name, *known[name])
        for name in sorted(used & known.keys(), key=lambda name: (-stored.bits_of(name), name))
    )
