"""What the resolver answers: the entry a text names, the candidates it may name, and what else the text says."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
AMBIGUOUS = "ambiguous"
COMPOSITE = "composite"
NOT_IN_CATALOG = "not_in_catalog"
NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite machine: a host or one kind of accelerator."""

    role: str  # "host" | "device"
    text: str
    status: str
    slug: str  # "" when the part is not in the catalog
    count: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome of resolving one text.

    ``status``: ``ok`` (``slug`` is the entry), ``ambiguous`` (ask back: ``candidates``), ``composite`` (an
    accelerator beside a named or unnamed host: ``slug`` is the accelerator), ``not_in_catalog`` (``candidates`` are
    near names, never taken), ``not_stated`` (the text says nothing, e.g. "Ollama default").

    ``figures_agree``: the candidates have the same bandwidth and nearly the same compute (devices), or the same shapes
    (models), so that an answer with a wider interval is honest; ``slug`` is then their representative even when the
    status is ``ambiguous`` (which says that something else differs: the memory, or a generation that is not named).
    """

    kind: str  # "device" | "machine" | "model" | "format" | "kv_format" | "runtime" | "backend"
    text: str
    status: str
    slug: str = ""
    name: str = ""
    candidates: tuple[tuple[str, str], ...] = ()  # (slug, name), the likeliest first
    figures_agree: bool = False
    rule: str = ""  # "slug" | "name" | "alias" | "tokens" | "cpu" | "soc" | "close" | ...
    reason: str = ""  # one plain sentence, "" when there is nothing to say

    # What the text says beyond the entry.
    count: int | None = None
    memory_gb: float | None = None  # memory of one device, vendor-nominal GB
    memory_unlisted: bool = False  # the stated memory is not one that the maker sells: a modified card
    gpu_cores: int | None = None
    form_factor: str = ""  # "laptop" when the text says so
    processor: str = ""  # "gpu" | "igpu" | "cpu" | "npu": which processor of the entry ran, "" when not said
    sockets: int | None = None
    memory_channels: int | None = None
    memory_rate_mts: float | None = None
    bandwidth_bytes_per_s: float | None = (
        None  # of the stated memory (channels x rate x 8 bytes), or stated itself
    )
    bandwidth_assumed: bool = (
        False  # a CPU whose memory the text does not state: the platform's own rate is taken
    )
    power_limit_w: float | None = None

    # Composite machines.
    host_slug: str = ""
    host_text: str = ""
    host_memory_gb: float | None = None
    host_bandwidth_bytes_per_s: float | None = None
    host_sockets: int | None = None
    parts: tuple[Part, ...] = ()

    # Models, formats, runtimes.
    format_text: str = ""  # the weight format that a model's name carries
    bits_per_weight: float | None = None  # "mix 7.244 bpw"
    version: str = ""
    backends: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether ``slug`` may be used for figures, with a wider interval where there are candidates."""
        return bool(self.slug) and (self.status in (OK, COMPOSITE) or self.figures_agree)
