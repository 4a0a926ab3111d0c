"""The axes that hold catalog entries: how their entries are said, named and searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hardware_catalog.search import SEARCHED
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.devices import DEVICES
from planner.catalog_pages.lists import Kind
from planner.catalog_pages.machines import MACHINES
from planner.catalog_pages.models import MODELS
from planner.snapshot import Snapshot
from planner.sweeps.grid.filters import FORMATS, SEARCH

# Ways of saying which entries. The first of an axis is taken where the address says none.
BY_NAME, ALL, BY_FILTER = "list", "all", "where"
COMMON, USUAL = "common", "usual"


@dataclass(frozen=True, slots=True)
class Names:
    """The entries of an axis in one state of the catalog."""

    by_slug: Mapping[str, str]
    slug_of: Mapping[str, str]  # by slug and by name, in small letters


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of entries. ``name`` is its field of the definition and its parameter of the address."""

    name: str
    entry: str  # the parameter that lists entries by slug
    title: str
    noun: str
    nouns: str
    hint: str
    placeholder: str
    ways: tuple[str, ...]
    names_of: Callable[[Snapshot], Names]
    resolver: str  # the method of NameIndex that understands a typed name
    ranked: tuple[str, ...]
    kind: Kind[Any] | None = None  # with the filters of such entries
    is_needed: bool = False

    def names(self, snapshot: Snapshot) -> Names:
        """All its entries."""
        return self.names_of(snapshot)

    @property
    def usual_way(self) -> str:
        return self.ways[0]

    @cached_property
    def filter_keys(self) -> tuple[str, ...]:
        """Keys of the filters by which it can be narrowed."""
        return () if self.kind is None else (SEARCH, *(item.key for item in self.kind.filters))

    def find(self) -> str:
        """The parameter with a name that is being typed."""
        return f"find-{self.name}"

    def parameter_of(self, key: str) -> str:
        """The parameter of one of its filters."""
        return f"{self.name}-{key}"


def _names(pairs: Sequence[tuple[str, str]]) -> Names:
    by_slug = dict(pairs)
    spelled = {name.casefold(): slug for slug, name in pairs} | {slug.casefold(): slug for slug in by_slug}
    return Names(by_slug, spelled)


@per_snapshot
def _machines(snapshot: Snapshot) -> Names:
    return _names([(row.slug, row.name) for row in snapshot.rows.machines])


@per_snapshot
def _devices(snapshot: Snapshot) -> Names:
    return _names([(row.slug, row.name) for row in snapshot.rows.devices])


@per_snapshot
def _models(snapshot: Snapshot) -> Names:
    return _names([(row.slug, row.name) for row in snapshot.rows.models])


@per_snapshot
def _formats(snapshot: Snapshot) -> Names:
    return _names([(row.slug, row.name) for row in snapshot.rows.formats])


@per_snapshot
def _runtimes(snapshot: Snapshot) -> Names:
    """Programs on the backend that is usual there, and on each of several: "vllm", "vllm/CUDA"."""
    pairs = []
    for row in snapshot.rows.runtimes:
        pairs.append((row.slug, row.name))
        if len(row.backends) > 1:
            pairs += [(f"{row.slug}/{backend}", f"{row.name} ({backend})") for backend in row.backends]
    return _names(pairs)


AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis(
            name="machines",
            entry="machine",
            title="Machines",
            noun="machine",
            nouns="machines",
            hint="Computers, phones and servers as people buy them.",
            placeholder=MACHINES.placeholder,
            ways=(BY_NAME, BY_FILTER, ALL),
            names_of=_machines,
            resolver="resolve_machine",
            ranked=("machine",),
            kind=MACHINES,
        ),
        Axis(
            name="devices",
            entry="device",
            title="Devices",
            noun="device",
            nouns="devices",
            hint="Cards and chips by themselves, each with every memory size that it is sold with.",
            placeholder=DEVICES.placeholder,
            ways=(BY_NAME, BY_FILTER, ALL),
            names_of=_devices,
            resolver="resolve_device",
            ranked=("device",),
            kind=DEVICES,
        ),
        Axis(
            name="models",
            entry="model",
            title="Language models",
            noun="language model",
            nouns="language models",
            hint="Open-weight models with a published architecture.",
            placeholder=MODELS.placeholder,
            ways=(BY_NAME, BY_FILTER, ALL),
            names_of=_models,
            resolver="resolve_model",
            ranked=("model",),
            kind=MODELS,
            is_needed=True,
        ),
        Axis(
            name="formats",
            entry="format",
            title="Precisions",
            noun="weight format",
            nouns="weight formats",
            hint="How many bits each weight is stored in (weight format).",
            placeholder="Q4_K_M, FP8, MLX 4-bit",
            ways=(COMMON, BY_NAME, BY_FILTER, ALL),
            names_of=_formats,
            resolver="resolve_format",
            ranked=("format",),
            kind=FORMATS,
        ),
        Axis(
            name="runtimes",
            entry="runtime",
            title="Programs",
            noun="program",
            nouns="programs",
            hint="What runs the model (runtime), on the backend that is usual there or on one: “vLLM (CUDA)”.",
            placeholder="llama.cpp, vLLM (CUDA)",
            ways=(USUAL, BY_NAME, ALL),
            names_of=_runtimes,
            resolver="resolve_runtime",
            ranked=("runtime",),
        ),
    )
}


def withdrawn_names(axis: Axis, slugs: Sequence[str]) -> dict[str, str]:
    """Names of entries that have left the catalog, by slug; those that never were in it are missing."""
    if axis.name not in SEARCHED or not slugs:
        return {}
    model, _ = SEARCHED[axis.name]
    found = model._default_manager.filter(slug__in=slugs, withdrawn=True).values_list("slug", "name")
    return dict(found)
