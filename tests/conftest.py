"""What all tests share: the test database holds the shipped catalog."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Load the shipped catalog once, after the migrations: tests with a database see the real entries."""
    with django_db_blocker.unblock():
        call_command("load_catalog", verbosity=0)


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
