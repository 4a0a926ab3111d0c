"""Settings from the environment: a wrong value stops the program with one line that says what is allowed."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"true", "1"}
_FALSE = {"false", "0"}
_HOST_NAME = re.compile(
    r"\.?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE
)
_REDIS_SCHEMES = ("redis", "rediss", "redis+socket")
_SQLITE_OPTIONS = {
    # A deferred transaction that reads and then writes fails at once when another writer was faster; see
    # https://docs.djangoproject.com/en/6.1/ref/databases/#sqlite-transaction-behavior
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds that a writer waits for the lock
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}
CONNECTION_SECONDS = 60  # how long a thread keeps its connection for the next request
# The rule of Django's own check security.W009, applied at start instead of on request.
SECRET_KEY_MIN_LENGTH = 50
SECRET_KEY_MIN_UNIQUE_CHARACTERS = 5


class InvalidEnvironment(ImproperlyConfigured):
    """The environment asks for something impossible; the message is one line for whoever started it."""


def _read(name: str) -> str | None:
    """Return the variable's value without surrounding space, or None when it is not set."""
    value = os.environ.get(name)
    if value is None:
        return None
    if not value.strip():
        raise InvalidEnvironment(f"{name} is set but empty: give it a value or unset it.")
    return value.strip()


def env_bool(name: str, *, default: bool) -> bool:
    """Return a switch: True, 1, False or 0 in any case."""
    value = _read(name)
    if value is None:
        return default
    if value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise InvalidEnvironment(f"{name}={value!r} is not a switch: use True or False.")


def env_port(name: str, *, default: int) -> int:
    """Return a TCP port."""
    value = _read(name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) <= 5 and 1 <= int(value) <= 65535:
        return int(value)
    raise InvalidEnvironment(f"{name}={value!r} is not a port: use a whole number from 1 to 65535.")


def env_hosts(name: str, *, default: list[str]) -> list[str]:
    """Return the hosts that requests may name: names, addresses, ``.example.org`` or ``*``, without port."""
    value = _read(name)
    if value is None:
        return default
    hosts = [host.strip() for host in value.split(",")]
    for host in hosts:
        if host != "*" and not _is_address(host) and not _HOST_NAME.fullmatch(host):
            raise InvalidEnvironment(
                f"{name}={value!r}: {host!r} is not a host name: write names or addresses separated by "
                "commas, without http:// and without a port, such as sizewise.example.org,192.168.1.20,[::1]."
            )
    return hosts


def _is_address(host: str) -> bool:
    """Whether the text is an IPv4 address or an IPv6 address in brackets, as it appears in a Host header."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return (ipaddress.ip_address(bare).version == 6) == (bare != host)
    except ValueError:
        return False


def env_secret_key(name: str, *, key_file: Path) -> str:
    """Return the secret key from the variable, else from ``key_file``: made once, for its owner's eyes."""
    value = _read(name)
    if value is None:
        return _secret_key_of_file(name, key_file)
    if _is_weak(value):
        raise InvalidEnvironment(
            f"{name} is too weak ({len(value)} characters, {len(set(value))} different): use at least "
            f"{SECRET_KEY_MIN_LENGTH} random characters, or unset it to have one made in {key_file}."
        )
    return value


def _is_weak(key: str) -> bool:
    return len(key) < SECRET_KEY_MIN_LENGTH or len(set(key)) < SECRET_KEY_MIN_UNIQUE_CHARACTERS


def _secret_key_of_file(name: str, key_file: Path) -> str:
    try:
        if not key_file.exists():
            _make_secret_key(key_file)
        elif stat.S_IMODE(key_file.stat().st_mode) != 0o600:
            key_file.chmod(0o600)
        key = key_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InvalidEnvironment(
            f"cannot keep the secret key in {key_file} ({reason}): "
            f"make {key_file.parent} a writable folder, or set {name}."
        ) from error
    if _is_weak(key):
        raise InvalidEnvironment(
            f"{key_file} holds no usable secret key: delete it to have a new one made, or set {name}."
        )
    return key


def _make_secret_key(key_file: Path) -> None:
    """Make the key file whole or not at all; when several processes start together, the first key stays."""
    key_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(
        dir=key_file.parent, prefix=".secret_key-"
    )  # mkstemp makes mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, key_file)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def env_database(name: str, *, default_file: Path) -> dict[str, Any]:
    """Return Django's settings of the database: SQLite (``default_file`` unless set) or PostgreSQL."""
    value = _read(name)
    if value is None:
        return _sqlite(default_file)
    allowed = "use sqlite:////absolute/path.sqlite3 or postgres://user:password@host:5432/database."
    try:
        parsed = dj_database_url.parse(value, conn_max_age=CONNECTION_SECONDS, conn_health_checks=True)
    except ValueError as error:
        raise InvalidEnvironment(
            f"{name}={_without_password(value)!r} is not a database address: {allowed}"
        ) from error
    config: dict[str, Any] = {**parsed}
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return _sqlite_config(name, value, config, allowed)
    if config["ENGINE"] == "django.db.backends.postgresql" and config["NAME"]:
        return config
    raise InvalidEnvironment(f"{name}={_without_password(value)!r} is not supported: {allowed}")


def _sqlite_config(name: str, value: str, config: dict[str, Any], allowed: str) -> dict[str, Any]:
    path = Path(config["NAME"])
    if not path.is_absolute():
        raise InvalidEnvironment(f"{name}={value!r} names no absolute path (four slashes): {allowed}")
    if config.get("OPTIONS"):
        raise InvalidEnvironment(f"{name}={value!r} has options, but the SQLite options are fixed: {allowed}")
    if not path.parent.is_dir() or path.is_dir():
        raise InvalidEnvironment(
            f"{name}={value!r} cannot hold a database: {path.parent} must be an existing folder."
        )
    return _sqlite(path)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": dict(_SQLITE_OPTIONS),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
    }


def database_identity(config: dict[str, Any]) -> str:
    """Return what tells a database from others: its server, if it has one, and its name or file."""
    return "|".join(str(config.get(part) or "") for part in ("HOST", "PORT", "NAME"))


def env_redis_url(name: str) -> str | None:
    """Return the address of a Redis or Valkey server, or None when the variable is not set."""
    value = _read(name)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        reachable = parts.path if parts.scheme == "redis+socket" else parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        reachable = None
    if reachable and parts.scheme in _REDIS_SCHEMES:
        return value
    raise InvalidEnvironment(
        f"{name}={_without_password(value)!r} is not a Redis address: "
        "use redis://host:6379/0, rediss://host:6379/0 or redis+socket:///path/to/socket."
    )


def env_directory(name: str, *, default: Path) -> Path:
    """Return a folder for results: absolute; it exists and is writable, or can be made."""
    value = _read(name)
    if value is None:
        return default
    path = Path(value)
    if not path.is_absolute():
        raise InvalidEnvironment(
            f"{name}={value!r} is not an absolute path: write it from the root, such as /srv/results."
        )
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InvalidEnvironment(
            f"{name}={value!r} cannot be used: {existing} must be a folder that this user may write to."
        )
    return path


def env_count(name: str, *, default: int) -> int:
    """Return a whole number; 0 stands for no limit."""
    value = _read(name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    raise InvalidEnvironment(f"{name}={value!r} is not a limit: use a whole number, or 0 for no limit.")


def env_origins(name: str) -> list[str]:
    """Return the web sites whose pages may ask from a browser: ``https://example.org``, or ``*`` alone for all."""
    value = _read(name)
    if value is None:
        return []
    origins = [origin.strip() for origin in value.split(",")]
    if origins == ["*"]:
        return origins
    for origin in origins:
        if not _is_origin(origin):
            raise InvalidEnvironment(
                f"{name}={value!r}: {origin!r} is not a web site: write https:// and the host, with a port where it "
                "has one and without a path, separated by commas, or * alone for all sites."
            )
    return origins


def _is_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port that is no number
        return False
    host = f"[{host}]" if ":" in host else host
    whole = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    return (
        parts.scheme in ("http", "https")
        and (_is_address(host) or (bool(_HOST_NAME.fullmatch(host)) and not host.startswith(".")))
        and origin.lower() == whole
    )


def _without_password(url: str) -> str:
    return re.sub(r"(?<=:)[^:/@]+(?=@)", "…", url)
