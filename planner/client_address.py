"""From where a request comes, as far as the deployment lets it be known."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# What a provider gives one customer: from it a guesser has addresses without end.
IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> str:
    """The client's address: of an IPv6 address its network.

    Behind the proxy that HTTPS=True tells of, it is the last address of ``X-Forwarded-For``, the one that the proxy
    itself added; whatever stands before it is the client's word. Else it is the connection's.
    """
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    if settings.HTTPS:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        address = forwarded or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False).network_address)
