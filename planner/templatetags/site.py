"""What stands on every page: the way around the site."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

# The rooms of the site: what each is called, and where it begins.
ROOMS = (
    ("Plan", "/"),
    ("Serve", "/serve/"),
    ("Devices", "/devices/"),
    ("Machines", "/machines/"),
    ("Models", "/models/"),
    ("Sweeps", "/sweeps/"),
    ("Measurements", "/measurements/"),
    ("Accuracy", "/accuracy/"),
    ("Methodology", "/methodology/"),
)


@register.simple_tag(takes_context=True)
def site_navigation(context: dict[str, Any]) -> SafeString:
    """The list of rooms, the one that holds the page marked."""
    request = context.get("request")
    path = request.path if request is not None else ""
    room = next((address for _, address in reversed(ROOMS) if path.startswith(address)), "")
    return _navigation(room if room != "/" or path == "/" else "", path == room)


@lru_cache(maxsize=2 * len(ROOMS) + 1)
def _navigation(room: str, is_its_first_page: bool) -> SafeString:
    here = SafeString(f' aria-current="{"page" if is_its_first_page else "true"}"')
    links = format_html_join(
        "",
        '<li><a href="{}"{}>{}</a></li>',
        ((address, here if address == room else "", name) for name, address in ROOMS),
    )
    return format_html('<nav class="site" aria-label="Site"><ul>{}</ul></nav>', links)
