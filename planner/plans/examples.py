"""Questions to begin with: each links to its answer."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Example:
    """A question that people ask, in their words."""

    model: str
    machine: str
    query: str


def example(model: str, machine: str, /, **parameters: str) -> Example:
    """An example whose link says the parameters."""
    return Example(model, machine, urlencode(parameters))


EXAMPLES = (
    example(
        "DeepSeek R1, all 671 billion weights",
        "a Mac Studio with 512 GB",
        machine="Mac Studio M3 Ultra 512 GB",
        model="DeepSeek-R1",
    ),
    example(
        "Llama 3.1 8B",
        "a MacBook Air with 16 GB",
        machine="MacBook Air M4 16 GB",
        model="Llama-3.1-8B-Instruct",
    ),
    example("Llama 3.2 3B", "an iPhone 16", machine="iPhone 16", model="Llama-3.2-3B-Instruct"),
    example("Qwen3 30B-A3B", "a gaming PC with an RTX 4090", machine="RTX 4090", model="Qwen3-30B-A3B"),
    example("gpt-oss 120B", "a mini PC with Strix Halo", machine="Strix Halo 128 GB", model="gpt-oss-120b"),
    example(
        "Gemma 3 27B, reading a whole book",
        "an RTX 5090",
        machine="RTX 5090",
        model="gemma-3-27b-it",
        context="131072",
    ),
)
