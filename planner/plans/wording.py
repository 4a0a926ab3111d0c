"""Plain sentences over an answer's figures."""

from __future__ import annotations

from planner.figures import gib, rate, rate_range
from planner.plans.answer import Interval


def verdict_sentence(
    verdict: str,
    *,
    need_bytes: float,
    limit_bytes: float,
    host_need_bytes: float,
    decode: Interval | None,
    speed_unknown_reason: str,
) -> str:
    """The answer in one plain sentence or two."""
    speed = f"writes about {rate(decode.value)} tokens a second ({rate_range(decode)})" if decode else ""
    tail = f" How fast is unknown: {speed_unknown_reason}" if not decode and speed_unknown_reason else ""
    if verdict == "fits":
        return f"Yes. It fits with {gib(limit_bytes - need_bytes)} to spare{speed and f' and {speed}'}.{tail}"
    if verdict == "tight":
        return (
            f"Just about. It needs {gib(need_bytes)} of the {gib(limit_bytes)} that it may use"
            f"{speed and f', and {speed}'}. Little else can run beside it.{tail}"
        )
    if verdict == "offload":
        return (
            f"In part. {gib(host_need_bytes)} of it must stay in the computer's main memory (offload)"
            f"{speed and f', and so it {speed}'}.{tail}"
        )
    missing = need_bytes - limit_bytes
    return f"No. It needs {gib(need_bytes)}; this machine can give it {gib(limit_bytes)}, {gib(missing)} too little."
