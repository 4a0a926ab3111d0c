"""Runtime and backend texts: "llama.cpp (llama-bench) b6918", "NVIDIA NIM (TensorRT-LLM)", "Vulkan RADV"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from hardware_catalog.names.close import CloseNames
from hardware_catalog.names.formats import letters
from hardware_catalog.names.normalise import clean, key
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, NOT_STATED, OK, Resolution
from hardware_catalog.rows import RuntimeRow

_VERSION = re.compile(r"\bv?(\d+\.\d+[0-9a-z.+]*|b\d{3,6})\b")
_BUILD = re.compile(r"\bbuild[ :]*b?(\d{3,6})\b")
_OR = re.compile(r"\bor\b")

# Marks of a backend in a text, most telling first. Names as in the catalog's runtimes.
_BACKENDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\bcuda\b|\bcublas\b|\bflashinfer\b", "CUDA"),
        (r"\brocm\b|\bhip\b|rocm-[\d.]+", "ROCm"),
        (r"\bvulkan\b|vulkan-radv|\bradv\b", "Vulkan"),
        (r"\bmetal\b|\bmtl\b|\bmlx\b|\bmps\b", "Metal"),
        (r"\bsycl\b|\bipex\b|\bipex-llm\b|\boneapi\b", "SYCL"),
        (r"\bopencl\b", "OpenCL"),
        (r"\bwebgpu\b", "WebGPU"),
        (r"\bhpu\b|\bgaudi\b", "HPU"),
        (r"\btpu\b", "TPU"),
        (r"\bxpu\b", "XPU"),
        (r"\bnpu\b|\bhexagon\b|\bhtp\d?\b|\bqnn\b|\bnnapi\b", "NPU"),
    )
)
_CPU = re.compile(r"\bcpu\b|\bxnnpack\b|\bavx(?:2|512)?\b|\bneon\b|\bopenblas\b|\bkleidiai\b|\bamx\b")
_GPU = re.compile(r"\bgpu\b")
_DETAILS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bxnnpack\b"), "XNNPACK"),
    (re.compile(r"\bhexagon\b|\bhtp\d?\b"), "Hexagon"),
    (re.compile(r"\bqnn\b"), "QNN"),
)


class RuntimeResolver:
    """Resolves runtime texts; a text may name a front end and its runtime: "LocalScore (llamafile)"."""

    def __init__(self, runtimes: Sequence[RuntimeRow]) -> None:
        self._rows = {row.slug: row for row in runtimes}
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._inside: list[tuple[str, str]] = []
        for row in runtimes:
            self._remember(row, (row.slug, row.name))
        own = frozenset(self._exact)
        for row in runtimes:
            self._remember(row, (re.sub(r"\(.*?\)", "", row.name), *row.aliases), own)
        self._inside.sort(key=lambda item: -len(item[0]))
        self._close = CloseNames({key(row.name): row.slug for row in runtimes})

    def _remember(self, row: RuntimeRow, names: Iterable[str], taken: frozenset[str] = frozenset()) -> None:
        """Keep the row's names, save those that another row has as its own ("LM Studio" of "LM Studio (MLX)")."""
        for name in names:
            written = letters(name)
            if written in taken:
                continue
            if row.slug not in self._exact[written]:
                self._exact[written].append(row.slug)
            if len(written) >= 3:
                self._inside.append((key(name), row.slug))

    def resolve(self, text: str) -> Resolution:
        """See NameIndex.resolve_runtime."""
        cleaned = clean(text)
        if not cleaned:
            return Resolution("runtime", text, NOT_STATED, reason="No runtime is named.")
        cleaned = _BUILD.sub(r"b\1", cleaned)
        version = _VERSION.search(cleaned)
        bare = _VERSION.sub(" ", cleaned)
        backends = resolve_backend(cleaned).backends
        told = version.group(1) if version else ""
        slugs, choice = self._named(bare)
        if not slugs:
            near = self._close.near(bare, 3)
            candidates = tuple((slug, self._rows[slug].name) for slug in near)
            reason = f"{text[:60]!r} is not a runtime of the catalog."
            return Resolution(
                "runtime",
                text,
                NOT_IN_CATALOG,
                candidates=candidates,
                reason=reason,
                version=told,
                backends=backends,
            )
        return self._decide(text, [self._rows[slug] for slug in slugs], choice, told, backends)

    @staticmethod
    def _decide(
        text: str,
        alternatives: Sequence[RuntimeRow],
        choice: bool,
        version: str,
        backends: tuple[str, ...],
    ) -> Resolution:
        ok = len(alternatives) == 1 or not choice
        first = alternatives[0]
        agree = len({row.kv_rule for row in alternatives}) == 1
        return Resolution(
            "runtime",
            text,
            OK if ok else AMBIGUOUS,
            slug=first.slug if ok or agree else "",
            name=first.name if ok or agree else "",
            candidates=tuple((row.slug, row.name) for row in (alternatives[:1] if ok else alternatives)),
            figures_agree=not ok and agree,
            rule="name",
            reason="" if ok else "The text names several runtimes.",
            version=version,
            backends=backends,
        )

    def _named(self, cleaned: str) -> tuple[list[str], bool]:
        """Runtimes named in the text, in the order of the text, and whether they are alternatives.

        Longer names hide shorter ones inside them.
        """
        alternatives = _OR.search(cleaned) is not None
        for part in (cleaned, "" if alternatives else re.sub(r"\(.*?\)", "", cleaned)):
            whole = self._exact.get(letters(part))
            if whole:
                return whole, True
        text = f" {key(cleaned)} "
        found: list[tuple[int, str]] = []
        for name, slug in self._inside:
            position = text.find(f" {name} ")
            if position >= 0:
                found.append((position, slug))
                text = text.replace(f" {name} ", f" {'~' * len(name)} ")
        return list(dict.fromkeys(slug for _, slug in sorted(found))), alternatives


@lru_cache(4096)
def resolve_backend(text: str) -> Resolution:
    """The backend that a text names: ``slug`` as in the catalog's runtimes ("CUDA", "CPU+CUDA"), parts in ``backends``.

    "GPU" alone says only that it was not the CPU: status ``ambiguous``. An empty text is ``not_stated``.
    """
    cleaned = clean(text)
    if not cleaned:
        return Resolution("backend", text, NOT_STATED)
    found = [name for pattern, name in _BACKENDS if pattern.search(cleaned)]
    cpu = _CPU.search(cleaned) is not None
    details = tuple(name for pattern, name in _DETAILS if pattern.search(cleaned))
    if "NPU" in found and len(found) > 1:
        found.remove("NPU")
    if cpu and found and not re.search(r"cpu ?/ ?npu", cleaned):
        names = ("CPU", *found[:1])
        return Resolution(
            "backend", text, OK, slug="+".join(names), name=" + ".join(names), backends=(*names, *details)
        )
    if found:
        return Resolution("backend", text, OK, slug=found[0], name=found[0], backends=(found[0], *details))
    if cpu:
        return Resolution("backend", text, OK, slug="CPU", name="CPU", backends=("CPU", *details))
    if _GPU.search(cleaned):
        return Resolution(
            "backend",
            text,
            AMBIGUOUS,
            slug="GPU",
            name="GPU",
            backends=("GPU",),
            reason="Which GPU backend is not said.",
        )
    return Resolution(
        "backend", text, NOT_IN_CATALOG, reason=f"{text[:60]!r} is not a backend that is known."
    )
