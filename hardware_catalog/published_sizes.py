"""Published sizes of model files and loads: data/published_sizes.csv, read and validated without a database.

A row that ``differs`` is not what the format's rule gives, and says why. Formats without a closed rule (Unsloth's UD-*)
are answered from these sizes where one is known.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PATH = Path(__file__).parent / "data" / "published_sizes.csv"
OWN_MIX = "publisher's own mix"


class PublishedSize(BaseModel):
    """One published size, of a "file" (with its header) or of its "weights" (the tensors, as llama.cpp prints them)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    format: str
    publisher: str
    name: Annotated[str, Field(min_length=1)]
    size_bytes: Annotated[int, Field(gt=0)]
    rounding_rel_error: Annotated[
        float, Field(ge=0, lt=0.1)
    ]  # half a unit of the published figure; 0 = exact bytes
    content: Literal["file", "weights"]
    differs: str
    source: Annotated[str, Field(min_length=1)]
    source_date: str


def load_published_sizes(path: Path = PATH) -> tuple[PublishedSize, ...]:
    """Every row; raises ValueError naming the line of a bad one."""
    sizes = []
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file, strict=True), start=2):
            try:
                sizes.append(PublishedSize.model_validate(row))
            except ValueError as error:
                raise ValueError(f"{path.name}:{line}: {error}") from error
    return tuple(sizes)


def preferred_sizes(
    sizes: Iterable[PublishedSize], formats_without_rule: Iterable[str]
) -> Mapping[tuple[str, str], int]:
    """Bytes by (model slug, format slug) for formats that have no closed rule.

    The most exactly published size wins; among equals the largest, so that a plan never counts on the smaller file.
    """
    wanted = set(formats_without_rule)
    found: dict[tuple[str, str], list[PublishedSize]] = defaultdict(list)
    for size in sizes:
        if size.format in wanted and size.differs in ("", OWN_MIX):
            found[size.model, size.format].append(size)
    return {
        key: min(rows, key=lambda size: (size.rounding_rel_error, -size.size_bytes)).size_bytes
        for key, rows in found.items()
    }


OLLAMA = "ollama library"
_OLLAMA_OWN = (
    "Ollama's own mix",
    "with the projector or towers, or Ollama's own mix",
    "with the tied table stored twice",
)


def _is_named_after(size: PublishedSize) -> bool:
    """Whether an Ollama tag ("ollama:qwen3:8b") names the model itself."""
    family = re.sub(r"[^a-z0-9]", "", size.name.split(":")[1])
    return size.model.replace("-", "").startswith(family)


@lru_cache(maxsize=1)
def shipped_ollama_sizes() -> Mapping[tuple[str, str], int]:
    """``ollama_sizes`` of the shipped file, read once."""
    return ollama_sizes(load_published_sizes())


def ollama_sizes(sizes: Iterable[PublishedSize]) -> Mapping[tuple[str, str], int]:
    """Bytes by (model slug, format slug) of what Ollama itself serves, where that is not what the rule gives.

    Its own quantizer keeps some tensors wider, and its multimodal tags include the projector. Only tags of the model
    itself count, not those of relatives that share its architecture (qwen3-vl is not qwen3).
    """
    by_key: dict[tuple[str, str], list[PublishedSize]] = defaultdict(list)
    for size in sizes:
        if size.publisher == OLLAMA and _is_named_after(size):
            by_key[size.model, size.format].append(size)
    return {
        key: min(rows, key=lambda size: (size.rounding_rel_error, -size.size_bytes)).size_bytes
        for key, rows in by_key.items()
        if all(size.differs in _OLLAMA_OWN for size in rows)
    }
