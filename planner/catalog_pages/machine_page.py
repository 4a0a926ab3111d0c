"""The page of one machine: what it is made of, what a program may use of it, what runs on it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from planner import figures
from planner.catalog_pages import words
from planner.catalog_pages.device_page import bandwidth
from planner.catalog_pages.evidence import Figure, Note, n_measurements, notes_by_field, source_lines
from planner.catalog_pages.machines import MachineLine
from planner.catalog_pages.running import RunGroup, running
from planner.figures import UNKNOWN
from planner.plans.machines import planned_machine
from planner.plans.questions import Question
from planner.snapshot import Snapshot


def machine_context(machine: MachineLine, snapshot: Snapshot) -> dict[str, Any]:
    """Everything the page needs."""
    row, device = machine.row, machine.device
    runs = running(snapshot).models_on(Question(model="", machine=row.slug))
    memory = f"{row.device_count} × {figures.nominal_gb([row.memory_gb])}" if row.device_count > 1 else ""
    parts = [machine.category_words, words.OPERATING_SYSTEMS[row.operating_system], str(row.year or "")]
    text = ", ".join(filter(None, parts))
    return {
        "entry": row,
        "title": f"{row.name} · Sizewise",
        "subtitle": text[0].upper() + text[1:],
        "highlights": [
            Figure("Memory", memory or figures.nominal_gb([row.memory_gb])),
            Figure("Memory bandwidth", bandwidth(device), "of one device" if row.device_count > 1 else ""),
            Figure("A program may use", _limit(runs)),
        ],
        "figures": machine_figures(machine, runs, snapshot),
        "runs": runs,
        "asks_for": "model",
        "asks_with": {"machine": row.slug},
        "n_measurements": n_measurements(device=device.slug),
        "measured_by": f"device={device.slug}",
        "measured_name": device.name,
        "sources": source_lines((*row.sources, *device.sources), snapshot),
    }


def _limit(runs: tuple[RunGroup, ...]) -> str:
    """The memory that a program may use, as the plans take it."""
    limits = [line.summary.limit_bytes for group in runs for line in group.lines if line.summary]
    return figures.gib(limits[0]) if limits else UNKNOWN


def machine_figures(machine: MachineLine, runs: tuple[RunGroup, ...], snapshot: Snapshot) -> list[Figure]:
    """Every figure that the catalog keeps of a machine; what no source states is unknown."""
    row, device = machine.row, machine.device
    count = f"{row.device_count} × " if row.device_count > 1 else ""
    notes = notes_by_field(device.figure_notes)
    spec = planned_machine(Question(model="", machine=row.slug), snapshot).spec
    rule = snapshot.limits.rules[snapshot.limits.index(spec.platform)]
    host = snapshot.devices.get(row.host_device or "")
    found = [
        Figure("Device", f"{count}{device.name}", url=reverse("catalog:device", args=[device.slug])),
        Figure("Memory", f"{count}{figures.nominal_gb([row.memory_gb])}", "of each device" if count else ""),
        Figure(
            "A program may use",
            _limit(runs),
            "usable memory",
            (Note("rule", rule.explanation),),
            rule.source(spec.memory_bytes),
        ),
        Figure(
            "Memory bandwidth",
            bandwidth(device),
            "of each device" if count else "",
            notes.get("bandwidth_bytes_per_s", ()),
        ),
    ]
    if not device.unified_memory:
        memory = UNKNOWN if row.host_memory_gb is None else figures.nominal_gb([row.host_memory_gb])
        found.append(Figure("Host memory", memory, "RAM beside the devices"))
    if host is not None:
        found.append(Figure("Host", host.name, "processor", url=reverse("catalog:device", args=[host.slug])))
    return [
        *found,
        Figure("System", words.OPERATING_SYSTEMS[row.operating_system], "operating system"),
        Figure("Year", str(row.year or UNKNOWN)),
    ]
