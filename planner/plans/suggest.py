"""Names as people write them: what they mean, what is near them, and the short lists to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from hardware_catalog.names import NameIndex, Resolution
from hardware_catalog.rows import CatalogRows
from hardware_catalog.search import Choice, search_devices, search_machines, search_models
from planner import snapshot

NOUNS = {
    "machine": "machine",
    "model": "language model",
    "format": "format",
    "kv": "KV cache format",
    "runtime": "program",
}
CANDIDATES = 8
# Phones, tablets and computers are offered as the products that people buy; cards and chips as themselves, too.
SOLD_AS_MACHINES = ("phone", "tablet", "computer")
MOST_DEVICES = 4
FAMILIES = {
    "gguf": "GGUF (llama.cpp, Ollama, LM Studio)",
    "mlx": "MLX (Apple)",
    "safetensors": "Safetensors (vLLM, SGLang, Transformers)",
    "exl3": "EXL3 (ExLlamaV3)",
    "exl2": "EXL2 (ExLlamaV2)",
    "ktransformers": "KTransformers",
    "mobile": "For phones and neural processors",
}
# Browsers without script get one list of names; presets that only vary a generic computer are left to typing.
LISTED_CATEGORIES = ("mac", "phone", "tablet", "mini_pc", "handheld", "board")
LISTED_DEVICES = ("gpu", "apple", "accelerator")

# The resolver's names of the kinds.
RANKED = {
    "machine": ("device", "machine"),
    "model": ("model",),
    "format": ("format",),
    "kv": ("kv_format",),
    "runtime": ("runtime",),
}

Groups = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalog entry as the form shows it."""

    kind: str  # "machine" | "device" | "model" | "format" | "kv" | "runtime"
    slug: str
    name: str
    detail: str = ""

    @property
    def shown(self) -> str:
        """The text that stands for the entry in a field, and is understood there."""
        return self.name


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a typed name means, and what else was said with it."""

    entry: Entry | None
    candidates: tuple[Entry, ...] = ()
    ambiguous: bool = False
    device_count: int | None = None  # "2x 3090"
    memory_gb: float | None = None  # "m4 max 64gb"
    format_text: str = ""  # "llama 3.1 8b q4_k_m"


@dataclass(frozen=True, eq=False)
class Directory:
    """The names of one state of the catalog."""

    rows: CatalogRows
    names: NameIndex

    @cached_property
    def entries(self) -> Mapping[str, Mapping[str, Entry]]:
        """Entries of each kind by slug and by name."""
        devices = [Entry("device", row.slug, row.name) for row in self.rows.devices]
        lists = {
            "device": devices,
            "machine": [
                *devices,
                *(Entry("machine", row.slug, row.name) for row in self.rows.machines),
            ],
            "model": [Entry("model", row.slug, row.name) for row in self.rows.models],
            "format": [Entry("format", row.slug, row.name) for row in self.rows.formats],
            "kv": [Entry("kv", row.slug, row.name) for row in self.rows.kv_formats],
            "runtime": [Entry("runtime", row.slug, row.name) for row in self.rows.runtimes],
        }
        return {
            kind: {entry.name.casefold(): entry for entry in found} | {entry.slug: entry for entry in found}
            for kind, found in lists.items()
        }

    @cached_property
    def multiple_memories(self) -> frozenset[str]:
        """Devices that are sold with several sizes of memory."""
        return frozenset(row.slug for row in self.rows.devices if len(row.memory_options_gb) > 1)

    @cached_property
    def covered(self) -> frozenset[str]:
        """Devices that people know as the machine which is made of them."""
        presets = {row.device for row in self.rows.machines if row.device_count == 1}
        return frozenset(
            row.slug for row in self.rows.devices if row.kind in SOLD_AS_MACHINES and row.slug in presets
        )

    @cached_property
    def choices(self) -> Mapping[str, Groups]:
        """The short lists ("format", "runtime", "kv"): groups of (slug, name) under a heading or "".

        Formats are grouped by family, the most bits first.
        """
        order = list(FAMILIES)
        rows = sorted(
            self.rows.formats,
            key=lambda row: (
                order.index(row.family) if row.family in order else len(order),
                row.family,
                -(row.nominal_bits_per_weight or 0),
                row.name,
            ),
        )
        formats = tuple(
            (
                FAMILIES.get(family, family),
                tuple((row.slug, _with_bits(row.name, row.nominal_bits_per_weight)) for row in group),
            )
            for family, group in groupby(rows, key=lambda row: row.family)
        )
        return {
            "format": formats,
            "runtime": (("", tuple((row.slug, row.name) for row in self.rows.runtimes)),),
            "kv": (("", tuple((row.slug, row.name) for row in self.rows.kv_formats)),),
        }

    @cached_property
    def datalists(self) -> SafeString:
        """The names of machines and models for browsers without script."""
        machines = [row.name for row in self.rows.machines if row.category in LISTED_CATEGORIES]
        machines += [row.name for row in self.rows.devices if row.kind in LISTED_DEVICES]
        models = [row.name for row in self.rows.models]
        return format_html_join(
            "\n",
            '<datalist id="{}-names">{}</datalist>',
            (
                (kind, format_html_join("", '<option value="{}">', ((name,) for name in found)))
                for kind, found in (("machine", machines), ("model", models))
            ),
        )


def _with_bits(name: str, bits: float | None) -> str:
    return name if bits is None else f"{name}, {bits:.3g} bits"


_directories: dict[str, Directory] = {}


def directory() -> Directory:
    """The names of the catalog as it stands."""
    now = snapshot.current()
    found = _directories.get(now.sha256)
    if found is None:
        found = Directory(now.rows, now.names)
        _directories.clear()
        _directories[now.sha256] = found
    return found


def datalists() -> SafeString:
    """Lists of names for browsers without script."""
    return directory().datalists


def look_up(kind: str, text: str) -> Lookup:
    """What ``text`` means: an entry, or the candidates between which to choose; never a guess."""
    known = directory()
    entry = known.entries[kind].get(text) or known.entries[kind].get(text.casefold())
    if entry is not None:
        return Lookup(entry)
    found = _resolve(known.names, kind, text)
    count = found.count if found.kind == "device" else None
    if found.status in ("ok", "composite") and found.slug in known.entries[kind]:
        return Lookup(
            known.entries[kind][found.slug],
            device_count=count,
            memory_gb=found.memory_gb if found.slug in known.multiple_memories else None,
            format_text=found.format_text,
        )
    candidates = [slug for slug, _ in found.candidates]
    if not candidates:
        candidates = [item.slug for item in known.names.rank(text, RANKED[kind], CANDIDATES)]
    return Lookup(
        None,
        tuple(known.entries[kind][slug] for slug in candidates[:CANDIDATES]),
        ambiguous=found.status == "ambiguous",
        device_count=count,
        format_text=found.format_text,
    )


def _resolve(names: NameIndex, kind: str, text: str) -> Resolution:
    resolve = {
        "machine": names.resolve_machine_or_device,
        "model": names.resolve_model,
        "format": names.resolve_format,
        "kv": names.resolve_kv_format,
        "runtime": names.resolve_runtime,
    }
    return resolve[kind](text)


def suggestions(kind: str, text: str, limit: int) -> list[Entry]:
    """Entries to offer while ``text`` is being typed: those that hold every word, else the nearest ones."""
    known = directory()
    if kind == "model":
        found = [_entry("model", choice) for choice in search_models(text, limit)]
    else:
        devices = [choice for choice in search_devices(text, 2 * limit) if choice.slug not in known.covered]
        machines = [_entry("machine", choice) for choice in search_machines(text, limit)]
        first = min(MOST_DEVICES, limit) if machines else limit
        found = [_entry("device", choice) for choice in devices[:first]] + machines
    if not found:
        found = [known.entries[kind][item.slug] for item in known.names.rank(text, RANKED[kind], limit)]
    return found[:limit]


def _entry(kind: str, choice: Choice) -> Entry:
    return Entry(kind, choice.slug, choice.name, choice.detail)
