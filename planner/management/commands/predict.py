"""`manage.py predict CASES.csv`: many predictions at once, one row of output for every row of input."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.calibration.case_files import CaseFileError, read_cases, write_answers
from planner.calibration.predictions import ANSWER_COLUMNS
from planner.measurements.predicting import predictor
from planner.snapshot import current


class Command(BaseCommand):
    help = "Predict every case of a CSV file; see docs of the columns in the README."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cases", metavar="CASES.csv", help='file of cases; "-" reads standard input')
        parser.add_argument(
            "-o", "--output", metavar="OUT.csv", help="file to write (default: standard output)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = sys.stdin.buffer.read() if options["cases"] == "-" else Path(options["cases"]).read_bytes()
            lines = read_cases(data)
        except OSError as error:
            raise CommandError(f"cannot read {options['cases']}: {error.strerror}") from None
        except CaseFileError as error:
            raise CommandError(f"{options['cases']}: {error}") from None
        answers = predictor(current()).answer(lines)
        if not options["output"]:
            text = StringIO()
            write_answers(text, ANSWER_COLUMNS, answers)
            self.stdout.write(text.getvalue(), ending="")
            return
        path = Path(options["output"])
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                write_answers(file, ANSWER_COLUMNS, answers)
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror}") from None
        answered = sum(answer[9] == "ok" for answer in answers)
        self.stderr.write(f"{answered} of {len(answers)} cases answered; see {path}")
