"""Machine presets: "macbook pro m3 max 64gb", "Mac Studio M2 Ultra 192GB", "DGX H100", "PC with 2 × RTX 3090"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hardware_catalog.names.close import CloseNames
from hardware_catalog.names.device_resolver import DeviceResolver
from hardware_catalog.names.devices import figures_agree
from hardware_catalog.names.normalise import clean, key
from hardware_catalog.names.resolution import AMBIGUOUS, COMPOSITE, NOT_IN_CATALOG, OK, Resolution
from hardware_catalog.names.words import MAC_PRODUCT
from hardware_catalog.rows import DeviceRow, MachineRow

MOST_CANDIDATES = 12
_SIZES = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d{1,2})?) ?(tb|gb|gib|g)\b")
_YEAR = re.compile(r"\b(20[12]\d)\b")
_INCHES = re.compile(r"\b(13|14|15|16|24|27)(?: ?-?(?:inch|in|\"|'')| ?\")")
_CATEGORY = re.compile(r"\b(server|workstation|laptop|notebook|gaming pc|desktop pc|mini pc|pc)\b")
_RACK = re.compile(r"\b(dgx|hgx)\b(?! ?(?:spark|station))")
_CATEGORIES = {
    "server": {"server"},
    "workstation": {"desktop"},
    "laptop": {"laptop", "mac"},
    "notebook": {"laptop", "mac"},
    "mini pc": {"mini_pc", "mac"},
}
_PRESET_WORDS = re.compile(
    r"\b(server|workstation|gaming pc|pc with|dgx|hgx|mini pc|without graphics card)\b"
)


@dataclass(frozen=True, slots=True)
class Product:
    """A Mac's product line and screen size, "" and None where not said."""

    line: str
    inches: str


class MachineResolver:
    """Resolves machine texts against the catalog's presets."""

    def __init__(
        self, machines: Sequence[MachineRow], devices: Sequence[DeviceRow], resolver: DeviceResolver
    ) -> None:
        self._rows = {row.slug: row for row in machines}
        self._device_rows = {row.slug: row for row in devices}
        self._devices = resolver
        self._by_device: dict[str, list[MachineRow]] = defaultdict(list)
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._products = {row.slug: _product(clean(row.name)) for row in machines}
        for row in machines:
            self._by_device[row.device].append(row)
            for name in (row.slug, row.name, *row.aliases):
                if row.slug not in self._exact[key(name)]:
                    self._exact[key(name)].append(row.slug)
        self._close = CloseNames({name: slugs[0] for name, slugs in self._exact.items()})

    def is_exact(self, text: str) -> bool:
        return key(text) in self._exact

    def resolve(self, text: str) -> Resolution:
        """See NameIndex.resolve_machine."""
        exact = [self._rows[slug] for slug in self._exact.get(key(text), [])]
        if exact:
            return self._decide(text, exact, "name")
        cleaned = clean(text)
        device = self._devices.resolve(_without_category(cleaned))
        if device.status == NOT_IN_CATALOG and device.memory_gb is not None:  # the size may be the host's
            device = self._devices.resolve(_SIZES.sub(" ", _without_category(cleaned)))
        slugs = [slug for slug, _ in device.candidates]
        if device.status == NOT_IN_CATALOG or not slugs:
            near = [self._rows[slug] for slug in self._close.near(cleaned)] if cleaned else []
            reason = f"{text[:80]!r} is not a machine of the catalog."
            candidates = tuple((row.slug, row.name) for row in near)
            return Resolution(
                "machine",
                text,
                NOT_IN_CATALOG,
                candidates=candidates,
                rule="close" if near else "",
                reason=reason,
            )
        if device.status == OK and not device.figures_agree:
            slugs = [device.slug]
        rows = self._fitting(cleaned, slugs, device.count)
        if not rows:
            every = [row for slug in slugs for row in self._by_device[slug]][:MOST_CANDIDATES]
            named = tuple((row.slug, row.name) for row in every)
            reason = "No preset is such a machine; the device and its memory can be given instead."
            return Resolution("machine", text, NOT_IN_CATALOG, candidates=named, reason=reason)
        return replace(self._decide(text, rows, "tokens"), count=device.count)

    def preset(self, found: Resolution) -> Resolution | None:
        """The preset of a card beside the stated host memory, which names no processor: "RTX 5090 + 64 GB RAM"."""
        if found.status != COMPOSITE or not found.slug or found.host_text:
            return None
        rows = [
            row
            for row in self._by_device[found.slug]
            if row.device_count == (found.count or 1) and row.host_memory_gb == found.host_memory_gb
        ]
        if len(rows) != 1 or found.memory_gb not in (None, rows[0].memory_gb):
            return None
        return replace(self._decide(found.text, rows, "tokens"), count=found.count)

    def _fitting(self, cleaned: str, slugs: Sequence[str], count: int | None) -> list[MachineRow]:
        rows = [row for slug in slugs for row in self._by_device[slug]]
        racked = _RACK.search(cleaned)
        if racked is not None:
            rows = [row for row in rows if racked.group(1) in row.slug.split("-")] or rows
        if racked is None or count is not None:
            rows = [row for row in rows if row.device_count == (count or 1)]
        product = _product(cleaned)
        category = _CATEGORY.search(cleaned)
        if product.line and product.line != "mac":
            rows = [row for row in rows if _same_line(product.line, self._products[row.slug].line)]
        elif category is not None and category.group(1) in _CATEGORIES:
            rows = [row for row in rows if row.category in _CATEGORIES[category.group(1)]] or rows
        if product.inches:
            rows = [row for row in rows if product.inches in self._products[row.slug].inches.split("/")]
        year = _YEAR.search(cleaned)
        if year is not None:
            rows = [row for row in rows if row.year == int(year.group(1))] or rows
        sizes = [float(n) * (1024 if unit == "tb" else 1) for n, unit in _SIZES.findall(cleaned)]
        if sizes:
            rows = [row for row in rows if _sizes_fit(row, sizes)]
        if not rows:
            return []
        said = set(key(cleaned).split())
        shared = {row.slug: len(said & set(key(row.name).split())) for row in rows}
        return [row for row in rows if shared[row.slug] == max(shared.values())]

    def _decide(self, text: str, rows: Sequence[MachineRow], rule: str) -> Resolution:
        devices = list({row.device: self._device_rows[row.device] for row in rows}.values())
        same_memory = len({(row.memory_gb, row.device_count) for row in rows}) == 1
        same_host = len({row.host_memory_gb for row in rows}) == 1
        agree = len(rows) > 1 and same_memory and (len(devices) == 1 or figures_agree(devices))
        ok = len(rows) == 1 or (agree and same_host)
        chosen = min(rows, key=lambda row: row.host_memory_gb or 0.0) if len(rows) == 1 or agree else None
        reason = (
            ""
            if ok
            else "Several machines have this name" + (" and differ in host memory." if agree else ".")
        )
        return Resolution(
            "machine",
            text,
            OK if ok else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=tuple((row.slug, row.name) for row in rows[:MOST_CANDIDATES]),
            figures_agree=agree,
            rule=rule,
            reason=reason,
            memory_gb=chosen.memory_gb if chosen else None,
            host_memory_gb=chosen.host_memory_gb if chosen else None,
        )


def names_a_product(text: str) -> bool:
    """Whether the text speaks of a product that is only a machine: a Mac, a server, a gaming PC."""
    cleaned = clean(text)
    return _product(cleaned).line != "" or _PRESET_WORDS.search(cleaned) is not None


def _same_line(said: str, line: str) -> bool:
    return line.startswith("macbook") if said == "macbook" else said == line


def _product(cleaned: str) -> Product:
    match = MAC_PRODUCT.search(cleaned)
    if match is None:
        return Product("", "")
    inches = match.group(2) or ""
    if not inches:
        told = _INCHES.search(cleaned)
        inches = told.group(1) if told else ""
    both = re.search(r"\b(1[3-6])/(1[3-6])\b", cleaned)
    if both is not None:
        inches = f"{both.group(1)}/{both.group(2)}"
    return Product(match.group(1).replace("mac studio", "macstudio").replace(" ", ""), inches)


def _without_category(cleaned: str) -> str:
    text = _INCHES.sub(" ", _CATEGORY.sub(" ", cleaned)) if "laptop gpu" not in cleaned else cleaned
    sizes = _SIZES.findall(text)
    # Of several sizes the last is the host's memory or the disk: "RTX 4090 24 GB, 64 GB memory".
    for _ in sizes[1:]:
        start = [match.start() for match in _SIZES.finditer(text)][-1]
        text = text[:start] + _SIZES.sub(" ", text[start:], count=1)
    if re.search(r"\b(?:laptop|notebook)\b", cleaned) and "laptop gpu" not in cleaned:
        text = f"{text} laptop" if re.search(r"\b(?:rtx|gtx|rx) ?\d", text) else text
    return text


def _sizes_fit(row: MachineRow, sizes: Sequence[float]) -> bool:
    """Whether the first stated size is the device's (or the machine's) memory, and a second its host's."""
    memory = {row.memory_gb, row.memory_gb * row.device_count}
    if row.host_memory_gb is None:
        return sizes[0] in memory
    if len(sizes) == 1:
        return sizes[0] in memory or sizes[0] == row.host_memory_gb
    return sizes[0] in memory and sizes[1] == row.host_memory_gb
