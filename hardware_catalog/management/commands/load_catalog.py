"""Validate the shipped catalog and load it into the database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hardware_catalog.files import DATA, CatalogError, load_rows
from hardware_catalog.measurement_file import read_measurements


class Command(BaseCommand):
    """Bad rows are told as file:line: reason, and then nothing is loaded. A second run changes nothing."""

    help = "Validate the shipped catalog and load it; entries added or corrected in the admin are kept."

    requires_system_checks = []  # they import every page, which loading has no use for

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="validate the files only")
        parser.add_argument(
            "--data", type=Path, default=DATA, metavar="DIR", help="read another data directory"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"]
        if not data.is_dir():
            raise CommandError(f"{data} is not a directory")
        try:
            rows = load_rows(data)
            if options["check"]:
                read_measurements(data)
                self.stdout.write("The catalog's files are valid.")
                return
            # The ORM is imported late: --check needs no database.
            from hardware_catalog.loading import data_digest, load

            counts = load(rows, data_digest(data), data)
        except CatalogError as error:
            for problem in error.problems:
                self.stderr.write(str(problem))
            raise CommandError(
                f"{len(error.problems)} problems in the data files; nothing was loaded"
            ) from error
        if options["verbosity"] > 0:
            for kind, count in counts.items():
                self.stdout.write(
                    f"{kind.replace('_', ' ')}: {count.created} created, {count.updated} updated, "
                    f"{count.unchanged} unchanged, {count.withdrawn} withdrawn, {count.kept} kept"
                )
            changes = sum(count.changes for count in counts.values())
            self.stdout.write(f"{changes} changes" if changes != 1 else "1 change")
