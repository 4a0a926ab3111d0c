"""A client that sends requests one after the other over one connection, as fast as they are answered.

Run as a program it reads requests (JSON: list of [method, path, body]) and seconds from its input, and prints the
seconds that each answer took as JSON. It does little itself, so that the server is what is measured.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

Request = tuple[str, str, str]


class Refused(RuntimeError):
    """An answer that is no success."""


def raw(request: Request, host: str) -> bytes:
    """The bytes of a request."""
    method, path, body = request
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
    return f"{head}\r\n{body}".encode()


def answer(connection: socket.socket, sent: bytes) -> int:
    """Send a request and read its answer to the end; returns the status."""
    connection.sendall(sent)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    left = int(headers.get("content-length", "0")) - len(body)
    while left > 0:
        left -= len(_more(connection))
    return int(lines[0].split(" ")[1])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise Refused("the server closed the connection")
    return data


def seconds_each(port: int, requests: Sequence[Request], for_s: float) -> Iterator[float]:
    """Send the requests over and over for so long; yields the seconds that each took. Raises ``Refused``."""
    prepared = cycle([raw(request, f"127.0.0.1:{port}") for request in requests])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.perf_counter() + for_s
        now = time.perf_counter()
        while now < until:
            sent = next(prepared)
            status = answer(connection, sent)
            started, now = now, time.perf_counter()
            if not 200 <= status < 300:
                raise Refused(f"{sent[:200]!r} was answered {status}")
            yield now - started


def main() -> None:
    """Measure what the input asks for."""
    asked = json.load(sys.stdin)
    requests = [tuple(request) for request in asked["requests"]]
    json.dump(list(seconds_each(asked["port"], requests, asked["seconds"])), sys.stdout)


if __name__ == "__main__":
    main()
