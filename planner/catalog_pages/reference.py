"""The lists of formats and programs: how weights are stored, and what runs what where, by which source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from hardware_catalog.rows import FormatRow, RuntimeRow
from hardware_catalog.support import takes
from planner.catalog_pages import words
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.evidence import SourceLine, source_lines
from planner.plans.suggest import FAMILIES
from planner.snapshot import Snapshot

EXECUTIONS = {
    "native": "computed as stored",
    "weight_only": "expanded to 16 bits before computing",
    "emulated": "emulated",
}
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class FormatLine:
    """A weight format and the programs that run it."""

    row: FormatRow
    is_approximate: bool
    runtimes: tuple[RuntimeRow, ...]
    sources: list[SourceLine]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a program: on this hardware it runs these formats."""

    backend: str
    hardware: str
    formats: str
    execution: str
    source: SourceLine
    notes: str


@dataclass(frozen=True, slots=True)
class RuntimeLine:
    """A program with its rules."""

    row: RuntimeRow
    rules: tuple[RuleLine, ...]
    sources: list[SourceLine]


@per_snapshot
def formats_by_family(snapshot: Snapshot) -> list[tuple[str, list[FormatLine]]]:
    """All weight formats under their families, the most bits first."""
    order = list(FAMILIES)

    def place(row: FormatRow) -> tuple[int, str, float, str]:
        known = order.index(row.family) if row.family in order else len(order)
        return known, row.family, -(row.nominal_bits_per_weight or 0.0), row.name

    return [
        (FAMILIES.get(family, family), [_format_line(row, snapshot) for row in rows])
        for family, rows in groupby(sorted(snapshot.rows.formats, key=place), key=lambda row: row.family)
    ]


def _format_line(row: FormatRow, snapshot: Snapshot) -> FormatLine:
    able = (r for r in snapshot.rows.runtimes if any(takes(rule, row) for rule in r.supports))
    return FormatLine(
        row=row,
        is_approximate=bool(row.rules.get("approximate")),
        runtimes=tuple(able),
        sources=source_lines(row.sources, snapshot),
    )


@per_snapshot
def runtime_lines(snapshot: Snapshot) -> list[RuntimeLine]:
    """All programs by name, each with its rules in the order of the file."""
    rows = sorted(snapshot.rows.runtimes, key=lambda row: row.name.casefold())
    return [
        RuntimeLine(
            row=row,
            rules=tuple(_rule_line(rule, snapshot) for rule in row.supports),
            sources=source_lines(row.sources, snapshot),
        )
        for row in rows
    ]


def _rule_line(rule: Mapping[str, Any], snapshot: Snapshot) -> RuleLine:
    return RuleLine(
        backend=rule["backend"],
        hardware=hardware_words(rule["hardware"]),
        formats=format_words(rule, snapshot),
        execution=EXECUTIONS[rule["execution"]],
        source=source_lines([rule["source"]], snapshot)[0],
        notes=rule["notes"],
    )


def hardware_words(selectors: Mapping[str, list[str]]) -> str:
    """Which devices a rule's selectors name."""
    kinds = [words.DEVICE_KINDS[kind] for kind in selectors["kinds"]]
    systems = [words.OPERATING_SYSTEMS[system] for system in selectors["operating_systems"]]
    parts = [
        ", ".join(selectors["vendors"]),
        ", ".join(f"{kind}s" for kind in kinds),
        f"of {', '.join(selectors['architectures'])}" if selectors["architectures"] else "",
        f"with {', '.join(systems)}" if systems else "",
    ]
    return "; ".join(filter(None, parts)) or "any"


def format_words(rule: Mapping[str, Any], snapshot: Snapshot) -> str:
    """Which formats a rule covers: families, single ones, and those that it leaves out."""
    families = [
        f"all {FAMILIES.get(family, family).partition(' (')[0]}" for family in rule["format_families"]
    ]
    left_out = [
        *_names(rule["except_formats"], snapshot),
        *(f"{family.replace('_', ' ')} kinds" for family in rule["except_speed_families"]),
    ]
    named = ", ".join([*families, *_names(rule["formats"], snapshot)])
    return f"{named}, but not {', '.join(left_out)}" if left_out else named


def _names(slugs: list[str], snapshot: Snapshot) -> list[str]:
    found = [snapshot.formats[slug].name if slug in snapshot.formats else slug for slug in slugs]
    if len(found) <= MOST_NAMED:
        return found
    return [*found[:MOST_NAMED], f"{len(found) - MOST_NAMED} more"]
