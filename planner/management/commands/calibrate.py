"""`manage.py calibrate`: fit the coefficients to the shipped measurements and write the calibration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.calibration import activation
from planner.calibration.calibrate import calibrate
from planner.calibration.documents import read_document
from planner.calibration.files import MEASUREMENTS, SHIPPED
from planner.calibration.load import load_data
from planner.calibration.models import CalibrationVersion
from planner.calibration.store import write


class Command(BaseCommand):
    help = "Fit the engine's coefficients to measurements. The same data give the same file, byte for byte."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--measurements", metavar="CSV", default=str(MEASUREMENTS))
        parser.add_argument("-o", "--output", metavar="JSON", default=str(SHIPPED))
        parser.add_argument(
            "--name", metavar="NAME", help="also store the file in the database, under this name"
        )
        parser.add_argument("--activate", action="store_true", help="store it and let it answer from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] and CalibrationVersion.objects.filter(name=options["name"]).exists():
            raise CommandError(
                f"--name: another calibration is called {options['name']!r}. Choose another name."
            )
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
        if options["name"] or options["activate"]:
            self._register(Path(options["output"]).read_text(encoding="utf-8"), options)

    def _register(self, text: str, options: dict[str, Any]) -> None:
        fitted = read_document(text)
        version = activation.register(
            fitted,
            name=options["name"] or f"fitted-{fitted.sha256[:12]}",
            origin=CalibrationVersion.Origin.FITTED,
        )
        self.stderr.write(f"stored as {version.name}")
        if options["activate"]:
            activation.activate(version, reason="manage.py calibrate --activate")
            self.stderr.write(f"{version.name} answers from now on")
