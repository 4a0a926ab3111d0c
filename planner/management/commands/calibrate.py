"""`manage.py calibrate`: fit the coefficients to measurements, and write the calibration file and what judges it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hardware_catalog.selectors import catalog_rows
from planner.calibration import activation, pooling
from planner.calibration.accepted import accepted_rows
from planner.calibration.calibrate import calibrate
from planner.calibration.crossval import training_weights
from planner.calibration.documents import read_document
from planner.calibration.files import MEASUREMENTS, SHIPPED, held_out_path, report_path
from planner.calibration.heldout import written
from planner.calibration.load import Data, load_data
from planner.calibration.models import CalibrationVersion
from planner.calibration.problem import Design
from planner.calibration.settings import SETTINGS
from planner.calibration.store import dumps, write


class Command(BaseCommand):
    help = (
        "Fit the engine's coefficients to measurements. Beside the calibration file it writes the held-out "
        "predictions (.heldout.csv) and the report of its accuracy (.accuracy.json). The same data give the same "
        "files, byte for byte."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--measurements", metavar="CSV", default=str(MEASUREMENTS))
        parser.add_argument(
            "--include-accepted",
            action="store_true",
            help="add the measurements that editors accepted or the project made itself, from the database",
        )
        parser.add_argument("-o", "--output", metavar="JSON", default=str(SHIPPED))
        parser.add_argument(
            "--name", metavar="NAME", help="also store the file in the database, under this name"
        )
        parser.add_argument(
            "--propose-pooling",
            metavar="JSON",
            help="only propose how strongly groups are pooled, in the form of planner/calibration/pooling.json",
        )
        parser.add_argument("--activate", action="store_true", help="store it and let it answer from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] and CalibrationVersion.objects.filter(name=options["name"]).exists():
            raise CommandError(
                f"--name: another calibration is called {options['name']!r}. Choose another name."
            )
        output = Path(options["output"])
        if not output.parent.is_dir():
            raise CommandError(f"cannot write {output}: there is no folder {output.parent}")
        data = self._data(options)
        self.stderr.write(f"{len(data.observations)} of {len(data.outcomes)} rows can be used")
        if options["propose_pooling"]:
            self._write({Path(options["propose_pooling"]): self._proposal(data)})
            return
        found = calibrate(data, lambda step, k, n: self.stderr.write(f"{step}: {k} of {n}"))
        text = dumps(found.document)
        files = {
            output: text,
            held_out_path(output): written(found.held_out),
            report_path(output): dumps(found.report),
        }
        self._write(files)
        if options["name"] or options["activate"]:
            self._register(text, options)

    def _proposal(self, data: Data) -> str:
        weights = training_weights(data.observations)
        found = pooling.pool(
            Design.build(data.observations),
            SETTINGS,
            weights,
            lambda k, n: self.stderr.write(f"pooling: {k} of {n}"),
        )
        return pooling.dumps(found)

    def _write(self, files: Mapping[Path, str]) -> None:
        for path, content in files.items():
            try:
                write(content, path)
            except OSError as error:
                raise CommandError(f"cannot write {path}: {error.strerror}") from None
            self.stderr.write(f"wrote {path}")

    def _data(self, options: dict[str, Any]) -> Data:
        more = accepted_rows() if options["include_accepted"] else ()
        if options["include_accepted"]:
            self.stderr.write(f"{len(more)} accepted and own measurements are added")
        try:
            return load_data(Path(options["measurements"]), more, catalog_rows() if more else None)
        except OSError as error:
            raise CommandError(f"cannot read {options['measurements']}: {error.strerror}") from None

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
