"""Rows of the long tables, written without a template: an answer may hold a hundred formats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from planner import figures
from planner.plans.answer import FormatOption, Interval

VERDICT_WORDS = {"fits": "fits", "tight": "tight", "offload": "fits with offload", "no": "does not fit"}
VERDICT_MARKS = {
    key: format_html(
        '<span class="verdict verdict-{0}"><svg class="mark" viewBox="0 0 20 20" width="20" height="20"'
        ' aria-hidden="true"><use href="#mark-{0}"></use></svg><span>{1}</span></span>',
        key,
        words,
    )
    for key, words in VERDICT_WORDS.items()
}
NO_SPEED = SafeString(
    '<span class="dim" aria-hidden="true">–</span><span class="unseen">none: it does not fit</span>'
)
UNKNOWN_SPEED = SafeString('<span class="dim">unknown</span>')

# The formats that most files are published in: the short table, where a program runs many more.
USUAL = (
    "f16",
    "gguf-bf16",
    "q8-0",
    "q6-k",
    "q5-k-m",
    "q4-k-m",
    "iq4-xs",
    "q3-k-m",
    "iq3-xxs",
    "q2-k",
    "iq2-xxs",
    "mxfp4-moe-q8",
)
MOST_AT_ONCE = 14


@dataclass(frozen=True, slots=True)
class FormatLine:
    """A row of the table of formats and the question that asks for it."""

    option: FormatOption
    query: str


def speed(interval: Interval | None, verdict: str) -> SafeString:
    """A speed with its range, or why there is none."""
    if interval is None:
        return NO_SPEED if verdict == "no" else UNKNOWN_SPEED
    return format_html(
        '{} <span class="range">{}</span>', figures.rate(interval.value), figures.rate_range(interval)
    )


def format_rows(lines: Iterable[FormatLine], address: str) -> SafeString:
    """The rows of a table of formats; each name links to the question under ``address`` that asks for it."""
    return format_html_join("\n", "{}", ((_format_row(line.option, line.query, address),) for line in lines))


def _format_row(option: FormatOption, query: str, address: str) -> SafeString:
    bits, size = figures.bits(option.bits_per_weight), figures.gb(option.download_bytes)
    return format_html(
        '<tr{}><th scope="row"><a href="{}?{}">{}</a>{}<span class="narrow-only dim">{} bits, {}</span></th>'
        '<td class="num wide-only">{}</td><td class="num">{}</td><td>{}</td><td class="num">{}</td>'
        '<td class="num wide-only">{}</td></tr>',
        SafeString(' class="chosen" aria-current="true"' if option.chosen else ""),
        address,
        query,
        option.name,
        SafeString(' <span class="tag">shown</span>' if option.chosen else ""),
        bits,
        size,
        bits,
        figures.gib(option.memory_bytes),
        VERDICT_MARKS[option.verdict],
        speed(option.decode_tps, option.verdict),
        size,
    )


def short_list(lines: Sequence[FormatLine]) -> Sequence[FormatLine]:
    """The usual formats and the chosen one where there are too many to take in; else all."""
    if len(lines) <= MOST_AT_ONCE:
        return lines
    usual = [line for line in lines if line.option.chosen or line.option.slug in USUAL]
    if len(usual) > MOST_AT_ONCE // 2:
        return usual
    chosen = next((place for place, line in enumerate(lines) if line.option.chosen), 0)
    first = min(max(chosen - MOST_AT_ONCE // 2, 0), len(lines) - MOST_AT_ONCE)
    return lines[first : first + MOST_AT_ONCE]
