"""Texts as people, programs and sources write them, against what they mean (tables checked by hand)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hardware_catalog.names import NameIndex, Resolution

Table = Callable[[str], list[dict[str, str]]]


def problems(row: Mapping[str, str], found: Resolution, **said: object) -> list[str]:
    """What differs between a row and its resolution. A larger catalog may add candidates, never take one away."""
    wrong = [
        f"{column} {actual!r}, not {row[column]!r}"
        for column, actual in {"status": found.status, "slug": found.slug, **said}.items()
        if row[column] != str(actual if actual is not None else "")
    ]
    missing = set(row["candidates"].split()) - {slug for slug, _ in found.candidates}
    if missing:
        wrong.append(f"candidates without {sorted(missing)}")
    return [f"{row['text']}: {line}" for line in wrong]


def as_number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def test_devices(names: NameIndex, table: Table) -> None:
    rows = table("devices")
    assert len(rows) > 500
    wrong = []
    for row in rows:
        found = names.resolve_device(row["text"], backend=row["backend"] or None)
        wrong += problems(
            row,
            found,
            count=found.count,
            memory_gb=as_number(found.memory_gb),
            processor=found.processor,
            host=found.host_slug,
        )
    assert wrong == []


def test_models(names: NameIndex, table: Table) -> None:
    rows = table("models")
    assert len(rows) > 400
    wrong = []
    for row in rows:
        found = names.resolve_model(row["text"])
        wrong += problems(row, found, format=found.format_text)
    assert wrong == []


def test_formats(names: NameIndex, table: Table) -> None:
    wrong = []
    for row in table("formats"):
        found = names.resolve_format(row["text"], row["model"] or None, row["runtime"] or None)
        wrong += problems(row, found, bits_per_weight=as_number(found.bits_per_weight))
    assert wrong == []


def test_runtimes_and_backends(names: NameIndex, table: Table) -> None:
    wrong = []
    for row in table("runtimes"):
        resolve = names.resolve_runtime if row["kind"] == "runtime" else names.resolve_backend
        found = resolve(row["text"])
        wrong += problems(row, found, version=found.version, backends=" ".join(found.backends))
    assert wrong == []


def test_machines(names: NameIndex, table: Table) -> None:
    wrong = []
    for row in table("machines"):
        found = names.resolve_machine_or_device(row["text"])
        wrong += problems(row, found, kind=found.kind)
    assert wrong == []
