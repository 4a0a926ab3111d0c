"""The colours of the heat map, what each means, and a cell in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner import figures
from planner.charts.heat_map import HeatCell
from planner.sweeps.results.heat_map import HeatValue
from planner.sweeps.views.plan_lines import Interval

# Least value of each step of colour, and its words. What is written as 5.0 stands among "5 to 10".
STEPS: Mapping[str, Sequence[tuple[float, str]]] = {
    "speed": (
        (0.0, "under 2 tokens/s"),
        (1.95, "2 to 5"),
        (4.95, "5 to 10: about as fast as people read"),
        (9.95, "10 to 20"),
        (19.5, "20 to 50"),
        (49.5, "50 to 100"),
        (99.5, "100 and more"),
    ),
    "bits": (
        (0.0, "under 3 bits"),
        (2.995, "3 to 4"),
        (3.995, "4 to 5"),
        (4.995, "5 to 7"),
        (6.995, "7 to 9"),
        (8.995, "9 and more"),
    ),
}
NOTHING = {
    "speed": (
        ("none", "no plan runs"),
        ("unsure", "runs, at a speed that is not known; or it is not known whether it fits"),
    ),
    "bits": (
        ("none", "no plan fits with room to spare"),
        ("unsure", "it is not known whether it fits"),
    ),
}
# what stands in a cell in which nothing fits with room to spare, by what there is instead
INSTEAD = ((1, "tight"), (2, "part"))


def legend(measure: str) -> list[tuple[str, str]]:
    """The classes of the colours with their words."""
    steps = [(f"step-{place}", words) for place, (_, words) in enumerate(STEPS[measure])]
    return [*steps, *NOTHING[measure]]


def kind_of(measure: str, value: float) -> str:
    """The class of a value's colour."""
    places = [place for place, (least, _) in enumerate(STEPS[measure]) if value >= least]
    return f"step-{places[-1] if places else 0}"


def heat_cell(measure: str, value: HeatValue | None, pair: str, format_name: str, query: str) -> HeatCell:
    """A cell of the map: ``pair`` names its machine and model, ``query`` leads to its plans."""
    if value is None:
        return HeatCell("empty", "", "", f"{pair}: not part of this sweep", "")
    n_plans = sum(value.counts)
    tail = f" {n_plans:,} plan{'' if n_plans == 1 else 's'}."
    if value.plan >= 0:
        mark = value.verdict if value.verdict in ("tight", "offload") else ""
        words = _speed_words(value) if measure == "speed" else f"{figures.bits(value.value)} bits per weight"
        also = {"": "", "tight": ", tight", "offload": ", with a part in main memory"}[mark]
        text = short_rate(value.value) if measure == "speed" else figures.bits(value.value)
        return HeatCell(
            kind_of(measure, value.value),
            text,
            mark,
            f"{pair}: {words} in {format_name}{also}.{tail}",
            query,
        )
    if value.n_running:
        if measure == "speed":
            return HeatCell("unsure", "runs", "", f"{pair}: it runs, how fast is not known.{tail}", query)
        word = next((word for code, word in INSTEAD if value.counts[code]), "")
        said = "it fits, but tightly" if word == "tight" else "it runs with a part in main memory"
        return HeatCell("none", word, "", f"{pair}: {said}.{tail}", query)
    if value.counts[3]:
        return HeatCell("none", "no", "", f"{pair}: does not fit.{tail}", query)
    return HeatCell("unsure", "?", "", f"{pair}: it is not known whether it fits.{tail}", query)


def _speed_words(value: HeatValue) -> str:
    return f"{figures.rate(value.value)} tokens/s ({figures.rate_range(Interval(value.value, value.low, value.high))})"


def short_rate(value: float) -> str:
    """Tokens a second where there is little room: "2.4", "31", "1.9k"."""
    return f"{value / 1000:.1f}k" if value >= 1000 else figures.rate(value)
