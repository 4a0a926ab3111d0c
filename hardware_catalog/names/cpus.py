"""CPU and integrated-GPU texts to computer platforms: lscpu lines, marketing names, iGPU names, code names.

A CPU's model number is brought to a short identity ("core i7-1370p", "ryzen 5950x", "epyc 9355", "igpu radeon 780m");
``data/aliases/cpu_patterns.csv`` says which platform entries an identity belongs to. A platform sold with several kinds
of memory has several entries; the memory that the text states picks one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware_catalog.names.facts import Facts
from hardware_catalog.names.normalise import clean
from hardware_catalog.rows import DeviceRow

PATTERNS = Path(__file__).resolve().parent.parent / "data" / "aliases" / "cpu_patterns.csv"

_CPU: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), identity)
    for pattern, identity in (
        (r"\bryzen ai max ?(?:\+|plus)? ?(?:pro )?(\d{3})\b", "ryzen ai max {0}"),
        (r"\bai max ?(?:\+|plus) ?(?:pro )?(\d{3})\b|\b(?<!\d)(395) ?\+", "ryzen ai max {0}"),
        (r"\bryzen ai (?:\d )?(?:pro )?(?:hx )?(?:pro )?(\d{3})\b", "ryzen ai {0}"),
        (r"\bryzen ai halo\b", "ryzen ai halo"),
        (r"\bthreadripper (?:pro )?(\d{4}wx)\b", "threadripper pro {0}"),
        (r"\bthreadripper (\d{4}x)\b", "threadripper {0}"),
        (r"\bepyc (?:embedded )?([3-9][a-z0-9]{3}[a-z0-9]?)\b", "epyc {0}"),
        (r"\bryzen (?:\d )?(?:pro )?(\d{3,4}[a-z0-9]*)\b", "ryzen {0}"),
        (r"\bryzen (z\d(?: extreme)?)\b", "ryzen {0}"),
        (r"\bcore ultra (?:[xu]?\d )?(?:processor )?(\d{3}[a-z]*)\b", "core ultra {0}"),
        (r"\b(i[3579])[- ]?(\d{3,5}[a-z0-9]*|n\d{3})\b", "core {0}-{1}"),
        (r"\bcore ([357]) (\d{3}[a-z]?)\b", "core {0} {1}"),
        (r"\b(2\d5k[f]?)\b", "core ultra {0}"),
        (r"\bxeon (?:r )?(?:cpu )?(e[357]-\d{4}[a-z]?(?: ?v\d)?)", "xeon {0}"),
        (r"\bxeon (?:r )?(?:gold|silver|platinum|bronze) (\d{4}[a-z+]*)", "xeon sp {0}"),
        (r"\bxeon (w\d?-\d{4}[a-z]*)\b", "xeon {0}"),
        (r"\bxeon (?:6 )?(6\d{3}[pe])\b", "xeon 6 {0}"),
        (r"\bxeon 6\b", "xeon 6"),
        (r"\b(n(?:95|97|100|150|200|305|355))\b", "intel {0}"),
        (r"\bsnapdragon (x2? (?:elite|plus)(?: extreme)?)\b", "snapdragon {0}"),
        (r"\b(graviton ?\d)\b", "aws {0}"),
    )
)
_OTHER_CPU = re.compile(
    r"\b(?:celeron|pentium|core ?2|core m|m[357]-\dy\d\d|xeon|opteron|phenom|athlon|fx-\d{4}|zhaoxin|kaixian|ampereone"
    r"|altra|kunpeng|kirin|risc-v|cortex|znver\d|haswell|skylake|broadwell|cascadelake|alderlake|tigerlake|icelake"
    r"|sapphirerapids|ivybridge|sandybridge|westmere|bdver\d|core processor|custom apu|epyc|threadripper|ryzen)\b"
)
_IGPU: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), identity)
    for pattern, identity in (
        (r"\bradeon (8\d{2}0s|[6-8][1-9]0m)\b", "igpu radeon {0}"),
        (r"\b(8060s|8050s|8065s|890m|880m|860m|840m|780m|760m|740m|680m|660m)\b", "igpu radeon {0}"),
        (r"\barc (1[34]0[vt]|b3\d0)\b", "igpu arc {0}"),
    )
)
_CODE_NAME = re.compile(
    r"\b(strix halo|gorgon halo|strix point|lunar lake|panther lake|meteor lake|arrow lake-?h?|raptor lake-p"
    r"|tiger lake-lp)\b"
)
_NPU = re.compile(r"\b(?:xdna\d?|npu|hexagon npu|ai boost)\b")
_IGPU_MARK = re.compile(
    r"\bigpu\b|\biris xe\b|\buhd graphics\b|\bradv\b|\bintel graphics\b|\bhd graphics\b|\barc igpu\b|\bwebgpu\b"
)
_CPU_MARK = re.compile(
    r"\bznver\d\b|lake(?:-s)?\)|\b(?:tigerlake|rocketlake|alderlake|skylake\S*|cascadelake|haswell|broadwell|sapphirerapids)\b"
    r"|\bcore processor\b|\b\d{1,3}-cores?\b|\bthreads?\b"
)
_CPU_BACKEND = re.compile(r"\bcpu\b")
_GPU_BACKENDS = re.compile(
    r"\b(?:vulkan|rocm|hip|sycl|opencl|metal|mtl|webgpu|gpu|igpu|ipex|directml|openvino gpu)\b"
)


@dataclass(frozen=True, slots=True)
class CpuMatch:
    """What a text says about a computer's processor."""

    identity: str  # "" when the text is a CPU of no known family
    slugs: tuple[str, ...]  # platform entries, all that the identity may be
    usual: str = ""  # the entry to take when the text does not tell them apart; "" when none is usual


class CpuTable:
    """Platform entries by CPU identity."""

    def __init__(
        self, devices: Iterable[DeviceRow], patterns: Sequence[Mapping[str, str]] | None = None
    ) -> None:
        known = {row.slug for row in devices}
        rules = read_patterns() if patterns is None else patterns
        self._rules = [
            (re.compile(rule["pattern"]), rule["slug"], rule["usual"] == "yes")
            for rule in rules
            if rule["slug"] in known
        ]

    def find(self, cleaned: str) -> CpuMatch | None:
        """The platform that a cleaned text names by CPU, integrated GPU or code name; None: it names none of these."""
        for identity in identities(cleaned):
            found = [(slug, usual) for pattern, slug, usual in self._rules if pattern.fullmatch(identity)]
            if found:
                slugs = tuple(dict.fromkeys(slug for slug, _ in found))
                return CpuMatch(identity, slugs, next((slug for slug, usual in found if usual), ""))
        if next(identities(cleaned), None) is not None or _OTHER_CPU.search(cleaned):
            return CpuMatch("", ())
        return None


def read_patterns(path: Path = PATTERNS) -> list[dict[str, str]]:
    """Rows of cpu_patterns.csv (pattern, slug, usual, note, source)."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def identities(cleaned: str) -> Iterator[str]:
    """CPU identity first, then integrated GPU, then code name."""
    plain = cleaned.replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ")
    plain = re.sub(r"\bwith\b|\bw/|\bcpu\b|\bprocessor\b|\bamd\b(?= ryzen)", " ", plain)
    plain = re.sub(r"\s+", " ", plain)
    for table in (_CPU, _IGPU):
        for pattern, identity in table:
            match = pattern.search(plain)
            if match is not None:
                yield identity.format(*(g.strip() for g in match.groups() if g))
                break
    code_name = _CODE_NAME.search(plain)
    if code_name is not None:
        yield f"code {code_name.group(1)}"


def is_igpu_name(cleaned: str) -> bool:
    """Whether the text names an integrated GPU without its CPU ("AMD Radeon 780M")."""
    found = next(iter(identities(cleaned)), "")
    return found.startswith("igpu ")


def processor(cleaned: str, backend: str | None) -> str:
    """Which processor of a computer ran: the backend decides, then the text's own marks; "" when neither says."""
    told = clean(backend or "")
    if re.search(r"\bnpu\b|\bhexagon\b|\bhtp\b|\bqnn\b", told):
        return "npu"
    if _GPU_BACKENDS.search(told) and not _CPU_BACKEND.search(told):
        return "igpu"
    if _CPU_BACKEND.search(told):
        return "cpu"
    if _NPU.search(cleaned):
        return "npu"
    if is_igpu_name(cleaned) or _IGPU_MARK.search(cleaned):
        return "igpu"
    if _CPU_MARK.search(cleaned):
        return "cpu"
    return ""


def choose(rows: Sequence[DeviceRow], facts: Facts, bandwidth_gbs: float | None = None) -> list[DeviceRow]:
    """Of a platform's entries those whose memory and sockets are the stated ones, where the text states them."""
    found = list(rows)
    if facts.memory_type:
        found = [row for row in found if memory_kind(row) == _kind(facts.memory_type)] or found
    if facts.rate_mts:
        found = [row for row in found if f"{facts.rate_mts:.0f}" in row.memory_type] or found
    if bandwidth_gbs is not None:
        found = [row for row in found if _near(row.bandwidth_bytes_per_s, bandwidth_gbs * 1e9)] or found
    if len(found) > 1:
        word = "2-socket" if (facts.sockets or facts.count) == 2 else "1-socket"
        found = [row for row in found if word in row.slug] or found
    return found


def _near(value: float | None, wanted: float) -> bool:
    return value is not None and max(value, wanted) <= 1.06 * min(value, wanted)


def _kind(written: str) -> str:
    return re.sub(r"[xt]$", "", written)


def memory_kind(row: DeviceRow) -> str:
    """ "ddr5", "lpddr5", ... of a platform entry; "" when its memory is not known."""
    match = re.match(r"[a-z]+\d?", row.memory_type.casefold())
    return match.group(0) if match else ""


def channels(row: DeviceRow) -> int | None:
    """64-bit memory channels of a platform entry: "DDR5-4800 x12" has 12, LPDDR on 128 bits counts as 2."""
    match = re.search(r" x(\d+)$", row.memory_type)
    if match is not None:
        return int(match.group(1))
    width = re.search(r"(\d+)-bit", row.memory_type)
    if width is not None:
        return int(width.group(1)) // 64
    return 2 if row.memory_type.casefold().startswith("lpddr") else None
