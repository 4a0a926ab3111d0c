"""One index of the shipped catalog for all tests of names."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware_catalog.files import load_rows
from hardware_catalog.names import NameIndex
from hardware_catalog.rows import CatalogRows

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shipped() -> CatalogRows:
    """The shipped catalog as the files give it."""
    return load_rows()


@pytest.fixture(scope="session")
def names(shipped: CatalogRows) -> NameIndex:
    """The index of the shipped catalog."""
    return NameIndex.build(shipped)


@pytest.fixture(scope="session")
def table() -> Callable[[str], list[dict[str, str]]]:
    """Rows of a table of this folder: real texts with what they mean, checked by hand."""

    def read(name: str) -> list[dict[str, str]]:
        with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read
