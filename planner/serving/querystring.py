"""The question as the query string of an address: short names, the usual left out, the same order every time."""

from __future__ import annotations

from urllib.parse import urlencode

from planner.plans.querystring import plain_number
from planner.serving.questions import ServingQuestion

DEFAULTS = ServingQuestion(model="")
# Parameters of an address in the order in which they are written, with the field of the question that each says.
FIELD_OF = {
    "model": "model",
    "people": "concurrency",
    "rate": "requests_per_s",
    "ttft": "ttft_ms",
    "tpot": "tpot_ms",
    "prompt": "prompt_tokens",
    "output": "output_tokens",
    "format": "format",
    "bits": "least_bits",
    "machine": "device",
    "memory": "memory_gb",
    "count": "device_count",
    "devices": "most_devices",
    "runtime": "runtime",
    "kv": "kv_format",
}
PARAMETER_OF = {field: name for name, field in FIELD_OF.items()}


def serving_parameters(question: ServingQuestion) -> dict[str, str]:
    """The parameters that say this question."""
    found = {}
    for name, field in FIELD_OF.items():
        value = getattr(question, field)
        if value is not None and value != getattr(DEFAULTS, field):
            found[name] = value if isinstance(value, str) else plain_number(value)
    return found


def serving_query(question: ServingQuestion) -> str:
    """The query string (without "?") under which the page answers this question."""
    return urlencode(serving_parameters(question))
