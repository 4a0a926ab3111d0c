"""The list of language models: published architectures with their sizes, attention, context and licence."""

from __future__ import annotations

from dataclasses import dataclass

from hardware_catalog.bounds import CONTEXT_TOKENS, PARAMETERS, YEAR
from hardware_catalog.rows import ModelRow
from planner.catalog_pages import words
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.lists import Bound, Choice, Column, Kind
from planner.engine.architecture import Architecture
from planner.engine.parameters import active_parameters, total_parameters
from planner.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A language model with what follows from its architecture; None and "": too little is published."""

    row: ModelRow
    architecture: Architecture | None
    parameters: float | None  # published, else counted from the architecture
    active_parameters: float | None  # published, else counted; those that one token uses
    kind: str  # a key of words.MODEL_KINDS
    attention: str  # a key of words.ATTENTION_KINDS
    native_format_name: str

    @property
    def kind_words(self) -> str:
        return words.MODEL_KINDS.get(self.kind, "unknown")

    @property
    def attention_words(self) -> str:
        return words.ATTENTION_KINDS.get(self.attention, "unknown")

    @property
    def licence(self) -> str:
        return "" if self.row.license == "unknown" else self.row.license

    @property
    def year(self) -> int | None:
        return int(self.row.release_date[:4]) if self.row.release_date else None


def attention_kind(architecture: Architecture) -> str:
    """How the model looks back, by the layers that set it apart: a key of ``words.ATTENTION_KINDS``."""
    kinds = {group.kind for group in architecture.attention}
    for found, kind in (
        ("compressed", "compressed"),
        ("linear", "hybrid"),
        ("mla", "latent"),
        ("sliding", "sliding"),
    ):
        if found in kinds:
            return kind
    return "full"


@per_snapshot
def lines(snapshot: Snapshot) -> dict[str, ModelLine]:
    """Models by slug, newest first, those without a date last."""
    newest = sorted(snapshot.rows.models, key=lambda m: m.name.casefold())
    newest.sort(key=lambda m: m.release_date, reverse=True)
    return {row.slug: _line(row, snapshot) for row in newest}


def _line(row: ModelRow, snapshot: Snapshot) -> ModelLine:
    found = snapshot.tables.models.architecture[snapshot.tables.model_row[row.slug]]
    parameters, active = row.params_published, row.active_params_published
    if found is not None:
        parameters = parameters or total_parameters(found)
        active = active or (active_parameters(found) if found.is_moe else parameters)
    return ModelLine(
        row=row,
        architecture=found,
        parameters=parameters,
        active_parameters=active,
        kind="" if found is None else "moe" if found.is_moe else "dense",
        attention="" if found is None else attention_kind(found),
        native_format_name=snapshot.formats[row.native_format].name,
    )


def _billions(count: float | None) -> float | None:
    return None if count is None else count / 1e9


MODELS = Kind[ModelLine](
    key="models",
    noun="language model",
    nouns="language models",
    ranked="model",
    title="Language models",
    lede="Open-weight models and their published architectures, which decide how much memory they take.",
    placeholder="llama 3.1 8b, gpt-oss, qwen3",
    columns=(
        Column("name", "Model", lambda m: m.row.name, is_number=False),
        Column("size", "Parameters", lambda m: m.parameters),
        Column("active", "Used per token", lambda m: m.active_parameters, wide_only=True),
        Column("context", "Context", lambda m: m.row.max_context_tokens),
        Column("kind", "Kind", lambda m: m.kind_words if m.kind else None, is_number=False, wide_only=True),
        Column(
            "attention",
            "Attention",
            lambda m: m.attention_words if m.attention else None,
            is_number=False,
            wide_only=True,
        ),
        Column("licence", "Licence", lambda m: m.licence or None, is_number=False, wide_only=True),
        Column(
            "released",
            "Released",
            lambda m: m.row.release_date or None,
            wide_only=True,
            upwards="oldest first",
            downwards="newest first",
        ),
    ),
    filters=(
        Choice("vendor", "Publisher", lambda m: m.row.vendor, is_main=True),
        Bound(
            "size_least",
            "Parameters",
            lambda m: _billions(m.parameters),
            PARAMETERS[1] / 1e9,
            "billion",
            "7",
            is_main=True,
        ),
        Bound(
            "size_most",
            "Parameters",
            lambda m: _billions(m.parameters),
            PARAMETERS[1] / 1e9,
            "billion",
            "14",
            is_most=True,
            is_main=True,
        ),
        Choice("kind", "Kind", lambda m: m.kind, words.MODEL_KINDS),
        Choice("attention", "Attention", lambda m: m.attention, words.ATTENTION_KINDS),
        Bound(
            "context",
            "Context",
            lambda m: m.row.max_context_tokens,
            CONTEXT_TOKENS[1],
            "tokens",
            "131072 or 128k",
            is_whole=True,
            is_tokens=True,
        ),
        Choice("family", "Family", lambda m: m.row.family),
        Choice("native", "Published in", lambda m: m.native_format_name),
        Choice("licence", "Licence", lambda m: m.licence),
        Bound("year", "Year", lambda m: m.year, YEAR[1], "", "2025", is_whole=True),
    ),
    lines=lines,
    usual_order="newest first",
)
