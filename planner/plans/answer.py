"""What one plan's answer holds: plain figures that pages, commands and programs render without computing anything."""

from __future__ import annotations

from dataclasses import dataclass

from planner.measurements.closest import Closest


@dataclass(frozen=True, slots=True)
class Interval:
    """A prediction with its 90 % interval, all three in the same unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """One part of the memory bar; ``key`` fixes its colour everywhere."""

    key: str  # "weights" | "kv_cache" | "buffers" | "overhead"
    label: str
    bytes: float
    explanation: str  # one plain sentence: how do we know?


@dataclass(frozen=True, slots=True)
class FormatOption:
    """One line of the table of formats for this machine and model."""

    slug: str
    name: str
    bits_per_weight: float
    memory_bytes: float
    download_bytes: float
    verdict: str  # "fits" | "tight" | "offload" | "no"
    decode_tps: Interval | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class ContextPoint:
    """One point of the curves of speed and memory against context."""

    context_tokens: int
    memory_bytes: float
    verdict: str
    decode_tps: Interval | None
    prefill_tps: Interval | None


@dataclass(frozen=True, slots=True)
class FormulaStep:
    """One line of "why": a formula with this plan's numbers in it."""

    name: str
    formula: str  # with symbols, e.g. "W / (eta_w * BW)"
    substituted: str  # with this plan's numbers and units
    result: str
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would change the answer, said as an action, with the question that would show it."""

    text: str
    query: str  # query string of the changed question, "" when it cannot be asked as one
    verdict: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """The calibration behind the speeds, as a reader knows it."""

    name: str = ""
    registered: str = ""  # ISO date since when this installation has it; "" where it is not known
    rows: int = 0  # measurements that taught it
    measured_until: str = ""  # ISO date of the newest of them; "" where it is not known


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to "can this machine run this model?"."""

    sentence: str
    verdict: str
    machine_name: str
    model_name: str
    format_name: str
    runtime_name: str
    kv_format_name: str
    device_count: int
    context_tokens: int
    concurrency: int
    need_bytes: float
    need_high_bytes: float  # upper bound of the need
    limit_bytes: float
    margin_bytes: float
    spare_bytes: float  # negative when it does not fit
    capacity_bytes: float  # physical memory of the devices together
    held_bytes: float  # memory that other programs already hold (input)
    host_need_bytes: float
    host_limit_bytes: float
    limit_explanation: str
    limit_source_url: str
    parts: tuple[MemoryPart, ...]
    decode_tps: Interval | None
    prefill_tps: Interval | None
    ttft_ms: Interval | None
    prompt_tokens: int
    output_tokens: int
    speed_unknown_reason: str  # "" when the speed is known
    sustained_decode_tps: Interval | None  # phones and other machines that throttle
    binding: str  # "memory bandwidth" | "compute" | "per-layer overhead" | "host memory" | ...
    max_context_tokens: int | None  # longest context that fits, None when none does
    model_max_context_tokens: int | None
    formats: tuple[FormatOption, ...]
    contexts: tuple[ContextPoint, ...]
    steps: tuple[FormulaStep, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]  # caveats: disputed figures, upper limits, widened intervals
    snapshot: str
    calibration: str
    provenance: Provenance = Provenance()
    closest: tuple[Closest, ...] = ()
    device: str = ""  # catalog slug; "" for a machine of the asker's own

    @property
    def decode_tps_total(self) -> Interval | None:
        """Of all conversations together."""
        one = self.decode_tps
        if one is None:
            return None
        return Interval(*(figure * self.concurrency for figure in (one.value, one.low, one.high)))
