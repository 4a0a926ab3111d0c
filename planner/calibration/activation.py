"""Which calibration answers: versions are registered, one is activated, and one can go back.

As long as nobody activated another, the shipped file answers, also a newer one after an update. A version that was
activated by hand stays until somebody activates another; where an update brings other formulas it can no longer
answer, and the shipped file takes its place.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from planner.calibration.documents import (
    Document,
    OtherFormulaVersion,
    other_version_reason,
    read_document,
)
from planner.calibration.files import SHIPPED, shipped_report
from planner.calibration.models import Activation, CalibrationVersion
from planner.engine.calibration import FORMULA_VERSION, Calibration

logger = logging.getLogger(__name__)
Origin = CalibrationVersion.Origin


@dataclass(frozen=True, slots=True)
class ActiveCalibration:
    """The calibration that answers, and what a reader is told of it."""

    calibration: Calibration
    name: str
    registered: datetime | None  # when this installation got it
    rows: Mapping[str, int]  # measurements that taught it, by metric
    accuracy: Mapping[str, Mapping[str, float]]  # held-out figures by metric, as documents.accuracy_summary
    measured_until: str = ""  # date of the newest of them; "" where no report says it
    instead_of: str = ""  # the activated version that cannot answer, with the reason


def shipped_name(sha256: str) -> str:
    """Name of a shipped file: its content tells it apart."""
    return f"shipped-{sha256[:12]}"


def register(
    document: Document, *, name: str, origin: str, note: str = "", user: Any = None
) -> CalibrationVersion:
    """Store a calibration file; the same text is stored once, under the name that it got first.

    Raises ``ValueError`` where the name belongs to another file.
    """
    with transaction.atomic():
        known = CalibrationVersion.objects.filter(sha256=document.sha256).first()
        if known is not None:
            return known
        if CalibrationVersion.objects.filter(name=name).exists():
            raise ValueError(f"Another calibration is called “{name}”. Choose another name.")
        return CalibrationVersion.objects.create(
            name=name,
            origin=origin,
            sha256=document.sha256,
            schema=document.schema,
            formula_version=document.formula_version,
            data_sha256=document.data_sha256,
            document=document.text,
            rows=dict(document.rows),
            accuracy=dict(document.accuracy),
            note=note,
            created_by=user,
        )


def register_shipped() -> CalibrationVersion:
    """Store the shipped file, so that it can be listed, compared and gone back to after an update.

    The first time, it also becomes the one that answers: every later choice has something to go back to.
    """
    with transaction.atomic():
        document = read_document(SHIPPED.read_text(encoding="utf-8"))
        version = register(document, name=shipped_name(document.sha256), origin=Origin.SHIPPED)
        if latest_activation() is None:
            activate(None, reason="as shipped")
    return version


def activate(version: CalibrationVersion | None, *, user: Any = None, reason: str = "") -> Activation:
    """Let a version answer from now on; ``None``: the shipped file, whichever it is.

    Raises ``OtherFormulaVersion`` for one whose coefficients belong to other formulas.
    """
    if version is not None and version.formula_version != FORMULA_VERSION:
        raise OtherFormulaVersion(other_version_reason(version.formula_version))
    return Activation.objects.create(version=version, activated_by=user, reason=reason)


def latest_activation() -> Activation | None:
    """The pointer: who chose what, last."""
    return Activation.objects.select_related("version").first()


def previous_activation() -> Activation | None:
    """The newest choice of something else than what answers now; ``None`` where there was no other."""
    latest = latest_activation()
    if latest is None:
        return None
    others = (
        Activation.objects.filter(version__isnull=False)
        if latest.version is None
        else Activation.objects.exclude(version=latest.version)
    )
    return others.select_related("version").filter(pk__lt=latest.pk).first()


def go_back(*, user: Any = None) -> Activation:
    """Let what answered before answer again.

    Raises ``ValueError`` where nothing did, ``OtherFormulaVersion`` where it no longer can.
    """
    previous = previous_activation()
    if previous is None:
        raise ValueError("Nothing else was active before.")
    return activate(previous.version, user=user, reason="gone back")


def activation_state() -> tuple[object, ...]:
    """What changes whenever another calibration answers, cheap to ask."""
    latest = Activation.objects.values_list("pk", flat=True).first()
    shipped = SHIPPED.stat()
    return latest, shipped.st_mtime_ns, shipped.st_size


def answering_sha256() -> str:
    """SHA-256 of the file that answers now."""
    latest = latest_activation()
    version = latest.version if latest else None
    if version is not None and version.formula_version == FORMULA_VERSION:
        return version.sha256
    return hashlib.sha256(SHIPPED.read_bytes()).hexdigest()


def calibration_text(sha256: str) -> str:
    """The file of a registered calibration or of the shipped one. Raises ``LookupError`` for another hash."""
    registered = CalibrationVersion.objects.filter(sha256=sha256).values_list("document", flat=True).first()
    if registered is not None:
        return registered
    shipped = SHIPPED.read_text(encoding="utf-8")
    if hashlib.sha256(shipped.encode()).hexdigest() != sha256:
        raise LookupError(f"No calibration with the hash {sha256} is registered.")
    return shipped


def cannot_answer() -> str:
    """Why the shipped file answers in place of the activated version; "" where it does not."""
    latest = latest_activation()
    version = latest.version if latest else None
    if version is None or version.formula_version == FORMULA_VERSION:
        return ""
    return f"{version.name}: {other_version_reason(version.formula_version)}"


def active_calibration() -> ActiveCalibration:
    """The calibration that answers now."""
    reason = cannot_answer()
    if reason:
        logger.warning("the activated calibration cannot answer, the shipped one does: %s", reason)
        return _shipped(instead_of=reason)
    latest = latest_activation()
    version = latest.version if latest else None
    if version is None:
        return _shipped()
    calibration = Calibration.from_json(version.document)
    return ActiveCalibration(calibration, version.name, version.created, version.rows, version.accuracy)


def _shipped(instead_of: str = "") -> ActiveCalibration:
    text = SHIPPED.read_text(encoding="utf-8")
    calibration, document = Calibration.from_json(text), read_document(text)
    registered = (
        CalibrationVersion.objects.filter(sha256=document.sha256).values_list("created", flat=True).first()
    )
    name = shipped_name(document.sha256)
    return ActiveCalibration(
        calibration, name, registered, document.rows, document.accuracy, _measured_until(document), instead_of
    )


def _measured_until(document: Document) -> str:
    """The date of the newest measurement, from the report where it is this file's."""
    report = shipped_report()
    return str(report["data"]["last_date"]) if report["calibration_sha256"] == document.sha256 else ""
