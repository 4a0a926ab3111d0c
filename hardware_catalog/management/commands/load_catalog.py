"""Validate the shipped catalog and load it into the database; what was edited here is asked about."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from hardware_catalog.counts import Count
from hardware_catalog.files import DATA, CatalogError, load_rows
from hardware_catalog.measurement_file import read_measurements

if TYPE_CHECKING:
    from hardware_catalog.edits import Choice, Edit
    from hardware_catalog.loading import Loaded

QUESTION = "Keep yours, take the shipped one, decide later, or the same for all that follow? [k/t/l/K/T/L] "
MOST_NAMED = 5


class Command(BaseCommand):
    """Bad rows are told as file:line: reason, and then nothing is loaded. A second run changes nothing.

    Where a row was edited here and the files have a new one, a person at a terminal is asked; else the edit stays
    and is said, or a flag decides.
    """

    help = (
        "Validate the shipped catalog and load it. What was added here stays; what was edited here and is shipped "
        "otherwise by now is shown and asked about, or kept where nobody can be asked."
    )

    requires_system_checks = []  # they import every page, which loading has no use for

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="validate the files only")
        parser.add_argument(
            "--data", type=Path, default=DATA, metavar="DIR", help="read another data directory"
        )
        parser.add_argument(
            "--noinput", action="store_false", dest="interactive", help="never ask: keep what was edited here"
        )
        edits = parser.add_mutually_exclusive_group()
        edits.add_argument(
            "--keep-edits",
            action="store_const",
            const="KEEP",
            dest="edits",
            help="keep all edits, and do not ask about these shipped rows again",
        )
        edits.add_argument(
            "--overwrite-edits",
            action="store_const",
            const="OVERWRITE",
            dest="edits",
            help="take the shipped row wherever one was edited here; the history keeps the edit",
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
            loaded = self._load(rows, data, options)
        except CatalogError as error:
            for problem in error.problems:
                self.stderr.write(str(problem))
            raise CommandError(
                f"{len(error.problems)} problems in the data files; nothing was loaded"
            ) from error
        if options["verbosity"] > 0:
            self._say_counts(loaded.counts)
        if loaded.undecided:
            self._say_kept(loaded.undecided, in_full=options["verbosity"] > 0)

    def _load(self, rows: Any, data: Path, options: Mapping[str, Any]) -> Loaded:
        # The ORM is imported late: --check needs no database.
        from hardware_catalog.edits import Choice, decided, later
        from hardware_catalog.loading import data_digest, find_edits, load

        digest = data_digest(data)
        if options["edits"]:
            choice = Choice[options["edits"]]
            return load(rows, digest, data, lambda edit: choice)
        # a program that loads without a word, such as serve, asks nothing either
        may_ask = options["interactive"] and options["verbosity"] > 0
        if may_ask and sys.stdin is not None and sys.stdin.isatty():
            choices = self._ask(find_edits(rows, digest, data))
            return load(rows, digest, data, decided(choices) if choices else later)
        return load(rows, digest, data)

    def _ask(self, edits: Sequence[Edit]) -> dict[Edit, Choice]:
        """Show each edit with what the files have instead, and ask what becomes of it."""
        from hardware_catalog.edits import Choice

        answers = {"k": Choice.KEEP, "t": Choice.OVERWRITE, "l": Choice.LATER}
        chosen: dict[Edit, Choice] = {}
        for_all = ""
        for number, edit in enumerate(edits, 1):
            self.stdout.write(f"\n{number} of {len(edits)}: {_title(edit)} was edited here")
            self._say_differences(edit)
            answer = for_all
            while answer.lower() not in answers:
                answer = input(QUESTION).strip()
            for_all = answer if answer.isupper() else ""
            chosen[edit] = answers[answer.lower()]
        return chosen

    def _say_differences(self, edit: Edit, indent: str = "  ") -> None:
        for difference in edit.differences:
            self.stdout.write(
                f"{indent}{difference.label}: here {difference.before}, shipped {difference.after}"
            )

    def _say_counts(self, counts: Mapping[str, Count]) -> None:
        for kind, count in counts.items():
            self.stdout.write(
                f"{kind.replace('_', ' ')}: {count.created} created, {count.updated} updated, "
                f"{count.unchanged} unchanged, {count.withdrawn} withdrawn, {count.kept} kept"
            )
        changes = sum(count.changes for count in counts.values())
        self.stdout.write(f"{changes} changes" if changes != 1 else "1 change")

    def _say_kept(self, edits: Sequence[Edit], *, in_full: bool) -> None:
        """Say what was left alone: with its differences, or in one line where another program is starting."""
        if in_full:
            self.stdout.write("")
            for edit in edits:
                self.stdout.write(f"kept as edited here: {_title(edit)}")
                self._say_differences(edit)
        named = ", ".join(edit.name for edit in edits[:MOST_NAMED])
        more = f" and {len(edits) - MOST_NAMED} more" if len(edits) > MOST_NAMED else ""
        what = "1 row" if len(edits) == 1 else f"{len(edits)} rows"
        self.stderr.write(
            f"The catalog keeps {what} as edited here, though the shipped files have new ones: {named}{more}. "
            "“manage.py load_catalog” shows the differences and asks; --keep-edits and --overwrite-edits decide all."
        )


def _title(edit: Edit) -> str:
    kind = edit.kind.replace("_", " ").removesuffix("s")
    return f"{kind} {edit.name}" + (f" ({edit.key})" if edit.key != edit.name else "")
