"""The database itself refuses what physics refuses, with a sentence that says why."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from hardware_catalog.models import (
    Alias,
    BlockType,
    Citation,
    Device,
    DeviceMemoryOption,
    FigureNote,
    KvFormat,
    LanguageModel,
    Machine,
    RuntimeSupport,
    WeightFormat,
)

pytestmark = pytest.mark.django_db

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (Device, {"bandwidth_bytes_per_s": 0}, "must be between 1e+09 and 1e+14 bytes/s"),
    (Device, {"bandwidth_bytes_per_s": -1e12}, "must be between 1e+09 and 1e+14 bytes/s"),
    (Device, {"bandwidth_bytes_per_s": 1008.0}, "must be between"),
    (Device, {"bandwidth_bytes_per_s": 1e15}, "must be between"),
    (Device, {"fp16_flops_per_s": 165.2}, "must be between"),
    (Device, {"fp16_flops_per_s": 1e19}, "must be between"),
    (Device, {"int8_ops_per_s": -1}, "must be between"),
    (Device, {"fp8_flops_per_s": 0}, "must be between"),
    (Device, {"npu_ops_per_s": 35}, "must be between"),
    (Device, {"pcie_bytes_per_s": 32}, "must be between"),
    (Device, {"tdp_w": 0}, "must be between 0.5 and 20000 W"),
    (Device, {"tdp_w": -300}, "must be between"),
    (Device, {"launch_price_usd": 0}, "must be between"),
    (Device, {"year": 1999}, "must be between"),
    (Device, {"kind": "toaster"}, "must be one of"),
    (Device, {"form_factor": "pocket"}, "must be one of"),
    (Device, {"bandwidth_bytes_per_s": None, "bandwidth_is_upper_limit": True}, "unknown bandwidth"),
    (DeviceMemoryOption, {"memory_gb": 0}, "must be between"),
    (DeviceMemoryOption, {"memory_gb": -8}, "must be between"),
    (DeviceMemoryOption, {"memory_gb": 1e9}, "must be between"),
    (FigureNote, {"kind": "rumour"}, "must be one of"),
    (FigureNote, {"text": ""}, "A note needs a text"),
    (Machine, {"device_count": 0}, "must be between 1 and 4096 devices"),
    (Machine, {"memory_gb": 0}, "must be between"),
    (Machine, {"host_memory_gb": -1}, "must be between"),
    (Machine, {"operating_system": "beos"}, "must be one of"),
    (Machine, {"category": "fridge"}, "must be one of"),
    (LanguageModel, {"params_published": 0}, "must be between"),
    (LanguageModel, {"active_params_published": 0}, "must be between"),
    (
        LanguageModel,
        {"params_published": 10**9, "active_params_published": 10**9 + 1},
        "cannot be more than all",
    ),
    (LanguageModel, {"max_context_tokens": 0}, "must be between"),
    (WeightFormat, {"nominal_bits_per_weight": 0}, "must be more than 0 and at most 64 bits"),
    (WeightFormat, {"nominal_bits_per_weight": 65}, "must be more than 0 and at most 64 bits"),
    (KvFormat, {"bits_per_element": 0}, "must be more than 0"),
    (KvFormat, {"bits_per_element": 64.5}, "at most 64"),
    (BlockType, {"elements": 0}, "must be between"),
    (BlockType, {"bytes": 0}, "more than 0 and at most 64 bits per element"),
    (BlockType, {"elements": 32, "bytes": 257}, "more than 0 and at most 64 bits per element"),
    (RuntimeSupport, {"execution": "magic"}, "must be one of"),
    (Alias, {"text": ""}, "An alias needs a text"),
]


@pytest.mark.parametrize(("model", "change", "sentence"), REFUSED)
def test_refused_by_the_database_and_explained(model: Any, change: dict[str, Any], sentence: str) -> None:
    if model is Alias:
        Alias.objects.create(text="the card", device=Device.objects.get(slug="nvidia-t4"))
    row = model.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**change)
    for field, value in change.items():
        setattr(row, field, value)
    with pytest.raises(ValidationError, match=_literal(sentence)):
        row.validate_constraints()


def _literal(text: str) -> str:
    return text.replace("+", r"\+").replace(".", r"\.")


def test_unknown_figures_are_allowed() -> None:
    device = Device.objects.get(slug="nvidia-t4")
    for field in (
        "bandwidth_bytes_per_s",
        "fp16_flops_per_s",
        "tdp_w",
        "launch_price_usd",
        "pcie_bytes_per_s",
        "year",
    ):
        setattr(device, field, None)
    device.validate_constraints()
    device.save()
    model = LanguageModel.objects.get(slug="deepseek-r1")
    model.params_published = model.active_params_published = model.max_context_tokens = None
    model.validate_constraints()
    model.save()


def test_a_memory_size_once_per_device() -> None:
    device = Device.objects.get(slug="nvidia-t4")
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceMemoryOption.objects.create(device=device, memory_gb=16)


def test_an_alias_names_exactly_one_entry() -> None:
    device, model = Device.objects.get(slug="nvidia-t4"), LanguageModel.objects.get(slug="deepseek-r1")
    for entries in ({}, {"device": device, "language_model": model}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alias.objects.create(text="both", **entries)
    assert Alias.objects.create(text="t four", device=device).entry == device


def test_one_text_may_name_two_entries_but_each_once() -> None:
    first, second = LanguageModel.objects.all()[:2]
    Alias.objects.create(text="twins", language_model=first)
    Alias.objects.create(text="twins", language_model=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alias.objects.create(text="twins", language_model=first)


def test_an_entry_cites_a_source_once() -> None:
    citation = Citation.objects.filter(device__isnull=False).first()
    assert citation is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Citation.objects.create(device=citation.device, source=citation.source)


def test_a_slug_is_unique_within_its_kind() -> None:
    device = Device.objects.get(slug="nvidia-t4")
    device.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        device.save(force_insert=True)
