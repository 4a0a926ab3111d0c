"""`manage.py serve`: everything that a running Sizewise needs, in one command."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from planner import broker
from planner.assets import collect_static_if_changed
from planner.supervisor import Child, ChildStopped, Supervisor

BACKLOG = 2048
# Sweeps take what pages leave of the processors.
WORKER_NICENESS = 5


class Command(BaseCommand):
    requires_system_checks = ()  # handle() runs them, after what they need has been checked
    help = "Bring the database and the catalog up to date, then serve Sizewise until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="address to listen on (default: %(default)s)",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help="port to listen on (default: %(default)s, from PORT)",
        )
        parser.add_argument(
            "--web-only",
            action="store_true",
            help="start neither a worker for sweeps nor a broker: both run elsewhere",
        )

    def handle(self, *, bind: str, port: int, web_only: bool, **options: Any) -> None:
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # until the children run, stopping is an exception
        try:
            with _listen(bind.strip("[]"), port) as listener:
                _require_writable(settings.VAR_DIR)
                self.check()
                beside = [] if web_only else [*_broker(), _worker()]
                _prepare()
                self._run([_web_server(listener), *beside], listener, _url(bind.strip("[]"), port))
        except KeyboardInterrupt:
            return
        except (ChildStopped, broker.NoBroker) as error:
            raise CommandError(str(error)) from error

    def _run(self, children: Sequence[Child], listener: socket.socket, url: str) -> None:
        address = listener.getsockname()
        Supervisor(children, on_death=self._tell_death).run(
            is_ready=lambda: _answers(address[0], address[1]),
            on_ready=lambda: self._say(f"Sizewise is at {url}"),
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _tell_death(self, child: Child, code: int) -> None:
        self.stderr.write(f"The {child.name} stopped by itself (exit code {code}) and is started again.")
        self.stderr.flush()


def _listen(address: str, port: int) -> socket.socket:
    """Return a listening socket: whoever has the port has it from here on, before any work is done."""
    if not 1 <= port <= 65535:
        raise CommandError(f"port {port} does not exist: use a whole number from 1 to 65535.")
    try:
        family, *_, target = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(target, family=family, backlog=BACKLOG)
    except OSError as error:
        raise CommandError(_why_not_listening(address, port, error)) from error


def _why_not_listening(address: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port % 65535 + 1
        return (
            f"port {port} is taken: another program listens there. Stop it, or choose another: PORT={other}."
        )
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for the system: choose one above 1023, such as PORT=8000."
    reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
    return f"cannot listen on {address}: {reason}."


def _prepare() -> None:
    """Bring the database, the catalog and the static files up to date; quick when they are."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_catalog", verbosity=0)
        connections.close_all()
        if not settings.DEBUG:
            collect_static_if_changed()
    except DatabaseError as error:
        raise CommandError(
            f"the database {settings.DATABASES['default']['NAME']} cannot be used: {error}"
        ) from error
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}.") from error


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CommandError(
            f"cannot write to {folder} ({error.strerror}): make it a folder that this user may write to."
        ) from error


def _web_server(listener: socket.socket) -> Child:
    """Return the web server: it takes over the listening socket, so the port is never free in between."""
    command = [
        *(sys.executable, "-m", "gunicorn", "planner.wsgi"),
        *("--config", "python:planner.webserver", "--bind", f"fd://{listener.fileno()}"),
        *("--chdir", str(settings.BASE_DIR)),
    ]
    return Child(name="web server", command=command, inherited_fds=(listener.fileno(),))


def _broker() -> list[Child]:
    """Return the bundled broker, unless REDIS_URL names one. Raises ``NoBroker`` where it cannot run here."""
    if settings.REDIS_URL:
        return []
    program = broker.server_program()
    broker.prepare(settings.BROKER_FOLDER)
    return [Child(name="broker", command=broker.command(settings.BROKER_FOLDER, program), waits=True)]


def _worker() -> Child:
    """Return the worker that computes sweeps, a process per processor, once the web server answers."""
    command = [
        *(sys.executable, "-m", "celery", "--quiet", "--workdir", str(settings.BASE_DIR), "-A", "planner"),
        *("worker", "--loglevel", "WARNING", "--hostname", f"serve-{os.getpid()}@%h"),
        *("--concurrency", str(os.process_cpu_count() or 1)),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Child(name="worker", command=command, niceness=WORKER_NICENESS, waits=True, is_silent=True)


def _answers(address: str, port: int) -> bool:
    """Whether the web server answers a request at all; what it answers depends on ALLOWED_HOSTS and HTTPS."""
    probe = http.client.HTTPConnection(_reachable(address), port, timeout=1)
    try:
        probe.request("GET", "/healthz")
        probe.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        probe.close()
    return True


def _reachable(address: str) -> str:
    """Return an address of this machine at which a server that listens on all of them can be reached."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 (compared, not bound)


def _url(address: str, port: int) -> str:
    host = _reachable(address)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
