"""A plan as Markdown: what a person pastes into an issue or a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner import figures
from planner.engine.verdict import WORDS
from planner.exports.formats import markdown_text

JSON = Mapping[str, Any]


def markdown_of(plan: JSON, address: str) -> str:
    """The whole plan with its address."""
    memory = plan["memory"]
    machine = plan["machine"]["name"] if plan["machine"] else _devices(plan["device"])
    title = f"{plan['model']['name']} on {machine}"
    return "\n".join(
        [
            f"# {markdown_text(title)}: {WORDS[plan['verdict']]}",
            "",
            markdown_text(plan["sentence"]),
            "",
            *table(("", ""), _facts(plan)),
            "",
            "## Memory",
            "",
            *table(
                ("part", "size", "how we know"),
                [(p["label"], gib(p["bytes"]), p["explanation"]) for p in memory["parts"]],
            ),
            "",
            f"Needed: {gib(memory['need_bytes'])} (at most {gib(memory['need_high_bytes'])}); "
            f"a program may use {gib(memory['limit_bytes'])}.",
            "",
            *_speeds(plan["speed"]),
            "## Formats",
            "",
            *table(("format", "bits", "memory", "verdict", "tokens/s"), map(_format, plan["formats"])),
            "",
            "## Why",
            "",
            *table(
                ("step", "formula", "with these numbers", "result"),
                [(s["name"], s["formula"], s["substituted"], s["result"]) for s in plan["formula"]["steps"]],
            ),
            "",
            *_nearest(plan["nearest_measurements"]),
            *_list("Notes", plan["notes"]),
            *_list("Sources", dict.fromkeys(source["citation"] for source in plan["sources"])),
            f"Plan [{plan['id']}]({address}), catalog {plan['snapshot'][:12]}, "
            f"calibration {plan['calibration']['name']} ({plan['calibration']['sha256'][:12]}).",
            "",
        ]
    )


def _facts(plan: JSON) -> list[tuple[str, str]]:
    question = plan["question"]
    return [
        *([("Machine", plan["machine"]["name"])] if plan["machine"] else []),
        ("Device", _devices(plan["device"])),
        ("Model", plan["model"]["name"]),
        (
            "Format",
            f"{plan['format']['name']}, {figures.bits(plan['format']['bits_per_weight'])} bits per weight",
        ),
        ("Program", f"{plan['runtime']['name']} ({plan['runtime']['backend']})"),
        ("KV cache", plan["kv_format"]["name"]),
        ("Context", f"{question['context_tokens']:,} tokens, {question['concurrency']:,} at once"),
    ]


def _devices(device: JSON) -> str:
    return f"{device['count']} × {device['name']}" if device["count"] > 1 else str(device["name"])


def _speeds(speed: JSON) -> list[str]:
    words = {
        "decode_tps": ("Writes", "tokens/s"),
        "prefill_tps": ("Reads the prompt", "tokens/s"),
        "ttft_ms": ("First token after", "ms"),
    }
    rows = [
        (
            word,
            f"{rate(speed[name]['value'])} {unit}",
            f"{rate(speed[name]['low'])} to {rate(speed[name]['high'])}",
        )
        for name, (word, unit) in words.items()
        if speed[name]
    ]
    if not rows:
        return ["## Speed", "", f"Unknown: {markdown_text(speed['unknown_reason'] or '')}", ""]
    return [
        "## Speed",
        "",
        *table(("", "", "in nine of ten"), rows),
        "",
        f"Limited by {speed['limited_by']}.",
        "",
    ]


def _format(option: JSON) -> tuple[str, ...]:
    name = f"**{option['name']}**" if option["chosen"] else option["name"]
    speed = option["decode_tps"]
    return (
        name,
        figures.bits(option["bits_per_weight"]),
        gib(option["need_bytes"]),
        WORDS[option["verdict"]],
        rate(speed["value"]) if speed else figures.UNKNOWN,
    )


def _nearest(found: Sequence[JSON]) -> list[str]:
    if not found:
        return []
    rows = []
    for near in found:
        predicted = near["predicted"]
        rows.append(
            (
                f"{near['device']}, {near['model']}, {near['format']}, {near['runtime']}",
                f"{rate(near['measured'])} {near['unit']}",
                f"{rate(predicted['value'])} {near['unit']}" if predicted else "",
                "; ".join(near["differs"]) or "the same set-up",
                near["source_url"] or "",
            )
        )
    heads = ("measurement", "measured", "predicted for it", "what differs", "source")
    return ["## Nearest measurements", "", *table(heads, rows), ""]


def _list(title: str, texts: Iterable[str]) -> list[str]:
    lines = [f"- {markdown_text(text)}" for text in texts]
    return [f"## {title}", "", *lines, ""] if lines else []


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, its cells kept on one line."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(markdown_text(cell) for cell in cells)} |"

    return [line(heads), f"|{'|'.join('---' for _ in heads)}|", *map(line, rows)]


def gib(n_bytes: float | None) -> str:
    return figures.UNKNOWN if n_bytes is None else figures.gib(n_bytes)


def rate(value: float | None) -> str:
    """A speed or duration with the digits that it deserves."""
    return figures.UNKNOWN if value is None else figures.significant(value, 3)
