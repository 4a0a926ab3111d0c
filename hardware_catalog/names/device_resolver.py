"""One device text to a Resolution: exact names, words, CPUs, systems-on-chip, composite machines, near names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

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
from hardware_catalog.names.facts import Facts, extract
from hardware_catalog.names.normalise import clean, key, split_brackets, split_top_level
from hardware_catalog.names.resolution import AMBIGUOUS, COMPOSITE, NOT_IN_CATALOG, OK, Part, Resolution
from hardware_catalog.rows import DeviceRow

_AND = re.compile(r" \+ | & | and (?=\d|nvidia|geforce|rtx|radeon|amd|intel)|, (?=amd instinct|nvidia h|nvidia a)")
_NOT_A_PART = re.compile(r"^(?:pcie gen ?\d )?(?:nvme|ssd|flash|usb)\b")
_HOST = re.compile(r"\b(?:cpu|host|server|pc)\b")
_CPU_ONLY = re.compile(r"\bcpu\b")
_MODIFIED = re.compile(r"\bmod(?:ified|ded)?\b")
MODIFIED_FACTOR = 2.0  # memory chips of twice the capacity on the same board


class DeviceResolver:
    """Resolves device texts against the catalog's devices."""

    def __init__(self, devices: Sequence[DeviceRow]) -> None:
        self._rows = {row.slug: row for row in devices}
        self._table = DeviceTable(devices)
        self._cpus = cpus.CpuTable(devices)
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._rules: dict[str, str] = {}
        for row in devices:
            for rule, names in (("slug", (row.slug,)), ("name", (row.name,)), ("alias", row.aliases)):
                for name in names:
                    wanted = key(name)
                    if row.slug not in self._exact[wanted]:
                        self._exact[wanted].append(row.slug)
                    self._rules.setdefault(wanted, rule)
        self._close = CloseNames({name: slugs[0] for name, slugs in self._exact.items()})

    def resolve(
        self,
        text: str,
        *,
        memory_gb: float | None = None,
        bandwidth_gbs: float | None = None,
        backend: str | None = None,
    ) -> Resolution:
        """See NameIndex.resolve_device."""
        cleaned = clean(text)
        if not cleaned:
            return Resolution("device", text, NOT_IN_CATALOG, reason="No device is named.")
        parts = _parts(cleaned)
        if len(parts) > 1 and key(text) not in self._exact:
            return self._composite(text, parts, backend)
        single = parts[0] if len(parts) == 1 else cleaned
        bracketed = self._bracketed_gpu(single)
        if bracketed:
            return self._composite(text, bracketed, backend)
        return self._single(text, single, memory_gb, bandwidth_gbs, backend)

    # One device.

    def _single(
        self, text: str, cleaned: str, memory_gb: float | None, bandwidth_gbs: float | None, backend: str | None
    ) -> Resolution:
        query = parse_cleaned(cleaned)
        exact = [self._rows[slug] for slug in self._exact.get(key(cleaned), [])]
        if exact:
            fitting = [row for row in exact if memory_gb is None or reads_as(row, memory_gb) or not row.memory_options_gb]
            if fitting or not self._table.find(query, memory_gb, bandwidth_gbs):
                return self._decide(text, cleaned, fitting or exact, query, self._rules[key(cleaned)], memory_gb, backend)
        rows = self._table.find(query, memory_gb, bandwidth_gbs)
        if rows:
            return self._decide(text, cleaned, rows, query, "tokens", memory_gb, backend)
        cpu = self._cpus.find(cleaned)
        if cpu is not None and cpu.slugs:
            return self._platform(text, cleaned, cpu, query, backend)
        if cpu is None:
            found = self._by_chip_or_bracket(text, cleaned, query, memory_gb, bandwidth_gbs, backend)
            if found is not None:
                return found
        return self._refuse(text, cleaned, query, cpu is not None)

    def _by_chip_or_bracket(
        self,
        text: str,
        cleaned: str,
        query: Query,
        memory_gb: float | None,
        bandwidth_gbs: float | None,
        backend: str | None,
    ) -> Resolution | None:
        outside, inside = split_brackets(cleaned)
        for bracket in inside:
            inner = parse_cleaned(bracket)
            rows = self._table.find(inner, memory_gb, bandwidth_gbs)
            if rows and _has_number(inner):
                facts = _merged(query.facts, inner.facts)
                return self._decide(text, cleaned, rows, replace(inner, facts=facts), "brackets", memory_gb, backend)
        named = (outside, *(word for bracket in inside for word in bracket.split(",")))
        phones = next((found for text_of_chip in named if (found := self._table.by_soc(text_of_chip))), [])
        if phones:
            found = self._decide(text, cleaned, phones, query, "soc", memory_gb, backend)
            reason = "The text names a chip, not a device: any device with it."
            return replace(found, status=AMBIGUOUS, slug=found.slug if found.figures_agree else "", reason=reason)
        return None

    def _decide(
        self,
        text: str,
        cleaned: str,
        rows: Sequence[DeviceRow],
        query: Query,
        rule: str,
        hint_gb: float | None,
        backend: str | None,
    ) -> Resolution:
        facts = query.facts
        stated = facts.memory_gb if facts.memory_gb is not None else hint_gb
        agree = figures_agree(rows) if len(rows) > 1 else False
        told = len(rows) == 1 or (agree and (stated is not None or memory_overlaps(rows)))
        chosen = _lowest(rows) if len(rows) == 1 or agree else None
        result = Resolution(
            "device",
            text,
            OK if told else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=_named(rows),
            figures_agree=agree,
            rule=rule,
            reason="" if told else _why_ambiguous(rows, agree),
            **_said(facts),
        )
        result = self._with_siblings(result, query)
        result = self._with_memory(result, rows, query, hint_gb, _MODIFIED.search(cleaned) is not None)
        return _with_processor(result, rows[0], cleaned, backend)

    def _with_siblings(self, result: Resolution, query: Query) -> Resolution:
        """A plain name that is one card's own ("RTX 3080") stays, with its namesakes told."""
        if len(result.candidates) != 1 or query.facts.memory_gb is not None or result.rule == "slug":
            return result
        alike = self._table.find(query, plain=False)
        if len(alike) < 2 or result.slug not in {row.slug for row in alike}:
            return result
        first = self._rows[result.slug]
        others = [row for row in alike if row.slug != first.slug]
        names = ", ".join(row.name for row in others)
        return replace(
            result,
            candidates=_named([first, *others]),
            figures_agree=figures_agree(alike),
            reason=f"Taken as the {first.name}, whose plain name this is; there is also {names}.",
        )

    def _with_memory(
        self, result: Resolution, rows: Sequence[DeviceRow], query: Query, hint_gb: float | None, modified: bool
    ) -> Resolution:
        """Check the stated memory: a size that only the laptop part has, or a modified card."""
        stated = query.facts.memory_gb
        count = query.facts.count
        if stated is not None:
            fits = [row for row in rows if self._table.offers(row, stated, count) or not row.memory_options_gb]
            if fits and count and not any(self._table.offers(row, stated) for row in fits if row.memory_options_gb):
                # "dual 48 GB" is the sum over the devices, or two cards rebuilt with twice the memory: not told.
                told = stated / count if count != MODIFIED_FACTOR or query.facts.summed else None
                return replace(result, memory_gb=told)
        else:
            fits = [row for row in rows if hint_gb is None or reads_as(row, hint_gb) or not row.memory_options_gb]
        size = stated if stated is not None else hint_gb
        if fits or size is None:
            return result
        others = [row for row in self._table.siblings(query) if self._table.offers(row, size)]
        if others:
            reason = f"{size:g} GB is the memory of {others[0].name}, not of {rows[0].name}."
            named = _named([*others, *rows])
            return replace(result, status=AMBIGUOUS, slug="", name="", candidates=named, figures_agree=False, reason=reason)
        if stated is None:
            return result
        if rows[0].kind != "gpu":
            return replace(result, memory_unlisted=True)
        doubled = any(abs(stated - MODIFIED_FACTOR * option) < 0.51 for row in rows for option in row.memory_options_gb)
        if doubled or modified:
            return replace(result, memory_unlisted=True, reason=f"{stated:g} GB is not sold by the maker: a modified card.")
        reason = f"No {rows[0].name} with {stated:g} GB is in the catalog."
        return replace(result, status=NOT_IN_CATALOG, slug="", name="", figures_agree=False, reason=reason)

    def _platform(
        self, text: str, cleaned: str, cpu: cpus.CpuMatch, query: Query, backend: str | None
    ) -> Resolution:
        """A computer named by its CPU or integrated GPU."""
        facts = query.facts
        every = [self._rows[slug] for slug in cpu.slugs]
        rows = cpus.choose(every, facts)
        usual = [row for row in rows if row.slug == cpu.usual]
        if usual and len(rows) > 1:
            rows = usual
        agree = figures_agree(rows) if len(rows) > 1 else False
        chosen = rows[0] if len(rows) == 1 or agree else None
        bandwidth = facts.bandwidth(cpus.channels(rows[0])) if chosen or facts.channels else None
        if bandwidth is not None and chosen is None:
            chosen = rows[0]  # the stated memory is the very figure in which the entries differ
        ok = chosen is not None
        reason = "" if ok else "The platform is sold with several kinds of memory; the text does not say which."
        result = Resolution(
            "device",
            text,
            OK if ok else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=_named(rows if not ok else [chosen, *(r for r in every if r is not chosen)] if chosen else rows),
            figures_agree=agree,
            rule="cpu",
            reason=reason,
            **{**_said(facts), "bandwidth_bytes_per_s": bandwidth, "sockets": facts.sockets or facts.count},
        )
        if every[0].form_factor == "server" or facts.channels:
            result = replace(result, count=None)  # "2x EPYC" is one machine of two sockets
        else:
            result = replace(result, sockets=facts.sockets)
        result = replace(result, bandwidth_assumed=ok and bandwidth is None and not every[0].unified_memory)
        return replace(result, processor=cpus.processor(cleaned, backend) or "cpu")

    def _refuse(self, text: str, cleaned: str, query: Query, is_cpu: bool) -> Resolution:
        near = [row.slug for row in self._table.siblings(query)] or self._close.near(cleaned)
        reason = f"{text[:80]!r} is not in the catalog."
        if is_cpu:
            reason = f"The platform of this CPU is not in the catalog: {text[:80]!r}."
        elif near:
            reason = f"{reason} Near: {', '.join(self._rows[slug].name for slug in near[:3])}."
        return Resolution(
            "device",
            text,
            NOT_IN_CATALOG,
            candidates=_named([self._rows[slug] for slug in near]),
            rule="close" if near else "",
            reason=reason,
            **_said(query.facts),
        )

    # Composite machines.

    def _bracketed_gpu(self, cleaned: str) -> list[str]:
        """[host, GPU] of "Pi 5 - 8GB (AMD RX 6700 XT)"; [] when the brackets name no card beside a host."""
        outside, inside = split_brackets(cleaned)
        if not inside:
            return []
        for bracket in inside:
            rows = self._table.find(parse_cleaned(bracket))
            if not rows or rows[0].kind != "gpu" or not _has_number(parse_cleaned(bracket)):
                continue
            outer = self._table.find(parse_cleaned(outside))
            cpu = self._cpus.find(outside)
            host = (outer and outer[0].kind == "computer") or cpu is not None or _HOST.search(outside)
            if host and not (outer and outer[0].kind == "gpu") and not any(r.form_factor == "laptop" for r in rows):
                return [outside, bracket]
        return []

    def _composite(self, text: str, parts: Sequence[str], backend: str | None) -> Resolution:
        found = [(part, self._single(part, part, None, None, None)) for part in parts]
        devices: list[tuple[str, Resolution]] = []
        hosts: list[tuple[str, Resolution]] = []
        for part, resolution in found:
            row = self._rows.get(resolution.slug or (resolution.candidates[0][0] if resolution.candidates else ""))
            unknown = resolution.status == NOT_IN_CATALOG
            is_cpu = self._cpus.find(part) is not None or (_HOST.search(part) is not None and unknown)
            if is_cpu or (row is not None and row.kind == "computer" and not unknown) or (unknown and not devices and not hosts):
                hosts.append((part, resolution))
            elif not (unknown and extract(part)[1].rate_mts):
                devices.append((part, resolution))
        told = (
            *(Part("host", part, r.status, r.slug, r.sockets or 1) for part, r in hosts),
            *(Part("device", part, r.status, r.slug, r.count or 1) for part, r in devices),
        )
        if not devices:
            reason = "No part of this machine is an accelerator of the catalog."
            return Resolution("device", text, NOT_IN_CATALOG, parts=told, reason=reason)
        return self._compose(text, parts, hosts, devices, told, backend)

    def _compose(
        self,
        text: str,
        parts: Sequence[str],
        hosts: Sequence[tuple[str, Resolution]],
        devices: Sequence[tuple[str, Resolution]],
        told: tuple[Part, ...],
        backend: str | None,
    ) -> Resolution:
        first = devices[0][1]
        kinds = {r.slug for _, r in devices}
        host_text, host = hosts[0] if hosts else ("", None)
        host_facts = [extract(part)[1] for part in parts if part not in {p for p, _ in devices}]
        bandwidth = (host.bandwidth_bytes_per_s if host else None) or next(
            (b for facts in host_facts if (b := facts.bandwidth(2 if facts.rate_mts and facts.channels else None))), None
        )
        refused = next((r for _, r in devices if not r.answerable), None)
        result = replace(
            first,
            text=text,
            status=COMPOSITE if refused is None else refused.status,
            count=sum(r.count or 1 for _, r in devices) if len(kinds) == 1 else None,
            host_slug=host.slug if host else "",
            host_text=host_text,
            host_memory_gb=next((f.memory_gb for f in host_facts if f.memory_gb), None),
            host_bandwidth_bytes_per_s=bandwidth,
            host_sockets=host.sockets if host else None,
            parts=told,
            processor=_hybrid(backend),
        )
        if refused is not None:
            return replace(result, slug="", name="", candidates=refused.candidates, reason=refused.reason)
        if len(kinds) > 1:
            named = tuple(dict.fromkeys((r.slug, r.name) for _, r in devices))
            reason = "Several kinds of accelerator: " + ", ".join(name for _, name in named) + "."
            return replace(result, slug="", name="", candidates=named, figures_agree=False, reason=reason)
        return result


def _parts(cleaned: str) -> list[str]:
    """Parts of a composite machine; a part that only states memory ("+ MRDIMM-8800") belongs to the one before."""
    parts: list[str] = []
    for part in split_top_level(cleaned, _AND):
        if _NOT_A_PART.match(part):
            continue
        rest, facts = extract(part)
        if parts and not rest and (facts.memory_type or facts.memory_gb):
            parts[-1] = f"{parts[-1]} ({part})"
        else:
            parts.append(part)
    return parts


def _hybrid(backend: str | None) -> str:
    told = clean(backend or "")
    return "cpu" if told and _CPU_ONLY.search(told) and not re.search(r"cuda|gpu|rocm|vulkan|metal", told) else "gpu"


def _with_processor(result: Resolution, row: DeviceRow, cleaned: str, backend: str | None) -> Resolution:
    told = clean(backend or "")
    if row.kind in ("gpu", "accelerator"):
        if re.fullmatch(r"cpu(?: [a-z0-9_ ]*)?", told):
            reason = f"The run was on the CPU of an unnamed host of {row.name}."
            return replace(result, status=NOT_IN_CATALOG, slug="", name="", processor="cpu", reason=reason)
        return replace(result, processor="gpu")
    if row.kind == "computer" and row.vendor != "NVIDIA":
        return replace(result, processor=cpus.processor(cleaned, backend))
    if re.search(r"\bnpu\b|\bhexagon\b|\bqnn\b|\bhtp\b", told):
        return replace(result, processor="npu")
    return replace(result, processor="cpu" if _CPU_ONLY.search(told) and "gpu" not in told else "gpu" if told else "")


def _said(facts: Facts) -> dict[str, object]:
    """Resolution fields that the text itself states."""
    return {
        "count": facts.count,
        "memory_gb": facts.memory_gb,
        "gpu_cores": facts.gpu_cores,
        "form_factor": "laptop" if facts.laptop else "",
        "memory_channels": facts.channels,
        "memory_rate_mts": facts.rate_mts,
        "power_limit_w": facts.power_w,
    }


def _merged(outer: Facts, inner: Facts) -> Facts:
    return replace(inner, count=outer.count or inner.count, memory_gb=inner.memory_gb or outer.memory_gb)


def _has_number(query: Query) -> bool:
    return any(any(c.isdigit() for c in word) for word in query.identity)


def _named(rows: Sequence[DeviceRow]) -> tuple[tuple[str, str], ...]:
    return tuple((row.slug, row.name) for row in rows)


def _lowest(rows: Sequence[DeviceRow]) -> DeviceRow:
    """The row of the lowest figures: what a promise for all of them may rest on."""
    return min(rows, key=lambda row: (row.bandwidth_bytes_per_s or 0.0, row.fp16_flops_per_s or 0.0))


def _why_ambiguous(rows: Sequence[DeviceRow], agree: bool) -> str:
    names = ", ".join(row.name for row in rows[:4]) + (", …" if len(rows) > 4 else "")
    if agree:
        return f"Several entries have this name and differ in their memory: {names}."
    return f"Several entries have this name: {names}."
