"""The alias files: every row leads somewhere, says why, and is what the resolver answers."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

import pytest

from hardware_catalog.files import DATA
from hardware_catalog.names import NameIndex
from hardware_catalog.rows import CatalogRows

FOLDER = DATA / "aliases"
COLUMNS = {
    "cpu_patterns": ["pattern", "slug", "usual", "note", "source"],
    "ollama": ["tag", "slug", "format", "size_bytes", "note", "source"],
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_rows_are_whole_and_sourced(path: Path) -> None:
    rows = read(path)
    assert rows
    assert list(rows[0]) == COLUMNS.get(path.stem, ["alias", "slug", "note", "source"])
    assert [row for row in rows if None in row or None in row.values()] == []
    assert [row for row in rows if not row["note"].strip() or not row["source"].startswith("https://")] == []
    assert [row for row in rows if any(value != value.strip() for value in row.values())] == []
    first = next(iter(rows[0]))
    pairs = [(row[first].casefold(), row["slug"]) for row in rows]
    assert [pair for pair in set(pairs) if pairs.count(pair) > 1] == []


def test_every_slug_exists(shipped: CatalogRows) -> None:
    known = {
        "devices": {row.slug for row in shipped.devices},
        "cpu_patterns": {row.slug for row in shipped.devices},
        "models": {row.slug for row in shipped.models},
        "ollama": {row.slug for row in shipped.models} | {""},
        "formats": {row.slug for row in shipped.formats},
        "kv_formats": {row.slug for row in shipped.kv_formats},
        "runtimes": {row.slug for row in shipped.runtimes},
    }
    missing = [
        (name, row["slug"])
        for name, slugs in known.items()
        for row in read(FOLDER / f"{name}.csv")
        if row["slug"] not in slugs
    ]
    assert missing == []


def test_every_alias_is_answered_with_its_entries(names: NameIndex) -> None:
    resolve = {
        "devices": names.resolve_device,
        "models": names.resolve_model,
        "formats": names.resolve_format,
        "kv_formats": names.resolve_kv_format,
        "runtimes": names.resolve_runtime,
    }
    wrong = []
    for name, answer in resolve.items():
        meant: dict[str, set[str]] = defaultdict(set)
        for row in read(FOLDER / f"{name}.csv"):
            meant[row["alias"].casefold()].add(row["slug"])
        for alias, slugs in meant.items():
            found = answer(alias)
            answered = {slug for slug, _ in found.candidates}
            if not slugs <= answered or found.status not in ("ok", "ambiguous"):
                wrong.append((name, alias, found.status, sorted(answered), sorted(slugs)))
    assert wrong == []


def test_patterns_of_processors_match_whole_identities() -> None:
    rows = read(FOLDER / "cpu_patterns.csv")
    for row in rows:
        pattern = re.compile(row["pattern"])
        assert pattern.fullmatch("") is None
        assert pattern.fullmatch("anything else 4090") is None
    usual = [row["pattern"] for row in rows if row["usual"] == "yes"]
    assert len(usual) == len(set(usual))
    assert {row["usual"] for row in rows} <= {"", "yes"}


def test_ollama_tags(names: NameIndex) -> None:
    for row in read(FOLDER / "ollama.csv"):
        found = names.resolve_model(row["tag"])
        if row["slug"]:
            assert row["slug"] in {slug for slug, _ in found.candidates}, row["tag"]
            assert found.format_text == row["format"], row["tag"]
            assert row["size_bytes"] == "" or int(row["size_bytes"]) > 10**7
        else:
            assert (found.status, found.slug) == ("not_in_catalog", ""), row["tag"]


def test_a_tag_with_its_own_format_keeps_it(names: NameIndex) -> None:
    assert names.resolve_model("llama3.1:8b").format_text == "Q4_K_M"
    found = names.resolve_model("llama3.1:8b-instruct-q8_0")
    assert (found.slug, found.format_text) == ("llama-3-1-8b", "q8_0")
