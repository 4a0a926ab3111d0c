"""What runs where: the runtimes' rules applied to a device and a weight format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardware_catalog.rows import DeviceRow, FormatRow, RuntimeRow

# A selector of a rule, and the device's property that it constrains.
SELECTORS = {"vendors": "vendor", "architectures": "architecture", "kinds": "kind"}


def matching_rules(
    runtime: RuntimeRow, device: DeviceRow, weight_format: FormatRow, operating_system: str = ""
) -> tuple[Mapping[str, Any], ...]:
    """The rules by which the runtime runs the format on the device, in the order of the file; none: it does not.

    An operating system that is not known ("") satisfies every rule.
    """
    return tuple(
        rule
        for rule in runtime.supports
        if runs_on(rule, device, operating_system) and takes(rule, weight_format)
    )


def runs_on(rule: Mapping[str, Any], device: DeviceRow, operating_system: str = "") -> bool:
    """Whether the rule's hardware selectors name the device."""
    hardware = rule["hardware"]
    systems = hardware["operating_systems"]
    if systems and operating_system and operating_system not in systems:
        return False
    return all(not hardware[key] or getattr(device, name) in hardware[key] for key, name in SELECTORS.items())


def takes(rule: Mapping[str, Any], weight_format: FormatRow) -> bool:
    """Whether the rule covers the weight format."""
    if weight_format.slug in rule["formats"]:
        return True
    return (
        weight_format.family in rule["format_families"]
        and weight_format.slug not in rule["except_formats"]
        and weight_format.speed_family not in rule["except_speed_families"]
    )
