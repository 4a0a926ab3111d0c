"""Plain words out of written text."""

from __future__ import annotations

import pytest

from hardware_catalog.names.normalise import clean, key, split_brackets


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("NVIDIA\u00ae GeForce RTX\u2122 4090", "nvidia geforce rtx 4090"),
        ("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "intel core i7-1165g7 @ 2.80ghz"),
        ("4 \u00d7 RTX\u00a03090", "4 x rtx 3090"),
        ("A100\u2013SXM4", "a100-sxm4"),
        ("  caf\u00e9\n", "cafe"),
        ("\uff32\uff34\uff38 \uff14\uff10\uff19\uff10", "rtx 4090"),
        ("RTX\x004090", "rtx 4090"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_key_joins_what_slugs_and_names_share() -> None:
    assert key("NVIDIA GeForce RTX 4090") == key("nvidia-geforce-rtx-4090") == "nvidia geforce rtx 4090"
    assert key("Galaxy S24+") != key("Galaxy S24")
    assert key("Llama-3.1-8B") != key("Llama-31-8B")


def test_brackets_come_out_innermost_first() -> None:
    assert split_brackets("a (b [c]) e") == ("a e", ("c", "b"))
    assert split_brackets("a (b") == ("a b", ())
    assert split_brackets("") == ("", ())
