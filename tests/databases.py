"""Databases that hold the shipped catalog: filled once, then copied for whoever needs one of his own.

Loading the catalog takes many seconds, copying a loaded database a fraction of one. On SQLite the filled file is also
kept for later runs, under the hash of all that it follows from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
# of pytest's cache: `make clean` removes it
KEPT = ROOT / ".pytest_cache" / "catalog"
MOST_KEPT = 3
FILL = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
call_command("load_catalog", verbosity=0)
"""


def prepare() -> None:
    """Fill the database that the others are copied from, unless that has been done; other processes wait."""
    if connection.vendor == "sqlite":
        _filled_file()
    else:
        _filled_template()


def fill_test_database() -> None:
    """Put the catalog where Django makes its test database: a database that holds it, in its state of shipping."""
    name = connection.settings_dict["TEST"]["NAME"]
    if connection.vendor == "sqlite":
        for rest in ("-wal", "-shm"):
            Path(f"{name}{rest}").unlink(missing_ok=True)
        shutil.copyfile(_filled_file(), name)
    else:
        connection.settings_dict["TEST"]["TEMPLATE"] = _filled_template()


def restore_test_database() -> None:
    """Undo all that was written to Django's test database since it was filled."""
    connection.close()
    if connection.vendor == "sqlite":
        fill_test_database()
    else:
        _make_from_template(str(connection.settings_dict["NAME"]))


def new_database(folder: Path) -> str:
    """Make a database with the catalog for other processes; its address, for ``DATABASE_URL``.

    On SQLite it is a file of ``folder``, on PostgreSQL a database of the server, which :func:`drop` drops.
    """
    if connection.vendor == "sqlite":
        shutil.copyfile(_filled_file(), folder / "sizewise.sqlite3")
        return f"sqlite:///{folder}/sizewise.sqlite3"
    name = f"sizewise_{uuid.uuid4().hex}"
    _make_from_template(name)
    return _address(name)


def drop(url: str) -> None:
    """Drop a database that :func:`new_database` made, whoever is still connected."""
    if connection.vendor == "postgresql":
        _sql(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes out for the while."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(url: str) -> None:
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", FILL], cwd=ROOT, env=environment, check=True)


# SQLite


def _filled_file() -> Path:
    """The file of a database that holds the catalog."""
    path = KEPT / f"{_content()}.sqlite3"
    with _alone(KEPT):
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=KEPT) as folder:
                _fill(f"sqlite:///{folder}/new.sqlite3")
                Path(folder, "new.sqlite3").replace(path)
            for old in sorted(KEPT.glob("*.sqlite3"), key=lambda file: -file.stat().st_mtime)[MOST_KEPT:]:
                old.unlink()
    return path


@cache
def _content() -> str:
    """The hash of all that a filled database follows from: data, models, migrations, what reads and judges."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for folder in ("hardware_catalog", "planner"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".csv", ".json"} and (
                folder == "hardware_catalog" or {"migrations", "engine"} & set(path.parts)
            ):
                digest.update(f"{path.relative_to(ROOT)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


# PostgreSQL


def _filled_template() -> str:
    """The name of the database that holds the catalog and that others are made from."""
    name = f"sizewise_catalog_{_content()}"
    with _alone(KEPT):
        if not _sql("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", name):
            _sql(f'DROP DATABASE IF EXISTS "{name}"')  # one that was left half filled
            _sql(f'CREATE DATABASE "{name}"')
            _fill(_address(name))
            _sql(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
    return name


def _make_from_template(name: str) -> None:
    template = _filled_template()
    _sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _sql(statement: str, *values: str) -> bool:
    """Run a statement on the server, outside of any transaction; whether it gives a row."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.description is not None and cursor.fetchone() is not None


def _address(name: str) -> str:
    """The address of a database of the server on which the tests run."""
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
