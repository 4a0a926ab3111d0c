"""Which device a llama-bench result ran on: from the result's own fields, and from the lines printed before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from planner.contributions.parsers.columns import SHORT

# Builds of 2023 and 2024 have one truth value for each of these instead of a name.
_FLAG_BACKENDS = (
    ("cuda", "CUDA"),
    ("vulkan", "Vulkan"),
    ("kompute", "Kompute"),
    ("metal", "Metal"),
    ("sycl", "SYCL"),
    ("opencl", "OpenCL"),
    ("gpu_blas", "GPU BLAS"),
)
# Libraries that compute on the CPU beside the named backend.
_CPU_LIBRARIES = frozenset({"BLAS", "CPU", "ZenDNN", "ACCELERATE", "AMX", "KLEIDIAI"})

# Lines that llama.cpp's backends print before a table: (pattern with number and name, name of a shared-memory mark)
_LOG_LINES = (
    # ggml_cuda_init: "  Device 0: NVIDIA GeForce RTX 4090, compute capability 8.9, VMM: yes"
    re.compile(r"^\s*Device (?P<number>\d+): (?P<name>[^,|]+),"),
    # ggml_vulkan: "ggml_vulkan: 0 = AMD Radeon AI PRO R9700 (RADV GFX1201) (radv) | uma: 0 | fp16: 1 | …"
    re.compile(r"^ggml_vulkan: (?P<number>\d+) = (?P<name>[^|]+?)(?: \([^()]*\))? \| uma: (?P<shared>\d)"),
    # ggml_sycl's table: "| 0| [level_zero:gpu:0]|                Intel Arc A770 Graphics|   12.55| …"
    re.compile(
        r"^\|\s*(?P<number>\d+)\s*\|\s*\[(?:level_zero|opencl):gpu:\d+\]\s*\|\s*(?P<name>[^|]+?)\s*\|"
    ),
    # ggml_metal: "GPU name:   Apple M2 Ultra", "found device: Apple M2 Ultra"
    re.compile(
        r"^ggml_metal\w*: (?:GPU name|found device|picking default device):\s+(?P<name>Apple [^()]+?)\s*$"
    ),
    # ggml_opencl: "ggml_opencl: selected device: 'QUALCOMM Adreno(TM) 830 (OpenCL 3.0 …)'"
    re.compile(r"^ggml_opencl: .*device: '(?P<name>[^'(]+)"),
)


class DeviceLog:
    """Collects the devices that the lines before a table name; a new list replaces the old one."""

    def __init__(self) -> None:
        self._devices: dict[int, tuple[str, bool]] = {}
        self._printed_by = -1

    def line(self, text: str) -> None:
        """Take in one line of the log; other lines than a backend's list of devices change nothing."""
        for printer, pattern in enumerate(_LOG_LINES):
            match = pattern.match(text[:400])
            if match is None:
                continue
            found = match.groupdict()
            number = int(found.get("number") or 0)
            if number in self._devices or printer != self._printed_by:
                self._devices.clear()
            self._printed_by = printer
            self._devices[number] = (found["name"].strip(), found.get("shared") == "1")
            return

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order; graphics inside the processor are left out beside a card, as llama.cpp does."""
        cards = [name for name, shared in self._devices.values() if not shared]
        return tuple(cards or [name for name, _ in self._devices.values()])


def backend_of(raw: Mapping[str, str]) -> str:
    """What computed: "CUDA", "Vulkan", …, "CPU"; with ",RPC" where other machines took part."""
    text = raw.get("backends") or raw.get("backend") or ""
    if not text:
        truths = ("1", "true")
        named = [name for flag, name in _FLAG_BACKENDS if raw.get(flag, "").lower() in truths]
        text = ",".join(named[:1]) or ("CPU" if "cpu_info" in raw else "")
        if raw.get("rpc", "").lower() in truths:
            text += ",RPC"
    parts = [part for part in re.split(r"[,+]", text.replace(" ", "")) if part]
    if not parts:
        return ""
    computing = [part for part in parts if part not in _CPU_LIBRARIES and part != "RPC"]
    return (computing or ["CPU"])[0] + (",RPC" if "RPC" in parts else "")


def device_of(raw: Mapping[str, str], seen: Sequence[str] = ()) -> dict[str, str]:
    """Columns device, device_count, backend and parallelism, as far as the result and the log tell them."""
    backend = backend_of(raw)
    processors = _distinct(raw.get("cpu_info", "").split(", "), leave_out=_CPU_LIBRARIES | {"Accelerate"})
    cards = [name.strip() for name in raw.get("gpu_info", "").split(", ") if name.strip()] or list(seen)
    cards = _used(cards, raw)
    if not (cards or backend):
        return {}
    if backend == "CPU":
        return {
            "device": " + ".join(processors)[:SHORT],
            "device_count": "1" if processors else "",
            "backend": "CPU",
        }
    if raw.get("n_gpu_layers", "").strip() == "0":
        # decoding runs on the processor, a prompt's large products still on the card
        both = _distinct([*processors, *cards])
        device = " + ".join(both) if processors and cards else ""
        return {"device": device[:SHORT], "device_count": "1" if device else "", "backend": f"CPU+{backend}"}
    different = _distinct(cards)
    found = {"device": " + ".join(different)[:SHORT], "backend": backend}
    if len(different) == 1:
        found["device_count"] = str(len(cards))
        if len(cards) > 1 and raw.get("split_mode") in ("row", "tensor"):
            found["parallelism"] = f"TP{len(cards)}"
    return found


def _used(cards: list[str], raw: Mapping[str, str]) -> list[str]:
    """Of the machine's cards those that the run used: one under split mode "none", or those chosen by name."""
    chosen = re.findall(r"[A-Za-z]+(\d{1,3})", raw.get("devices", ""))
    if chosen and all(int(number) < len(cards) for number in chosen):
        return [cards[int(number)] for number in chosen]
    main = raw.get("main_gpu", "0").strip() or "0"
    if raw.get("split_mode") == "none" and main.isdigit() and int(main) < len(cards):
        return [cards[int(main)]]
    shares = raw.get("tensor_split", "")
    if "/" in shares and len(shares.split("/")) <= len(cards):
        used = [card for card, share in zip(cards, shares.split("/"), strict=False) if share.strip(" 0.")]
        return used or cards
    return cards


def _distinct(names: Iterable[str], leave_out: frozenset[str] = frozenset()) -> list[str]:
    kept = (name.strip() for name in names)
    return list(dict.fromkeys(name for name in kept if name and name not in leave_out))
