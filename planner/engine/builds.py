"""Which memory habits a build of llama.cpp or ik_llama.cpp has: they changed with a few pull requests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from planner.engine.buffers import LATENT_ALL_F16, LATENT_ALL_F32, LATENT_CHUNKS

# llama.cpp b9272 is of 2026-05-22 (https://github.com/ggml-org/llama.cpp/issues/23527) and b8198 of March
# 2026: about 13 builds a day. The two changes below were merged 5 to 8 days after b9272.
_MASK_F16 = ("2026-05-28", 9345)  # https://github.com/ggml-org/llama.cpp/pull/23764
_FEW_LOGITS = ("2026-05-31", 9385)  # https://github.com/ggml-org/llama.cpp/pull/23861
_IK_MASK_F16 = "2025-10-13"  # https://github.com/ikawrakow/ik_llama.cpp/pull/825
_IK_LATENT_16_BITS = "2025-03-18"  # https://github.com/ikawrakow/ik_llama.cpp/pull/260
_IK_LATENT_CHUNKS = "2026-01-31"  # https://github.com/ikawrakow/ik_llama.cpp/pull/1211

_DATE = re.compile(r"20\d\d-\d\d(?:-\d\d)?")
_NUMBER = re.compile(r"\bb?(\d{4,5})\b")


@dataclass(frozen=True, slots=True)
class LlamaBuild:
    """What a build reserves. ``all_logits``: for every token of a micro-batch, not one per sequence."""

    wide_mask: bool
    all_logits: bool
    latent_mode: int


def llama_build(*, ik: bool, version: str = "", serves: bool = True) -> LlamaBuild:
    """Habits of the build that ``version`` names by date ("2026-03", "2026-08-22") or number ("b8198").

    A version without either counts as current. ``serves``: a server, which asks for few logits; tools such as
    llama-perplexity reserve all of them in every build, and so does ik_llama.cpp
    (https://github.com/ikawrakow/ik_llama.cpp/pull/1560 makes it an option).
    """
    found = _DATE.search(version)
    date = found.group() if found else ""
    if ik:
        latent = LATENT_CHUNKS
        if date and date < _IK_LATENT_CHUNKS:
            latent = LATENT_ALL_F16 if date >= _IK_LATENT_16_BITS else LATENT_ALL_F32
        return LlamaBuild(bool(date) and date < _IK_MASK_F16, True, latent)
    number = None if date else _NUMBER.search(version)
    build = int(number.group(1)) if number else None

    def before(change: tuple[str, int]) -> bool:
        return date < change[0] if date else build is not None and build < change[1]

    return LlamaBuild(before(_MASK_F16), before(_FEW_LOGITS) or not serves, LATENT_CHUNKS)
