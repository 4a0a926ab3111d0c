"""NOTICE names every licence under which data are shipped."""

from __future__ import annotations

from pathlib import Path

from hardware_catalog.rows import CatalogRows


def test_the_notice_names_every_licence(shipped: CatalogRows, repository_root: Path) -> None:
    notice = (repository_root / "NOTICE").read_text(encoding="utf-8")
    named = {line[2:].split(":")[0] for line in notice.splitlines() if line.startswith("- ")}
    assert {source.licence for source in shipped.sources} - {"Apache-2.0 or MIT"} <= named


def test_the_readme_of_the_data_names_every_file(repository_root: Path) -> None:
    data = repository_root / "hardware_catalog" / "data"
    text = (data / "README.md").read_text(encoding="utf-8")
    for path in data.iterdir():
        if path.name != "README.md":
            assert f"`{path.name}" in text, path.name
