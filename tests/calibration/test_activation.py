"""Which calibration answers: the shipped one, until somebody activates another; and one can go back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.management import call_command

from planner import snapshot
from planner.calibration import activation
from planner.calibration.documents import DocumentError, OtherFormulaVersion, check_content, read_document
from planner.calibration.files import SHIPPED
from planner.calibration.models import Activation, CalibrationVersion
from planner.calibration.store import dumps
from planner.engine.calibration import FORMULA_VERSION
from planner.plans.questions import Question
from planner.plans.services import answer

pytestmark = pytest.mark.django_db
SHIPPED_DOCUMENT = json.loads(SHIPPED.read_text(encoding="utf-8"))
QUESTION = Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090", format="q4-k-m")


def slower(**changes: object) -> str:
    """The shipped file with reading the weights taking twice as long, and other fields changed."""
    document = json.loads(json.dumps(SHIPPED_DOCUMENT)) | changes
    document["coefficients"]["weights"][""][""]["effect"] += 0.693147181
    return dumps(document)


def stored(name: str = "slower", **changes: object) -> CalibrationVersion:
    return activation.register(read_document(slower(**changes)), name=name, origin="imported")


@pytest.fixture(autouse=True)
def _fresh_snapshot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's snapshot asks the database each time, and forgets at the end what the test rolled back."""
    monkeypatch.setattr(snapshot, "CHECK_EVERY_S", 0.0)
    yield
    snapshot._Held.calibration, snapshot._Held.checked_at = (), float("-inf")


def decode_tps() -> float:
    found = answer(QUESTION).decode_tps
    assert found is not None
    return found.value


def test_migrating_registers_the_shipped_file_and_it_answers():
    version = CalibrationVersion.objects.get()
    assert version.origin == "shipped"
    assert version.document == SHIPPED.read_text(encoding="utf-8")
    assert version.rows == SHIPPED_DOCUMENT["rows"]
    active = activation.active_calibration()
    assert (active.name, active.calibration.sha256) == (version.name, version.sha256)
    assert activation.latest_activation().version is None


def test_migrating_again_changes_nothing():
    call_command("migrate", interactive=False, verbosity=0)
    assert CalibrationVersion.objects.count() == 1
    assert Activation.objects.count() == 1


def test_answers_follow_the_activated_version_and_back():
    before = decode_tps()
    activation.activate(stored())
    slow = decode_tps()
    # reading the weights is most of the time of a token on this card, and layers take the rest
    assert 0.5 * before < slow < 0.7 * before
    assert answer(QUESTION).calibration == CalibrationVersion.objects.get(name="slower").sha256
    activation.go_back()
    assert decode_tps() == before


def test_the_snapshot_is_another_one_under_another_calibration():
    first = snapshot.current()
    activation.activate(stored())
    second = snapshot.current()
    assert second.active.name == "slower"
    assert second.sha256 != first.sha256
    assert snapshot.current() is second


def test_a_newer_shipped_file_answers_only_while_the_shipped_one_is_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path
):
    newer = tmp_path / "shipped.json"
    newer.write_text(slower(), encoding="utf-8")
    pinned = CalibrationVersion.objects.get()
    monkeypatch.setattr(activation, "SHIPPED", newer)
    call_command("migrate", interactive=False, verbosity=0)
    assert CalibrationVersion.objects.filter(origin="shipped").count() == 2
    assert activation.active_calibration().calibration.sha256 == read_document(slower()).sha256
    activation.activate(pinned)
    assert activation.active_calibration().calibration.sha256 == pinned.sha256
    activation.activate(None)
    assert activation.active_calibration().calibration.sha256 == read_document(slower()).sha256


def test_a_calibration_of_other_formulas_is_refused_with_the_reason():
    other = stored(formula_version=FORMULA_VERSION + 1)
    with pytest.raises(OtherFormulaVersion, match=f"formula version {FORMULA_VERSION + 1}"):
        activation.activate(other)
    assert activation.latest_activation().version is None


def test_after_an_update_of_the_formulas_the_shipped_file_answers_in_its_place():
    other = stored(formula_version=FORMULA_VERSION + 1)
    Activation.objects.create(version=other)  # activated when the engine still had those formulas
    active = activation.active_calibration()
    assert active.name == CalibrationVersion.objects.get(origin="shipped").name
    assert "slower" in active.instead_of
    assert f"formula version {FORMULA_VERSION + 1}" in active.instead_of
    assert activation.answering_sha256() == active.calibration.sha256


def test_going_back_twice_returns_to_what_was_first_left():
    first, second = stored("first"), None
    with pytest.raises(ValueError, match="Nothing else was active"):
        activation.go_back()
    document = read_document(slower(data_sha256="0" * 64))
    second = activation.register(document, name="second", origin="imported")
    activation.activate(first, reason="better")
    activation.activate(second)
    assert activation.go_back().version == first
    assert activation.go_back().version == second
    assert [a.version and a.version.name for a in Activation.objects.all()] == [
        *("second", "first", "second", "first", None)
    ]


def test_a_version_is_stored_once_and_never_changed():
    version = stored()
    assert stored("under another name") == version
    with pytest.raises(ValueError, match="Another calibration is called"):
        stored(data_sha256="0" * 64)
    version.note = "changed"
    with pytest.raises(ValueError, match="immutable"):
        version.save()


def without(field: str) -> str:
    return json.dumps({k: v for k, v in SHIPPED_DOCUMENT.items() if k != field})


def with_effect(effect: object) -> str:
    document = json.loads(slower())
    document["coefficients"]["kv"][""][""]["effect"] = effect
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{" * 100_000, "not JSON|nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "one JSON object"),
        ('{"schema": "sizewise-plan-1"}', "its schema is not"),
        (without("formula_version"), "formula_version"),
        (without("data_sha256"), "data_sha256"),
        (without("rows"), "rows"),
        (without("coefficients"), "'coefficients' is missing"),
        (without("intervals"), "'intervals' is missing"),
        (json.dumps(SHIPPED_DOCUMENT | {"coefficients": {}}), "has no common value"),
        (json.dumps(SHIPPED_DOCUMENT | {"coefficients": []}), "does not have its form"),
        (json.dumps(SHIPPED_DOCUMENT | {"intervals": {}}), "intervals of decode are missing"),
        (with_effect(float("nan")), "NaN, which is no number"),
        (with_effect(1e300), "no sane number"),
        (with_effect("fast"), "does not have its form"),
        (with_effect(None), "does not have its form"),
    ],
)
def test_what_is_no_calibration_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(DocumentError, match=reason):
        check_content(read_document(text))


def test_the_shipped_file_passes_every_check():
    document = read_document(SHIPPED.read_text(encoding="utf-8"))
    check_content(document)
    assert (
        document.accuracy["decode"]["median"] == SHIPPED_DOCUMENT["accuracy"]["decode"]["by_family"]["median"]
    )
