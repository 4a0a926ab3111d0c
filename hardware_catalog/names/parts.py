"""A machine's text taken apart: accelerators, the host's processor and its memory."""

from __future__ import annotations

import re

from hardware_catalog.names.devices import parse_cleaned
from hardware_catalog.names.facts import extract
from hardware_catalog.names.normalise import split_brackets, split_top_level
from hardware_catalog.names.single_device import SingleDevices, has_number
from hardware_catalog.names.stated_memory import MODIFIED_FACTOR

_AND = re.compile(
    r" \+ | & | and (?=\d|nvidia|geforce|rtx|radeon|amd|intel|ryzen|core|xeon|epyc|threadripper|i[3579]-)"
    r"|, (?=amd instinct|nvidia h|nvidia a)"
)
# Where a part may begin that no sign announces: "RTX 4090 with i9-13900K", "Ryzen 9 7950X / RTX 4090 / 64 GB".
_LOOSE = re.compile(
    r"[,;] | / | with | w/ ?| and | paired "
    r"|(?<!\d[x*])(?<!\d [x*])(?<!nvidia)(?<!geforce)(?<!amd)(?<!radeon)(?<!dual)(?<!quad)"
    r" (?=(?:\d{1,2} ?x )?(?:nvidia |amd )?(?:geforce |radeon )?(?:rtx|gtx|rx|titan|tesla)\b)"
    r"| (?=\d{1,4} ?[gt]i?b (?:of )?(?:(?:system|host|cpu|main) )?(?:ram|memory|(?:lp)?ddr[345])\b)"
    r"|(?<!intel)(?<!amd)(?<!\dx)(?<!dual) (?=(?:intel |amd )?(?:core|ryzen|xeon|epyc|threadripper|i[3579]-\d))"
)
_NOT_A_PART = re.compile(r"^(?:pcie gen ?\d )?(?:nvme|ssd|flash|usb)\b")
_HOST_MEMORY = re.compile(r"\b(?:ddr[345]|lpddr[45]x?|mrdimm|(?:system|host|cpu|main) (?:memory|ram))\b")
_MEMORY_WORDS = re.compile(
    r"\b(?:system|host|cpu|main|memory|ram|of|dual|quad|channels?|ecc|mt/s|mhz)\b|[,:@-]"
)
_EXTERNAL = re.compile(r"\be ?-?gpu\b|\boculink\b|\bthunderbolt\b")

GPU, CPU, MEMORY, OTHER = "gpu", "cpu", "memory", ""


def split_parts(cleaned: str, devices: SingleDevices) -> list[str]:
    """The parts of a machine that a cleaned text names, one when it names a single device.

    A part that only states the memory of the processor before it is kept in brackets behind that.
    """
    parts = _signed(cleaned, devices)
    if len(parts) == 1:
        parts = _bracketed(parts[0], devices) or _loose(parts[0], devices) or parts
    else:
        parts = [piece for part in parts for piece in (_loose(part, devices) or [part])]
    if len(parts) > 1 and extract(cleaned)[1].laptop and not is_external(cleaned):
        # the word may stand beside the processor: "laptop with i7-12700H + RTX 3060"
        laptop = (kind_of(part, devices) == GPU and not extract(part)[1].laptop for part in parts)
        parts = [f"{part} laptop" if missing else part for part, missing in zip(parts, laptop, strict=True)]
    return parts


def states_only_memory(part: str) -> bool:
    """Whether a part says nothing but a memory's size or kind: "128 GB DDR5-5600", "64GB RAM"."""
    rest, facts = extract(part)
    return bool(facts.memory_type or facts.memory_gb) and not _MEMORY_WORDS.sub("", rest).strip()


def is_external(cleaned: str) -> bool:
    """Whether the text says that the card stands outside the computer."""
    return _EXTERNAL.search(cleaned) is not None


def kind_of(part: str, devices: SingleDevices) -> str:
    """What a part names: a card, a processor, memory, or nothing that is known."""
    if states_only_memory(part):
        return MEMORY
    query = parse_cleaned(part)
    rows = devices.table.find(query) if has_number(query) else []
    if rows and rows[0].kind in ("gpu", "accelerator"):
        return GPU
    if devices.cpus.find(part) is not None:
        return CPU
    return OTHER


def _signed(cleaned: str, devices: SingleDevices) -> list[str]:
    """Parts joined by "+", "&" and the like."""
    parts: list[str] = []
    for part in split_top_level(cleaned, _AND):
        if _NOT_A_PART.match(part):
            continue
        before = (_loose(parts[-1], devices) or parts[-1:])[-1] if parts else ""
        if parts and states_only_memory(part) and not _beside_card(part, before, devices):
            parts[-1] = f"{parts[-1]} ({part})"
        else:
            parts.append(part)
    return parts or [cleaned]


def _beside_card(memory: str, before: str, devices: SingleDevices) -> bool:
    """Whether memory named after a card is the host's: "RTX 4090 + 128 GB RAM"."""
    query = parse_cleaned(before)
    rows = devices.table.find(query) if has_number(query) else []
    if not rows or rows[0].kind != "gpu":
        return False
    size = extract(memory)[1].memory_gb
    if _HOST_MEMORY.search(memory) is not None or size is None:
        return True
    sizes = [size] if re.search(r"\bram\b", memory) else [size, size / MODIFIED_FACTOR]  # a modified card's
    return not any(devices.table.offers(row, own, query.facts.count) for row in rows for own in sizes)


def _bracketed(cleaned: str, devices: SingleDevices) -> list[str]:
    """[host, card] of "Pi 5 - 8GB (AMD RX 6700 XT)"; [] when the brackets name no card beside a host."""
    outside, inside = split_brackets(cleaned)
    if not inside:
        return []
    around = parse_cleaned(outside)
    if not around.identity and devices.cpus.find(outside) is None:
        return []  # lspci: "NVIDIA Corporation GA102 [GeForce RTX 3090]"
    outer = devices.table.find(around)
    if outer and outer[0].kind in ("gpu", "apple", "accelerator"):
        return []
    for bracket in inside:
        inner = parse_cleaned(bracket)
        rows = devices.table.find(inner)
        if rows and rows[0].kind == "gpu" and rows[0].form_factor != "laptop" and has_number(inner):
            return [outside, bracket]
    return []


def _loose(cleaned: str, devices: SingleDevices) -> list[str]:
    """Parts of a text that names a card and, after a comma or with no sign, a processor, memory or a second card."""
    pieces = split_top_level(cleaned, _LOOSE)
    if len(pieces) < 2:
        return []
    kinds = [kind_of(piece, devices) for piece in pieces]
    card = next((piece for piece, kind in zip(pieces, kinds, strict=True) if kind == GPU), None)
    if card is None:
        return []
    known = [
        (piece, kind)
        for piece, kind in zip(pieces, kinds, strict=True)
        if kind in (GPU, CPU) or (kind == MEMORY and _beside_card(piece, card, devices))
    ]
    return [piece for piece, _ in known] if len(known) > 1 else []
