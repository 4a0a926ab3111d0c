"""What belongs to an entry but lives in tables of its own: other names, sources, memory sizes, notes, rules.

It is read and written whole, as plain values: by loads, by imports, and by history when it puts an entry back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import models

from hardware_catalog import selectors
from hardware_catalog.content import content_of
from hardware_catalog.files import describe_citations
from hardware_catalog.models import (
    ENTRY_FIELDS,
    Alias,
    Citation,
    Device,
    DeviceMemoryOption,
    FigureNote,
    KvFormat,
    LanguageModel,
    Machine,
    Runtime,
    RuntimeSupport,
    Source,
    WeightFormat,
)

Belongings = dict[str, Any]

BATCH = 400
NOTE_FIELDS = ("field", "kind", "text")
KINDS: Mapping[type[models.Model], str] = {
    Device: "devices",
    Machine: "machines",
    LanguageModel: "models",
    WeightFormat: "formats",
    KvFormat: "kv_formats",
    Runtime: "runtimes",
}
OF_ALL = ("aliases", "sources")
OF_KIND: Mapping[str, tuple[str, ...]] = {
    "devices": ("memory_options_gb", "figure_notes"),
    "runtimes": ("supports",),
}


def names_of(kind: str) -> tuple[str, ...]:
    """What entries of this kind own."""
    return (*OF_ALL, *OF_KIND.get(kind, ()))


def nothing(kind: str) -> Belongings:
    """What a new entry owns."""
    return {name: [] for name in names_of(kind)}


def of_row(kind: str, row: Any) -> Belongings:
    """What a row of the catalog says that its entry owns."""
    content = content_of(row)
    return {name: content[name] for name in names_of(kind)}


def read(kind: str, keys: Collection[int]) -> dict[int, Belongings]:
    """What the entries with these primary keys own: at most four queries."""
    entry = ENTRY_FIELDS[kind]
    found: dict[int, Belongings] = {key: nothing(kind) for key in keys}

    def fill(name: str, pairs: Iterable[tuple[int, Any]]) -> None:
        for key, value in pairs:
            found[key][name].append(value)

    among = {f"{entry}__in": keys}
    fill("aliases", Alias.objects.filter(**among).values_list(f"{entry}_id", "text"))
    fill("sources", Citation.objects.filter(**among).values_list(f"{entry}_id", "source__citation"))
    if kind == "devices":
        sizes = DeviceMemoryOption.objects.filter(device__in=keys)
        fill("memory_options_gb", sizes.values_list("device_id", "memory_gb"))
        notes = FigureNote.objects.filter(device__in=keys).values_list("device_id", "field", "kind", "text")
        fill("figure_notes", ((key, dict(zip(NOTE_FIELDS, note, strict=True))) for key, *note in notes))
    if kind == "runtimes":
        rules = RuntimeSupport.objects.filter(runtime__in=keys)
        values = rules.values(
            "runtime_id", *selectors.SUPPORT_FIELDS, source_text=models.F("source__citation")
        )
        fill("supports", ((rule.pop("runtime_id"), _with_source(rule)) for rule in values))
    return found


def _with_source(rule: dict[str, Any]) -> dict[str, Any]:
    return rule | {"source": rule.pop("source_text")}


def write(kind: str, wanted: Mapping[int, Belongings]) -> None:
    """Replace what the entries own, in the order given; a citation that is new here becomes a source."""
    entry = ENTRY_FIELDS[kind]
    sources = _sources(wanted.values())
    for link in (Alias, Citation):
        link._default_manager.filter(**{f"{entry}__in": wanted.keys()}).delete()
    _create(Alias, (Alias(**{f"{entry}_id": key}, text=text) for key, text in _each(wanted, "aliases")))
    _create(
        Citation,
        (
            Citation(**{f"{entry}_id": key}, source_id=sources[citation])
            for key, citation in _each(wanted, "sources")
        ),
    )
    if kind == "devices":
        _write_of_devices(wanted)
    if kind == "runtimes":
        _write_rules(wanted, sources)


def _each(wanted: Mapping[int, Belongings], name: str) -> Iterable[tuple[int, Any]]:
    return ((key, item) for key, owned in wanted.items() for item in owned.get(name, ()))


def _create(model: type[models.Model], entries: Iterable[Any]) -> None:
    model._default_manager.bulk_create(list(entries), batch_size=BATCH)


def _write_of_devices(wanted: Mapping[int, Belongings]) -> None:
    DeviceMemoryOption.objects.filter(device__in=wanted.keys()).delete()
    FigureNote.objects.filter(device__in=wanted.keys()).delete()
    sizes = _each(wanted, "memory_options_gb")
    _create(DeviceMemoryOption, (DeviceMemoryOption(device_id=key, memory_gb=size) for key, size in sizes))
    notes = _each(wanted, "figure_notes")
    _create(FigureNote, (FigureNote(device_id=key, **note) for key, note in notes))


def _write_rules(wanted: Mapping[int, Belongings], sources: Mapping[str, int]) -> None:
    RuntimeSupport.objects.filter(runtime__in=wanted.keys()).delete()
    rules = _each(wanted, "supports")
    _create(
        RuntimeSupport,
        (
            RuntimeSupport(
                runtime_id=key,
                source_id=sources[rule["source"]],
                **{name: rule[name] for name in selectors.SUPPORT_FIELDS},
            )
            for key, rule in rules
        ),
    )


def _sources(wanted: Iterable[Belongings]) -> Mapping[str, int]:
    """Primary keys of all citations that are named, made where the catalog does not have them yet."""
    named: dict[str, None] = {}
    for owned in wanted:
        named |= dict.fromkeys(owned.get("sources", ()))
        named |= dict.fromkeys(rule["source"] for rule in owned.get("supports", ()))
    known = dict(Source.objects.values_list("citation", "pk"))
    missing = [citation for citation in named if citation not in known]
    if missing:
        rows = describe_citations(missing)
        _create(Source, (Source(**{f: getattr(row, f) for f in selectors.SOURCE_FIELDS}) for row in rows))
        known = dict(Source.objects.values_list("citation", "pk"))
    return known
