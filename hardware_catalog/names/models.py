"""Model texts to catalog models: repository ids, Ollama tags, file names, llama.cpp's and people's names.

A name is family words and version numbers ("llama", "3.1"), a size, active parameters, dates and context lengths. Two
names are the same model when the family and version are equal and nothing else contradicts. Words that are neither
known family words nor known variants ("Instruct") make it another model: fine-tunes need an explicit alias.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hardware_catalog.names.format_words import take_format
from hardware_catalog.names.normalise import clean, split_brackets, word_set
from hardware_catalog.rows import ModelRow

SIZE_TOLERANCE = 0.05  # "8B" for 8.03e9 parameters, "30B" for 30.5e9
PARAMETERS_AGREE = 0.03

# Published variants of one architecture, packaging words, and makers whose names carry nothing.
VARIANT_WORDS = word_set(
    """
    instruct it chat base hf pt thinking think gguf ggml ggmlv3 gguf2 safetensors litertlm litert task
    onnx openvino ov exl2 exl3 mlx lm models model latest class quantized imatrix i1 qat mtp dynamic
    static community official release nvidia meta google microsoft openai ibm alibaba mistralai zhipu
    thudm zai org moonshotai moonshot cohere c4ai cohereforai tiiuae baidu tencent xai upstage bytedance
    ai unsloth bartowski lmstudio mradermacher turboderp cortexso jan bf group dwq llmc redhatai
    neuralmagic
    """
)
# Edits of a model's weights that leave every shape as it is.
EDIT_WORDS = word_set(
    """
    abliterated uncensored heretic
    """
)

_OWNER = re.compile(r"^[a-z0-9][a-z0-9._-]*/(?=[a-z0-9])")
_OWNER_UNDERSCORE = re.compile(r"^(?:[a-z0-9]+(?:-[a-z0-9]+)*)_(?=[a-z][a-z0-9]*[-0-9])")
_FILE = re.compile(
    r"(?:-\d{5}-of-\d{5})?\.(?:gguf\d?|safetensors|bin|litertlm|task|pte|onnx)$|\.gguf\d?(?=[. ])"
)
_MONTH_YEAR = re.compile(r"\b(\d{2})-(20\d\d)\b")
_TOKEN = re.compile(r"[a-z0-9]+(?:\.\d+)*[a-z]*(?:\.\d+)*")
_SPLIT = re.compile(r"^([a-z]{2,})(\d[a-z0-9.]*)$")
_SPLIT_END = re.compile(r"^(\d+(?:\.\d+)*)([a-z]{2,})$")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)([bm])$")
_ACTIVE = re.compile(r"^a(\d+(?:\.\d+)?)([bm])$")
_MIXTURE = re.compile(r"^(\d+)x(\d+(?:\.\d+)?)b$")
_DATE = re.compile(
    r"^(?:2[3-6](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|20(?:2[2-6])(?:0[1-9]|1[0-2])|20\d{6})$"
)
_VERSION = re.compile(r"^v?\d+(?:\.\d+)*$")
_EFFECTIVE = re.compile(r"^e\d{1,2}b$")
_EXPERTS = re.compile(r"^\d{2,3}e$")  # "17B-16E": told apart by the size and the name
_CONTEXT = re.compile(r"^(?:\d{1,4}k|1m)$")
_OLLAMA = re.compile(r"^[a-z0-9._-]+:[a-z0-9._-]+$")

# Unversioned names that are a first generation's own, with other shapes than later ones: https://huggingface.co/Qwen/Qwen-7B
_FIRST_GENERATIONS = ((frozenset({"qwen"}), frozenset({1.8, 7.0, 14.0, 72.0})),)

_SHAPES = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "kv_lora_rank",
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "moe_intermediate_size",
)


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A model text taken apart."""

    family: frozenset[str]  # words and versions
    sizes: tuple[float, ...]  # billions of parameters
    active: float | None
    dates: frozenset[str]
    contexts: frozenset[str]
    effective: str  # "e4b" of Gemma 3n and 4
    format_text: str
    edited: bool
    ollama: bool

    @property
    def versions(self) -> frozenset[str]:
        return frozenset(word for word in self.family if _VERSION.match(word))


def parse(text: str) -> ModelQuery:
    return parse_cleaned(clean(text))


def parse_cleaned(cleaned: str) -> ModelQuery:
    """Take a cleaned model text apart."""
    ollama = _OLLAMA.match(cleaned) is not None
    cleaned = _FILE.sub(" ", _OWNER.sub("", cleaned))
    cleaned, format_text = take_format(cleaned)
    cleaned, _ = split_brackets(cleaned)
    owner = _OWNER_UNDERSCORE.match(cleaned)
    if owner is not None:
        cleaned = cleaned[owner.end() :]
    cleaned = _MONTH_YEAR.sub(r" \g<2>\g<1> ", cleaned)
    family: set[str] = set()
    sizes: list[float] = []
    active: float | None = None
    dates: set[str] = set()
    contexts: set[str] = set()
    effective = ""
    edited = False
    for token in tokens(cleaned):
        if token in VARIANT_WORDS:
            continue
        if token in EDIT_WORDS:
            edited = True
        elif (size := _SIZE.match(token)) and not _CONTEXT.match(token):
            sizes.append(float(size.group(1)) / (1000.0 if size.group(2) == "m" else 1.0))
        elif told := _ACTIVE.match(token):
            active = float(told.group(1)) / (1000.0 if told.group(2) == "m" else 1.0)
        elif _DATE.match(token):
            dates.add(token)
        elif _CONTEXT.match(token):
            contexts.add(token)
        elif _EFFECTIVE.match(token):
            effective = token
        elif _EXPERTS.match(token):
            continue
        else:
            family.add(token)
    if active is not None:
        family.discard("moe")
    found = frozenset(family), tuple(sizes), active, frozenset(dates), frozenset(contexts)
    return ModelQuery(*found, effective, format_text, edited, ollama)


def tokens(cleaned: str) -> list[str]:
    """Words of a model text; "llama3.1" is "llama", "3.1"; "qwen2_5" is "qwen", "2.5"; "7.24 B" is "7.24b"."""
    text = re.sub(r"(?<=\d)_(?=\d)", ".", cleaned)
    text = re.sub(r"\b(\d+(?:\.\d+)?) b\b", r"\1b", re.sub(r"[_/:,+]", " ", text))
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if _SIZE.match(token) or _ACTIVE.match(token) or _MIXTURE.match(token):
            found.append(token)
            continue
        split = _SPLIT.match(token)
        parts = [split.group(1), split.group(2)] if split else [token]
        for part in parts:
            end = _SPLIT_END.match(part)
            found += [end.group(1), end.group(2)] if end and not _SIZE.match(part) else [part]
    return found


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One name of a model, taken apart."""

    query: ModelQuery
    sizes: frozenset[float]
    row: ModelRow


@dataclass(frozen=True, slots=True)
class Found:
    """Models that a text names equally well, and what had to be left open."""

    rows: tuple[ModelRow, ...] = ()
    open_version: bool = False  # "Llama 8B"
    may_differ: bool = False  # "Qwen 7B" may be the first generation, which the catalog does not have
    open_size: bool = False  # "granite-4.1", of which the catalog happens to know one size


Entries = dict[frozenset[str], list[ModelEntry]]


class ModelTable:
    """Models by their family words: own names first, then aliases, then names without their version."""

    def __init__(self, models: Iterable[ModelRow]) -> None:
        self._names: Entries = defaultdict(list)
        self._aliases: Entries = defaultdict(list)
        self._unversioned: Entries = defaultdict(list)
        self._dates: dict[str, set[str]] = defaultdict(set)
        for row in models:
            self._add(row)

    def _add(self, row: ModelRow) -> None:
        names = [*row.name.split(" / "), row.hf_repo]
        # A tag such as "deepseek-r1:8b" names a model only when it is written out.
        aliases = [alias for alias in row.aliases if ":" not in alias]
        bracketed = [
            size for name in names for size in parse_cleaned(clean(name).translate(_NO_BRACKETS)).sizes
        ]
        total = [row.params_published / 1e9] if row.params_published else []
        for name in names + aliases:
            query = parse(name)
            if not query.family:
                continue
            own = name in names
            if own:
                self._dates[row.slug] |= query.dates
            entry = ModelEntry(query, frozenset((*query.sizes, *bracketed, *total)), row)
            (self._names if own else self._aliases)[query.family].append(entry)
            if own and query.versions:
                self._unversioned[query.family - query.versions].append(entry)

    def find(self, query: ModelQuery) -> Found:
        """The models that the query names."""
        if not query.family:
            return Found()
        own = self._fitting(self._names.get(query.family, []), query)
        if own.rows and not own.open_size:
            return own
        called = self._fitting(self._aliases.get(query.family, []), query)
        if called.rows and not (own.rows and called.open_size):
            return called
        if own.rows:
            rows = {row.slug: row for row in (*own.rows, *called.rows)}
            return Found(tuple(rows.values()), open_size=True)
        if query.versions or query.ollama:
            return Found()
        found = self._fitting(self._unversioned.get(query.family, []), query)
        first = any(query.family == name and sizes & set(query.sizes) for name, sizes in _FIRST_GENERATIONS)
        return replace(found, open_version=True, may_differ=first)

    def family(self, query: ModelQuery) -> list[ModelRow]:
        """Models of the query's family whatever their size: what a refusal should name."""
        entries = self._names.get(query.family) or self._unversioned.get(query.family, [])
        return list({entry.row.slug: entry.row for entry in entries}.values())

    def _fitting(self, entries: Sequence[ModelEntry], query: ModelQuery) -> Found:
        found: list[ModelEntry] = []
        known_contexts = frozenset(context for entry in entries for context in entry.query.contexts)
        for entry in entries:
            fits = all(any(_same_size(size, own) for own in entry.sizes) for size in query.sizes)
            fits = fits and query.dates <= (self._dates[entry.row.slug] | entry.query.dates)
            fits = fits and (query.contexts <= entry.query.contexts or not known_contexts)
            fits = fits and query.effective in ("", entry.query.effective)
            if fits and _same_active(query.active, entry):
                found.append(entry)
        named = [e for e in found if e.query.sizes and set(query.sizes) & set(e.query.sizes)]
        dated = [e for e in (named or found) if e.query.dates == query.dates]
        chosen = dated or named or found
        open_size = not (query.sizes or query.active or query.effective) and all(
            entry.query.sizes or entry.query.active or entry.query.effective for entry in chosen
        )
        rows = {entry.row.slug: entry.row for entry in chosen}
        return Found(tuple(rows.values()), open_size=open_size)


_NO_BRACKETS = str.maketrans("()[]", "    ")


def _same_size(said: float, own: float) -> bool:
    return abs(said - own) <= SIZE_TOLERANCE * own


def _same_active(said: float | None, entry: ModelEntry) -> bool:
    if said is None:
        return True
    own = entry.query.active
    if own is None:
        own = (entry.row.active_params_published or 0.0) / 1e9 or None
        return own is None or abs(said - own) <= 0.2 * own
    return abs(said - own) <= 0.15 * own


def figures_agree(rows: Sequence[ModelRow]) -> bool:
    """Whether the models have the same shapes and nearly the same number of parameters."""
    totals = [row.params_published for row in rows if row.params_published]
    if totals and max(totals) > (1 + PARAMETERS_AGREE) * min(totals):
        return False
    configs: list[Mapping[str, Any]] = [row.config for row in rows]
    for shape in _SHAPES:
        told = {str(config[shape]) for config in configs if config.get(shape) is not None}
        if len(told) > 1:
            return False
    return bool(configs) and all(config.get("num_hidden_layers") for config in configs)
