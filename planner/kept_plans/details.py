"""What programs ask of a plan beyond the page: entries, memory by place, the formulas' inputs, all sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields

from hardware_catalog.rows import SourceRow
from planner.engine.calibration import FORMULA_VERSION
from planner.kept_plans.record import Details, Named, PlaceMemory, SourceOf
from planner.plans.answer import Answer
from planner.plans.evaluation import Speed
from planner.plans.plan import Plan
from planner.snapshot import Snapshot


def details_of(plan: Plan, answer: Answer, speed: Speed) -> Details:
    """Everything beyond the answer."""
    inputs, coefficients = speed
    return Details(
        entries=_entries(plan),
        backend=plan.offer.backend,
        bits_per_weight=plan.bits(plan.chosen),
        places=tuple(_places(plan, answer)),
        inputs={field.name: float(getattr(inputs, field.name)[0]) for field in fields(inputs)},
        coefficients={
            field.name: float(getattr(coefficients, field.name)[0]) for field in fields(coefficients)
        },
        formula_version=FORMULA_VERSION,
        sources=tuple(_sources(plan, answer)),
    )


def _entries(plan: Plan) -> dict[str, Named]:
    spec, snapshot, question = plan.machine.spec, plan.snapshot, plan.question
    device = spec.device
    found = {
        "device": Named("device" if device.slug in snapshot.devices else "own", device.slug, device.name),
        "model": Named("model", plan.model.slug, plan.model.name),
        "format": Named("format", plan.format.slug, plan.format.name),
        "kv_format": Named("kv_format", question.kv_format, plan.kv_format_name),
        "runtime": Named("runtime", plan.offer.runtime.slug, plan.offer.runtime.name),
    }
    if question.machine:
        machine = snapshot.machines[question.machine]
        found["machine"] = Named("machine", machine.slug, machine.name)
        if machine.host_device:
            found["host"] = Named("device", machine.host_device, snapshot.devices[machine.host_device].name)
    return found


def _places(plan: Plan, answer: Answer) -> Iterator[PlaceMemory]:
    """The devices, each of which holds its share, and the host where it has a part."""
    count = answer.device_count
    yield PlaceMemory(
        role="device",
        count=count,
        need_bytes=answer.need_bytes / count,
        limit_bytes=answer.limit_bytes / count,
        capacity_bytes=plan.machine.spec.memory_bytes,
        parts={part.key: part.bytes / count for part in answer.parts},
    )
    if not plan.machine.spec.device.unified_memory:
        memory = plan.machine.spec.host_memory_bytes
        known = bool(memory) and math.isfinite(memory)
        yield PlaceMemory(
            role="host",
            count=1,
            need_bytes=answer.host_need_bytes,
            limit_bytes=answer.host_limit_bytes if known else None,
            capacity_bytes=memory if known else None,
            parts={},
        )


def _sources(plan: Plan, answer: Answer) -> Iterator[SourceOf]:
    """The sources of every entry and rule that the numbers follow from, each once for what it is cited for."""
    snapshot, model = plan.snapshot, plan.model
    known = _by_citation(snapshot)
    machine = snapshot.machines.get(plan.question.machine)
    kv_format = next(row for row in snapshot.rows.kv_formats if row.slug == plan.question.kv_format)
    cited = {
        "machine": machine.sources if machine else (),
        "device": plan.machine.spec.device.sources,
        "model": (*model.sources, model.params_published_source, model.active_params_source),
        "format": plan.format.sources,
        "kv_format": kv_format.sources,
        "runtime": plan.offer.runtime.sources,
        "memory limit": (answer.limit_source_url,),
        "formulas": tuple(step.source_url for step in answer.steps),
        "measurements": tuple(near.line.source_url for near in answer.closest),
    }
    for of, citations in cited.items():
        for citation in dict.fromkeys(filter(None, citations)):
            source = known.get(citation)
            yield SourceOf(
                of=of,
                citation=citation,
                url=source.url if source else citation if citation.startswith("https://") else "",
                licence=source.licence if source else "",
                verified=source.verified if source else True,
            )


class _Held:
    """The citations of the snapshot that answered last."""

    sha256 = ""
    sources: Mapping[str, SourceRow]


def _by_citation(snapshot: Snapshot) -> Mapping[str, SourceRow]:
    held = _Held
    if held.sha256 != snapshot.sha256:
        # two threads may both make it: each is whole
        held.sources = {source.citation: source for source in snapshot.rows.sources}
        held.sha256 = snapshot.sha256
    return held.sources
