"""One device of a text to a Resolution: exact names, words, CPUs, systems-on-chip, near names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hardware_catalog.names import cpus
from hardware_catalog.names.close import CloseNames
from hardware_catalog.names.devices import (
    DeviceTable,
    Query,
    figures_agree,
    memory_overlaps,
    parse_cleaned,
    reads_as,
)
from hardware_catalog.names.facts import Facts
from hardware_catalog.names.normalise import clean, key, split_brackets
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, OK, Resolution
from hardware_catalog.names.stated_memory import checked
from hardware_catalog.rows import DeviceRow

_CPU_ONLY = re.compile(r"\bcpu\b")
_PHONE_CHIP = re.compile(r"^a\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A text about one device, and what the asker knows beside it."""

    text: str
    cleaned: str
    memory_gb: float | None = None
    bandwidth_gbs: float | None = None
    backend: str | None = None


class SingleDevices:
    """Resolves texts that name one kind of device."""

    def __init__(self, devices: Sequence[DeviceRow]) -> None:
        self.rows = {row.slug: row for row in devices}
        self.table = DeviceTable(devices)
        self.cpus = cpus.CpuTable(devices)
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._rules: dict[str, str] = {}
        self._queries: dict[str, Query] = {}
        for row in devices:
            for rule, names in (("slug", (row.slug,)), ("name", (row.name,)), ("alias", row.aliases)):
                for name in names:
                    wanted = key(name)
                    if row.slug not in self._exact[wanted]:
                        self._exact[wanted].append(row.slug)
                    self._rules.setdefault(wanted, rule)
        self._close = CloseNames({name: slugs[0] for name, slugs in self._exact.items()})

    def is_exact(self, cleaned: str) -> bool:
        """Whether the text is a slug, a name or an alias, word for word."""
        return key(cleaned) in self._exact

    def resolve(self, asked: Asked) -> Resolution:
        """The entry of the text, the first rule that knows it."""
        wanted = key(asked.cleaned)
        exact = [self.rows[slug] for slug in self._exact.get(wanted, [])]
        query = self._queries.get(wanted) if exact else None
        if query is None:
            query = parse_cleaned(asked.cleaned)
        if exact:
            self._queries[wanted] = query  # at most one per name of the catalog
            size = asked.memory_gb
            fitting = [r for r in exact if size is None or reads_as(r, size) or not r.memory_options_gb]
            if fitting or not self.table.find(query, size, asked.bandwidth_gbs):
                return self._decide(asked, fitting or exact, query, self._rules[wanted])
        rows = self.table.find(query, asked.memory_gb, asked.bandwidth_gbs)
        if rows and rows[0].kind == "apple" and "mac" not in asked.cleaned and _names_phone_chip(query):
            return self._in_brackets(asked, query) or self._any_with_chip(
                asked, query, [*rows, *self.table.by_soc(asked.cleaned)]
            )
        if rows:
            return self._decide(asked, rows, query, "tokens")
        cpu = self.cpus.find(asked.cleaned)
        if cpu is not None and cpu.slugs:
            return self._platform(asked, cpu, query)
        if cpu is None:
            other = self._in_brackets(asked, query) or self._by_chip(asked, query)
            if other is not None:
                return other
        return self._refuse(asked, query, cpu is not None)

    def _in_brackets(self, asked: Asked, query: Query) -> Resolution | None:
        """The device that only the brackets name: "MacBook Pro 2023 (M3)"."""
        for bracket in split_brackets(asked.cleaned)[1]:
            inner = parse_cleaned(bracket)
            rows = self.table.find(inner, asked.memory_gb, asked.bandwidth_gbs)
            if rows and has_number(inner):
                facts = replace(
                    inner.facts,
                    count=query.facts.count or inner.facts.count,
                    memory_gb=inner.facts.memory_gb or query.facts.memory_gb,
                )
                return self._decide(asked, rows, replace(inner, facts=facts), "brackets")
        return None

    def _by_chip(self, asked: Asked, query: Query) -> Resolution | None:
        """Any phone with the system-on-chip that the text names."""
        outside, inside = split_brackets(asked.cleaned)
        named = (outside, *(part for bracket in inside for part in bracket.split(",")))
        phones = next((rows for part in named if (rows := self.table.by_soc(part))), [])
        return self._any_with_chip(asked, query, phones) if phones else None

    def _any_with_chip(self, asked: Asked, query: Query, phones: Sequence[DeviceRow]) -> Resolution:
        found = self._decide(asked, phones, query, "soc")
        reason = "The text names a chip, not a device: any device with it."
        slug = found.slug if found.figures_agree else ""
        return replace(found, status=AMBIGUOUS, slug=slug, name=found.name if slug else "", reason=reason)

    def _decide(self, asked: Asked, rows: Sequence[DeviceRow], query: Query, rule: str) -> Resolution:
        stated = query.facts.memory_gb if query.facts.memory_gb is not None else asked.memory_gb
        agree = figures_agree(rows) if len(rows) > 1 else False
        ok = len(rows) == 1 or (agree and (stated is not None or memory_overlaps(rows)))
        chosen = _lowest(rows) if len(rows) == 1 or agree else None
        result = Resolution(
            "device",
            asked.text,
            OK if ok else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=named(rows),
            figures_agree=agree,
            rule=rule,
            reason="" if ok else _why_ambiguous(rows, agree),
        )
        result = checked(
            self.table, with_facts(result, query.facts), rows, query, asked.memory_gb, asked.cleaned
        )
        return _with_processor(result, rows[0], asked)

    def _platform(self, asked: Asked, cpu: cpus.CpuMatch, query: Query) -> Resolution:
        """A computer named by its CPU or integrated GPU."""
        facts = query.facts
        every = [self.rows[slug] for slug in cpu.slugs]
        rows = cpus.choose(every, facts, asked.bandwidth_gbs)
        rows = [row for row in rows if row.slug == cpu.usual] or rows
        agree = figures_agree(rows) if len(rows) > 1 else False
        chosen = rows[0] if len(rows) == 1 or agree else None
        bandwidth = facts.bandwidth(cpus.channels(rows[0])) if chosen or facts.channels else None
        if bandwidth is not None and chosen is None:
            chosen = rows[0]  # the stated memory is the very figure in which the entries differ
        others = [row for row in (every if chosen else rows) if row is not chosen]
        machine = every[0].form_factor == "server" or facts.channels is not None  # "2x EPYC" is one machine
        result = Resolution(
            "device",
            asked.text,
            OK if chosen else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=named([chosen, *others] if chosen else rows),
            figures_agree=agree,
            rule="cpu",
            reason=""
            if chosen
            else "The platform is sold with several kinds of memory; the text does not say which.",
        )
        return replace(
            with_facts(result, facts),
            bandwidth_bytes_per_s=bandwidth,
            bandwidth_assumed=chosen is not None and bandwidth is None and not _soldered(chosen),
            count=None if machine else facts.count,
            sockets=facts.sockets or (facts.count if machine else None),
            processor=cpus.processor(asked.cleaned, asked.backend) or "cpu",
        )

    def _refuse(self, asked: Asked, query: Query, is_cpu: bool) -> Resolution:
        near = [row.slug for row in self.table.siblings(query)] or self._close.near(asked.cleaned)
        shown = repr(asked.text[:80])
        reason = f"{shown} is not in the catalog."
        if is_cpu:
            reason = f"The platform of this CPU is not in the catalog: {shown}."
        elif near:
            reason = f"{reason} Near: {', '.join(self.rows[slug].name for slug in near[:3])}."
        candidates = named([self.rows[slug] for slug in near])
        rule = "close" if near else ""
        refusal = Resolution(
            "device", asked.text, NOT_IN_CATALOG, candidates=candidates, rule=rule, reason=reason
        )
        return with_facts(refusal, query.facts)


def with_facts(result: Resolution, facts: Facts) -> Resolution:
    """The resolution with what the text itself states."""
    return replace(
        result,
        count=facts.count,
        memory_gb=facts.memory_gb,
        gpu_cores=facts.gpu_cores,
        form_factor="laptop" if facts.laptop else "",
        memory_channels=facts.channels,
        memory_rate_mts=facts.rate_mts,
        power_limit_w=facts.power_w,
    )


def _with_processor(result: Resolution, row: DeviceRow, asked: Asked) -> Resolution:
    told = clean(asked.backend or "")
    if row.kind in ("gpu", "accelerator"):
        if re.fullmatch(r"cpu(?: [a-z0-9_ ]*)?", told):
            reason = f"The run was on the CPU of an unnamed host of {row.name}."
            return replace(result, status=NOT_IN_CATALOG, slug="", name="", processor="cpu", reason=reason)
        return replace(result, processor="gpu")
    if row.kind == "computer" and row.vendor != "NVIDIA":
        return replace(result, processor=cpus.processor(asked.cleaned, asked.backend))
    if re.search(r"\bnpu\b|\bhexagon\b|\bqnn\b|\bhtp\b", told):
        return replace(result, processor="npu")
    on_cpu = _CPU_ONLY.search(told) is not None and "gpu" not in told
    return replace(result, processor="cpu" if on_cpu else "gpu" if told else "")


def _names_phone_chip(query: Query) -> bool:
    """Whether the name is a chip that phones carry as well as a Mac: "A18 Pro"."""
    return any(_PHONE_CHIP.match(word) for word in query.identity)


def has_number(query: Query) -> bool:
    """Whether the identity has a number: without one, brackets rarely name a device."""
    return any(any(c.isdigit() for c in word) for word in query.identity)


def _soldered(row: DeviceRow) -> bool:
    """Whether the memory is part of the board, so that every such computer has the same: LPDDR."""
    return row.memory_type.upper().startswith("LPDDR")


def named(rows: Sequence[DeviceRow]) -> tuple[tuple[str, str], ...]:
    """(slug, name) of the rows."""
    return tuple((row.slug, row.name) for row in rows)


def _lowest(rows: Sequence[DeviceRow]) -> DeviceRow:
    """The row of the lowest figures: what a promise for all of them may rest on."""
    return min(rows, key=lambda row: (row.bandwidth_bytes_per_s or 0.0, row.fp16_flops_per_s or 0.0))


def _why_ambiguous(rows: Sequence[DeviceRow], agree: bool) -> str:
    names = ", ".join(row.name for row in rows[:4]) + (", …" if len(rows) > 4 else "")
    if agree:
        return f"Several entries have this name and differ in their memory: {names}."
    return f"Several entries have this name: {names}."
