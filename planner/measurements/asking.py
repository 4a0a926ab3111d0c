"""How to ask for the plan that a measurement is of: the address of the same question."""

from __future__ import annotations

from urllib.parse import urlencode

from hardware_catalog.measured import NOT_TRUSTED, RESOLVED
from hardware_catalog.models import Measurement

# What the form takes where a question does not say it (planner.plans.questions): left out of addresses.
USUAL_CONTEXT_TOKENS = 8192
USUAL_PROMPT_TOKENS = 512
USUAL_OUTPUT_TOKENS = 256


def plan_query(measurement: Measurement) -> str:
    """The query string of the question about the same set-up; "" where it cannot be asked.

    The parameters are those of ``planner.plans.querystring``.
    """
    device, model = measurement.device, measurement.language_model
    if device is None or model is None or measurement.outcome not in (RESOLVED, NOT_TRUSTED):
        return ""
    users = measurement.batch or 1
    used = sum(filter(None, (measurement.prompt_tokens, measurement.ctx_depth, measurement.output_tokens)))
    asked = {"machine": device.slug, "model": model.slug}
    memory_gb, options = measurement.device_memory_gb, [o.memory_gb for o in device.memory_options.all()]
    if memory_gb is not None and (memory_gb in options or not options):
        asked["memory"] = f"{memory_gb:g}"
    if (measurement.device_count or 1) > 1:
        asked["count"] = str(measurement.device_count)
    if measurement.weight_format is not None:
        asked["format"] = measurement.weight_format.slug
    used = min(used, model.max_context_tokens or used)
    if used > USUAL_CONTEXT_TOKENS:
        asked["context"] = str(used)
    if measurement.runtime is not None:
        asked["runtime"] = measurement.runtime.slug
    if users > 1:
        asked["users"] = str(users)
    if measurement.prompt_tokens not in (None, 0, USUAL_PROMPT_TOKENS):
        asked["prompt"] = str(measurement.prompt_tokens)
    if measurement.output_tokens not in (None, 0, USUAL_OUTPUT_TOKENS):
        asked["output"] = str(measurement.output_tokens)
    return urlencode(asked)
