"""Weight and KV format texts to catalog formats: "Q4_K - Medium", "UD-Q4_K_XL", "MLX-4bit", "mix 7.244 bpw"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hardware_catalog.names.normalise import clean, split_brackets
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, NOT_STATED, OK, Resolution
from hardware_catalog.rows import FormatRow, KvFormatRow, ModelRow

BITS_AGREE = 1.03

# The families of files that a runtime's kind reads, the likeliest first.
FAMILIES_OF_RUNTIME: Mapping[str, tuple[str, ...]] = {
    "llama-cpp": ("gguf",),
    "ik-llama-cpp": ("gguf",),
    "ollama": ("gguf",),
    "lm-studio": ("gguf",),
    "llamafile": ("gguf",),
    "koboldcpp": ("gguf",),
    "ipex-llm": ("gguf",),
    "mlx-lm": ("mlx",),
    "lm-studio-mlx": ("mlx",),
    "exllamav2": ("exl2",),
    "exllamav3": ("exl3",),
    "ktransformers": ("ktransformers", "gguf", "safetensors"),
}
MOBILE_MARKS: Mapping[str, tuple[str, ...]] = {
    "rkllm": ("rkllm",),
    "qualcomm-genie": ("qnn",),
    "litert-lm": ("litert",),
    "mnn": ("mnn",),
    "openvino": ("openvino",),
    "executorch": ("8da4w",),
    "transformers-js": ("onnx",),
    "fastflowlm": ("q4nx",),
    "mlc-llm": ("mlc",),
}

_NOTHING = re.compile(
    r"^(?:ollama default|default|unknown|not stated|n/?a|none|auto|\?|-|unknown, may not work)?$"
)
_BITS = re.compile(r"~? ?(\d{1,2}(?:\.\d+)?) ?(?:bpw|bits? per weight)")
_GUESS = re.compile(r"\b(?:inferred|approx|not stated|not shown)\b")
# Words around a format that do not change its bits.
_NOISE = re.compile(
    r"\b(?:gguf|ggml|ggufv\d|imatrix|i1|inferred|name|qat|mix|mostly|quant|of|the|experts?|native|ternary|fast|nvidia|unsloth"
    r"|cyankiwi|quanttrio|redhatai|atomicchat|mcg|mul1|act|128g|block64|asymmetric|dynamic|static|default|macos|bundle|base|smol"
    r"|mixed|per|channel|tensor|groupwise|blockwise|g128)\b"
)
_REPACKED = re.compile(r"_r(?:4|8|16)\b|(?<=q4_0)_[48]_[48]\b|_g128\b")  # the same bits in another order
_LLAMA_CPP = (
    (re.compile(r"_k ?- ?small"), "_k_s"),
    (re.compile(r"\bq2_k ?- ?medium"), "q2_k"),
    (re.compile(r"_k ?- ?medium"), "_k_m"),
    (re.compile(r"_k ?- ?large"), "_k_l"),
    (re.compile(r"\bmxfp4 moe\b"), "mxfp4_moe"),
    (re.compile(r"\bq([345])_k(?![a-z0-9_])"), r"q\1_k_m"),  # llama-quantize: "Q4_K : alias for Q4_K_M"
)
_FLOATS = (
    (re.compile(r"\bbfloat16\b"), "bf16"),
    (re.compile(r"\b(?:float16|half(?: precision)?)\b"), "fp16"),
    (re.compile(r"\bfloat32\b"), "fp32"),
)
_SEVERAL = re.compile(r"[- (]")
_EXL = re.compile(r"\b(exl[23])\b")
_KV_BESIDE = re.compile(
    r"[+,;&] ?(?:kv[a-z0-9_ ]*|[a-z0-9_]+ (?:kv|k/v|kv-cache)(?: cache)?)$"
)  # "Q4_K_M + Q8_0 KV"
_GROUP_SIZE = re.compile(r"\b(?:gs|g|group(?: |-|_)?(?:size)?[ -_]?)(32|64|128)\b")
_OPEN: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(r"^(?:q4|4 ?-?bit|4bit|int4|w4|4 bit)\b"),
        ("q4km", "q40", "mlx4bit", "awq4bit", "gptq4bit", "w4a16"),
    ),
    (re.compile(r"^(?:q8|8 ?-?bit|8bit|int8|w8)\b"), ("q80", "mlx8bit", "int8w8a8", "bnbint8")),
    (re.compile(r"^q6\b"), ("q6k",)),
    (re.compile(r"^(?:q5|5 ?-?bit|5bit)\b"), ("q5km", "q50", "mlx5bit")),
    (re.compile(r"^(?:q3|3 ?-?bit|3bit)\b"), ("q3km", "iq3s", "mlx3bit")),
    (re.compile(r"^(?:q2|2 ?-?bit|2bit)\b"), ("q2k", "iq2xs", "mlx2bit")),
    (re.compile(r"^(?:6 ?-?bit|6bit)\b"), ("q6k", "mlx6bit")),
)
FULL_PRECISION = {
    "f16": ("f16", "fp16"),
    "fp16": ("f16", "fp16"),
    "bf16": ("bf16", "mlxbf16"),
    "fp32": ("f32", "fp32"),
    "f32": ("f32", "fp32"),
}


def letters(text: str) -> str:
    """A format's name without separators: "Q4_K_M" and "q4-k-m" are "q4km"."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


class FormatResolver:
    """Resolves weight-format texts."""

    def __init__(self, formats: Sequence[FormatRow], models: Iterable[ModelRow] = ()) -> None:
        self._rows = {row.slug: row for row in formats}
        self._models = {row.slug: row for row in models}
        self._names: dict[str, list[FormatRow]] = defaultdict(list)
        # A slug or name of several words says which layout; "FP8" alone depends on the model and the runtime.
        self._own = {
            clean(name): row for row in formats for name in (row.slug, row.name) if _SEVERAL.search(name)
        }
        # An alias with brackets is meant as a whole: "Q4_K mix (ds4 q4)" is not Q4_K.
        self._own |= {clean(name): row for row in formats for name in row.aliases if "(" in name}
        for row in formats:
            for name in dict.fromkeys(letters(n) for n in (row.slug, row.name, *row.aliases)):
                self._names[name].append(row)
                if name.startswith("gguf"):
                    self._names[name[4:]].append(row)

    def resolve(self, text: str, model: str | None = None, runtime: str | None = None) -> Resolution:
        """See NameIndex.resolve_format."""
        cleaned = clean(text)
        outside, inside = split_brackets(cleaned)
        bits = next(
            (float(match.group(1)) for part in (outside, *inside) if (match := _BITS.search(part))), None
        )
        if bits is not None and not 0.5 <= bits <= 64:
            bits = None
        own = self._own.get(cleaned)
        rows, rule = ([own], "name") if own is not None else self._find(outside, model, runtime)
        if not rows:
            for part in inside:
                rows, rule = self._find(part, model, runtime)
                if rows:
                    break
        if rows:
            return self._decide(text, rows, rule, bits)
        if bits is not None:
            return Resolution(
                "format",
                text,
                OK,
                rule="bits",
                bits_per_weight=bits,
                reason=f"{bits:g} bits per weight, as stated.",
            )
        if _NOTHING.match(outside.strip()):
            return Resolution(
                "format", text, NOT_STATED, reason="The text does not say how the weights are stored."
            )
        return Resolution(
            "format", text, NOT_IN_CATALOG, reason=f"{text[:60]!r} is not a weight format of the catalog."
        )

    def _find(self, cleaned: str, model: str | None, runtime: str | None) -> tuple[list[FormatRow], str]:
        exl = self._exllama(cleaned, runtime)
        if exl is not None:
            return [exl], "bits"
        row = self._models.get(model or "")
        if (
            row is not None
            and re.fullmatch(r"native(?: precision| format)?", cleaned)
            and row.native_format in self._rows
        ):
            return [self._rows[row.native_format]], "native"
        cleaned = _REPACKED.sub("", _KV_BESIDE.sub("", cleaned))
        cleaned = _GROUP_SIZE.sub(lambda m: "" if m.group(1) == "64" else f"g{m.group(1)}", cleaned)
        for pattern, replacement in (*_LLAMA_CPP, *_FLOATS):
            cleaned = pattern.sub(replacement, cleaned)
        written = _BITS.sub(" ", cleaned).strip(" -~")
        by_rule = None if re.search(r"\bstatic\b|\bdynamic\b|\bper-?(?:tensor|channel)\b", cleaned) else row
        for name in _ways(written, runtime):
            found = self._named(name, by_rule, runtime)
            if found:
                return found, "name"
        plain = _NOISE.sub(" ", written).strip(" -_")
        for pattern, names in _OPEN:
            if pattern.match(plain) and not re.search(r"\+|/", plain):
                rows = [r for name in names for r in self._names.get(name, [])]
                return _of_runtime(list({r.slug: r for r in rows}.values()), runtime, self._rows), "open"
        return [], ""

    def _exllama(self, cleaned: str, runtime: str | None) -> FormatRow | None:
        """ExLlama's format of the stated bits: "EXL3 3.5bpw", "4.0bpw exl3", or "4.0bpw" with its runtime."""
        bits = _BITS.search(cleaned)
        named = _EXL.search(cleaned)
        families = FAMILIES_OF_RUNTIME.get(runtime or "", ())
        family = named.group(1) if named else families[0] if families in (("exl2",), ("exl3",)) else ""
        if bits is None or not family:
            return None
        return self._rows.get(f"{family}-{float(bits.group(1)):g}bpw".replace(".", "-"))

    def _named(self, name: str, model: ModelRow | None, runtime: str | None) -> list[FormatRow]:
        native = self._native(name, model, runtime)
        if native is not None:
            return [native]
        rows = [
            r for alternative in FULL_PRECISION.get(name, (name,)) for r in self._names.get(alternative, [])
        ]
        rows = list({row.slug: row for row in rows}.values())
        if not rows:
            return []
        wanted = [row for row in rows if row.family in FAMILIES_OF_RUNTIME.get(runtime or "", ())]
        marked = [r for r in rows if any(mark in r.slug for mark in MOBILE_MARKS.get(runtime or "", ()))]
        if marked or wanted:
            return (marked or wanted)[:1]
        if runtime is None:
            return ([r for r in rows if letters(r.name) == name] or rows)[:1]
        return ([r for r in rows if r.family == "safetensors"] or rows)[:1]

    def _native(self, name: str, model: ModelRow | None, runtime: str | None) -> FormatRow | None:
        """The model's own variant of a format whose short name several layouts share ("FP8", "MXFP4", "INT4")."""
        if model is None:
            return None
        native = self._rows.get(model.native_format)
        gguf = "gguf" in FAMILIES_OF_RUNTIME.get(runtime or "", ())
        if name == "mxfp4" and native is not None and native.speed_family == "mxfp4":
            return self._rows.get("mxfp4-moe-q8") if gguf else native
        if name == "fp8" and not gguf:
            # Model cards of Qwen/Qwen3-*-FP8: FP8 in blocks of 128 x 128, as every later Qwen.
            blocks = model.native_format == "fp8-block128" or model.family.startswith("Qwen3")
            return self._rows.get("fp8-block128") if blocks else None
        if name in ("int4", "int4experts") and model.family.startswith("Kimi"):
            # Model cards of moonshotai/Kimi-K2-Thinking and later: published with 4-bit experts.
            return self._rows.get("int4-experts")
        return None

    def _decide(self, text: str, rows: Sequence[FormatRow], rule: str, bits: float | None) -> Resolution:
        nominal = [row.nominal_bits_per_weight for row in rows]
        known = [b for b in nominal if b]
        agree = len(rows) > 1 and len(known) == len(rows) and max(known) <= BITS_AGREE * min(known)
        ok = len(rows) == 1 or agree or bits is not None
        guessed = _GUESS.search(clean(text)) is not None
        return Resolution(
            "format",
            text,
            OK if ok else AMBIGUOUS,
            slug=rows[0].slug if ok else "",
            name=rows[0].name if ok else "",
            candidates=tuple((row.slug, row.name) for row in rows),
            figures_agree=agree,
            rule=rule,
            reason="The source infers the format."
            if guessed
            else ""
            if ok
            else "The text leaves open which format.",
            bits_per_weight=bits,
        )


def _ways(written: str, runtime: str | None) -> list[str]:
    """Spellings to look up, the runtime's own layout first: "w4a16" of RKLLM is another format than vLLM's."""
    plain = _NOISE.sub(" ", written)
    families = FAMILIES_OF_RUNTIME.get(runtime or "", ())
    marks = MOBILE_MARKS.get(runtime or "", ())
    ways = [f"{text} {mark}" for mark in marks for text in (written, plain)]
    ways += [f"{mark} {text}" for mark in marks for text in (written, plain)]
    ways += [written, plain]
    ways += [f"{family} {text}" for family in families for text in (written, plain)]
    return list(dict.fromkeys(letters(way) for way in ways))


def _of_runtime(
    rows: list[FormatRow], runtime: str | None, every: Mapping[str, FormatRow]
) -> list[FormatRow]:
    """Candidates that the runtime reads; a mobile runtime has its own 4-bit layout."""
    marks = MOBILE_MARKS.get(runtime or "", ())
    if marks:
        bits = min((r.nominal_bits_per_weight or 16.0) for r in rows)
        own = [
            r
            for r in every.values()
            if any(m in r.slug for m in marks) and abs((r.nominal_bits_per_weight or 0) - bits) < 2
        ]
        if own:
            return own
    families = FAMILIES_OF_RUNTIME.get(runtime or "", ())
    if families:
        return [row for row in rows if row.family in families] or rows
    if runtime:
        return [row for row in rows if row.family == "safetensors"] or rows
    return rows


_KV_PAIR = re.compile(r"(?:c\^?kv|k) ?[:=] ?([a-z0-9_]+)(?:[ ,/]+(?:v|kv\^t) ?[:=] ?([a-z0-9_]+))?")
_KV_NAMES = {
    "fp16": "f16",
    "half": "f16",
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "fp32": "f32",
    "q8": "q8_0",
    "q4": "q4_0",
}


class KvFormatResolver:
    """Resolves KV-cache format texts."""

    def __init__(self, formats: Sequence[KvFormatRow]) -> None:
        self._names: dict[str, KvFormatRow] = {}
        self._own = {clean(row.name): row for row in formats}
        for row in formats:
            for name in (row.slug, row.name, *row.aliases):
                self._names.setdefault(letters(name), row)

    def resolve(self, text: str) -> Resolution:
        """See NameIndex.resolve_kv_format."""
        cleaned = clean(text)
        if not cleaned or cleaned in ("auto", "default", "none"):
            return Resolution(
                "kv_format", text, NOT_STATED, reason="The text does not say how the KV cache is stored."
            )
        own = self._own.get(cleaned)
        pair = _KV_PAIR.search(text.casefold())  # clean() drops the "^" of a latent cache
        written = (
            [g for g in pair.groups() if g]
            if pair
            else [part for part in re.split(r"[/,+ ]+", cleaned) if part]
        )
        rows = [own] if own is not None else [self._one(part) for part in written]
        found = [row for row in rows if row is not None]
        if len(found) != len(rows) or not found:
            return Resolution(
                "kv_format", text, NOT_IN_CATALOG, reason=f"{text[:60]!r} is not a KV format of the catalog."
            )
        bits = sum(row.bits_per_element for row in found) / len(found)
        named = tuple(dict.fromkeys((row.slug, row.name) for row in found))
        reason = "Keys and values are stored in different formats." if len(named) > 1 else ""
        first = found[0]
        return Resolution(
            "kv_format",
            text,
            OK,
            first.slug,
            first.name,
            named,
            rule="name",
            reason=reason,
            bits_per_weight=bits,
        )

    def _one(self, written: str) -> KvFormatRow | None:
        name = re.sub(r"_?e[45]m[23](?:fn)?$", "", written)
        return self._names.get(letters(_KV_NAMES.get(name, name)))
