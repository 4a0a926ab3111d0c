"""The page of one language model: its published architecture, its size in each format, where it runs."""

from __future__ import annotations

import math
from typing import Any

from django.urls import reverse

from planner import figures
from planner.catalog_pages.evidence import Figure, Note, n_measurements, source_lines
from planner.catalog_pages.models import ModelLine
from planner.catalog_pages.running import RunGroup, running
from planner.engine.architecture import Architecture, AttentionGroup
from planner.engine.parameters import active_parameters, total_parameters
from planner.figures import NBSP, UNKNOWN
from planner.plans.offers import COMMON_FORMATS, NATIVE_ONLY
from planner.snapshot import Snapshot

REPOSITORIES = "https://huggingface.co/"


def model_context(model: ModelLine, snapshot: Snapshot) -> dict[str, Any]:
    """Everything the page needs."""
    row = model.row
    runs = running(snapshot).machines_for(row.slug) if model.architecture else ()
    text = ", ".join(filter(None, (f"{row.family} by {row.vendor}", row.release_date)))
    return {
        "entry": row,
        "title": f"{row.name} · Sizewise",
        "subtitle": text,
        "highlights": highlights(model, runs),
        "figures": model_figures(model, runs),
        "sizes_by_format": sizes_by_format(model, snapshot),
        "runs": runs,
        "asks_for": "machine",
        "asks_with": {"model": row.slug},
        "n_measurements": n_measurements(model=row.slug),
        "measured_by": f"model={row.slug}",
        "sources": source_lines(
            (*row.sources, row.params_published_source, row.active_params_source), snapshot
        ),
    }


def highlights(model: ModelLine, runs: tuple[RunGroup, ...]) -> list[Figure]:
    """The three figures that decide where it runs."""
    used = ""
    if model.kind == "moe" and model.active_parameters:
        used = f"{figures.billions(model.active_parameters)}{NBSP}B used per token"
    return [
        Figure("Parameters", _billions(model.parameters), used),
        Figure("Longest context", _tokens(model.row.max_context_tokens), "tokens"),
        _cache(runs),
    ]


def _cache(runs: tuple[RunGroup, ...]) -> Figure:
    """The memory of the conversation, from the plans of the first machine that could be planned with."""
    for group in runs:
        for line in group.lines:
            if line.summary and math.isfinite(line.summary.kv_bytes):
                context = figures.tokens(line.summary.question.context_tokens)
                return Figure(
                    "Memory of the conversation",
                    figures.gib(line.summary.kv_bytes),
                    f"KV cache in F16, {context} tokens",
                )
    return Figure("Memory of the conversation", UNKNOWN, "KV cache")


def model_figures(model: ModelLine, runs: tuple[RunGroup, ...]) -> list[Figure]:
    """Every figure that the catalog keeps of a model, and what follows from its architecture."""
    row, architecture = model.row, model.architecture
    published = Figure(
        "Parameters",
        _in_full(row.params_published),
        "as published",
        _notes(row.params_published_note, "" if row.params_check == "ok" else row.params_check),
        _address(row.params_published_source) if row.params_published else "",
    )
    active = Figure("Used per token", "all", "a dense model")
    if model.kind != "dense":
        active = Figure(
            "Used per token",
            _in_full(row.active_params_published),
            "active parameters, as published",
            url=_address(row.active_params_source) if row.active_params_published else "",
        )
    return [
        published,
        active,
        *(_architecture_figures(architecture) if architecture else [Figure("Architecture", UNKNOWN)]),
        Figure("Longest context", _tokens(row.max_context_tokens), "tokens that it was made for"),
        _cache(runs),
        Figure(
            "Published in",
            row.native_precision,
            "native precision",
            url=reverse("catalog:formats") + f"#{row.native_format}",
        ),
        Figure("Licence", model.licence or UNKNOWN),
        Figure("Released", row.release_date or UNKNOWN, notes=_notes(row.release_date_note)),
        Figure(
            "Repository", row.hf_repo or UNKNOWN, url=f"{REPOSITORIES}{row.hf_repo}" if row.hf_repo else ""
        ),
    ]


def _architecture_figures(found: Architecture) -> list[Figure]:
    counted = "counted from the published configuration"
    experts = (
        [
            Figure(
                "Experts", f"{found.n_experts:,}, of which {found.n_experts_used:,} work on each token", "MoE"
            )
        ]
        if found.is_moe
        else []
    )
    return [
        Figure("Parameters", _in_full(total_parameters(found)), counted),
        Figure("Weights read for each token", _in_full(active_parameters(found)), counted),
        *experts,
        Figure("Layers", f"{found.n_layers:,}"),
        Figure("Width", f"{found.hidden_size:,}", "hidden size"),
        Figure(
            "Vocabulary",
            f"{found.vocab_size:,}",
            "tokens; one table for input and output" if found.tied_embeddings else "tokens",
        ),
        *(
            Figure("Attention", f"{len(group.layers)} layers: {attention_words(group)}")
            for group in found.attention
        ),
    ]


def attention_words(group: AttentionGroup) -> str:
    """How these layers look back, and what they keep for it."""
    if group.kind == "mla":
        return f"latent (MLA), {group.kv_lora_rank} + {group.qk_rope_head_dim} values a token"
    if group.kind == "linear":
        return f"recurrent, a state of {group.state_elements:,} values instead of a cache"
    heads = f"{group.n_q_heads} heads share {group.n_kv_heads} of {group.head_dim_k}"
    if group.n_q_heads == group.n_kv_heads:
        heads = f"{group.n_q_heads} heads of {group.head_dim_k}"
    window = f"the last {group.window_tokens:,} tokens, " if group.window_tokens else ""
    if group.kind == "shared":
        return f"{window}reading another layer's cache"
    if group.kind == "compressed":
        return f"compressed, one entry for {group.compression} tokens, and {window}{heads}"
    return f"{window or 'the whole context, '}{heads}"


def sizes_by_format(model: ModelLine, snapshot: Snapshot) -> list[tuple[str, str, float, float]]:
    """Common formats (slug and name) with bits a weight and bytes to download, the most bits first."""
    tables = snapshot.tables
    number = tables.model_row[model.row.slug]
    parameters = float(tables.models.n_parameters[number])
    found = []
    for slug in {**dict.fromkeys(COMMON_FORMATS), model.row.native_format: None}:
        if slug in NATIVE_ONLY and slug != model.row.native_format:
            continue
        column = tables.format_row.get(slug)
        size = math.nan if column is None else float(tables.weights.file_bytes[number, column])
        if column is not None and math.isfinite(size):
            bits = float(tables.weights.total_bytes[number, column]) * 8 / parameters
            found.append((slug, snapshot.formats[slug].name, bits, size))
    return sorted(found, key=lambda line: -line[3])


def _billions(count: float | None) -> str:
    return UNKNOWN if count is None else f"{figures.billions(count)}{NBSP}billion"


def _in_full(count: float | None) -> str:
    return UNKNOWN if count is None else f"{count:,.0f}"


def _tokens(count: int | None) -> str:
    return figures.tokens(count)


def _notes(*texts: str) -> tuple[Note, ...]:
    return tuple(Note("", text) for text in texts if text)


def _address(citation: str) -> str:
    return citation if citation.startswith("https://") else ""
