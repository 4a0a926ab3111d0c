"""`manage.py calibrate`: fit the coefficients to the shipped measurements and write the calibration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.calibration.calibrate import calibrate
from planner.calibration.files import MEASUREMENTS, SHIPPED
from planner.calibration.load import load_data
from planner.calibration.store import write


class Command(BaseCommand):
    help = "Fit the engine's coefficients to measurements. The same data give the same file, byte for byte."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--measurements", metavar="CSV", default=str(MEASUREMENTS))
        parser.add_argument("-o", "--output", metavar="JSON", default=str(SHIPPED))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = load_data(Path(options["measurements"]))
        except OSError as error:
            raise CommandError(f"cannot read {options['measurements']}: {error.strerror}") from None
        self.stderr.write(f"{len(data.observations)} of {len(data.outcomes)} rows can be used")

        def progress(step: str, done: int, total: int) -> None:
            self.stderr.write(f"{step}: {done} of {total}")

        document = calibrate(data.observations, data.sha256, progress)
        try:
            write(document, Path(options["output"]))
        except OSError as error:
            raise CommandError(f"cannot write {options['output']}: {error.strerror}") from None
        self.stderr.write(f"wrote {options['output']}")
