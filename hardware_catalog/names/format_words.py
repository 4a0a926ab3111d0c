"""Weight formats inside longer texts: "Llama-3.1-8B-Instruct-Q4_K_M.gguf", "qwen3:8b-q4_K_M", "gemma-3-4b-it-4bit"."""

from __future__ import annotations

import re

_GGUF = (
    r"(?:ud-)?iq[1-6]_(?:xxs|xs|s|m|nl|k(?:ss|s|t|l)?|bn)(?:_xl)?(?:_r\d)?(?: ?- ?\d+(?:\.\d+)? ?bpw)?"
    r"|(?:ud-)?(?:i1-)?q[1-8]_k(?:_(?:xxs|xs|s|m|l|xl|p))?(?:_r\d)?(?: ?- ?(?:small|medium|large))?"
    r"|(?:ud-)?q[1-8]_[01](?:_[48]_[48]|_r\d|_g128)?"
    r"|ud-tq1_0|tq[12]_0|i2_s|q8_k_r8"
)
_FLOAT = r"bf16|f16|fp16|f32|fp32|mxfp8|mxfp4(?:_moe| moe|-q\d)?|nvfp4|fp8(?:-(?:dynamic|static|block))?|fp4"
_GROUP = (
    r"awq(?:[- ]?(?:int4|4-?bit))?|gptq(?:[- ]?(?:int[48]|[48]-?bit))?(?:-128g)?|w4a16|w8a8|w8a16|w4a8|w4a4"
    r"|int4|int8|bnb[- ]4bit|nf4|autoround(?:[- ]int4)?|mlx[- ]?\d-?bit(?:-dwq)?|\d-?bit(?:-dwq)?"
    r"|exl[23](?:[- ]?\d+(?:\.\d+)?bpw)?|\d+(?:\.\d+)? ?bpw|8da4w|q4f16_1|mlx(?=$|[- ])|(?<=-)q[2-8](?=$|[ -])"
)
IN_NAME = re.compile(rf"(?<![a-z0-9])(?:{_GGUF}|{_FLOAT}|{_GROUP})(?![a-z0-9])")


def take_format(cleaned: str) -> tuple[str, str]:
    """(the text without format words, the format words joined by spaces)."""
    found: list[str] = []

    def remember(match: re.Match[str]) -> str:
        found.append(match.group(0).strip())
        return " "

    return IN_NAME.sub(remember, cleaned), " ".join(found)
