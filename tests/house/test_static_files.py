"""Static files are collected when one of them has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from planner.assets import collect_static_if_changed


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "site.css").write_text("a { color: red }", encoding="ascii")
    return folder


def test_files_are_collected_when_they_change(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "collected"
    with override_settings(STATICFILES_DIRS=[source], STATIC_ROOT=target):
        assert collect_static_if_changed()
        assert not collect_static_if_changed()
        (source / "site.css").write_text("a { color: darkred }", encoding="ascii")
        assert collect_static_if_changed()
        assert (target / "site.css").read_text(encoding="ascii") == "a { color: darkred }"
        assert not collect_static_if_changed()


def test_an_unfinished_collection_is_done_again(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "collected"
    with override_settings(STATICFILES_DIRS=[source], STATIC_ROOT=target):
        collect_static_if_changed()
        (target / ".collected").unlink()  # the stamp is written last
        (target / "site.css").unlink()
        assert collect_static_if_changed()
        assert (target / "site.css").exists()
