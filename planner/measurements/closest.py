"""The published measurements that lie nearest to a plan, each with what is predicted for it and what differs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Max

from hardware_catalog.measured import RESOLVED
from hardware_catalog.models import Measurement
from hardware_catalog.rows import DeviceRow
from planner.engine.levels import model_kind
from planner.measurements.distance import (
    FAR,
    PER_DOUBLED_DEPTH,
    PER_DOUBLED_PROMPT,
    Entries,
    Rows,
    Target,
    standing_distances,
    token_distance,
    token_doublings,
)
from planner.measurements.lines import Line, lines
from planner.snapshot import CHECK_EVERY_S, Snapshot

HANDFUL = 5
# measurements of one tester among them: five runs of one person say less than five people's
PER_TESTER = 2
# so many of the nearest are looked through for other testers and other set-ups
LOOKED_THROUGH = 400
# set-ups whose distances a process keeps; about 50 KB each
SET_UPS = 256
DECODE, PREFILL, FIRST_TOKEN = "decode", "prefill", "ttft"
METRICS: Mapping[str, tuple[str, ...]] = {
    DECODE: ("decode_tps_per_seq", "tpot_ms", "decode_tps_total"),
    PREFILL: ("prefill_tps",),
    FIRST_TOKEN: ("ttft_ms",),
}
# rules of hardware_catalog.trust that set a row aside for its scope only
SEVERAL = frozenset({"several_sequences", "several_devices"})
COLUMNS = (
    *("slug", "device__slug", "language_model__slug", "weight_format__slug", "runtime__slug", "backend"),
    *("metric", "prompt_tokens", "ctx_depth", "output_tokens", "batch", "device_count", "year"),
    *("source_family", "rule"),
)


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a plan runs: the figures by which measurements are compared with it."""

    device: DeviceRow
    device_count: int
    model: str
    format: str
    runtime: str
    backend: str
    users: int
    depth_tokens: int
    prompt_tokens: int
    prompt_matters: bool  # also show how fast such prompts were read


@dataclass(frozen=True, slots=True)
class Closest:
    """One measurement near the plan."""

    line: Line
    differs: tuple[str, ...]  # in words; () is the same set-up
    distance: float
    same_device: bool

    @property
    def is_far(self) -> bool:
        """Whether it says little about the plan."""
        return self.distance > FAR


@dataclass(frozen=True, slots=True)
class _Row:
    """What the words need of one measurement."""

    slug: str
    device: str
    model: str
    format: str
    runtime: str
    backend: str
    prompt: int | None
    depth: int | None
    users: int
    devices: int
    family: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Measurements of one metric."""

    rows: Rows
    told: tuple[_Row, ...]
    several: np.ndarray  # rows of several devices or conversations


@dataclass(frozen=True, slots=True)
class Index:
    """All measurements that plans are compared with, as arrays; lines are kept once they were made."""

    entries: Entries
    groups: Mapping[str, _Group]
    devices: Mapping[str, int]
    models: Mapping[str, int]
    formats: Mapping[str, int]
    names: Mapping[str, int]  # runtimes and backends
    newest_year: float
    lines: dict[str, Line] = field(default_factory=dict, compare=False)
    standing: dict[tuple[str, Target], np.ndarray] = field(default_factory=dict, compare=False)


class _Held:
    """The process's index, and what it was made from."""

    lock = threading.Lock()
    snapshot: Snapshot | None = None
    newest: int | None = None
    index: Index | None = None
    checked_at = -CHECK_EVERY_S


def index(snapshot: Snapshot) -> Index:
    """The index over the measurements as they are now (at most two seconds old)."""
    now = time.monotonic()
    held = _Held.index
    if held is not None and _Held.snapshot is snapshot and now - _Held.checked_at < CHECK_EVERY_S:
        return held
    with _Held.lock:
        newest = Measurement.objects.aggregate(newest=Max("pk"))["newest"]
        if _Held.index is None or _Held.snapshot is not snapshot or _Held.newest != newest:
            _Held.index = build(snapshot)
            _Held.snapshot, _Held.newest = snapshot, newest
        _Held.checked_at = now
        return _Held.index


def build(snapshot: Snapshot) -> Index:
    """Read every resolved speed measurement that a plan can be compared with: one query."""
    devices = {row.slug: i for i, row in enumerate(snapshot.rows.devices)}
    models = {row.slug: i for i, row in enumerate(snapshot.rows.models)}
    formats = {row.slug: i for i, row in enumerate(snapshot.rows.formats)}
    names: dict[str, int] = {}
    metric_of = {metric: group for group, metrics in METRICS.items() for metric in metrics}
    found: dict[str, list[tuple[object, ...]]] = {group: [] for group in METRICS}
    kept = Measurement.objects.filter(
        withdrawn=False, outcome=RESOLVED, metric__in=metric_of, rule__in=("", *SEVERAL)
    )
    for values in kept.order_by("slug").values_list(*COLUMNS):
        if values[1] in devices and values[2] in models and values[3] in formats:
            found[metric_of[values[6]]].append(values)
    groups = {group: _group(rows, devices, models, formats, names) for group, rows in found.items()}
    years = np.concatenate([group.rows.year for group in groups.values()])
    newest = float(np.nanmax(years)) if np.isfinite(years).any() else 0.0
    return Index(_entries(snapshot), groups, devices, models, formats, names, newest)


def _entries(snapshot: Snapshot) -> Entries:
    devices, models, formats = snapshot.rows.devices, snapshot.rows.models, snapshot.rows.formats
    table = snapshot.tables.models
    with np.errstate(divide="ignore", invalid="ignore"):
        active, total = np.log(table.active_flops_per_token), np.log(table.n_parameters)
    return Entries(
        architecture=_numbered(row.architecture or row.slug for row in devices),
        vendor=_numbered(row.vendor for row in devices),
        kind=_numbered(row.kind for row in devices),
        log_bandwidth=_logs(row.bandwidth_bytes_per_s for row in devices),
        family=_numbered(row.family or row.slug for row in models),
        model_kind=_numbered(model_kind(architecture) for architecture in table.architecture),
        log_active=active,
        log_total=total,
        format_family=_numbered(row.speed_family for row in formats),
        log_bits=_logs(row.nominal_bits_per_weight for row in formats),
    )


def _numbered(texts: Iterable[str]) -> np.ndarray:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(text, len(seen)) for text in texts], dtype=np.int64)


def _logs(figures: Iterable[float | None]) -> np.ndarray:
    return np.array([math.log(figure) if figure else math.nan for figure in figures])


def _group(
    values: Sequence[tuple[object, ...]],
    devices: Mapping[str, int],
    models: Mapping[str, int],
    formats: Mapping[str, int],
    names: dict[str, int],
) -> _Group:
    told = tuple(
        _Row(
            slug=str(row[0]),
            device=str(row[1]),
            model=str(row[2]),
            format=str(row[3]),
            runtime=str(row[4] or ""),
            backend=str(row[5] or ""),
            prompt=_count(row[7]),
            depth=_depth(_count(row[7]), _count(row[8]), _count(row[9])),
            users=_count(row[10]) or 1,
            devices=_count(row[11]) or 1,
            family=str(row[13]),
        )
        for row in values
    )

    def whole(numbers: Iterable[int]) -> np.ndarray:
        return np.array(list(numbers), dtype=np.int64)

    def figures(numbers: Iterable[object]) -> np.ndarray:
        return np.array([math.nan if n is None else float(str(n)) for n in numbers])

    rows = Rows(
        device=whole(devices[row.device] for row in told),
        model=whole(models[row.model] for row in told),
        format=whole(formats[row.format] for row in told),
        runtime=whole(names.setdefault(row.runtime, len(names)) for row in told),
        backend=whole(names.setdefault(row.backend, len(names)) for row in told),
        doublings_of_devices=np.log2(figures(row.devices for row in told)),
        doublings_of_users=np.log2(figures(row.users for row in told)),
        doublings_of_depth=token_doublings(figures(row.depth for row in told)),
        doublings_of_prompt=token_doublings(figures(row.prompt for row in told)),
        year=figures(row[12] for row in values),
    )
    return _Group(rows, told, np.array([row[14] != "" for row in values], dtype=np.bool_))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _depth(prompt: int | None, depth: int | None, output: int | None) -> int | None:
    """Tokens in the cache while a token was written: as stated, else the prompt and half of the output."""
    if depth is not None:
        return depth
    return None if prompt is None else prompt + (output or 0) // 2


def closest(set_up: SetUp, snapshot: Snapshot) -> tuple[Closest, ...]:
    """A handful of measurements nearest to the set-up: of writing, and of reading where prompts matter."""
    known = index(snapshot)
    wanted = ((DECODE, 3), (PREFILL, 1), (FIRST_TOKEN, 1)) if set_up.prompt_matters else ((DECODE, HANDFUL),)
    chosen = [
        (row, group, distance)
        for group, count in wanted
        for row, distance in _nearest(
            known, known.groups[group], _target(set_up, known), set_up, count, group
        )
    ]
    found = _lines(known, [row.slug for row, _, _ in chosen])
    return tuple(
        Closest(
            line=found[row.slug],
            differs=_differences(row, set_up, snapshot, group),
            distance=distance,
            same_device=row.device == set_up.device.slug,
        )
        for row, group, distance in chosen
        if row.slug in found
    )


def _target(set_up: SetUp, known: Index) -> Target:
    bandwidth = set_up.device.bandwidth_bytes_per_s
    return Target(
        device=known.devices.get(set_up.device.slug, -1),
        log_bandwidth=math.log(bandwidth) if bandwidth else math.nan,
        model=known.models[set_up.model],
        format=known.formats[set_up.format],
        runtime=known.names.get(set_up.runtime, -1),
        backend=known.names.get(set_up.backend, -1),
        devices=set_up.device_count,
        users=set_up.users,
        year=known.newest_year,
    )


def _nearest(
    known: Index, group: _Group, target: Target, set_up: SetUp, count: int, metric: str
) -> list[tuple[_Row, float]]:
    """The nearest rows, of several testers and set-ups where there are such."""
    if not group.told:
        return []
    # a decode step depends on what is in the cache, reading a prompt on its length
    rows = group.rows
    if metric == DECODE:
        far = token_distance(rows.doublings_of_depth, set_up.depth_tokens, PER_DOUBLED_DEPTH)
    else:
        far = token_distance(rows.doublings_of_prompt, set_up.prompt_tokens, PER_DOUBLED_PROMPT)
    far += _standing(known, metric, group, target)
    if set_up.device_count == 1 and set_up.users == 1:
        far = np.where(group.several, np.inf, far)
    order = _nearest_first(far)
    chosen: list[tuple[_Row, float]] = []
    left: list[tuple[_Row, float]] = []
    testers: dict[str, int] = {}
    set_ups: set[tuple[str, ...]] = set()
    for i in order:
        row, distance = group.told[i], float(far[i])
        if len(chosen) == count or not math.isfinite(distance):
            break
        same = (row.family, row.device, row.model, row.format, row.runtime, row.backend)
        if same in set_ups:
            continue
        set_ups.add(same)
        if testers.get(row.family, 0) == PER_TESTER:
            left.append((row, distance))
            continue
        testers[row.family] = testers.get(row.family, 0) + 1
        chosen.append((row, distance))
    chosen += left[: count - len(chosen)]
    return sorted(chosen, key=lambda item: item[1])


def _standing(known: Index, metric: str, group: _Group, target: Target) -> np.ndarray:
    """The distances that are the same whatever lengths of text are asked for: kept for the set-ups asked about."""
    key = (metric, target)
    found = known.standing.get(key)
    if found is None:
        found = standing_distances(known.entries, group.rows, target)
        if len(known.standing) >= SET_UPS:
            known.standing.clear()
        known.standing[key] = found
    return found


def _nearest_first(far: np.ndarray) -> np.ndarray:
    """Numbers of the nearest rows in order; equally near ones in the order of their ids."""
    if len(far) > LOOKED_THROUGH:
        near = np.flatnonzero(far <= np.partition(far, LOOKED_THROUGH)[LOOKED_THROUGH])
        return near[np.argsort(far[near], kind="stable")]
    return np.argsort(far, kind="stable")


def _lines(known: Index, slugs: Sequence[str]) -> Mapping[str, Line]:
    """Lines with predictions, made once for each measurement."""
    missing = [slug for slug in slugs if slug not in known.lines]
    if missing:
        entries = Measurement.objects.select_related("device", "language_model", "weight_format", "runtime")
        for line in lines(list(entries.filter(slug__in=missing))):
            known.lines[line.slug] = line
    return {slug: known.lines[slug] for slug in slugs if slug in known.lines}


def _other_device(measured: DeviceRow, planned: DeviceRow) -> str:
    """With both bandwidths, which writing goes with."""
    ours, theirs = planned.bandwidth_bytes_per_s, measured.bandwidth_bytes_per_s
    if ours is None or theirs is None:
        return "other device"
    if round(theirs / 1e9) == round(ours / 1e9):
        return "other device, of the same bandwidth"
    return f"other device ({theirs / 1e9:,.0f} instead of {ours / 1e9:,.0f} GB/s)"


def _differences(row: _Row, set_up: SetUp, snapshot: Snapshot, group: str) -> tuple[str, ...]:
    """What differs from the plan, the weightiest first."""
    found = []
    if row.device != set_up.device.slug:
        found.append(_other_device(snapshot.devices[row.device], set_up.device))
    if row.devices != set_up.device_count:
        found.append(
            f"{row.devices} {'device' if row.devices == 1 else 'devices'} instead of {set_up.device_count}"
        )
    if row.model != set_up.model:
        found.append("other model")
    if row.format != set_up.format:
        found.append(f"other format: {snapshot.formats[row.format].name}")
    if row.runtime != set_up.runtime:
        program = snapshot.runtimes.get(row.runtime)
        found.append(f"other program: {program.name}" if program else "program not stated")
    if row.backend != set_up.backend:
        found.append(f"other backend: {row.backend}" if row.backend else "backend not stated")
    if row.users != set_up.users:
        found.append(f"{row.users} at a time instead of {set_up.users}")
    stated, asked, word = (
        (row.depth, set_up.depth_tokens, "depth")
        if group == DECODE
        else (row.prompt, set_up.prompt_tokens, "prompt")
    )
    if stated is None:
        found.append(f"{word} not stated")
    elif abs(math.log2((stated + 512) / (asked + 512))) > 0.5:
        found.append(f"{word} {stated:,} instead of {asked:,} tokens")
    return tuple(found)
