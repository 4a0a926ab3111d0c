"""`manage.py accuracy`: how right predictions are on testers, devices and models that the fit has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.calibration.calibrate import judge
from planner.calibration.files import MEASUREMENTS, SHIPPED, held_out_path, read_report
from planner.calibration.heldout import written
from planner.calibration.load import load_data
from planner.calibration.report import accuracy_report
from planner.calibration.store import dumps, sha256_of

HEAD = f"{'':44}{'median':>8}{'90 %':>9}{'covered':>9}{'width':>8}{'rows':>7}{'testers':>9}"


class Command(BaseCommand):
    help = (
        "Cross-validate: error and interval coverage, overall and by group, other tools' formulas on the same rows, "
        "and the spread between testers. Takes minutes; --committed prints the report beside the shipped calibration."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--measurements", metavar="CSV", default=str(MEASUREMENTS))
        parser.add_argument("--json", action="store_true", help="print everything as JSON")
        parser.add_argument(
            "--committed", action="store_true", help="the shipped report instead of a new cross-validation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = read_report(SHIPPED) if options["committed"] else self._judged(options)
        if options["json"]:
            self.stdout.write(dumps(report), ending="")
            return
        self._print_data(report["data"])
        for metric, part in report["metrics"].items():
            self._print(metric, part)

    def _judged(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            data = load_data(Path(options["measurements"]))
        except OSError as error:
            raise CommandError(f"cannot read {options['measurements']}: {error.strerror}") from None
        values = judge(data, lambda step, k, n: self.stderr.write(f"{step}: {k} of {n}"))
        shipped = held_out_path(SHIPPED).read_text(encoding="utf-8") == written(values)
        if not shipped:
            self.stderr.write(
                "The shipped calibration was made from other measurements or by other code: "
                "manage.py calibrate makes it anew."
            )
        return accuracy_report(
            data.in_order(values),
            values,
            data.outcomes,
            data_sha256=data.sha256,
            calibration_sha256=sha256_of(SHIPPED.read_text(encoding="utf-8")) if shipped else None,
        )

    def _print_data(self, data: Mapping[str, Any]) -> None:
        outcomes = "; ".join(f"{status} {count}" for status, count in data["outcomes"].items())
        self.stdout.write(f"{data['rows']} rows: {outcomes}")
        self.stdout.write(
            f"{data['used']} used, of {data['families']} testers, {data['devices']} devices, {data['models']} models, "
            f"{data['first_date']} to {data['last_date']}"
        )

    def _print(self, metric: str, part: Mapping[str, Any]) -> None:
        self.stdout.write(f"\n{metric}\n{HEAD}")
        self._line("tester never seen", part["by_family"], part["interval"])
        self._line("  every row alike", part["rows_equal"])
        for unit in ("device", "model"):
            self._line(f"{unit} never seen", part[f"{unit}_never_seen"]["by_family"])
            self._line("  every row alike", part[f"{unit}_never_seen"]["rows_equal"])
        for rival in part["rivals"]:
            self._line(rival["name"], rival["by_family"])
            self._line("  ours on the same rows", rival["ours"]["by_family"])
        self._print_floor(part["floor"])
        for field, groups in part["groups"].items():
            self.stdout.write(f"  by {field}")
            for value, group in sorted(groups.items(), key=lambda item: -item[1]["rows"]):
                self._line(f"    {value}", group["by_family"], group["interval"])
        outside = [group for group in part["large_groups"] if not group["within"]]
        self.stdout.write(f"  large groups outside 85 to 95 %: {len(outside)} of {len(part['large_groups'])}")
        for group in outside:
            self.stdout.write(f"    {group['field']} {group['value']}: {group['covered']:.1%}")
        for miss in part["worst"][:5]:
            self.stdout.write(
                f"  {miss['ratio']:.3g} x measured: {miss['model']} {miss['format']} on {miss['device']}, "
                f"{miss['runtime']} ({miss['id']}): {'; '.join(miss['reasons'])}"
            )

    def _print_floor(self, floor: Mapping[str, Any]) -> None:
        for name, words in (("testers", "testers of one set-up"), ("repeats", "one source's repeats")):
            part = floor[name]
            if part["pairs"]:
                spread = f"{part['median']:8.1%}{part['p90']:9.0%}"
                self.stdout.write(f"{words:44}{spread}{'':17}{part['pairs']:7} pairs")

    def _line(self, name: str, score: Mapping[str, Any], interval: Mapping[str, Any] | None = None) -> None:
        covered = f"{interval['covered']:9.1%}{interval['median_width']:8.0%}" if interval else " " * 17
        error = (
            f"{'–':>8}{'–':>9}" if score["median"] is None else f"{score['median']:8.1%}{score['p90']:9.0%}"
        )
        self.stdout.write(f"{name:44}{error}{covered}{score['rows']:7}{score['families']:9}")
