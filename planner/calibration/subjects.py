"""What is known of each used measurement beside the fit's arrays: for rival formulas, groups, reasons and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hardware_catalog.rows import CatalogRows, DeviceRow, FormatRow, ModelRow, RuntimeRow
from hardware_catalog.tables import CatalogTables
from hardware_catalog.trust import is_several, set_aside
from planner.calibration.case_fields import DEFAULT_PROMPT_TOKENS
from planner.calibration.case_tables import READS_PROMPT, depth_of
from planner.calibration.cases import Case
from planner.calibration.observations import Row, metric_of, unit_of
from planner.engine.architecture import Architecture
from planner.engine.levels import model_kind
from planner.engine.parameters import active_parameters, parameters_by_class, total_parameters


@dataclass(frozen=True, slots=True)
class WeightCounts:
    """Weights of a language model, counted from its architecture."""

    total: int
    active: int  # multiplied for one token
    active_expert: int  # of them in routed experts
    fixed: int  # everything but routed experts, the table and the output head each counted
    n_experts: int  # 1 for a dense model
    n_experts_used: int

    @property
    def is_moe(self) -> bool:
        return self.n_experts > 1


@dataclass(frozen=True, slots=True)
class Subject:
    """One used measurement: what was run on what, and where it was published."""

    id: str
    metric: str  # "decode" | "prefill" | "ttft" | "served_decode" | "served_ttft"
    source_url: str
    source_date: str
    family: str
    unit: str  # what was left out as a whole when it was predicted: the tester, or one of its set-ups
    notes: str
    judged_only: str  # the cleaning rule's reason where the row counts but teaches nothing
    relative_stddev: float  # over the value, of the tester's repeats; nan where the source states none
    device: DeviceRow
    memory_bytes: float  # nan: not stated
    model: ModelRow
    model_kind: str
    counts: WeightCounts
    format: FormatRow
    weights_bytes: float  # of the whole file
    read_bytes: float  # that one token reads
    runtime: RuntimeRow
    runtime_version: str
    backend: str
    prompt_tokens: int
    depth_tokens: int  # already in the cache
    output_tokens: int
    concurrency: int
    device_count: int

    @property
    def platform(self) -> str:
        """Vendor, kind of device and backend, as "NVIDIA gpu, CUDA"."""
        return f"{self.device.vendor} {self.device.kind}, {self.backend}"


def count_weights(architecture: Architecture) -> WeightCounts:
    """The counts of one architecture."""
    by_class = parameters_by_class(architecture)
    experts, used = max(architecture.n_experts, 1), max(architecture.n_experts_used, 1)
    total = total_parameters(architecture)
    table = sum(group.n_parameters for group in architecture.tensors if group.name == "token_embd")
    return WeightCounts(
        total=total,
        active=active_parameters(architecture),
        active_expert=by_class["expert"] * used // experts if architecture.is_moe else 0,
        fixed=total - by_class["expert"] + (table if architecture.tied_embeddings else 0),
        n_experts=experts,
        n_experts_used=used,
    )


def subjects(
    rows: CatalogRows, catalog: CatalogTables, kept: Sequence[tuple[Row, Case]], ids: Sequence[str]
) -> tuple[Subject, ...]:
    """The subjects of the observations with the given ids, in their order."""
    by_id = {row["id"]: (row, case) for row, case in kept}
    make = _Maker(rows, catalog)
    return tuple(make.subject(*by_id[str(name)]) for name in ids)


class _Maker:
    """Looks up the catalog's entries of a case."""

    def __init__(self, rows: CatalogRows, catalog: CatalogTables) -> None:
        self._catalog = catalog
        self._models = {model.slug: model for model in rows.models}
        self._formats = {fmt.slug: fmt for fmt in rows.formats}
        self._runtimes = {runtime.slug: runtime for runtime in rows.runtimes}
        self._counts: dict[str, WeightCounts] = {}

    def subject(self, row: Row, case: Case) -> Subject:
        rule = set_aside(row, several=is_several(row))
        metric = metric_of(row)
        if metric is None:
            raise ValueError(f"{row['id']} teaches nothing: it cannot have been observed")
        counts = self._counted(case.model)
        weights_bytes, read_bytes = self._bytes(case, counts)
        reads_prompt = case.metric in READS_PROMPT
        return Subject(
            id=row["id"],
            metric=metric,
            source_url=row["source_url"],
            source_date=row["source_date"],
            family=row["source_family"],
            unit=unit_of(row, case),
            notes=row["notes"],
            judged_only="" if rule is None else rule.reason,
            relative_stddev=_number(row, "stddev") / float(row["value"]),
            device=case.machine.device,
            memory_bytes=case.machine.memory_bytes,
            model=self._models[case.model],
            model_kind=model_kind(self._architecture(case.model)),
            counts=counts,
            format=self._formats[case.format],
            weights_bytes=weights_bytes,
            read_bytes=read_bytes,
            runtime=self._runtimes[case.runtime],
            runtime_version=row["runtime_version"],
            backend=case.backend,
            prompt_tokens=case.prompt_tokens or (DEFAULT_PROMPT_TOKENS if reads_prompt else 0),
            depth_tokens=(case.depth_tokens or 0) if reads_prompt else depth_of(case),
            output_tokens=case.output_tokens,
            concurrency=case.concurrency,
            device_count=case.machine.device_count,
        )

    def _architecture(self, model: str) -> Architecture:
        architecture = self._catalog.models.architecture[self._catalog.model_row[model]]
        if architecture is None:
            raise ValueError(f"{model} has no known architecture: it cannot have been observed")
        return architecture

    def _counted(self, model: str) -> WeightCounts:
        if model not in self._counts:
            self._counts[model] = count_weights(self._architecture(model))
        return self._counts[model]

    def _bytes(self, case: Case, counts: WeightCounts) -> tuple[float, float]:
        """(bytes of the file, bytes that one token reads), scaled to a stated size or to stated bits per weight."""
        cell = self._catalog.model_row[case.model], self._catalog.format_row[case.format]
        table = self._catalog.weights
        by_rule = float(table.total_bytes[cell])
        stated = case.weights_bytes
        if not math.isfinite(stated):
            stated = counts.total * case.bits_per_weight / 8
        total = stated if math.isfinite(stated) else by_rule
        share = counts.n_experts_used / counts.n_experts
        read = float(table.dense_read_bytes[cell]) + float(table.expert_bytes[cell]) * share
        return total, read * total / by_rule


def _number(row: Mapping[str, str], column: str) -> float:
    try:
        return float(row.get(column) or "nan")
    except ValueError:
        return math.nan
