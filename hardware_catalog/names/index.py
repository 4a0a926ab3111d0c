"""The name index: everything that people and sources may write, resolved against one catalog."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from hardware_catalog.names.device_resolver import DeviceResolver
from hardware_catalog.names.formats import FormatResolver, KvFormatResolver
from hardware_catalog.names.machines import MachineResolver, names_a_product
from hardware_catalog.names.model_resolver import ModelResolver
from hardware_catalog.names.normalise import clean
from hardware_catalog.names.rank import Ranker, Searchable
from hardware_catalog.names.resolution import NOT_IN_CATALOG, Resolution
from hardware_catalog.names.runtimes import RuntimeResolver, resolve_backend
from hardware_catalog.rows import CatalogRows

OLLAMA = Path(__file__).resolve().parent.parent / "data" / "aliases" / "ollama.csv"
CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class OllamaTag:
    """The file that an Ollama tag without a format downloads."""

    slug: str  # "" when the model is not in the catalog
    format_text: str
    size_bytes: int | None


def read_ollama_tags(path: Path = OLLAMA) -> dict[str, OllamaTag]:
    """Rows of ollama.csv (tag, slug, format, size_bytes, note, source) by tag."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["tag"]: OllamaTag(
            row["slug"], row["format"], int(row["size_bytes"]) if row["size_bytes"] else None
        )
        for row in rows
    }


class NameIndex:
    """Resolves names; build it once per catalog, it is immutable and safe to share between threads."""

    def __init__(self, rows: CatalogRows) -> None:
        self.ollama_tags = read_ollama_tags()
        self._devices = DeviceResolver(rows.devices)
        self._machines = MachineResolver(rows.machines, rows.devices, self._devices)
        blocked = {tag: "" for tag, told in self.ollama_tags.items() if not told.slug}
        self._models = ModelResolver(rows.models, blocked)
        self._formats = FormatResolver(rows.formats, rows.models)
        self._kv_formats = KvFormatResolver(rows.kv_formats)
        self._runtimes = RuntimeResolver(rows.runtimes)
        self._rows = rows
        self._device_cache = lru_cache(CACHE_SIZE)(self._devices.resolve)
        self._model_cache = lru_cache(CACHE_SIZE)(self._models.resolve)
        self._format_cache = lru_cache(CACHE_SIZE)(self._formats.resolve)
        self._runtime_cache = lru_cache(CACHE_SIZE)(self._runtimes.resolve)

    @classmethod
    def build(cls, rows: CatalogRows) -> NameIndex:
        """The index of a catalog; aliases come with the rows."""
        return cls(rows)

    def resolve_device(
        self,
        text: str,
        *,
        memory_gb: float | None = None,
        bandwidth_gbs: float | None = None,
        backend: str | None = None,
    ) -> Resolution:
        """The device (or host with devices) that ``text`` names.

        ``memory_gb`` (of one device, as a program reads it or the vendor says) and ``bandwidth_gbs`` (10**9 bytes/s)
        only choose between entries that the text leaves open; ``backend`` tells a computer's CPU from its GPU and NPU.
        """
        return self._device_cache(text, memory_gb=memory_gb, bandwidth_gbs=bandwidth_gbs, backend=backend)

    def resolve_machine(self, text: str) -> Resolution:
        """The machine preset that ``text`` names: "macbook pro m3 max 64gb", "DGX H100"."""
        return self._machines.resolve(text)

    def resolve_machine_or_device(self, text: str) -> Resolution:
        """A preset where the text names a product (a Mac, a server) or is a preset's name; else a device."""
        if self._machines.is_exact(text):
            return self._machines.resolve(text)
        device = self.resolve_device(text)
        preset = self._machines.preset(device)
        if preset is not None:
            return preset
        if device.rule in ("slug", "name", "alias") or not names_a_product(text):
            if device.status != NOT_IN_CATALOG:
                return device
            machine = self._machines.resolve(text)
            return machine if machine.status != NOT_IN_CATALOG else device
        machine = self._machines.resolve(text)
        return machine if machine.status != NOT_IN_CATALOG else device

    def resolve_model(self, text: str) -> Resolution:
        """The language model that ``text`` names; ``format_text`` is the weight format that the name carries."""
        found = self._model_cache(text)
        tag = self.ollama_tags.get(clean(text))
        if tag is not None and tag.format_text and not found.format_text:
            return replace(found, format_text=tag.format_text)
        return found

    def resolve_format(self, text: str, model: str | None = None, runtime: str | None = None) -> Resolution:
        """The weight format that ``text`` names.

        ``model`` and ``runtime`` are slugs: they tell layouts of one short name apart (FP8 of DeepSeek, "4bit" of MLX).
        A text that states N bpw has ``bits_per_weight``; ``slug`` may then be empty.
        """
        return self._format_cache(text, model, runtime)

    def resolve_kv_format(self, text: str) -> Resolution:
        """The KV-cache format: "f16", "K:q8_0 V:f16".

        ``slug`` is the keys' format, ``bits_per_weight`` the mean bits per element of keys and values.
        """
        return self._kv_formats.resolve(text)

    def resolve_runtime(self, text: str) -> Resolution:
        """The runtime, its ``version`` and the ``backends`` that the text hints at."""
        return self._runtime_cache(text)

    def resolve_backend(self, text: str) -> Resolution:
        """See runtimes.resolve_backend."""
        return resolve_backend(text)

    def rank(self, text: str, kind: str | Sequence[str], limit: int = 10) -> list[Searchable]:
        """Entries for a type-ahead; ``kind`` is one of Searchable's kinds, or several."""
        kinds = (kind,) if isinstance(kind, str) else tuple(kind)
        return self._ranker.rank(text, kinds, limit)

    @cached_property
    def _ranker(self) -> Ranker:
        return Ranker(_searchables(self._rows))  # only pages search: commands do without


def _searchables(rows: CatalogRows) -> list[Searchable]:
    found = [Searchable("device", r.slug, r.name, r.year or 0, r.aliases) for r in rows.devices]
    found += [Searchable("machine", r.slug, r.name, r.year or 0, r.aliases) for r in rows.machines]
    found += [
        Searchable(
            "model",
            r.slug,
            r.name,
            int(r.release_date[:4] or 0) if r.release_date[:4].isdigit() else 0,
            (r.hf_repo, *r.aliases),
        )
        for r in rows.models
    ]
    found += [Searchable("format", r.slug, r.name, 0, r.aliases) for r in rows.formats]
    found += [Searchable("kv_format", r.slug, r.name, 0, r.aliases) for r in rows.kv_formats]
    found += [Searchable("runtime", r.slug, r.name, 0, r.aliases) for r in rows.runtimes]
    return found
