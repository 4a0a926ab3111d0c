"""From what a file says to whole rows: the visitor's answers fill the gaps, and chosen names replace open ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hardware_catalog.names.index import NameIndex
from hardware_catalog.names.resolution import Resolution
from planner.contributions.parsers import ParsedRow, Problem, Reading
from planner.contributions.parsers.columns import LENGTHS, SHORT
from planner.contributions.parsers.vllm_serve import KIND as VLLM

# What a visitor may be asked, by column.
ASKED: Mapping[str, str] = {
    "device": "Device",
    "device_count": "How many of it",
    "model": "Model",
    "quant": "Weight format",
    "runtime": "Runtime",
    "backend": "Backend",
    "source_date": "Date",
}
# More open names than this are not asked about: such a file is not about a machine.
MOST_OPEN_NAMES = 40


class Choice(NamedTuple):
    """A name of the file that the visitor replaced by a name of the catalog."""

    column: str
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenName:
    """A name that the catalog does not take as it stands. ``needed``: without a choice there is no prediction."""

    column: str
    text: str
    reason: str
    candidates: tuple[str, ...]
    needed: bool
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Completed:
    """The rows of a file after answers and choices, and what is left open."""

    rows: tuple[ParsedRow, ...]
    open_names: tuple[OpenName, ...]
    missing: tuple[str, ...]  # columns of ASKED that some row lacks
    choices: tuple[Choice, ...] = ()
    kind: str = ""
    unit: str = ""
    remarks: tuple[str, ...] = field(default=())

    @property
    def good(self) -> tuple[ParsedRow, ...]:
        return tuple(row for row in self.rows if not row.problems)

    @property
    def refused(self) -> tuple[ParsedRow, ...]:
        return tuple(row for row in self.rows if row.problems)


def complete(
    reading: Reading, answers: Mapping[str, str], choices: Iterable[Choice], names: NameIndex
) -> Completed:
    """Fill in and check every row of a file; rows that still lack something get a problem that asks for it."""
    chosen = {(choice.column, choice.text): choice.name for choice in choices if choice.name}
    missing: dict[str, None] = {}
    rows = []
    for row in reading.rows:
        if row.fields:
            row = _named(_filled(row, answers), chosen, names)
            if not row.problems:
                lacking = _lacking(row.fields, reading.kind, names)
                missing |= dict.fromkeys(lacking)
                row = replace(row, problems=tuple(_please(column) for column in lacking))
        rows.append(row)
    kept = tuple(Choice(column, text, name) for (column, text), name in chosen.items())
    return Completed(
        tuple(rows),
        _open_names([row.fields for row in rows if row.fields], names),
        tuple(missing),
        kept,
        reading.kind,
        reading.unit,
        reading.remarks,
    )


def _filled(row: ParsedRow, answers: Mapping[str, str]) -> ParsedRow:
    fields = dict(row.fields)
    if not fields.get("device") and answers.get("device") and not fields.get("device_count"):
        fields["device_count"] = answers.get("device_count", "")
    for column in (*ASKED, "source_url", "source_family"):
        if column != "device_count" and not fields.get(column) and answers.get(column):
            fields[column] = answers[column]
    return replace(row, fields={name: text for name, text in fields.items() if text})


def _named(row: ParsedRow, chosen: Mapping[tuple[str, str], str], names: NameIndex) -> ParsedRow:
    """The row with chosen names, and with the description in place of a file name that says nothing."""
    fields = dict(row.fields)
    told = []
    for column in ("device", "model", "quant", "runtime"):
        name = chosen.get((column, fields.get(column, "")))
        if name:
            told.append(f"the file says {column} “{fields[column]}”")
            fields[column] = name
    spare, said = row.spare_model, fields.get("model", "")
    if spare and not names.resolve_model(said).answerable and names.resolve_model(spare).answerable:
        told.append(f"model file {said}")
        fields["model"] = spare
    if told:
        notes = "; ".join(filter(None, (fields.get("notes", ""), *told)))
        fields["notes"] = notes[: LENGTHS.get("notes", SHORT)]
    return replace(row, fields=fields)


def _lacking(fields: Mapping[str, str], kind: str, names: NameIndex) -> list[str]:
    """Columns of ``ASKED`` without which a row is no measurement."""
    lacking = [column for column in ("device", "model") if not fields.get(column)]
    if kind == VLLM:
        if not fields.get("quant") and not names.resolve_model(fields.get("model", "")).format_text:
            lacking.append("quant")
        if not fields.get("runtime"):
            lacking.append("runtime")
    return lacking


def _please(column: str) -> Problem:
    return Problem(column, f"the file does not say the {ASKED[column].lower()}: write it in the form")


def _open_names(rows: Sequence[Mapping[str, str]], names: NameIndex) -> tuple[OpenName, ...]:
    """Every distinct text that is not one entry of the catalog, in order of appearance."""
    counts: dict[tuple[str, str], int] = {}
    first: dict[tuple[str, str], Mapping[str, str]] = {}
    for fields in rows:
        for column in ("device", "model", "quant", "runtime"):
            text = fields.get(column, "")
            if text:
                counts[column, text] = counts.get((column, text), 0) + 1
                first.setdefault((column, text), fields)
    found = []
    for (column, text), count in counts.items():
        resolution = resolve(column, first[column, text], names)
        if resolution is None or _is_one(resolution):
            continue
        found.append(_open_name(column, text, resolution, count))
        if len(found) == MOST_OPEN_NAMES:
            break
    return tuple(found)


def resolve(column: str, fields: Mapping[str, str], names: NameIndex) -> Resolution | None:
    """What the catalog makes of one name of a row; ``None`` where the column has none."""
    text = fields.get(column, "")
    if not text:
        return None
    if column == "device":
        return names.resolve_device(
            text,
            memory_gb=_number(fields.get("device_mem_gb")),
            bandwidth_gbs=_number(fields.get("device_bw_gbs")),
            backend=fields.get("backend") or None,
        )
    if column == "model":
        return names.resolve_model(text)
    if column == "runtime":
        return names.resolve_runtime(text)
    model = names.resolve_model(fields.get("model", ""))
    runtime = names.resolve_runtime(fields.get("runtime", ""))
    return names.resolve_format(text, model.slug or None, runtime.slug or None)


def _is_one(resolution: Resolution) -> bool:
    several = len(resolution.candidates) > 1 and resolution.figures_agree
    stated_otherwise = resolution.kind == "format" and resolution.bits_per_weight is not None
    return stated_otherwise or (resolution.answerable and not several) or resolution.status == "not_stated"


def _open_name(column: str, text: str, resolution: Resolution, rows: int) -> OpenName:
    needed = not resolution.answerable
    candidates = tuple(name for _, name in resolution.candidates[:12])
    if not needed:
        reason = (
            "The name fits several entries; their figures agree, so rows are answered with a wider interval."
        )
    elif resolution.status == "ambiguous":
        reason = "The name fits several entries whose figures differ: choose yours."
    elif candidates:
        reason = (
            "The catalog does not know this name. Near names are offered: choose only the one that it is."
        )
    else:
        reason = "The catalog does not know this name: write another name of it."
    return OpenName(column, text, reason, candidates, needed, rows)


def _number(text: str | None) -> float | None:
    return float(text) if text else None
