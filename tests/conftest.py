"""What all tests share: every database holds the shipped catalog."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key

from tests import databases
from tests.selection import (  # noqa: F401 (pytest finds its hooks here)
    is_transactional,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_xdist_make_scheduler,
)

ROOT = Path(__file__).resolve().parent.parent
PREPARATION = "import django; django.setup(); from tests import databases; databases.prepare()"
preparing = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where several processes are about to read all tests, fill the database for them meanwhile."""
    if getattr(session.config.option, "numprocesses", None):
        session.config.stash[preparing] = subprocess.Popen([sys.executable, "-c", PREPARATION], cwd=ROOT)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if preparing in session.config.stash:
        session.config.stash[preparing].wait()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Fill the test database with the shipped catalog before Django looks at it."""
    with django_db_blocker.unblock():
        databases.fill_test_database()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Django takes the filled file for its test database; on PostgreSQL it makes one, from the filled template."""
    return connection.vendor == "sqlite"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """After a test that is not rolled back, Django empties the database: fill it again."""
    yield
    if is_transactional(item):
        with item.config.stash[blocking_manager_key].unblock():
            databases.restore_test_database()


@pytest.fixture
def new_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address (``DATABASE_URL``) of a database of the test's own with the catalog, for processes that it starts."""
    with django_db_blocker.unblock():
        url = databases.new_database(tmp_path)
    yield url
    with django_db_blocker.unblock():
        databases.drop(url)


@pytest.fixture
def catalog(db: None) -> None:
    """The test needs the shipped catalog in the database (which any test with a database has)."""


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture
def manage() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``manage.py`` as a person does, in a process of its own: ``manage("check", DEBUG="maybe")``."""

    def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=folder,
            env=clean_environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def clean_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without any of Sizewise's variables, then with ``changes``."""
    own = {
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "DEBUG",
        "DJANGO_SETTINGS_MODULE",
        "HTTPS",
        "PORT",
        "REDIS_URL",
        "RESULTS_DIR",
        "SECRET_KEY",
    }
    return {name: value for name, value in os.environ.items() if name not in own} | changes


def unused_port() -> int:
    """Return a TCP port of this machine on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
