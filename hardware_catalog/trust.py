"""Which published measurements the single-stream fit may use: rules with reasons, applied to every row alike.

No row is deleted by hand. A row that a rule sets aside keeps its place in the data with the rule's reason; what the
rules miss is left to the robust loss. The traps behind the rules are described by the testers themselves in the
``notes`` of each row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to set a row aside. ``metrics`` limits it to those metrics (empty: all).

    ``judged``: the collector's tag looks at the value itself, so leaving the row out of the accuracy and the intervals
    would flatter both. It teaches nothing, but it counts.
    """

    name: str
    reason: str
    matches: Callable[[Row], bool]
    metrics: frozenset[str] = frozenset()
    judged: bool = False


def _notes(pattern: str, *, unless: str = "", exact_case: bool = False) -> Callable[[Row], bool]:
    # small letters in both: ignoring case in the search takes thrice as long
    wanted = re.compile(pattern if exact_case else pattern.lower())
    spared = re.compile(unless.lower()) if unless else None

    @lru_cache(maxsize=64)  # rows of one run stand together and share their notes
    def found(text: str) -> bool:
        small = text.lower()
        return bool(wanted.search(text if exact_case else small)) and not (spared and spared.search(small))

    return lambda row: found(row["notes"])


def _several(row: Row, column: str) -> bool:
    return row[column] not in ("", "1")


_on_host = _notes(r"exps=CPU|n-cpu-moe|cpu-moe|experts on CPU|\bhybrid\b")


def _partly_on_host(row: Row) -> bool:
    layers = re.search(r"\b[nN][gG][lL][ =]+(\d+)", row["notes"])
    partial = layers is not None and int(layers.group(1)) < 24 and row["backend"].upper() not in ("CPU",)
    return partial or _on_host(row)


def _mixed_backend(row: Row) -> bool:
    return bool(
        re.search(r"CPU.*\+|\+ ?CPU|flash|NVMe|RPC|pipeline|RDMA|experts streamed|\bTP\d", row["backend"])
    )


def _attention_copies(row: Row) -> bool:
    stated = re.search(r"\bTP(\d+) attnDP(\d+)", row["notes"])
    return stated is not None and int(stated.group(2)) > 1 and "EXPORT ARTIFACT" not in row["notes"]


RULES: tuple[Rule, ...] = (
    Rule("several_sequences", "more than one sequence at a time", lambda r: _several(r, "batch")),
    Rule("several_devices", "more than one device", lambda r: _several(r, "device_count")),
    Rule(
        "speculation_unknown",
        "the source does not say whether tokens were drafted ahead (MTP), and runs of both kinds stand side by side",
        _notes(r"spec decoding \(MTP\): UNKNOWN", exact_case=True),
    ),
    Rule(
        "devices_miscounted",
        "the number of devices is probably not that of the run",
        _notes(r"LIKELY MISLABELLED", exact_case=True),
    ),
    Rule(
        "sequences_vary",
        "how many sequences ran at a time is not stated",
        _notes(r"batch varies|prompts at \d+ QPS"),
    ),
    Rule(
        "whole_requests",
        "the rate counts the time of reading the prompts",
        _notes(r'source "Throughput|prefill included|DERIVED latency'),
        frozenset({"decode_tps_total", "tpot_ms"}),
    ),
    Rule("attention_copies", "attention ran as copies, each with sequences of its own", _attention_copies),
    Rule(
        "disaggregated",
        "separate pools of devices read prompts and decode",
        _notes(r"disaggregated|prefill workers \d"),
    ),
    Rule(
        "speculative",
        "tokens were drafted ahead (speculative decoding or MTP)",
        _notes(
            r"speculative decoding (with|on|via)|\bMTP on\b|MTP speculative|MTP n-max|spec=(mtp|draft|eagle)"
            r"|spec-draft|MTP likely ON|draft model|accept(ance)? ?(rate|0\.)|MTP state not|MTP is on is not",
            unless=r"no speculative decoding|spec=none|MTP off|no MTP",
        ),
    ),
    Rule(
        "speculative_backend",
        "tokens were drafted ahead (the backend's name says MTP)",
        lambda r: "mtp" in r["backend"].lower(),
    ),
    Rule("partly_on_host", "part of the model ran in host memory", _partly_on_host),
    Rule("mixed_backend", "several backends or links worked together", _mixed_backend),
    Rule(
        "spilled",
        "the model did not fit and spilled to slower memory",
        _notes(r"memory cliff|does not fit|partial(ly)? offload|CPU spill"),
    ),
    Rule(
        "tagged_spill",
        "the collector tagged it as spilled or offloaded",
        _notes(r"\bSPILL|\bOFFLOAD\b", exact_case=True),
    ),
    Rule(
        "paging",
        "weights were paged from disk",
        _notes(r"mmap baseline|\bpaging\b|SSD|flash-bound|memory limited"),
    ),
    Rule(
        "low_outlier",
        "far below the best run of the same card and model",
        _notes(r"\bLOW OUTLIER\b", exact_case=True),
        judged=True,
    ),
    Rule(
        "named_outlier",
        "the collector marked it as an outlier",
        _notes(r"\bOUTLIER\b|implausible|exclude from|verify before use|\bHIGH: implied"),
    ),
    Rule(
        "slow_kernels",
        "the build lacked the fast kernels of the card",
        _notes(r"SLOW KERNELS SUSPECTED"),
        judged=True,
    ),
    Rule(
        "power_cap",
        "the board's power was capped",
        _notes(r"power (limit|cap)|POWER CAP|battery power ceiling"),
    ),
    Rule(
        "special_kernels", "one-bit and ternary models with kernels of their own", _notes(r"special kernels")
    ),
    Rule(
        "unnamed",
        "the device or the model is not named",
        _notes(r"not visible|not named|GPU not identified|model (is )?not stated"),
    ),
    Rule("chart_reading", "read off a chart without the quantization", _notes(r"quantization not stated")),
    Rule(
        "few_threads",
        "fewer threads than the processor has cores, to see where speed saturates",
        lambda r: bool(re.search(r"threads=[1-8]\b", r["notes"])) and "sweep" in r["notes"].lower(),
    ),
    Rule(
        "before_patch",
        "the build before the patch that the tester measures: its successor stands beside it",
        _notes(r"\bbefore (the |this )?(PR|patch)\b"),
    ),
    Rule("old_kernels", "a build of 2023, before today's kernels", _notes(r"2023 kernels")),
    Rule("remote_host", "driven from a board with a one-lane link", _notes(r"Pi CM5|Raspberry.?Pi.?hosted")),
    Rule(
        "end_to_end",
        "the rate includes reading the prompt",
        _notes(
            r"WALL|incl(\.|udes?)? prefill|end-to-end output|DERIVED end-to-end|\(prompt\+generated\)|including prompt"
        ),
        frozenset({"decode_tps_per_seq", "tpot_ms"}),
    ),
    Rule(
        "request_rate",
        "the rate is of a whole retrieval request, not of reading its prompt",
        _notes(r"long-retrieval"),
        frozenset({"prefill_tps", "ttft_ms"}),
    ),
    Rule(
        "no_prompt",
        "the length of the prompt is not stated",
        lambda r: r["prompt_tokens"] in ("", "0"),
        frozenset({"ttft_ms"}),
    ),
    Rule(
        "bound",
        "a bound for prompts up to some length, not the time of one prompt",
        _notes(r"TTFT lower bound"),
        frozenset({"ttft_ms"}),
    ),
    Rule(
        "token_by_token",
        "the prompt was read token by token, or warm from a cache",
        _notes(r"token by token|prompt cache|warm.?prefill|cached prompt", unless=r"no prompt cache"),
        frozenset({"prefill_tps", "ttft_ms"}),
    ),
)


# what a row of one stream must not be; the fit of several sequences and devices takes those rows
SEVERAL = frozenset({"several_sequences", "several_devices"})


def is_several(row: Row) -> bool:
    """Whether several sequences or several devices were at work."""
    return any(rule.matches(row) for rule in RULES if rule.name in SEVERAL)


def set_aside(row: Row, *, several: bool = False) -> Rule | None:
    """The first rule that keeps a row out of the fit of single streams (``several``: of the others), or ``None``."""
    for rule in RULES:
        if rule.metrics and row["metric"] not in rule.metrics:
            continue
        if several and rule.name in SEVERAL:
            continue
        if rule.matches(row):
            return rule
    return None
