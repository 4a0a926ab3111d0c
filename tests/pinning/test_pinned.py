"""A kept snapshot computes the same after the catalog and the calibration have changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hardware_catalog.files import load_rows
from hardware_catalog.models import Device
from hardware_catalog.row_text import rows_of_text, rows_text
from planner import snapshot
from planner.engine.calibration import FORMULA_VERSION
from planner.pinning.models import PinnedSnapshot
from planner.pinning.pinned import CannotRebuild, _Rebuilt, pin, pinned
from planner.plans.questions import Question
from planner.plans.services import answer

QUESTION = Question(model="qwen3-8b", device="nvidia-geforce-rtx-4090")


pytestmark = pytest.mark.django_db


@pytest.fixture
def forgetting() -> Iterator[None]:
    """The test changes the catalog: no other sees the snapshots that are made of it."""
    yield
    _forget()


def _forget() -> None:
    snapshot._Held.snapshot = None
    snapshot._Held.checked_at = float("-inf")
    _Rebuilt.snapshots.clear()


def test_rows_survive_as_text() -> None:
    rows = load_rows()
    assert rows_of_text(rows_text(rows)) == rows
    assert rows_text(rows_of_text(rows_text(rows))) == rows_text(rows)


@pytest.mark.usefixtures("forgetting")
def test_an_edit_of_the_catalog_leaves_the_kept_snapshot_alone() -> None:
    before = snapshot.current()
    kept = pin(before)
    then = answer(QUESTION, before)

    Device.objects.filter(slug=QUESTION.device).update(bandwidth_bytes_per_s=2e12)
    _forget()

    now = snapshot.current()
    assert now.sha256 != kept.sha256
    again = answer(QUESTION, pinned(kept.sha256))
    assert pinned(kept.sha256) is pinned(kept.sha256), "rebuilt once"
    assert again.decode_tps == then.decode_tps
    assert again.need_bytes == then.need_bytes
    changed = answer(QUESTION, now)
    assert changed.decode_tps is not None
    assert then.decode_tps is not None
    assert changed.decode_tps.value > then.decode_tps.value


def test_the_same_snapshot_is_kept_once_and_not_rebuilt() -> None:
    now = snapshot.current()
    assert pin(now) == pin(now)
    assert PinnedSnapshot.objects.count() == 1
    assert pinned(now.sha256) is now


def test_other_formulas_are_refused_with_the_reason() -> None:
    kept = pin(snapshot.current())
    PinnedSnapshot.objects.update(sha256="0" * 64, formula_version=FORMULA_VERSION + 1)
    with pytest.raises(CannotRebuild, match=f"version {FORMULA_VERSION + 1}"):
        pinned("0" * 64)
    assert kept.sha256 != "0" * 64


def test_other_rules_are_refused_with_the_reason() -> None:
    pin(snapshot.current())
    PinnedSnapshot.objects.update(sha256="1" * 64)  # as if memory rules or file sizes had been others then
    with pytest.raises(CannotRebuild, match="another version of this program"):
        pinned("1" * 64)


def test_what_is_not_kept_is_said() -> None:
    with pytest.raises(CannotRebuild, match="no longer kept"):
        pinned("2" * 64)
