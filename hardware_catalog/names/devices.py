"""Device texts to device entries: GPUs, accelerators, Apple chips, phones, tablets, boards and named computers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from hardware_catalog.names.facts import Facts, extract
from hardware_catalog.names.normalise import clean, split_brackets, word_set
from hardware_catalog.names.words import BOARD_WORDS, MAC_PRODUCT, YEAR, classify, words
from hardware_catalog.rows import DeviceRow

# Bandwidths of one bin within 6 % (A100 PCIe 1935, SXM 2039 GB/s) and compute within 1.4 count as the same figures.
BANDWIDTH_RATIO = 1.06
COMPUTE_RATIO = 1.4
# A program's reading of the memory (nvidia-smi, MemTotal) stays within this part of the vendor's nominal size.
MEMORY_READING = 0.85


@dataclass(frozen=True, slots=True)
class Query:
    """A device text taken apart."""

    identity: frozenset[str]
    series: frozenset[str]
    evidence: frozenset[str]  # words in brackets: they may narrow, never contradict
    facts: Facts
    five_g: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One name (or alias) of a device, taken apart the same way."""

    identity: frozenset[str]
    series: frozenset[str]
    facts: Facts
    row: DeviceRow
    named_by_memory: bool  # "RTX 2060 12 GB"; not "RTX 3080 (10 GB)", where the size only explains
    five_g: bool  # "Galaxy A16 5G" is another phone than the Galaxy A16
    witnesses: frozenset[str]  # words of the row's full name

    @property
    def laptop(self) -> bool:
        return self.row.form_factor == "laptop" and self.row.kind == "gpu"


def parse(text: str) -> Query:
    """Take a device text apart. A bracket that only holds a number belongs to the name: "Nothing Phone (2)"."""
    return parse_cleaned(clean(text))


def parse_cleaned(cleaned: str) -> Query:
    rest, facts = extract(cleaned)
    outside, inside = split_brackets(rest)
    mac = MAC_PRODUCT.search(outside)
    if mac is not None:
        outside = MAC_PRODUCT.sub(" ", outside)
    evidence: list[str] = []
    for bracket in inside:
        found = words(MAC_PRODUCT.sub(" ", bracket))
        if found and all(word.isdigit() and not YEAR.match(word) for word in found):
            outside = f"{outside} {' '.join(found)}"
        else:
            evidence += found
    found = words(outside)
    if mac is not None:
        found = [word for word in found if not YEAR.match(word)]
    if facts.count is not None and facts.count > 1:
        found = [_singular(word) for word in found]
    identity, series = classify(found)
    return Query(identity, series, frozenset(evidence), facts, "5g" in found)


def _singular(word: str) -> str:
    return word[:-1] if re.fullmatch(r"\d{3,4}s", word) else word


class DeviceTable:
    """Devices by the identity words of their names."""

    def __init__(self, devices: Iterable[DeviceRow]) -> None:
        self._entries: dict[frozenset[str], list[Entry]] = defaultdict(list)
        self._socs: dict[frozenset[str], list[DeviceRow]] = defaultdict(list)
        self._sizes: dict[str, set[float]] = {}
        for row in devices:
            self._add(row)

    def _add(self, row: DeviceRow) -> None:
        full = parse(row.name)
        every = full.identity | full.series | full.evidence
        self._sizes[row.slug] = {*row.memory_options_gb}
        for name in (row.name, *row.aliases):
            query = parse(name)
            if query.facts.memory_gb is not None:
                self._sizes[row.slug].add(query.facts.memory_gb)
            identity, series = query.identity, query.series | query.evidence
            if row.kind == "tablet":  # "iPad Pro M4", "iPad Pro 2024": either tells the generation
                told = {
                    w for w in identity | query.evidence if YEAR.match(w) or re.fullmatch(r"[am]\d{1,2}", w)
                }
                identity, series = identity - told, series | told
            if row.kind != "phone" and row.kind != "tablet":
                years = frozenset(w for w in identity if YEAR.match(w))
                identity, series = identity - years, series | years
            by_memory = extract(split_brackets(clean(name))[0])[1].memory_gb is not None
            self._entries[identity].append(
                Entry(identity, series, query.facts, row, by_memory, query.five_g, every)
            )
        if row.kind in ("phone", "tablet"):
            for soc in row.architecture.split(" / "):
                found = frozenset(soc_words(soc))
                if found:
                    self._socs[found].append(row)

    def find(
        self,
        query: Query,
        hint_gb: float | None = None,
        hint_gb_per_s: float | None = None,
        *,
        plain: bool = True,
    ) -> list[DeviceRow]:
        """Entries that the query names, all of them equally well; [] when there is none.

        ``plain``: a name without a memory size is the entry named without one ("RTX 2060" is not the "RTX 2060 12 GB").
        """
        for entries in self._levels(query):
            if entries:
                return self._narrow(entries, query, hint_gb, hint_gb_per_s, plain)
        return self._with_bare_size(query)

    def _with_bare_size(self, query: Query) -> list[DeviceRow]:
        """Entries of "A100 80" or "3080 12": the last number is a memory size that the entry is sold with."""
        if query.facts.memory_gb is not None:
            return []
        for word in sorted(query.identity):
            if not word.isdigit() or not 4 <= int(word) <= 512:
                continue
            rest = replace(
                query, identity=query.identity - {word}, facts=replace(query.facts, memory_gb=float(word))
            )
            rows = self.find(rest) if rest.identity else []
            rows = [row for row in rows if row.kind in ("gpu", "apple") and self.offers(row, float(word))]
            if rows:
                return rows
        return []

    def offers(self, row: DeviceRow, memory_gb: float, count: int | None = None) -> bool:
        """Whether the device is sold, or called, with this memory; with a count it may be the sum over the devices."""
        sizes = {memory_gb, memory_gb / count} if count else {memory_gb}
        return any(abs(size - option) < 0.51 for size in sizes for option in self._sizes[row.slug])

    @staticmethod
    def sold_with(row: DeviceRow, memory_gb: float) -> bool:
        """Whether the size is one of the device's memory, not only a number in its name ("GH200 480GB")."""
        return not row.memory_options_gb or any(abs(memory_gb - o) < 0.51 for o in row.memory_options_gb)

    def _narrow(
        self,
        entries: list[Entry],
        query: Query,
        hint_gb: float | None,
        hint_gb_per_s: float | None,
        plain: bool,
    ) -> list[DeviceRow]:
        facts = query.facts
        if facts.bus and any(
            entry.facts.bus for entry in entries
        ):  # a card sold in one form only may be named with it
            entries = [e for e in entries if _same_bus(facts.bus, e.facts.bus)]
        entries = _by_cores(entries, facts)
        if facts.memory_gb is not None:
            offered = [e for e in entries if self.offers(e.row, facts.memory_gb, facts.count)]
            doubled = [e for e in entries if self.offers(e.row, facts.memory_gb / 2) and e.row.kind == "gpu"]
            entries = offered or doubled or entries
        elif hint_gb is not None:
            entries = [e for e in entries if reads_as(e.row, hint_gb)] or entries
        plainly = [e for e in entries if not e.named_by_memory]
        if plain and facts.memory_gb is None and hint_gb is None and plainly:
            entries = plainly
        if hint_gb_per_s is not None:
            entries = [
                e for e in entries if _near(e.row.bandwidth_bytes_per_s, hint_gb_per_s * 1e9)
            ] or entries
        return _unique(entry.row for entry in entries)

    def _levels(self, query: Query) -> Iterator[list[Entry]]:
        for identity in _identities(query):
            yield self._lookup(identity, query)
        plural = frozenset(_singular(word) for word in query.identity)
        if plural != query.identity:
            yield self._lookup(plural, query)
        bare = query.identity - BOARD_WORDS
        if bare != query.identity and any(any(c.isdigit() for c in w) for w in bare):
            yield [entry for entry in self._lookup(bare, query) if entry.row.kind == "gpu"]

    def siblings(self, query: Query) -> list[DeviceRow]:
        """Entries with the same words whatever their form, memory or bus: what a refusal should name."""
        for identity in _identities(query):
            found = self._entries.get(identity, [])
            if found:
                return _unique(entry.row for entry in found)
        return []

    def by_soc(self, text: str) -> list[DeviceRow]:
        """Phones and tablets built on the system-on-chip that the text names."""
        return list(self._socs.get(frozenset(soc_words(text)), []))

    def _lookup(self, identity: frozenset[str], query: Query) -> list[Entry]:
        tablet_words = frozenset(w for w in identity if YEAR.match(w) or re.fullmatch(r"[am]\d{1,2}", w))
        found: list[Entry] = []
        for entry in self._entries.get(identity, []):
            if _series_fit(query, entry) and not _contradicts(query, entry):
                found.append(entry)
        if not found and tablet_words and "ipad" in identity:
            for entry in self._entries.get(identity - tablet_words, []):
                if tablet_words <= entry.series:
                    found.append(entry)
        return _most_alike(found, query)


def _identities(query: Query) -> list[frozenset[str]]:
    """The query's identity, then without years."""
    identities = [query.identity]
    years = frozenset(w for w in query.identity if YEAR.match(w))
    if years and "ipad" not in query.identity:
        identities.append(query.identity - years)
    return [identity for identity in identities if identity]


def _series_fit(query: Query, entry: Entry) -> bool:
    """Whether every series word of the query is the entry's, its architecture's name, or its maker's server brand."""
    allowed = entry.series | set(entry.row.architecture.casefold().split())
    if entry.row.form_factor == "server":
        allowed |= {"tesla"} if entry.row.vendor == "NVIDIA" else {"radeon", "instinct"}
    return query.series <= allowed


def _contradicts(query: Query, entry: Entry) -> bool:
    """ "Quadro 6000" is not the Quadro RTX 6000, and a laptop part is not the desktop card of the same number."""
    if "quadro" in query.series and "rtx" in entry.series and "rtx" not in query.series:
        return True
    if entry.five_g and not query.five_g:
        return True
    if query.facts.max_q and not entry.facts.max_q and not query.facts.laptop:
        return True
    if entry.row.kind == "gpu" and entry.laptop != query.facts.laptop:
        # Products that only exist as laptop parts and say so in their number ("RX 7900M") need no word for it.
        return not (entry.laptop and not entry.facts.laptop)
    return False


def _most_alike(entries: list[Entry], query: Query) -> list[Entry]:
    """Entries that carry no series word beyond the query's, where there are any; else all."""
    if len(entries) < 2:
        return entries
    same_max_q = [entry for entry in entries if entry.facts.max_q == query.facts.max_q]
    if query.series & {"workstation", "server_edition"} and same_max_q:
        entries = same_max_q
    exact = [
        e
        for e in entries
        if e.series & {"quadro", "ada"} == query.series & {"quadro", "ada"} and query.series
    ]
    if exact and query.series & {"quadro", "ada"}:
        entries = exact
    most = max(len(query.evidence & entry.witnesses) for entry in entries)
    return [entry for entry in entries if len(query.evidence & entry.witnesses) == most]


def _same_bus(said: str, own: str) -> bool:
    """ "SXM" is any generation of it, "SXM3" is not the SXM2 module."""
    return said == own or (said.startswith("sxm") and own.startswith("sxm") and "sxm" in (said, own))


def _by_cores(entries: list[Entry], facts: Facts) -> list[Entry]:
    """Entries of the stated bin. "76 core" is a GPU's, or else a CPU's, where a bin has that many."""
    told = [e for e in entries if e.facts.gpu_cores is not None]
    if facts.gpu_cores is not None and told:
        return [e for e in told if e.facts.gpu_cores == facts.gpu_cores]
    if facts.performance_cores is not None:
        return [e for e in entries if e.facts.performance_cores == facts.performance_cores] or entries
    by_gpu = [e for e in told if e.facts.gpu_cores == facts.cores] if facts.cores else []
    cpu_cores = facts.cpu_cores or facts.cores
    return by_gpu or [e for e in entries if cpu_cores and e.facts.cpu_cores == cpu_cores] or entries


def reads_as(row: DeviceRow, memory_gb: float) -> bool:
    """Whether a program may read this much memory on the device."""
    return any(MEMORY_READING * option <= memory_gb <= 1.02 * option for option in row.memory_options_gb)


def _near(value: float | None, wanted: float) -> bool:
    return value is not None and max(value, wanted) <= BANDWIDTH_RATIO * min(value, wanted)


def _unique(rows: Iterable[DeviceRow]) -> list[DeviceRow]:
    return list({row.slug: row for row in rows}.values())


def figures_agree(rows: Sequence[DeviceRow]) -> bool:
    """Whether an answer for one of the rows holds for all: the same bandwidth, nearly the same compute."""
    bandwidths = [row.bandwidth_bytes_per_s for row in rows]
    known = [b for b in bandwidths if b]
    if len(known) != len(rows) or max(known) > BANDWIDTH_RATIO * min(known):
        return False
    for figure in ("fp16_flops_per_s", "fp32_flops_per_s"):
        computes = [getattr(row, figure) for row in rows]
        if all(computes) and max(computes) > COMPUTE_RATIO * min(computes):
            return False
    return True


def memory_overlaps(rows: Sequence[DeviceRow]) -> bool:
    """Whether one memory size fits all the rows, so that the size does not tell them apart."""
    options = [set(row.memory_options_gb) for row in rows]
    return any(not o for o in options) or bool(set.intersection(*options)) if options else True


_SOC_FILLER = word_set(
    """
    qualcomm mediatek samsung apple google bionic phone device qrd mobile platform soc smartphone tablet
    hdk chip the reference crd adp gb ram iphone ipad cpu npu gpu
    """
)
_SOC_CODES = re.compile(r"^(?:sm|mt|qti|s5e|gs)\d*\w*$")


def soc_words(text: str) -> list[str]:
    """Words that name a system-on-chip: "Qualcomm Snapdragon 8 Elite Gen 5 (QRD)" -> snapdragon, 8, elite, gen, 5."""
    outside, _ = split_brackets(extract(clean(text))[0])
    found = re.findall(r"[a-z]+|\d+\+?[a-z]*(?:\+)?", outside.replace("+", " plus"))
    return [word for word in found if word not in _SOC_FILLER and not _SOC_CODES.match(word)]
