"""A plan for programs: the JSON document that is kept and sent, every figure with its unit in the name.

Bytes are whole numbers, speeds have six digits; what is not known is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from planner.engine.units import GIB
from planner.kept_plans.record import PlaceMemory, Record
from planner.measurements.closest import Closest
from planner.plans.answer import Answer, ContextPoint, FormatOption, Interval
from planner.plans.questions import Question

DIGITS, EXACT = 6, 9
JSON = Mapping[str, Any]


def as_json(document: JSON) -> bytes:
    """The document as it is sent; a number that is none would be null."""
    return to_json(document)


def document_of(plan_id: str, record: Record, created: str) -> dict[str, Any]:
    """The whole plan. Addresses are left to whoever knows the host."""
    answer, details = record.answer, record.details
    entries = details.entries
    chosen = entries["format"]
    named = {name: {"slug": entry.slug, "name": entry.name} for name, entry in entries.items()}
    return {
        "id": plan_id,
        "created": created,
        "question": question_of(record.question),
        "verdict": answer.verdict,
        "sentence": answer.sentence,
        "machine": named.get("machine"),
        "device": named["device"] | {"count": answer.device_count},
        "host": named.get("host"),
        "model": named["model"],
        "format": named["format"] | {"bits_per_weight": figure(details.bits_per_weight)},
        "kv_format": named["kv_format"],
        "runtime": named["runtime"] | {"backend": details.backend},
        "memory": memory_of(record),
        "speed": speed_of(answer),
        "formats": [format_of(option, chosen.slug) for option in answer.formats],
        "contexts": [context_of(point) for point in answer.contexts],
        "formula": {
            "version": details.formula_version,
            "inputs": {name: figure(value, EXACT) for name, value in details.inputs.items()},
            "coefficients": {name: figure(value, EXACT) for name, value in details.coefficients.items()},
            "steps": [
                {
                    "name": step.name,
                    "formula": step.formula,
                    "substituted": step.substituted,
                    "result": step.result,
                    "source_url": step.source_url or None,
                }
                for step in answer.steps
            ],
        },
        "nearest_measurements": [nearest_of(near) for near in answer.closest],
        "changes": [
            {"text": change.text, "verdict": change.verdict, "query": change.query or None}
            for change in answer.changes
        ],
        "notes": list(answer.notes),
        "calibration": {
            "sha256": answer.calibration,
            "name": answer.provenance.name,
            "registered": answer.provenance.registered or None,
            "measurements": answer.provenance.rows,
            "measured_until": answer.provenance.measured_until or None,
        },
        "snapshot": answer.snapshot,
        "sources": [
            {
                "of": source.of,
                "citation": source.citation,
                "url": source.url or None,
                "licence": source.licence or None,
                "verified": source.verified,
            }
            for source in details.sources
        ],
    }


def question_of(question: Question) -> dict[str, Any]:
    """The question as it was understood, in the fields in which it is asked."""
    own = question.own_device
    found: dict[str, Any] = {
        "device": question.device or None,
        "machine": question.machine or None,
        "count": question.device_count,
        "memory_gb": question.memory_gb if own is None else figure(own.memory_bytes / GIB),
        "host_memory_gb": question.host_memory_gb,
        "held_gib": figure(question.held_bytes / GIB),
        "model": question.model,
        "format": question.format,
        "runtime": question.runtime or None,
        "kv_format": question.kv_format,
        "context_tokens": question.context_tokens,
        "prompt_tokens": question.prompt_tokens,
        "output_tokens": question.output_tokens,
        "concurrency": question.concurrency,
    }
    bandwidth = own.bandwidth_bytes_per_s if own else None
    flops = own.fp16_flops_per_s if own else None
    found["bandwidth_gb_per_s"] = None if bandwidth is None else figure(bandwidth / 1e9)
    found["fp16_tflops"] = None if flops is None else figure(flops / 1e12)
    return found


def memory_of(record: Record) -> dict[str, Any]:
    """The memory by part and by place, against what a program may use."""
    answer = record.answer
    return {
        "need_bytes": whole(answer.need_bytes),
        "need_high_bytes": whole(answer.need_high_bytes),
        "limit_bytes": whole(answer.limit_bytes),
        "margin_bytes": whole(answer.margin_bytes),
        "spare_bytes": whole(answer.spare_bytes),
        "capacity_bytes": whole(answer.capacity_bytes),
        "held_bytes": whole(answer.held_bytes),
        "limit_explanation": answer.limit_explanation,
        "limit_source_url": answer.limit_source_url or None,
        "longest_context_tokens": answer.max_context_tokens,
        "parts": [
            {
                "key": part.key,
                "label": part.label,
                "bytes": whole(part.bytes),
                "explanation": part.explanation,
            }
            for part in answer.parts
        ],
        "places": [place_of(place) for place in record.details.places],
    }


def place_of(place: PlaceMemory) -> dict[str, Any]:
    """The memory of each device, or of the host."""
    return {
        "role": place.role,
        "count": place.count,
        "need_bytes": whole(place.need_bytes),
        "limit_bytes": None if place.limit_bytes is None else whole(place.limit_bytes),
        "capacity_bytes": None if place.capacity_bytes is None else whole(place.capacity_bytes),
        "parts": {key: whole(value) for key, value in place.parts.items()},
    }


def speed_of(answer: Answer) -> dict[str, Any]:
    """The speeds with their 90 % intervals, or why there are none."""
    return {
        "decode_tps": interval(answer.decode_tps),
        "prefill_tps": interval(answer.prefill_tps),
        "ttft_ms": interval(answer.ttft_ms),
        "decode_tps_total": interval(answer.decode_tps_total),
        "sustained_decode_tps": interval(answer.sustained_decode_tps),
        "unknown_reason": answer.speed_unknown_reason or None,
        "limited_by": answer.binding,
    }


def format_of(option: FormatOption, chosen: str) -> dict[str, Any]:
    """One of the formats beside the chosen one."""
    return {
        "slug": option.slug,
        "name": option.name,
        "bits_per_weight": figure(option.bits_per_weight),
        "need_bytes": whole(option.memory_bytes),
        "file_bytes": whole(option.download_bytes),
        "verdict": option.verdict,
        "decode_tps": interval(option.decode_tps),
        "chosen": option.slug == chosen,
    }


def context_of(point: ContextPoint) -> dict[str, Any]:
    """The same plan with another context, its cache full."""
    return {
        "context_tokens": point.context_tokens,
        "need_bytes": whole(point.memory_bytes),
        "verdict": point.verdict,
        "decode_tps": interval(point.decode_tps),
        "prefill_tps": interval(point.prefill_tps),
    }


def nearest_of(near: Closest) -> dict[str, Any]:
    """A published measurement beside what is predicted for it, and what differs from the plan."""
    line = near.line
    predicted = Interval(*line.prediction) if line.prediction else None
    return {
        "id": line.slug,
        "device": line.device,
        "model": line.model,
        "format": line.format,
        "runtime": line.runtime,
        "workload": line.workload or None,
        "metric": line.metric.term,
        "unit": line.metric.unit,
        "measured": None if line.value is None else figure(line.value),
        "predicted": interval(predicted),
        "agreement": line.verdict or None,
        "not_compared_because": line.why_not or None,
        "differs": list(near.differs),
        "distance": figure(near.distance),
        "date": line.date or None,
        "source_url": line.source_url or None,
    }


def interval(found: Interval | None) -> dict[str, float | None] | None:
    """A value with both ends."""
    if found is None:
        return None
    return {"value": figure(found.value), "low": figure(found.low), "high": figure(found.high)}


def figure(value: float, digits: int = DIGITS) -> float | None:
    """So many digits; null for what is no number."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def whole(value: float) -> int | None:
    """Whole bytes; null for what is no number."""
    return round(value) if math.isfinite(value) else None
