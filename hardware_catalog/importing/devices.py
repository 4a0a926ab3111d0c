"""Devices as a table, and their launch prices as one of its own."""

from __future__ import annotations

from typing import Any

from hardware_catalog import belongings, bounds
from hardware_catalog.importing.cells import Cell, Flag, Json, Listed, Named, Number, Numbers, Word
from hardware_catalog.importing.tables import Table, columns
from hardware_catalog.models import Device, FigureNote, Vendor
from hardware_catalog.models.devices import RATE_FIELDS
from hardware_catalog.written import FIGURES


def note_problem(notes: list[Any]) -> str:
    """What is wrong with a list of notes, "" for nothing."""
    for note in notes:
        if not isinstance(note, dict) or set(note) != set(belongings.NOTE_FIELDS):
            return 'each note is an object {"field": …, "kind": …, "text": …}'
        if note["field"] not in ("", *FigureNote.FIELDS):
            return f"{note['field']!r} is no field with notes: {', '.join(FigureNote.FIELDS)}, or empty"
        if note["kind"] not in bounds.NOTE_KINDS:
            return f"{note['kind']!r} is no kind of note: {', '.join(bounds.NOTE_KINDS)}"
        if not isinstance(note["text"], str) or not 0 < len(note["text"]) <= 1000:
            return "a note needs a text of at most 1000 characters"
    return ""


CELLS: dict[str, Cell] = {
    "slug": Cell(120, needed=True),
    "name": Cell(200, needed=True),
    "kind": Word(bounds.DEVICE_KINDS),
    "vendor": Named(Vendor, "name", "maker"),
    "architecture": Cell(120),
    "year": Number(bounds.YEAR, whole=True),
    "form_factor": Word(bounds.FORM_FACTORS),
    "memory_options_gb": Numbers(Number(bounds.MEMORY_GB, "GB")),
    "memory_type": Cell(120),
    "bandwidth_bytes_per_s": Number.of(FIGURES["bandwidth_bytes_per_s"]),
    "bandwidth_basis": Cell(300),
    "bandwidth_is_upper_limit": Flag(),
    **{rate: Number.of(FIGURES[rate]) for rate in RATE_FIELDS},
    "interconnect": Cell(200),
    **{figure: Number.of(FIGURES[figure]) for figure in ("pcie_bytes_per_s", "tdp_w", "launch_price_usd")},
    "unified_memory": Flag(),
    "carried_by": Cell(300),
    "sources": Listed("source", 600, needed=True),
    "notes": Cell(),
    "aliases": Listed("name", 200),
    "figure_notes": Json(list, note_problem),
}
NAMES = {field: figure.column for field, figure in FIGURES.items() if field in CELLS} | {
    "memory_options_gb": "memory_gb_options"
}


class DeviceTable(Table):
    """Every figure of devices, in the units of data/devices/*.csv."""

    title = "Devices"
    related = ("vendor",)
    COLUMNS = columns(CELLS, NAMES, belongings.names_of("devices"))

    class Meta(Table.Meta):
        model = Device


class LaunchPriceTable(Table):
    """Launch prices alone: for many at once, of devices that the catalog has."""

    title = "Launch prices (USD)"
    adds = False
    COLUMNS = columns({field: CELLS[field] for field in ("slug", "launch_price_usd")}, NAMES)

    class Meta(Table.Meta):
        model = Device
