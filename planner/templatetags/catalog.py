"""Template filters for figures of catalog entries."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hardware_catalog.rows import DeviceRow
from planner import figures
from planner.catalog_pages import words
from planner.catalog_pages.devices import flops_16_bit as flops_16_bit_of
from planner.figures import NBSP, UNKNOWN
from planner.plans.querystring import plain_number

register = template.Library()
register.filter("nominal_gb", figures.nominal_gb)
register.filter("plain_number", plain_number)
register.filter("gb_per_s", figures.gb_per_s)


@register.filter
def known(text: object) -> SafeString | str:
    """The text as it stands, or a quiet "unknown"."""
    return format_html('<span class="dim">{}</span>', UNKNOWN) if text == UNKNOWN else str(text)


@register.filter
def one_gb(size: float) -> str:
    """One memory size as sold."""
    return figures.nominal_gb([size])


@register.filter
def flops_16_bit(device: DeviceRow) -> float | None:
    """Dense FLOP/s at 16 bits."""
    return flops_16_bit_of(device)


@register.filter
def tflops(per_s: float | None) -> str:
    return figures.tera(per_s, "TFLOPS")


@register.filter
def watts(power_w: float | None) -> str:
    return UNKNOWN if power_w is None else f"{power_w:,g}{NBSP}W"


@register.filter
def usd(price: float | None) -> str:
    return UNKNOWN if price is None else f"${price:,.0f}"


@register.filter
def billions_of(count: float | None) -> SafeString | str:
    """A count of parameters as people write it: "8.03 B"."""
    return known(UNKNOWN) if count is None else f"{figures.billions(count)}{NBSP}B"


@register.filter
def device_kind(key: str) -> str:
    return words.DEVICE_KINDS[key]


@register.filter
def operating_system(key: str) -> str:
    return words.OPERATING_SYSTEMS[key]
