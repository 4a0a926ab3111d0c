"""A question as the query string of an address: short names, defaults left out, the same order every time."""

from __future__ import annotations

from urllib.parse import urlencode

from planner.engine.units import GIB
from planner.plans.questions import Question

# The parameters of an address, in the order in which they are written.
PARAMETERS = (
    "machine",
    "memory",
    "bandwidth",
    "compute",
    "count",
    "host",
    "used",
    "model",
    "format",
    "context",
    "runtime",
    "kv",
    "users",
    "prompt",
    "output",
)

# Which parameter holds a field of the question, for errors that name the field.
PARAMETER_OF_FIELD = {
    "device": "machine",
    "own_device": "memory",
    "device_count": "count",
    "memory_gb": "memory",
    "memory_bytes": "memory",
    "bandwidth_bytes_per_s": "bandwidth",
    "fp16_flops_per_s": "compute",
    "host_memory_gb": "host",
    "held_bytes": "used",
    "kv_format": "kv",
    "context_tokens": "context",
    "concurrency": "users",
    "prompt_tokens": "prompt",
    "output_tokens": "output",
}

DEFAULTS = Question(model="")


def plain_number(value: float) -> str:
    """Write a number as a person would: no exponent, no trailing zeros, at most 6 decimals."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text or "0"


def question_parameters(question: Question) -> dict[str, str]:
    """The parameters that say this question, defaults left out (GB and GiB, GB/s, TFLOPS)."""
    found: dict[str, str] = {}
    own = question.own_device
    if own is not None:
        found["memory"] = plain_number(own.memory_bytes / GIB)
        if own.bandwidth_bytes_per_s is not None:
            found["bandwidth"] = plain_number(own.bandwidth_bytes_per_s / 1e9)
        if own.fp16_flops_per_s is not None:
            found["compute"] = plain_number(own.fp16_flops_per_s / 1e12)
    else:
        found["machine"] = question.machine or question.device
        if question.memory_gb is not None:
            found["memory"] = plain_number(question.memory_gb)
    if question.host_memory_gb is not None:
        found["host"] = plain_number(question.host_memory_gb)
    if question.held_bytes:
        found["used"] = plain_number(question.held_bytes / GIB)
    found["model"] = question.model
    for name, value, default in (
        ("count", question.device_count, DEFAULTS.device_count),
        ("format", question.format, DEFAULTS.format),
        ("context", question.context_tokens, DEFAULTS.context_tokens),
        ("runtime", question.runtime, DEFAULTS.runtime),
        ("kv", question.kv_format, DEFAULTS.kv_format),
        ("users", question.concurrency, DEFAULTS.concurrency),
        ("prompt", question.prompt_tokens, DEFAULTS.prompt_tokens),
        ("output", question.output_tokens, DEFAULTS.output_tokens),
    ):
        if value != default:
            found[name] = str(value)
    return {name: found[name] for name in PARAMETERS if name in found}


def question_query(question: Question) -> str:
    """The query string (without "?") under which the page answers this question."""
    return urlencode(question_parameters(question))
