"""A copy of the shipped data that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hardware_catalog.files import DATA, load_rows
from hardware_catalog.rows import CatalogRows


@pytest.fixture(scope="session")
def shipped() -> CatalogRows:
    """The shipped catalog as the files give it."""
    return load_rows()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the data directory, without the measurements, which take seconds to read and are then left alone."""
    without = shutil.ignore_patterns("measurements.csv")
    return Path(shutil.copytree(DATA, tmp_path / "data", ignore=without))
