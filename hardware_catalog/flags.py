"""What to know of a measurement, and whether it may be compared with a plan: rules over its notes, with reasons.

They add to the rules of :mod:`hardware_catalog.trust`, which say what the single-stream fit may use: a row of eight
cards is no single stream and yet trusted, a row whose cards are miscounted is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hardware_catalog.trust import RULES, Rule

Row = Mapping[str, str]

# Rules of trust.py that leave a row out of the single-stream fit although nothing is wrong with it.
OTHER_SCOPE = frozenset({"several_sequences", "several_devices", "special_kernels"})
# Rules of trust.py that mean a device and its host, or several machines, worked together.
COMPOSITE_RULES = frozenset({"partly_on_host", "mixed_backend"})
# A rule that matches only because its narrower sibling does.
IMPLIED: Mapping[str, str] = {"named_outlier": "low_outlier"}
# The flag that each rule of trust.py raises.
FLAG_OF_RULE: Mapping[str, str] = {
    "speculative": "speculative",
    "speculative_backend": "speculative",
    "speculation_unknown": "speculative",
    "partly_on_host": "offload",
    "mixed_backend": "offload",
    "spilled": "offload",
    "tagged_spill": "offload",
    "paging": "offload",
    "power_cap": "power_cap",
    "low_outlier": "outlier",
    "named_outlier": "outlier",
    "slow_kernels": "outlier",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the notes of a row say: a flag of the row, a reason not to trust it, or both."""

    pattern: str
    reason: str
    flag: str = ""
    distrust: bool = False

    def found(self, notes: str) -> bool:
        return re.search(self.pattern, notes) is not None


NOTES: tuple[Note, ...] = (
    Note(
        r"EXPORT ARTIFACT",
        "the source counts the devices otherwise than they ran",
        distrust=True,
    ),
    Note(
        r"\bAMBIGUOUS: ",
        "the source does not say whether the rate is of the output or of all tokens",
        "ambiguous",
        distrust=True,
    ),
    Note(
        r"MEMORY OVERCLOCK|\boverclocked\b", "the memory ran faster than the device's own rate", distrust=True
    ),
    Note(r"(?i)throttl", "the device slowed down as it grew warm", "thermal"),
    Note(r"(?i)\bbattery\b", "the device ran on battery, which caps its power", "power_cap"),
    Note(
        r"\bDERIVED\b|\bderived \d|LINEAR FIT|values read from image|converted to GiB",
        "the value was computed from other published figures, or read off a chart",
        "derived",
    ),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of one row."""

    set_aside: Rule | None  # the first rule that leaves it out of the single-stream fit
    composite: str  # why a device and its host, or several machines, worked together; "" if they did not
    distrust: str  # why no plan compares with it; "" if one does
    flags: Mapping[str, str]  # reasons by flag


def judge(row: Row) -> Judgement:
    """Judge one row of measurements.csv."""
    rules = [
        rule for rule in RULES if (not rule.metrics or row["metric"] in rule.metrics) and rule.matches(row)
    ]
    matched = {rule.name for rule in rules}
    rules = [rule for rule in rules if IMPLIED.get(rule.name) not in matched]
    notes = _notes(row["notes"])
    flags: dict[str, list[str]] = {}
    for flag, reason in (
        *((FLAG_OF_RULE.get(rule.name, ""), rule.reason) for rule in rules),
        *((note.flag, note.reason) for note in notes),
    ):
        if flag and reason not in flags.setdefault(flag, []):
            flags[flag].append(reason)
    composite = next((rule.reason for rule in rules if rule.name in COMPOSITE_RULES), "")
    doubted = [
        rule.reason
        for rule in rules
        if not rule.judged and rule.name not in OTHER_SCOPE and rule.name not in COMPOSITE_RULES
    ]
    doubted += [note.reason for note in notes if note.distrust]
    return Judgement(
        set_aside=rules[0] if rules else None,
        composite=composite,
        distrust="; ".join(dict.fromkeys(doubted)),
        flags={flag: "; ".join(reasons) for flag, reasons in flags.items()},
    )


@lru_cache(maxsize=64)  # rows of one run stand together and share their notes
def _notes(notes: str) -> tuple[Note, ...]:
    return tuple(note for note in NOTES if note.found(notes))
