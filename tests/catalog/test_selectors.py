"""The catalog out of the database: the same rows as in the files, in few queries."""

from __future__ import annotations

import dataclasses

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hardware_catalog.models import Device, LanguageModel
from hardware_catalog.rows import CatalogRows
from hardware_catalog.search import search_devices, search_machines, search_models
from hardware_catalog.selectors import catalog_rows

pytestmark = pytest.mark.django_db


def test_the_database_gives_what_the_files_hold(shipped: CatalogRows) -> None:
    stored = catalog_rows()
    for field in dataclasses.fields(CatalogRows):
        ours, theirs = getattr(stored, field.name), getattr(shipped, field.name)
        if isinstance(theirs, tuple):
            ours, theirs = ({_key(row): row for row in rows} for rows in (ours, theirs))
        assert ours == theirs, field.name


def _key(row: object) -> str:
    return next(str(getattr(row, name)) for name in ("slug", "citation", "name") if hasattr(row, name))


def test_the_whole_catalog_takes_twelve_queries() -> None:
    with CaptureQueriesContext(connection) as queries:
        catalog_rows()
    assert len(queries) <= 12


def test_withdrawn_entries_are_left_out_unless_asked_for() -> None:
    Device.objects.filter(slug="nvidia-t4").update(withdrawn=True)
    assert "nvidia-t4" not in {row.slug for row in catalog_rows().devices}
    assert "nvidia-t4" in {row.slug for row in catalog_rows(include_withdrawn=True).devices}
    assert not any(choice.slug == "nvidia-t4" for choice in search_devices("T4", 100))


def test_search_finds_by_words_in_any_order() -> None:
    assert search_machines("512 m3 ultra studio")[0].slug == "mac-studio-m3-ultra-80-core-gpu-512-gb"
    assert search_devices("rtx 4090")[0].slug == "nvidia-geforce-rtx-4090"
    assert search_models("r1 deepseek")[0].slug == "deepseek-r1"


def test_search_tells_what_distinguishes_the_choices() -> None:
    assert search_devices("geforce rtx 4090")[0].detail == "24 GB, 1008 GB/s"
    assert search_devices("galaxy s25 ultra")[0].detail == "12 or 16 GB, up to 84.8 GB/s"
    assert search_devices("rtx spark")[0].detail == "128 GB, bandwidth not known"
    assert search_machines("8 × H100 SXM5")[0].detail == "8 × NVIDIA H100 SXM5 80 GB, 80 GB"
    assert search_models("gpt-oss-20b")[0].detail == "OpenAI, 20.9 billion parameters"


@pytest.mark.parametrize("text", ["", "   ", "\0", "%", "' OR 1=1 --", "x" * 500, "🦙 " * 50])
def test_search_takes_anything(text: str) -> None:
    for search in (search_machines, search_devices, search_models):
        assert len(search(text, 5)) <= 5


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (3, 3), (-1, 0)])
def test_search_keeps_its_limit(limit: int, expected: int) -> None:
    assert len(search_machines("mac", limit)) == expected


def test_search_needs_few_queries_however_many_are_found() -> None:
    for search in (search_machines, search_devices, search_models):
        with CaptureQueriesContext(connection) as queries:
            assert len(search("a", 50)) == 50
        assert len(queries) <= 2


def test_search_reads_aliases() -> None:
    model = LanguageModel.objects.get(slug="deepseek-r1")
    model.alias_set.create(text="the whale zqx")
    assert [choice.slug for choice in search_models("zqx whale")] == ["deepseek-r1"]
