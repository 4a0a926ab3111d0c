"""One device text to a Resolution: a single device, or a host with accelerators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hardware_catalog.names.devices import parse_cleaned
from hardware_catalog.names.facts import extract
from hardware_catalog.names.normalise import clean
from hardware_catalog.names.parts import is_external, split_parts, states_only_memory
from hardware_catalog.names.resolution import AMBIGUOUS, COMPOSITE, NOT_IN_CATALOG, Part, Resolution
from hardware_catalog.names.single_device import Asked, SingleDevices, named
from hardware_catalog.rows import DeviceRow

_HOST = re.compile(r"\b(?:cpu|host|server|pc)\b")
_ACCELERATED = re.compile(r"cuda|gpu|rocm|vulkan|metal")

Parts = list[tuple[str, Resolution]]


class DeviceResolver:
    """Resolves device texts against the catalog's devices."""

    def __init__(self, devices: Sequence[DeviceRow]) -> None:
        self._single = SingleDevices(devices)

    def resolve(
        self,
        text: str,
        *,
        memory_gb: float | None = None,
        bandwidth_gbs: float | None = None,
        backend: str | None = None,
    ) -> Resolution:
        """See NameIndex.resolve_device."""
        cleaned = clean(text).replace("_", " ").strip()
        if not cleaned:
            return Resolution("device", text, NOT_IN_CATALOG, reason="No device is named.")
        asked = Asked(text, cleaned, memory_gb, bandwidth_gbs, backend)
        if self._single.is_exact(cleaned):
            return self._single.resolve(asked)
        parts = split_parts(cleaned, self._single)
        if len(parts) > 1:
            return self._composite(text, parts, backend)
        return self._single.resolve(replace(asked, cleaned=parts[0]))

    def _composite(self, text: str, parts: Sequence[str], backend: str | None) -> Resolution:
        hosts: Parts = []
        devices: Parts = []
        for part in parts:
            if states_only_memory(part):
                continue
            found = self._single.resolve(Asked(part, part))
            if self._is_host(part, found) or (
                found.status == NOT_IN_CATALOG and not devices and not hosts and len(parts) > 1
            ):
                hosts.append((part, found))
            elif not (found.status == NOT_IN_CATALOG and extract(part)[1].rate_mts):
                devices.append((part, found))
        told = (
            *(Part("host", part, r.status, r.slug, r.sockets or 1) for part, r in hosts),
            *(Part("device", part, r.status, r.slug, r.count or 1) for part, r in devices),
        )
        if not devices:
            reason = "No part of this machine is an accelerator of the catalog."
            return Resolution("device", text, NOT_IN_CATALOG, parts=told, reason=reason)
        accelerators = {part for part, _ in devices}
        beside = [part for part in parts if part not in accelerators]
        whole = replace(
            self._beside_mobile(_accelerators(devices), hosts, text),
            text=text,
            parts=told,
            processor="gpu" if _uses_gpu(backend) else "cpu",
        )
        return _with_host(whole, hosts, beside)

    def _beside_mobile(self, result: Resolution, hosts: Parts, text: str) -> Resolution:
        """A card beside a mobile processor is the laptop part of that number, or an external card: ask."""
        slugs = [
            slug for _, host in hosts for slug in (host.slug, *(slug for slug, _ in host.candidates[:1]))
        ]
        mobile = any(self._single.rows[slug].form_factor == "laptop" for slug in slugs if slug)
        if not (mobile and result.slug) or is_external(clean(text)):
            return result
        chosen = self._single.rows[result.slug]
        laptops = [
            row
            for row in self._single.table.siblings(parse_cleaned(clean(chosen.name)))
            if row.kind == "gpu" and row.form_factor == "laptop"
        ]
        if not laptops or chosen.form_factor == "laptop":
            return result
        reason = f"Beside a mobile processor it may be the {laptops[0].name} or an external {chosen.name}."
        candidates = named([*laptops, chosen])
        return replace(result, status=AMBIGUOUS, slug="", name="", candidates=candidates, reason=reason)

    def _is_host(self, part: str, found: Resolution) -> bool:
        unknown = found.status == NOT_IN_CATALOG
        if self._single.cpus.find(part) is not None or (unknown and _HOST.search(part)):
            return True
        slug = found.slug or (found.candidates[0][0] if found.candidates else "")
        return not unknown and slug in self._single.rows and self._single.rows[slug].kind == "computer"


def _accelerators(devices: Parts) -> Resolution:
    """One resolution for all accelerators of a machine: of one kind, of several, or not all known."""
    first = devices[0][1]
    refused = next((r for _, r in devices if not r.answerable), None)
    if refused is not None:
        return replace(refused, slug="", name="")
    if len({r.slug for _, r in devices}) > 1:
        named = tuple(dict.fromkeys((r.slug, r.name) for _, r in devices))
        reason = "Several kinds of accelerator: " + ", ".join(name for _, name in named) + "."
        return replace(
            first,
            status=COMPOSITE,
            slug="",
            name="",
            candidates=named,
            count=None,
            memory_gb=None,
            figures_agree=False,
            reason=reason,
        )
    return replace(first, status=COMPOSITE, count=sum(r.count or 1 for _, r in devices))


def _with_host(result: Resolution, hosts: Parts, beside: Sequence[str]) -> Resolution:
    """The resolution with the host and what the text says of its memory."""
    text, host = hosts[0] if hosts else ("", None)
    facts = [extract(part)[1] for part in beside]
    bandwidth = host.bandwidth_bytes_per_s if host else None
    stated = (f.bandwidth() for f in facts)
    return replace(
        result,
        host_slug=host.slug if host else "",
        host_text=text,
        host_memory_gb=next((f.memory_gb for f in facts if f.memory_gb), None),
        host_bandwidth_bytes_per_s=bandwidth or next((b for b in stated if b), None),
        host_sockets=host.sockets if host else None,
    )


def _uses_gpu(backend: str | None) -> bool:
    told = clean(backend or "")
    return "cpu" not in told.split() or _ACCELERATED.search(told) is not None
