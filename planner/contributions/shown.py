"""Rows and names as the pages show them: figures with units, workloads in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hardware_catalog.measured import OUTCOME_WORDS, RESOLVED
from planner.contributions.completing import ASKED, Choice, Completed, OpenName
from planner.contributions.judging import Judged
from planner.contributions.models import ContributionRow
from planner.measurements.words import METRICS, range_text, value_text

# Beyond the interval's edge one of ten good rows lies; beyond twice its reach hardly any.
FAR_OUTSIDE = 2.0


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One measurement beside our prediction, in words."""

    number: int
    device: str
    model: str
    format: str
    runtime: str
    metric: str
    workload: str
    measured: str
    spread: str
    predicted: str
    interval: str
    ratio: str
    inside: bool | None
    why: str  # why there is no prediction, or what widens it
    note: str  # why the row does not compare, though it is kept
    key: int = 0  # of a stored row
    left_out: str = ""  # why an editor left it out
    measurement: str = ""  # the slug of what became of it
    score: float | None = None  # see Judged.outlier_score

    @property
    def standing(self) -> str:
        """What the outlier score says."""
        if self.score is None:
            return ""
        return "inside" if self.score <= 1 else "outside" if self.score <= FAR_OUTSIDE else "far outside"


@dataclass(frozen=True, slots=True)
class ShownName:
    """One name to choose, with the choice made."""

    key: str  # as the form sends it back
    what: str
    text: str
    reason: str
    candidates: tuple[str, ...]
    needed: bool
    rows: int
    chosen: str = ""


def shown_stored(judged: Iterable[tuple[ContributionRow, Judged]]) -> list[ShownRow]:
    """Stored rows, with what became of each."""
    return [
        replace(
            _shown(row.number, told),
            key=row.pk,
            left_out=row.left_out,
            measurement=row.measurement.slug if row.measurement and not row.measurement.withdrawn else "",
            score=told.outlier_score,
        )
        for row, told in judged
    ]


def shown_rows(judged: Iterable[tuple[int, Judged]]) -> list[ShownRow]:
    """The rows of a table."""
    return [_shown(number, row) for number, row in judged]


def _shown(number: int, row: Judged) -> ShownRow:
    fields, told = row.fields, row.prediction
    metric = fields["metric"]
    count = fields.get("device_count", "1")
    device = row.device or fields.get("device", "")
    distrusted = row.outcome.outcome != RESOLVED and told.value is not None
    return ShownRow(
        number=number,
        device=f"{count} × {device}" if count not in ("", "1") else device,
        model=row.model or fields.get("model", ""),
        format=told.format_name or fields.get("quant", ""),
        runtime=told.runtime_name or fields.get("runtime", ""),
        metric=f"{METRICS[metric].words} ({METRICS[metric].term})",
        workload=_workload(fields),
        measured=value_text(row.measured, metric),
        spread=value_text(float(fields["stddev"]), metric) if fields.get("stddev", "0") != "0" else "",
        predicted=value_text(told.value, metric) if told.value is not None else "",
        interval=range_text(told.low, told.high, told.value, metric),
        ratio=f"{row.ratio:.2f}" if row.ratio is not None else "",
        inside=row.inside,
        why=told.reason,
        note=f"{OUTCOME_WORDS[row.outcome.outcome]}: {row.outcome.reason}" if distrusted else "",
    )


def _workload(fields: Mapping[str, str]) -> str:
    """The tokens of a row in few words: "512 tokens in", "128 tokens out, after 4,096", "…, 8 at a time"."""
    prompt, depth, output, batch = (
        int(fields.get(name) or 0) for name in ("prompt_tokens", "ctx_depth", "output_tokens", "batch")
    )
    told = []
    if prompt:
        told.append(f"{prompt:,} tokens in")
    if output:
        told.append(f"{output:,} out" if prompt else f"{output:,} tokens out")
    if depth:
        told.append(f"after {depth:,}" if told else f"after {depth:,} tokens")
    if batch > 1:
        told.append(f"{batch:,} at a time")
    return ", ".join(told)


def open_names(completed: Completed) -> list[ShownName]:
    """Names to choose: those still open, then those already replaced, so that each can be changed."""
    chosen = [_replaced(choice) for choice in completed.choices]
    taken = {(choice.column, choice.name) for choice in completed.choices}
    still_open = [
        _open(name) for name in completed.open_names if (name.column, name.text) not in taken or name.needed
    ]
    return [*still_open, *chosen]


def _open(name: OpenName) -> ShownName:
    return ShownName(
        key=f"{name.column}|{name.text}",
        what=ASKED[name.column],
        text=name.text,
        reason=name.reason,
        candidates=name.candidates,
        needed=name.needed,
        rows=name.rows,
    )


def _replaced(choice: Choice) -> ShownName:
    return ShownName(
        key=f"{choice.column}|{choice.text}",
        what=ASKED[choice.column],
        text=choice.text,
        reason="You chose another name for this one.",
        candidates=(choice.name,),
        needed=False,
        rows=0,
        chosen=choice.name,
    )
