"""The shipped catalog as the engine sees it, for tests."""

from __future__ import annotations

from functools import cache

from hardware_catalog.files import load_rows
from hardware_catalog.rows import CatalogRows, ModelRow
from hardware_catalog.tables import CatalogTables, catalog_tables
from planner.engine.architecture import Architecture, architecture_from_config
from planner.engine.quantize import WeightFormat, weight_format


@cache
def rows() -> CatalogRows:
    return load_rows()


@cache
def models() -> dict[str, ModelRow]:
    return {model.slug: model for model in rows().models}


@cache
def architectures() -> dict[str, Architecture]:
    """Every model whose architecture is known, by slug."""
    return {
        slug: architecture_from_config(model.config, model.formula)
        for slug, model in models().items()
        if model.formula is not None
    }


@cache
def formats() -> dict[str, WeightFormat]:
    return {row.slug: weight_format(row, rows().block_types) for row in rows().formats}


@cache
def tables() -> CatalogTables:
    """The engine's tables of the whole catalog."""
    return catalog_tables(rows())
