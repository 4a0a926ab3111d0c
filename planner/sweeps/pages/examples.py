"""Questions to begin with: each leads to the form, filled in."""

from __future__ import annotations

from dataclasses import dataclass

from planner.sweeps.definition import Definition, Selection
from planner.sweeps.pages.form import definition_query


@dataclass(frozen=True, slots=True)
class Example:
    """A question that people have, in their words, and what is asked for it."""

    question: str
    detail: str
    definition: Definition

    @property
    def query(self) -> str:
        return definition_query(self.definition, self.question)


EXAMPLES = (
    Example(
        "Which machine runs 70B models above reading speed?",
        "Every machine of the catalog with every model of 65 to 80 billion parameters.",
        Definition(
            machines=Selection(all=True),
            models=Selection(where={"size_least": "65", "size_most": "80"}),
        ),
    ),
    Example(
        "What can my Mac run?",
        "One MacBook Pro with every model, at four lengths of context. Put your own Mac in its place.",
        Definition(
            machines=Selection(slugs=("macbook-pro-14-m4-max-40-core-gpu-64-gb",)),
            models=Selection(all=True),
            contexts_tokens=(8192, 32768, 65536, 131072),
        ),
    ),
    Example(
        "Which card for one model, and how fast at each context?",
        "Every graphics card, alone and in twos, with gpt-oss-20b from 4k to 128k tokens of context.",
        Definition(
            devices=Selection(where={"kind": "gpu"}),
            counts=(1, 2),
            models=Selection(slugs=("gpt-oss-20b",)),
            contexts_tokens=(4096, 8192, 16384, 32768, 65536, 131072),
            keep="all",
        ),
    ),
)
