"""What is saved must be something that the engine can compute with: else every answer would fail.

The engine is imported when it is needed: it brings numpy, which most commands do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardware_catalog.models import BlockType, Device, LanguageModel, WeightFormat

# What the engine raises on configurations and rules that it does not understand.
REFUSALS = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError)


def memory_size_problem(device: Device, memory_gb: float) -> str:
    """Why a preset cannot have this memory size; "" if its device is sold with it, or nobody knows with what."""
    options = [option.memory_gb for option in device.memory_options.all()]
    if not options or memory_gb in options:
        return ""
    sizes = ", ".join(f"{option:g}" for option in options)
    return f"{device} is sold with {sizes} GB, not {memory_gb:g}."


def architecture_problem(config: Mapping[str, Any], formula: Mapping[str, Any]) -> str:
    """Why the engine cannot read this architecture, or cannot weigh it in some format; "" if it can."""
    from planner.engine.architecture import architecture_from_config
    from planner.engine.quantize import weight_format
    from planner.engine.weights import weight_bytes

    try:
        architecture = architecture_from_config(config, formula)
    except REFUSALS as error:
        return f"The engine cannot read this architecture: {said(error)}."
    block_types = block_sizes()
    for entry in WeightFormat.objects.filter(withdrawn=False):
        try:
            weight_bytes(architecture, weight_format(entry, block_types))
        except REFUSALS as error:
            return f"The engine cannot weigh this architecture in {entry.name}: {said(error)}."
    return ""


def format_problem(entry: WeightFormat) -> str:
    """Why the engine cannot apply the format's rules to some model of the catalog; "" if it can."""
    from planner.engine.architecture import architecture_from_config
    from planner.engine.quantize import weight_format
    from planner.engine.weights import weight_bytes

    block_types = block_sizes()
    for model in LanguageModel.objects.filter(withdrawn=False):
        if model.formula is None:
            continue
        architecture = architecture_from_config(model.config, model.formula)
        try:
            weight_bytes(architecture, weight_format(entry, block_types))
        except REFUSALS as error:
            return f"The engine cannot apply these rules to {model.name}: {said(error)}."
    return ""


def block_sizes() -> dict[str, tuple[int, float]]:
    """Elements and bytes of each block type, by name."""
    return {
        name: (elements, size)
        for name, elements, size in BlockType.objects.values_list("name", "elements", "bytes")
    }


def said(error: Exception) -> str:
    """The engine's reason in words."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
