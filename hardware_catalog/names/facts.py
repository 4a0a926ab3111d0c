"""Facts that stand in a device's text beside its name: count, memory, GPU cores, memory channels and rate, power."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

WORD_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "six": 6,
    "eight": 8,
    "dual": 2,
    "twin": 2,
    "quad": 4,
    "octa": 8,
}
BYTES_PER_TRANSFER = 8  # a memory channel is 64 bits wide
SCALES = {"g": 1.0, "gb": 1.0, "gib": 1.0, "tb": 1024.0, "tib": 1024.0}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says beside the name; None or "" where it says nothing."""

    count: int | None = None
    memory_gb: float | None = None
    gpu_cores: int | None = None
    cores: int | None = None  # cores of a processor not said ("M2 Ultra 76 core")
    performance_cores: int | None = None
    cpu_cores: int | None = None
    sockets: int | None = None
    channels: int | None = None
    memory_type: str = ""  # "ddr5", "lpddr5x", "mrdimm", ...
    rate_mts: float | None = None
    bandwidth_gb_per_s: float | None = None
    power_w: float | None = None
    laptop: bool = False
    max_q: bool = False
    summed: bool = False  # the memory may be the sum over the devices ("dual 48 GB")
    bus: str = ""  # "sxm", "sxm4", "pcie", "nvl"

    def bandwidth(self, default_channels: int | None = None) -> float | None:
        """Bytes per second of the stated memory, or None when the text does not state enough."""
        if self.bandwidth_gb_per_s:
            return self.bandwidth_gb_per_s * 1e9
        channels = self.channels or default_channels
        if self.rate_mts and channels:
            return self.rate_mts * 1e6 * BYTES_PER_TRANSFER * channels
        return None


_APPLE_CORES = re.compile(r"\b(\d{1,2})p ?\+ ?(\d{1,2})e(?: ?\+ ?(\d{1,3}) ?gpu)?")
_GPU_CORES = re.compile(
    r"\b(\d{1,3})[ -]?cores?[ -]?gpu|\bgpu[ :-]*(\d{1,3})[ -]?cores?|\b(\d{1,3})[ -]?gpu[ -]?cores?|\b(\d{1,3}) ?c ?gpu"
)
_APPLE_CHIP = re.compile(r"\bm\d{1,2}\b")
_CPU_BY_GPU = re.compile(r"\b(\d{1,2}) ?c?/(\d{1,2}) ?c?\b(?! ?[gt]i?b)")  # "M4 Max 16/40", "14c/20c"
_CPU_CORES = re.compile(
    r"\b(?:(\d{1,3})|two|four|six|eight|twelve|sixteen)[ -]?cores? (?:processor|cpu|arm|risc-v)\b"
)
_CORES = re.compile(r"\b(\d{1,3})[ -]?cores?\b|\b(\d{1,3})c\b")
_MEMORY_KIND = r"lpddr\d[xt]?|ddr\d|mrdimm|gddr\d[x]?|hbm\d?e?"
_CHANNELS_RATE = re.compile(rf"\b(\d{{1,2}}) ?x ?({_MEMORY_KIND})(?:[ /x-]*(\d{{4,5}}))?\b")
_KIND_RATE = re.compile(rf"\b({_MEMORY_KIND})(?:[ /x-]{{0,3}}(\d{{4,5}}))?(?: ?mt/?s| ?mhz)?\b")
_RUNNING_AT = re.compile(r"\brunning at (\d{4,5})\b")
_CHANNELS = re.compile(r"\b(\d{1,2}|single|dual|two|quad|four|six|eight|twelve)[ -]?ch(?:annels?)?\b")
_SOCKETS = re.compile(r"\b(\d|single|dual|two)[ -]sockets?\b")
_BANDWIDTH = re.compile(r"\b(\d{2,5}(?:\.\d+)?) ?(gb|tb)/s\b")
_SIZE = re.compile(
    r"(?<![\d.a-z])(?:(\d{1,4}(?:\.\d{1,2})?) ?-?(tib|tb|gib|gb)"
    r"|(8|1[0-2]|16|20|24|32|40|48|64|80|96|128|141|144|192|256|512) ?(g))\b"
)
_WITH_STORAGE = re.compile(
    r"\b(\d{1,3}) ?[/+] ?(?:(?:128|256|512|1024)(?: ?gb)?|[1-8] ?tb)\b"
)  # "64/1TB", "12+256"
_POWER = re.compile(r"\b(\d{2,4}) ?w\b")
_DROP = re.compile(
    r"@? ?\b\d+(?:\.\d+)? ?ghz\b|\bpcie (?:gen ?)?\d(?:\.\d)?(?: ?x\d+)?\b|\bcompute capability \d+(?:\.\d+)?\b"
    r"|\bvmm: ?(?:yes|no)\b|\b\d+ (?:cpu-infer )?threads?(?: used)?\b|\bnps\d\b|\bnvl\d+\b|\brev \d(?:\.\d)?\b"
    r"|\b\d{2}(?:\.\d)? ?-?inch\b|\b\d{1,3} cus?\b|\b\d{2,3}-bit\b|\bnavi ?\d\d\b|\b(?:ftw3|xc3|xlr8|kfa2)\b"
)
_SYSTEM = r"windows|ubuntu|debian|fedora|wsl"
_SOFTWARE = re.compile(
    rf"\b(?:cuda|rocm|driver|linux|kernel|{_SYSTEM})(?: (?:server|version|v))? ?\d{{1,4}}(?:\.\d+)*\b|\b(?:{_SYSTEM})\b"
)
_COUNT_FRONT = re.compile(r"^(\d{1,3}) ?[x*](?: (?=[a-z\[(])|(?=[a-z]{1,9}[ -]?\d))")  # not "7900 XTX"
_COUNT_WORD = re.compile(r"^(two|three|four|six|eight|dual|twin|quad|octa)[ -]")
_COUNT_PLAIN = re.compile(
    r"^(\d{1,3}) (?=(?:nvidia|geforce|rtx|gtx|amd|radeon|rx|instinct|tesla|intel arc|arc|h\d{2,3}|a\d{2,3}"
    r"|l\d{1,2}|b\d{3}|v100|mi\d{2,3}|gpu|x )\b)"
)
_COUNT_FRONT_NUMBER = re.compile(r"^(\d{1,3}) ?[x*] ?(?=\d{3,4}[a-z ]|\d{3,4}$)")  # "4x 3090"
_COUNT_BRACKET = re.compile(r"[(\[] ?(?:x ?(\d{1,4})|(\d{1,4}) ?x) ?[)\]]")
_COUNT_BACK = re.compile(r" [x*] ?(\d{1,4})$")
_DIGIT_BEFORE = re.compile(r"\d.* [x*] ?\d{1,4}$")
_COUNT_DUAL = re.compile(r" (dual|quad) (?=\d{2,3} ?g)")
_COUNT_GPUS = re.compile(r"\b(\d{1,3})[ -]gpus?\b")
_LAPTOP = re.compile(r"\b(?:laptop|notebook|mobile)\b")
_MAX_Q = re.compile(r"\bmax-?q\b")
_BUS = re.compile(r"\b(?:(sxm\d?)|(pcie|pci-e)|(nvl))\b")
_RACK = re.compile(r"\b(?:dgx|hgx)\b(?! ?(?:spark|station))")  # their GPUs are SXM modules


class _Scanner:
    """Takes facts out of a text, one pattern after another."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match, cut out of the text."""
        match = pattern.search(self.text)
        if match is not None:
            self.text = f"{self.text[: match.start()]} {self.text[match.end() :]}"
        return match

    def drop(self, pattern: re.Pattern[str]) -> None:
        self.text = pattern.sub(" ", self.text)


def extract_count(text: str) -> tuple[str, int | None]:
    """How many devices a text names, and the rest: "2x RTX 3090", "8xH100", "RTX 3090 (2x)", "… x4", "dual 3090"."""
    scanner = _Scanner(text.strip())
    for pattern in (
        _COUNT_FRONT,
        _COUNT_FRONT_NUMBER,
        _COUNT_WORD,
        _COUNT_PLAIN,
        _COUNT_BRACKET,
        _COUNT_BACK,
        _COUNT_DUAL,
    ):
        if pattern is _COUNT_BACK and not _DIGIT_BEFORE.search(scanner.text):
            continue  # "vivo X100"
        match = scanner.take(pattern)
        if match is not None:
            written = next(group for group in match.groups() if group)
            count = WORD_NUMBERS.get(written) or int(written)
            if count > 0:
                return scanner.text.strip(), count
            return scanner.text.strip(), None
    match = scanner.take(_COUNT_GPUS)
    if match is not None and int(match.group(1)) > 0:
        return scanner.text.strip(), int(match.group(1))
    return scanner.text.strip(), None


def extract(cleaned: str) -> tuple[str, Facts]:
    """Facts of a cleaned text and the text without them. Numbers that cannot be a fact (0 GB) are dropped."""
    scanner = _Scanner(_WITH_STORAGE.sub(r"\1gb", cleaned))
    facts = _cores(scanner, Facts())
    facts = _memory_system(scanner, facts)
    summed = _COUNT_DUAL.search(scanner.text) is not None or _COUNT_WORD.match(scanner.text) is not None
    text, count = extract_count(scanner.text)
    scanner.text = text
    facts = replace(facts, count=count, summed=summed)
    found = [[group for group in match.groups() if group] for match in _SIZE.finditer(scanner.text)]
    sizes = [size for number, unit in found if (size := float(number) * SCALES[unit]) > 0]
    scanner.drop(_SIZE)
    power = scanner.take(_POWER)
    laptop = scanner.take(_LAPTOP) is not None
    scanner.drop(_LAPTOP)
    max_q = scanner.take(_MAX_Q) is not None
    bus = scanner.take(_BUS)
    racked = scanner.take(_RACK) is not None
    facts = replace(
        facts,
        memory_gb=sizes[0] if sizes else None,
        power_w=float(power.group(1)) if power else None,
        laptop=laptop,
        max_q=max_q,
        bus=next(g for g in bus.groups() if g).replace("pci-e", "pcie") if bus else "sxm" if racked else "",
    )
    return re.sub(r"\s+", " ", scanner.text).strip(), facts


def _cores(scanner: _Scanner, facts: Facts) -> Facts:
    apple = scanner.take(_APPLE_CORES)
    if apple is not None:
        performance, efficiency = int(apple.group(1)), int(apple.group(2))
        gpu = int(apple.group(3)) if apple.group(3) else None
        return replace(
            facts, performance_cores=performance, cpu_cores=performance + efficiency, gpu_cores=gpu
        )
    both = scanner.take(_CPU_BY_GPU) if _APPLE_CHIP.search(scanner.text) else None
    if both is not None:
        return replace(facts, cpu_cores=int(both.group(1)), gpu_cores=int(both.group(2)) or None)
    gpu_cores = scanner.take(_GPU_CORES)
    cpu_cores = scanner.take(_CPU_CORES)
    scanner.drop(_CPU_CORES)
    cores = scanner.take(_CORES)
    scanner.drop(_CORES)
    return replace(
        facts,
        gpu_cores=_first_int(gpu_cores),
        cpu_cores=_first_int(cpu_cores),
        cores=_first_int(cores) if gpu_cores is None else None,
    )


def _memory_system(scanner: _Scanner, facts: Facts) -> Facts:
    bandwidth = scanner.take(_BANDWIDTH)
    if bandwidth is not None:
        scale = 1000.0 if bandwidth.group(2) == "tb" else 1.0
        facts = replace(facts, bandwidth_gb_per_s=float(bandwidth.group(1)) * scale)
    scanner.drop(_DROP)
    scanner.drop(_SOFTWARE)
    sockets = scanner.take(_SOCKETS)
    if sockets is not None:
        facts = replace(facts, sockets=_number(sockets.group(1)))
    counted = scanner.take(_CHANNELS_RATE)
    if counted is not None:
        rate = float(counted.group(3)) if counted.group(3) else None
        facts = replace(facts, channels=int(counted.group(1)), memory_type=counted.group(2), rate_mts=rate)
    else:
        kind = scanner.take(_KIND_RATE)
        if kind is not None:
            rate = float(kind.group(2)) if kind.group(2) else None
            facts = replace(facts, memory_type=kind.group(1), rate_mts=rate)
        channels = scanner.take(_CHANNELS)
        if channels is not None:
            facts = replace(facts, channels=_number(channels.group(1)))
    running = scanner.take(_RUNNING_AT)
    if running is not None:
        facts = replace(facts, rate_mts=float(running.group(1)))
    return facts


def _number(written: str) -> int | None:
    words = {"single": 1, "twelve": 12, **WORD_NUMBERS}
    number = words.get(written) or (int(written) if written.isdigit() else 0)
    return number or None


def _first_int(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    return int(next((group for group in match.groups() if group), 0)) or None
