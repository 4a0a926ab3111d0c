"""Every wrong environment variable stops the program with one line; right ones mean what they say."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planner import environment
from planner.environment import InvalidEnvironment

STRONG = "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-abcdef"


@pytest.mark.parametrize(
    ("value", "expected"), [("True", True), ("true", True), ("1", True), ("False", False), ("0", False)]
)
def test_a_switch_is_read(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("DEBUG", value)
    assert environment.env_bool("DEBUG", default=not expected) is expected


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_refused_whatever_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    readers: list[Callable[[], object]] = [
        lambda: environment.env_bool("IT", default=True),
        lambda: environment.env_port("IT", default=8000),
        lambda: environment.env_hosts("IT", default=[]),
        lambda: environment.env_secret_key("IT", key_file=tmp_path / "key"),
        lambda: environment.env_database("IT", default_file=tmp_path / "db"),
        lambda: environment.env_redis_url("IT"),
        lambda: environment.env_directory("IT", default=tmp_path),
    ]
    monkeypatch.setenv("IT", value)
    for read in readers:
        with pytest.raises(InvalidEnvironment, match=r"^IT is set but empty: give it a value or unset it\.$"):
            read()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "value", ["8000.5", "0", "65536", "-1", "http", "٨٠٠٠", "9" * 300], ids=lambda value: value[:8]
)
def test_an_impossible_port_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(InvalidEnvironment, match=r"^PORT=.*from 1 to 65535\.$"):
        environment.env_port("PORT", default=8000)


def test_hosts_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "sizewise.example.org, 192.168.1.20,[::1],.example.net,*")
    hosts = environment.env_hosts("ALLOWED_HOSTS", default=[])
    assert hosts == ["sizewise.example.org", "192.168.1.20", "[::1]", ".example.net", "*"]


@pytest.mark.parametrize(
    "value",
    ["https://example.org", "example.org:8000", "a b", "example.org,", "::1", "[192.168.1.20]", "exa_mple!"],
)
def test_what_is_no_host_name_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    with pytest.raises(InvalidEnvironment, match=r"^ALLOWED_HOSTS=.*is not a host name"):
        environment.env_hosts("ALLOWED_HOSTS", default=[])


@pytest.mark.parametrize(
    "value",
    [
        "mysql://u:p@h/d",
        "sqlite:///relative.sqlite3",
        "sqlite://:memory:",
        "nonsense",
        "postgres://h:port/d",
        "postgres://h",
    ],
)
def test_an_unusable_database_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(
        InvalidEnvironment, match=r"^DATABASE_URL=.*postgres://user:password@host:5432/database\.$"
    ):
        environment.env_database("DATABASE_URL", default_file=Path("unused"))


def test_a_database_in_a_missing_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/missing/db.sqlite3")
    with pytest.raises(InvalidEnvironment, match="missing must be an existing folder"):
        environment.env_database("DATABASE_URL", default_file=Path("unused"))


def test_a_message_never_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://anna:hunter2@db.example.org/sizewise")
    with pytest.raises(InvalidEnvironment, match=r"mysql://anna:…@db\.example\.org") as refused:
        environment.env_database("DATABASE_URL", default_file=Path("unused"))
    assert "hunter2" not in str(refused.value)


def test_postgresql_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://anna:p%40ss@db.example.org:5433/sizewise")
    config = environment.env_database("DATABASE_URL", default_file=Path("unused"))
    assert config["ENGINE"] == "django.db.backends.postgresql"
    assert (config["NAME"], config["USER"], config["PASSWORD"]) == ("sizewise", "anna", "p@ss")
    assert (config["HOST"], config["PORT"]) == ("db.example.org", 5433)


def test_postgresql_on_a_unix_socket_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://anna@%2Frun%2Fpostgresql/sizewise")
    config = environment.env_database("DATABASE_URL", default_file=Path("unused"))
    assert (config["NAME"], config["USER"], config["HOST"]) == ("sizewise", "anna", "/run/postgresql")


@pytest.mark.parametrize(
    "value", ["redis://h:6379/0", "rediss://:secret@h/1", "redis+socket:///run/valkey.sock"]
)
def test_a_redis_address_is_kept(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    assert environment.env_redis_url("REDIS_URL") == value


@pytest.mark.parametrize(
    "value", ["localhost:6379", "http://h:6379", "redis://", "redis://h:port", "redis+socket://"]
)
def test_what_is_no_redis_address_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    with pytest.raises(InvalidEnvironment, match=r"^REDIS_URL=.*is not a Redis address"):
        environment.env_redis_url("REDIS_URL")


def test_a_results_folder_may_be_made_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESULTS_DIR", f"{tmp_path}/new/results")
    assert environment.env_directory("RESULTS_DIR", default=Path("unused")) == tmp_path / "new" / "results"


def test_an_unusable_results_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="ascii")
    for value, reason in (("results", "is not an absolute path"), (f"{file}/results", "must be a folder")):
        monkeypatch.setenv("RESULTS_DIR", value)
        with pytest.raises(InvalidEnvironment, match=f"^RESULTS_DIR=.*{reason}"):
            environment.env_directory("RESULTS_DIR", default=Path("unused"))


def test_a_weak_secret_key_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for weak in ("changeme", "ab" * 40):
        monkeypatch.setenv("SECRET_KEY", weak)
        with pytest.raises(InvalidEnvironment, match=r"^SECRET_KEY is too weak") as refused:
            environment.env_secret_key("SECRET_KEY", key_file=tmp_path / "secret_key")
        assert weak not in str(refused.value)


def test_a_given_secret_key_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    assert environment.env_secret_key("SECRET_KEY", key_file=tmp_path / "secret_key") == STRONG
    assert list(tmp_path.iterdir()) == []


def test_the_secret_key_is_made_once_for_its_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key_file = tmp_path / "var" / "secret_key"
    before = os.umask(0)  # a careless umask must not matter
    try:
        first = environment.env_secret_key("SECRET_KEY", key_file=key_file)
    finally:
        os.umask(before)
    assert len(first) >= environment.SECRET_KEY_MIN_LENGTH
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert environment.env_secret_key("SECRET_KEY", key_file=key_file) == first
    assert list(key_file.parent.iterdir()) == [key_file]


def test_programs_that_start_together_agree_on_one_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with ThreadPoolExecutor(16) as pool:
        keys = set(
            pool.map(lambda _: environment.env_secret_key("SECRET_KEY", key_file=tmp_path / "key"), range(64))
        )
    assert len(keys) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


def test_a_key_file_that_others_may_read_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key_file = tmp_path / "secret_key"
    key_file.write_text(STRONG, encoding="ascii")
    key_file.chmod(0o644)
    assert environment.env_secret_key("SECRET_KEY", key_file=key_file) == STRONG
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_damaged_key_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key_file = tmp_path / "secret_key"
    for content in (b"", b"short", b"\xff\xfe" * 50):
        key_file.write_bytes(content)
        with pytest.raises(InvalidEnvironment, match="secret_key"):
            environment.env_secret_key("SECRET_KEY", key_file=key_file)
    assert key_file.read_bytes() == content  # it is the owner's to delete
