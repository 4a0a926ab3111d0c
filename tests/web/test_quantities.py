"""Numbers are taken as people write them, and refused with a reason that helps."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from planner.plans.fields import QuantityField, TextField

MEMORY = QuantityField(most=1_000_000, unit="GB")
HELD = QuantityField(most=1_000_000, least=0, unit="GiB")
COUNT = QuantityField(most=10_000, whole=True, example="1")
CONTEXT = QuantityField(most=100_000_000, unit="tokens", whole=True, tokens=True, example="8192 or 8k")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24", 24.0),
        (" 12.5 ", 12.5),
        ("12,5", 12.5),
        (".5", 0.5),
        ("1,024", 1024.0),
        ("1 024.5", 1024.5),
        ("1'024", 1024.0),
        ("1_000", 1000.0),
        ("", None),
        (None, None),
    ],
)
def test_sizes(text: str | None, value: float | None) -> None:
    assert MEMORY.clean(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("8192", 8192), ("8k", 8192), ("8 K", 8192), ("128k", 131072), ("1M", 1048576), ("1.5k", 1536)],
)
def test_contexts_take_binary_suffixes(text: str, value: int) -> None:
    assert CONTEXT.clean(text) == value
    assert isinstance(CONTEXT.clean(text), int)


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        (MEMORY, "0", "more than 0 GB"),
        (MEMORY, "-8", "more than 0 GB"),
        (MEMORY, "−8", "more than 0 GB"),
        (MEMORY, "9" * 300, "at most 1,000,000 GB"),
        (MEMORY, "9" * 400, "at most 1,000,000 GB"),
        (MEMORY, "lots", "Write a number here, such as 16"),
        (MEMORY, "8k", "Write a number here"),
        (MEMORY, "1e3", "Write a number here"),
        (MEMORY, "nan", "Write a number here"),
        (MEMORY, "inf", "Write a number here"),
        (MEMORY, "8\x00", "Write a number here"),
        (MEMORY, "٢٤", "Write a number here"),
        (MEMORY, "1.024.000", "Write a number here"),
        (HELD, "-1", "at least 0 GiB"),
        (COUNT, "1.5", "Write a whole number here, such as 1"),
        (COUNT, "0", "more than 0."),
        (CONTEXT, "0", "more than 0 tokens"),
        (CONTEXT, "k", "Write a number here, such as 8192 or 8k"),
        (CONTEXT, "1000M", "at most 100,000,000 tokens"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(field: QuantityField, text: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        field.clean(text)
    assert reason in refusal.value.messages[0]
    assert len(refusal.value.messages[0]) < 80


@pytest.mark.parametrize(
    ("text", "reason"), [("a\x00b", "character"), ("a" * 401, "too long"), ("a\nb", "character")]
)
def test_names_are_one_line_of_text(text: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TextField().clean(text)
