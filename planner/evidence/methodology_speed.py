"""The worked example of the speeds: every symbol of the formulas with the plan's value and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from planner.engine.evaluate import keys_of
from planner.engine.levels import merged
from planner.engine.speed import SpeedInputs, experts_touched_share
from planner.evidence.methodology_memory import asked
from planner.figures import UNKNOWN, gb, number, significant, tokens
from planner.plans.answer import FormulaStep
from planner.plans.explain import speed_of
from planner.plans.plan import Plan

PEAK_WORDS: Mapping[str, str] = {
    "fp32": "the published 32-bit figure of the device",
    "fp16": "the published dense 16-bit figure of the device",
    "tensor": "the published dense figure of the matrix units, in the numbers that the format multiplies",
    "bandwidth": "no compute figure fits this backend: one operation for each byte/s of bandwidth stands in, and the "
    "coefficient makes up for it",
}
DECODE_RESULT = "Speed of writing (decode)"
MEMORY_STEPS = 1  # formula_steps begins with the sum of the memory


@dataclass(frozen=True, slots=True)
class SymbolLine:
    """One symbol: what it is, its value for the plan, and its origin."""

    symbol: str
    meaning: str
    value: str
    origin: str


def symbol_lines(plan: Plan) -> tuple[SymbolLine, ...]:
    """The inputs of the speed formulas (SpeedInputs), as the engine gathered them for the asked plan."""
    x, _ = speed_of(plan)
    figure = {f.name: float(getattr(x, f.name).ravel()[0]) for f in fields(SpeedInputs)}
    touched = float(experts_touched_share(x.n_experts, x.n_experts_used, x.batch).ravel()[0])
    device = plan.machine.spec.device.name
    lines = [
        SymbolLine(
            "W_d", "bytes of weights that every step reads", _gb(figure["dense_bytes"]), "the weights above"
        ),
    ]
    if figure["n_experts"] > 1:
        lines += [
            SymbolLine(
                "W_e", "bytes of all routed experts", _gb(figure["expert_bytes"]), "the weights above"
            ),
            SymbolLine(
                "E, k",
                "experts of a layer, and those that one token uses",
                f"{figure['n_experts']:,.0f}, {figure['n_experts_used']:,.0f}",
                "the model's config",
            ),
            SymbolLine(
                "s(B)",
                "share of the experts that a step reads: 1 − (1 − k/E)ᴮ, the mean when each of B tokens draws k of E",
                f"{touched:.1%}".replace("%", " %"),
                "arithmetic",
            ),
        ]
    lines += [
        SymbolLine(
            "KV",
            "bytes of cache that one conversation reads in a step",
            _gb(figure["kv_read_bytes"]),
            "the KV cache above",
        ),
        SymbolLine("B", "conversations at once", f"{figure['batch']:,.0f}", "the question"),
        SymbolLine("L", "layers", f"{figure['n_layers']:,.0f}", "the model's config"),
        SymbolLine(
            "BW",
            "memory bandwidth of the devices that read together",
            _scaled(figure["bandwidth_bytes_per_s"], 1e9, "GB/s"),
            f"published: {device}",
        ),
        SymbolLine(
            "P", "peak compute", _scaled(figure["peak_flops_per_s"], 1e12, "TFLOP/s"), _peak_words(plan)
        ),
        SymbolLine(
            "F",
            "operations for one token: 2 for each weight that it uses",
            _scaled(figure["active_flops_per_token"], 1e9, "GFLOP"),
            "the parameters above",
        ),
        *(
            [
                SymbolLine(
                    "F_e",
                    "operations for one token through all routed experts",
                    _scaled(figure["expert_flops_per_token"], 1e9, "GFLOP"),
                    "the parameters above",
                )
            ]
            if figure["n_experts"] > 1
            else []
        ),
        SymbolLine("T", "tokens of the prompt", tokens(figure["prompt_tokens"]), "the question"),
        SymbolLine(
            "U",
            "tokens of the prompt that are read at a time",
            tokens(figure["ubatch_tokens"]),
            "the program's default",
        ),
        SymbolLine(
            "F_a",
            "operations of the prompt's attention to itself",
            _scaled(figure["prefill_attention_flops"], 1e12, "TFLOP"),
            "arithmetic: 2 for each key and value number, query head, layer and pair of tokens",
        ),
        *_served_lines(figure),
    ]
    return tuple(lines)


def _served_lines(figure: Mapping[str, float]) -> Iterator[SymbolLine]:
    """What only several conversations or several devices have."""
    if figure["prompt_tokens_per_step"] > 0:
        yield SymbolLine(
            "T_step",
            "tokens of others’ prompts that are read during a step (continuous batching)",
            significant(figure["prompt_tokens_per_step"], 3),
            "(B − 1) × prompt ÷ answer",
        )
    if figure["comm_pass_s"] > 0:
        yield SymbolLine(
            "A, a",
            "time of the exchanges between devices in one pass over the layers, and for each token",
            f"{significant(figure['comm_pass_s'] * 1e3, 3)} ms, {significant(figure['comm_token_s'] * 1e6, 3)} µs",
            "two all-reduces a layer, over the stated link",
        )


def _peak_words(plan: Plan) -> str:
    tables, rows = plan.plans.tables, asked(plan)
    machine, runtime = int(rows.machine[0]), int(rows.runtime[0])
    keys = keys_of(tables)
    values = merged(keys.runtime[runtime], keys.machine[machine])
    return PEAK_WORDS.get(str(values["peak_basis"]), str(values["peak_basis"]))


def _gb(n_bytes: float) -> str:
    return (
        gb(n_bytes) if n_bytes >= 1e8 or not math.isfinite(n_bytes) else f"{significant(n_bytes / 1e6, 3)} MB"
    )


def _scaled(value: float, unit: float, name: str) -> str:
    if not math.isfinite(value):
        return UNKNOWN
    figure = value / unit
    return f"{number(figure, 0) if figure >= 1000 else significant(figure, 4).rstrip('0').rstrip('.')} {name}"


def decode_and_prefill(
    steps: Sequence[FormulaStep],
) -> tuple[tuple[FormulaStep, ...], tuple[FormulaStep, ...], tuple[FormulaStep, ...]]:
    """An answer's steps without the memory's: those of decode, of prefill, and of the time to the first token."""
    speed = tuple(steps[MEMORY_STEPS:])
    cut = next((i + 1 for i, step in enumerate(speed) if step.name == DECODE_RESULT), len(speed))
    reading = speed[cut:]
    return speed[:cut], reading[:-1], reading[-1:]
