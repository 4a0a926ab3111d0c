"""Which tests run, and in which order: hooks of pytest, which tests/conftest.py brings in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from xdist.scheduler import LoadScopeScheduling

# Run first, so that no process is left with one of them when the others have nothing more to do.
LONGEST = (
    "tests/browser",
    "tests/house/test_serve.py",
    "tests/house/test_architecture.py",
    "tests/catalog/test_admin.py",
)
# What a test asks for that works on the database of the run.
DATABASE_FIXTURES = {"db", "transactional_db", "new_database"}


def unit(test: str) -> str:
    """What one process runs as a whole: a file, or all of the browser's, which share a server and a browser."""
    file = test.partition("::")[0]
    return "tests/browser" if file.startswith("tests/browser/") else file


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="run only the tests that use the database, in no browser"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is of another database, or uses none where only those are asked for; the longest first."""
    left_out = [item for item in items if not _runs_here(item, config.getoption("database_only"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    items.sort(key=lambda item: _place(unit(item.nodeid)))


def _runs_here(item: pytest.Item, database_only: bool) -> bool:
    only_on = item.get_closest_marker("only_on")
    if only_on and only_on.args[0] != connection.vendor:
        return False
    return not database_only or (uses_database(item) and unit(item.nodeid) != "tests/browser")


def uses_database(item: pytest.Item) -> bool:
    """Whether a test works on the database of the run, itself or by processes that it starts."""
    asked_for = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(asked_for & DATABASE_FIXTURES)


def is_transactional(item: pytest.Item) -> bool:
    """Whether what a test writes is not rolled back, but deleted with all else."""
    mark = item.get_closest_marker("django_db")
    return "transactional_db" in getattr(item, "fixturenames", ()) or bool(
        mark and mark.kwargs.get("transaction", False)
    )


def _place(name: str) -> int:
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class Schedule(LoadScopeScheduling):
    """Gives a process unit after unit, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> Schedule:
    config.option.loadscopereorder = False
    return Schedule(config, log)
