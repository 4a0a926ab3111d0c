"""How fast people read, in tokens: the yardstick beside a writing speed."""

from __future__ import annotations

from typing import NamedTuple


class Interval(NamedTuple):
    """A usual value and the range of most people."""

    value: float
    low: float
    high: float


# Adults' silent reading of English non-fiction: 238 words a minute, most adults 175 to 300
# (Brysbaert 2019, a review of 190 studies).
WORDS_PER_MINUTE = Interval(value=238.0, low=175.0, high=300.0)
READING_SOURCE_URL = "https://doi.org/10.1016/j.jml.2019.104047"

# A rule of thumb for English text: 100 tokens are about 75 words.
TOKENS_PER_WORD = 100 / 75
TOKENS_SOURCE_URL = "https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them"

READING_TPS = Interval(
    value=WORDS_PER_MINUTE.value / 60 * TOKENS_PER_WORD,
    low=WORDS_PER_MINUTE.low / 60 * TOKENS_PER_WORD,
    high=WORDS_PER_MINUTE.high / 60 * TOKENS_PER_WORD,
)


def beside_reading(tokens_per_s: float) -> str:
    """A writing speed in the words of a reader, "about 6 times as fast as people read"."""
    times = tokens_per_s / READING_TPS.value
    if tokens_per_s < READING_TPS.low:
        return f"slower than people read: about {max(round(100 * times), 1)} % of reading speed"
    if tokens_per_s <= READING_TPS.high:
        return "about as fast as people read"
    figure = (
        f"{times:.1f}".removesuffix(".0") if times < 3 else f"{times:.0f}" if times < 100 else f"{times:,.0f}"
    )
    return f"about {figure} times as fast as people read"
