"""What somebody asks who wants to serve people, and what is impossible about it, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware_catalog.rows import ModelRow
from planner.engine.kv import SERVER_RULES
from planner.plans.errors import PlanError
from planner.snapshot import Snapshot

# Devices of one instance: the links' latencies and shares are measured between up to so many (engine/links.py).
MOST_TOGETHER = 8
USUAL_CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class ServingQuestion:
    """The load and its limits. Exactly one of ``concurrency`` and ``requests_per_s`` is set."""

    model: str  # slug
    format: str = "auto"  # slug, or "auto": every common one from ``least_bits`` to the native precision
    kv_format: str = "f16"
    runtime: str = ""  # slug; "": the usual ones for serving
    prompt_tokens: int = 1024
    output_tokens: int = 256
    concurrency: int | None = USUAL_CONCURRENCY
    requests_per_s: float | None = None
    ttft_ms: float = 2000.0  # limit of the time to the first token
    tpot_ms: float = 50.0  # limit of the time per token of one conversation after that
    device: str = ""  # slug; "": every device that is a candidate
    memory_gb: float | None = None  # of one such device; None: every size it comes with
    device_count: int | None = None  # of one instance; None: the usual numbers
    least_bits: float = 4.0  # a weight, of "auto"
    most_devices: int = 64  # over all instances

    @property
    def context_tokens(self) -> int:
        """What one conversation keeps in the cache at its end."""
        return self.prompt_tokens + self.output_tokens

    @property
    def load(self) -> float:
        """Conversations at once, or requests a second."""
        return float(self.concurrency or 0) if self.requests_per_s is None else self.requests_per_s


def is_server(kv_rule: str) -> bool:
    """Whether a runtime of this cache rule splits every layer over its devices."""
    return kv_rule in SERVER_RULES


def head_count(model: ModelRow, snapshot: Snapshot) -> int:
    """Attention heads of one layer. Raises ``PlanError`` for a model that cannot be sized."""
    architecture = snapshot.tables.models.architecture[snapshot.tables.model_row[model.slug]]
    if architecture is None:
        raise PlanError("model", f"The architecture of {model.name} is not published, so it cannot be sized.")
    return architecture.n_heads


def divisors(heads: int) -> tuple[int, ...]:
    """Numbers of devices that share so many heads equally."""
    return tuple(n for n in range(1, MOST_TOGETHER + 1) if heads % n == 0)


def check(question: ServingQuestion, snapshot: Snapshot) -> ModelRow:
    """The model that is asked about. Raises ``PlanError`` that says what is impossible and which values work."""
    model = snapshot.models.get(question.model)
    if model is None:
        raise PlanError("model", f"The catalog has no model “{question.model}”. Choose another.")
    heads = head_count(model, snapshot)
    _check_load(question)
    _check_lengths(question, model)
    _check_names(question, snapshot)
    _check_count(question, model, heads, snapshot)
    return model


def _check_load(question: ServingQuestion) -> None:
    if (question.concurrency is None) == (question.requests_per_s is None):
        field = "requests_per_s" if question.concurrency is not None else "concurrency"
        raise PlanError(field, "Say how many people at once, or how many requests a second: one of the two.")
    if not (math.isfinite(question.load) and question.load > 0):
        field = "concurrency" if question.requests_per_s is None else "requests_per_s"
        raise PlanError(field, "The load must be more than 0.")
    for field in ("ttft_ms", "tpot_ms"):
        if not getattr(question, field) > 0:
            raise PlanError(field, "A limit must be more than 0 ms.")


def _check_lengths(question: ServingQuestion, model: ModelRow) -> None:
    for field in ("prompt_tokens", "output_tokens"):
        if getattr(question, field) < 1:
            raise PlanError(field, "At least 1 token.")
    most = model.max_context_tokens
    if most and question.context_tokens > most:
        raise PlanError(
            "prompt_tokens" if question.prompt_tokens >= question.output_tokens else "output_tokens",
            f"Prompt and answer are {question.context_tokens:,} tokens together; "
            f"{model.name} was made for at most {most:,}.",
        )


def _check_names(question: ServingQuestion, snapshot: Snapshot) -> None:
    for field, noun, found in (
        ("format", "format", question.format == "auto" or question.format in snapshot.formats),
        ("kv_format", "KV format", question.kv_format in snapshot.tables.kv_format_row),
        ("runtime", "runtime", not question.runtime or question.runtime in snapshot.runtimes),
        ("device", "device", not question.device or question.device in snapshot.devices),
    ):
        if not found:
            raise PlanError(field, f"The catalog has no {noun} “{getattr(question, field)}”. Choose another.")
    if question.device and question.memory_gb is not None:
        device = snapshot.devices[question.device]
        if question.memory_gb not in device.memory_options_gb:
            sizes = ", ".join(f"{size:g}" for size in device.memory_options_gb) or "no known size"
            raise PlanError("memory_gb", f"{device.name} comes with {sizes} GB.")


def _check_count(question: ServingQuestion, model: ModelRow, heads: int, snapshot: Snapshot) -> None:
    count = question.device_count
    if question.most_devices < 1:
        raise PlanError("most_devices", "At least 1 device is needed.")
    if count is None:
        return
    if not 1 <= count <= MOST_TOGETHER:
        raise PlanError("device_count", f"One instance can be worked out for 1 to {MOST_TOGETHER} devices.")
    if count > question.most_devices:
        raise PlanError(
            "device_count", f"These are more than the {question.most_devices} devices that there may be."
        )
    splits = not question.runtime or is_server(snapshot.runtimes[question.runtime].kv_rule)
    if splits and heads % count:
        able = ", ".join(map(str, divisors(heads)))
        hint = (
            " llama.cpp gives whole layers to each: with it any number works." if not question.runtime else ""
        )
        raise PlanError(
            "device_count",
            f"{count} devices cannot share the {heads} attention heads of {model.name} equally; "
            f"these numbers can: {able}.{hint}",
        )
