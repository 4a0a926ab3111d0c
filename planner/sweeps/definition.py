"""What a person asks of a sweep: axes and options, as the form, the API and the database write it (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

KEEP: Mapping[str, str] = {
    "all": "every plan",
    "running": "only plans that run: they fit, are tight, or fit with offload",
    "best": "the best of each machine, model, context and number of users, and the Pareto front of each model",
}
# The prompt fills the context, but for the answer.
FULL = "full"
# An axis of numbers has at most so many.
MOST_NUMBERS = 64


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries of one kind. Exactly one way of saying which: all, by slug, or by the filters of the catalog's list."""

    all: bool = False
    slugs: tuple[str, ...] = ()
    where: Mapping[str, str] = field(
        default_factory=dict
    )  # as typed into the list's filters: {"vendor": "NVIDIA"}

    @property
    def is_empty(self) -> bool:
        return not (self.all or self.slugs or self.where)


@dataclass(frozen=True, slots=True)
class Definition:
    """A sweep's question. Machines and devices make one axis together; each may be empty, not both."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    machines: Selection = Selection()
    devices: Selection = Selection()  # each with every memory size that it is sold with
    counts: tuple[int, ...] = (1,)  # of each machine or device
    models: Selection = Selection()
    formats: Selection | Literal["common"] = "common"  # "common": what people find ready made
    kv_formats: tuple[str, ...] = ("f16",)
    runtimes: Selection | Literal["usual"] = (
        "usual"  # "usual": what the form would take; slugs: "vllm", "vllm/CUDA"
    )
    contexts_tokens: tuple[int, ...] = (8192,)
    concurrency: tuple[int, ...] = (1,)
    prompt_tokens: int | Literal["full"] = 512
    output_tokens: int = 256
    keep: Literal["all", "running", "best"] = "running"


class DefinitionError(Exception):
    """A sweep that cannot be; ``errors`` has the reasons by the field of the definition ("" where several share it)."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, texts in errors.items() for text in texts))
        self.errors = errors


_DEFINITION = TypeAdapter(Definition)


def as_json(definition: Definition) -> dict[str, object]:
    """The definition as the database and the API keep it."""
    written: dict[str, object] = _DEFINITION.dump_python(definition, mode="json")
    return written


def of_json(data: object) -> Definition:
    """Read a definition. Raises ``pydantic.ValidationError`` where it is none."""
    return _DEFINITION.validate_python(data)
