"""Every llama.cpp mix on Llama-3.1-8B against the bits per weight of its quantize README, to the last digit.

Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/README.md
"""

from __future__ import annotations

import pytest

from planner.engine.parameters import total_parameters
from planner.engine.weights import loaded_bytes
from tests.engine.catalog import architectures, formats

# The README's IQ4_XS and IQ4_NL were made without an importance matrix, published files with one: left out.
BITS_PER_WEIGHT = {
    "f16": 16.0005,
    "q8-0": 8.5008,
    "q6-k": 6.5633,
    "q5-k-m": 5.7036,
    "q5-k-s": 5.5704,
    "q4-k-m": 4.8944,
    "q4-k-s": 4.6672,
    "q3-k-l": 4.2979,
    "q3-k-m": 3.9960,
    "q3-k-s": 3.6429,
    "q2-k": 3.1593,
    "q2-k-s": 2.9697,
    "iq3-m": 3.7628,
    "iq3-s": 3.6606,
    "iq3-xs": 3.4977,
    "iq3-xxs": 3.2548,
    "iq2-m": 2.9294,
    "iq2-s": 2.7403,
    "iq2-xs": 2.5882,
    "iq2-xxs": 2.3824,
    "iq1-m": 2.1460,
    "iq1-s": 2.0042,
}


@pytest.mark.parametrize(("slug", "bits"), BITS_PER_WEIGHT.items())
def test_bits_per_weight_of_llama_3_1_8b(slug: str, bits: float) -> None:
    llama = architectures()["llama-3-1-8b"]
    computed = loaded_bytes(llama, formats()[slug]) * 8 / total_parameters(llama)
    assert computed == pytest.approx(bits, abs=6e-5)
