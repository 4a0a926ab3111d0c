"""Questions to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from planner.serving.querystring import serving_query
from planner.serving.questions import ServingQuestion
from planner.serving.words import load_words


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its words."""

    model: str
    load: str
    query: str


def _example(name: str, question: ServingQuestion) -> Example:
    return Example(name, load_words(question), serving_query(question))


EXAMPLES = (
    _example("Llama 3.1 8B", ServingQuestion("llama-3-1-8b")),
    _example("gpt-oss-120b", ServingQuestion("gpt-oss-120b", concurrency=100)),
    _example("Qwen3 32B", ServingQuestion("qwen3-32b", concurrency=None, requests_per_s=2.0)),
    _example("DeepSeek-R1", ServingQuestion("deepseek-r1", concurrency=64)),
)
