"""What the settings promise is really in force."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings

Manage = Callable[..., subprocess.CompletedProcess[str]]
HASHED_CSS = re.compile(r"admin/css/base\.[0-9a-f]{12}\.css")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("PORT", "eighty"),
        ("ALLOWED_HOSTS", "http://example.org"),
        ("SECRET_KEY", "changeme"),
        ("DATABASE_URL", "mysql://h/d"),
        ("REDIS_URL", "http://h"),
        ("RESULTS_DIR", "results"),
        ("HTTPS", "on"),
    ],
)
def test_each_wrong_variable_is_told_in_one_line(manage: Manage, name: str, value: str) -> None:
    result = manage("serve", **{name: value})
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(rf"Sizewise cannot start: {name}[^\n]+\n", result.stderr)


def test_every_command_tells_it(manage: Manage) -> None:
    for command in ("check", "migrate", "load_catalog"):
        result = manage(command, DEBUG="maybe")
        assert result.returncode == 1
        assert result.stderr == "Sizewise cannot start: DEBUG='maybe' is not a switch: use True or False.\n"


def test_production_passes_djangos_deployment_checks(manage: Manage) -> None:
    result = manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        ALLOWED_HOSTS="sizewise.example.org",
        HTTPS="True",
        SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyz-0123456789-abcdef",
    )
    assert result.returncode == 0, result.stderr


def test_models_and_migrations_agree(manage: Manage) -> None:
    result = manage("makemigrations", "--check", "--dry-run")
    assert result.returncode == 0, result.stdout


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db
def test_the_sqlite_options_are_in_force() -> None:
    with connection.cursor() as cursor:
        found = {
            pragma: cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "busy_timeout": 20_000, "synchronous": 1, "foreign_keys": 1}


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db
def test_sqlite_transactions_take_the_write_lock_at_once() -> None:
    assert connection.transaction_mode == "IMMEDIATE"
    assert not connection.settings_dict["ATOMIC_REQUESTS"]


def test_every_page_carries_the_strict_policy(client: Client, db: None) -> None:
    header = client.get("/admin/login/").headers["Content-Security-Policy"]
    policy = dict(directive.strip().split(" ", 1) for directive in header.split(";"))
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'nonce-[\w-]+'", policy["script-src"])
    assert re.fullmatch(r"'self' 'nonce-[\w-]+'", policy["style-src"])
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in header


def test_a_strange_host_name_is_refused(client: Client) -> None:
    with override_settings(ALLOWED_HOSTS=["127.0.0.1"]):
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400


def test_the_health_check_answers(client: Client, db: None) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response.headers["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_collectstatic_gives_every_file_a_hashed_name(tmp_path: Path) -> None:
    """Also fails when a stylesheet names a file that does not exist."""
    manifest = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    assert HASHED_CSS.fullmatch(paths["admin/css/base.css"])
    places = [place if isinstance(place, tuple) else ("", place) for place in settings.STATICFILES_DIRS]
    own = [
        str(Path(prefix) / file.relative_to(folder))
        for prefix, folder in places
        for file in folder.rglob("*.*")
    ]
    assert own
    assert set(own) <= set(paths)
    assert all((tmp_path / hashed).exists() for hashed in paths.values())
