"""`manage.py accuracy`: how right predictions are on testers, devices and models that the fit has not seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.calibration.files import MEASUREMENTS
from planner.calibration.load import load_data
from planner.calibration.problem import Design
from planner.calibration.report import cross_validated

HEAD = f"{'':34}{'median':>8}{'90 %':>8}{'covered':>9}{'width':>8}{'rows':>7}{'testers':>9}"


class Command(BaseCommand):
    help = "Cross-validate: error and interval coverage, overall and by group, with folk formulas on the same rows."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--measurements", metavar="CSV", default=str(MEASUREMENTS))
        parser.add_argument("--json", action="store_true", help="print everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = load_data(Path(options["measurements"]))
        except OSError as error:
            raise CommandError(f"cannot read {options['measurements']}: {error.strerror}") from None
        design = Design.build(data.observations)
        report = cross_validated(design, lambda step, k, n: self.stderr.write(f"{step}: {k} of {n}"))
        outcomes: dict[str, int] = {}
        for outcome in data.outcomes:
            outcomes[outcome.status] = outcomes.get(outcome.status, 0) + 1
        if options["json"]:
            document = {"data_sha256": data.sha256, "outcomes": outcomes, "metrics": report}
            self.stdout.write(json.dumps(document, indent=1, sort_keys=True))
            return
        self.stdout.write("; ".join(f"{status} {count}" for status, count in sorted(outcomes.items())))
        for metric, part in report.items():
            self._print(metric, part)

    def _print(self, metric: str, part: Mapping[str, Any]) -> None:
        self.stdout.write(f"\n{metric}\n{HEAD}")
        self._line("held out by source family", part["by_family"], part["interval"])
        self._line("  every row alike", part["rows_equal"])
        for unit in ("device", "model"):
            self._line(f"{unit} never seen", part[f"{unit}_never_seen"]["by_family"])
        for name, rival in part.get("rivals", {}).items():
            self._line(name, rival["by_family"])
        for field, groups in part["groups"].items():
            self.stdout.write(f"  by {field}")
            for value, group in sorted(groups.items(), key=lambda item: -item[1]["rows"]):
                self._line(f"    {value}", group["by_family"], group["interval"])

    def _line(self, name: str, score: Mapping[str, Any], interval: Mapping[str, Any] | None = None) -> None:
        covered = f"{interval['covered']:9.1%}{interval['median_width']:8.0%}" if interval else " " * 17
        self.stdout.write(
            f"{name:34}{score['median']:8.1%}{score['p90']:8.0%}{covered}{score['rows']:7}{score['families']:9}"
        )
