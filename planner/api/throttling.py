"""How much a client may ask in a minute: reading, planning, and rows of many plans at once, each by itself."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from planner.api.counters import Counters

PERIOD_S = 60
# A token is somebody whom the administrator knows.
TOKEN_FACTOR = 10
READ, PLAN, ROWS = "reads", "plans", "rows"
SETTING: Mapping[str, str] = {
    READ: "API_READS_PER_MINUTE",
    PLAN: "API_PLANS_PER_MINUTE",
    ROWS: "API_ROWS_PER_MINUTE",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a client has used of a limit."""

    scope: str
    limit: int
    used: int
    seconds_left: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 writes it."""
        left = max(self.limit - self.used, 0)
        return {
            "RateLimit-Policy": f'"{self.scope}";q={self.limit};w={PERIOD_S}',
            "RateLimit": f'"{self.scope}";r={left};t={self.seconds_left}',
        }


def count(request: Request, scope: str, n: int = 1) -> Usage | None:
    """Count ``n`` of a scope for the client who asks; ``None`` where there is no limit."""
    limit: int = getattr(settings, SETTING[scope])
    if not limit:
        return None
    if request.auth is not None:
        limit *= TOKEN_FACTOR
    now = int(time.time())
    minute, gone = divmod(now, PERIOD_S)
    used = _counters(str(settings.VAR_DIR)).add(client(request), scope, minute, n)
    return Usage(scope, limit, used, PERIOD_S - gone)


@lru_cache(maxsize=4)
def _counters(var: str) -> Counters:
    return Counters(Path(var) / "run" / "requests.sqlite3")


def client(request: Request) -> str:
    """Who asks: the owner of the token, else the address; one IPv6 network is one client."""
    if request.auth is not None:
        return f"user {request.user.pk}"
    address = BaseThrottle().get_ident(request) or ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


class ClientThrottle(BaseThrottle):
    """Refuses a client who has used up the limit of the view's scope for this method."""

    usage: Usage | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; the view keeps what is used, for its headers."""
        scope = view.scope_of(request)
        self.usage = view.usage = count(request, scope) if scope else None
        return self.usage is None or self.usage.used <= self.usage.limit

    def wait(self) -> float | None:
        """Seconds until the client may ask again."""
        return None if self.usage is None else self.usage.seconds_left
