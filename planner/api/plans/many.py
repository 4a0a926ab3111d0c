"""Many plans or predictions at once: a CSV or a JSON list comes in, one line for each row goes back as it is done."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request

from planner.api import problems
from planner.api.base import ApiView
from planner.api.plans.cells import COLUMNS, csv_line, row_of
from planner.api.plans.parsers import MOST_BYTES, CsvParser, JsonListParser
from planner.api.plans.question import COLUMNS as FIELDS
from planner.api.plans.question import impossible, question_from, question_of_texts
from planner.api.problems import Problem, as_problem, shortened, unknown
from planner.api.renderers import CsvRenderer, JsonLinesRenderer, finite
from planner.api.throttling import ROWS, count
from planner.calibration.case_files import COLUMNS as CASE_COLUMNS
from planner.calibration.case_files import MAX_FIELD, CaseFileError, CaseLine, read_cases
from planner.calibration.predictions import ANSWER_COLUMNS
from planner.kept_plans.details import details_of
from planner.kept_plans.document import document_of
from planner.kept_plans.record import Record
from planner.measurements.predicting import predictor
from planner.plans.errors import PlanError
from planner.plans.explain import speed_of
from planner.plans.plan import make_plan
from planner.plans.questions import Question
from planner.plans.services import answer_of
from planner.snapshot import Snapshot, current

logger = logging.getLogger(__name__)

MOST_QUESTIONS, MOST_CASES = 1_000, 10_000
QUESTION_ROWS = 20  # a whole plan takes about as long as so many predictions
BLOCK = 250  # predictions that are computed together
ID = "id"
PLAN_COLUMNS = (ID, "status", "reason", *(name for name in COLUMNS if name != ID))
NUMBERS = ("prediction", "low", "high")
MOST_MIB = MOST_BYTES // 2**20
# The description of bodies and answers.
CSV = {"type": "string", "description": "UTF-8, with a header line."}
ITEM = {"type": "object", "description": "The fields of a question, and an id.", "additionalProperties": True}
CASE = {
    "type": "object",
    "description": f"Columns: {', '.join(CASE_COLUMNS)}.",
    "additionalProperties": {"type": ["string", "number", "null"]},
}
LINES = {
    (200, "application/jsonl"): OpenApiResponse(OpenApiTypes.STR, "One JSON object a line, one line a row."),
    (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "A header, then one line a row."),
}


class ManyView(ApiView):
    """Reads rows, answers each on a line of its own."""

    parser_classes = (JsonListParser, CsvParser)
    renderer_classes = (JsonLinesRenderer, CsvRenderer)
    write_scope = ROWS  # the rows themselves are counted once they are read
    columns: Sequence[str] = ()
    most_rows = 0
    rows_each = 1
    counted_rows = "rows"

    def read(self, data: Any) -> Sequence[Any]:
        """The rows of a body."""
        raise NotImplementedError

    def answers(self, rows: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
        """One answer for each row."""
        raise NotImplementedError

    def stream(self, request: Request) -> StreamingHttpResponse:
        """The answers in the format asked for; without a wish, in that of the body."""
        rows = self.read(request.data)
        if not rows:
            raise Problem("bad-body", "There are no rows.")
        if len(rows) > self.most_rows:
            raise Problem(
                "too-large", f"{len(rows):,} rows; at most {self.most_rows:,} are answered at a time."
            )
        self.usage = count(request, ROWS, len(rows) * self.rows_each)
        if self.usage is not None and self.usage.used > self.usage.limit:
            raise Throttled(self.usage.seconds_left)
        as_csv = request.accepted_renderer.format == CsvRenderer.format
        if not request.query_params.get("format") and request.headers.get("Accept", "*/*") == "*/*":
            as_csv = isinstance(request.data, bytes)
        renderer = CsvRenderer if as_csv else JsonLinesRenderer
        lines = self.csv_lines(rows) if as_csv else self.json_lines(rows)
        response = StreamingHttpResponse(lines, content_type=renderer.media_type)
        response["Cache-Control"] = "no-store"
        return response

    def json_lines(self, rows: Sequence[Any]) -> Iterator[bytes]:
        """Each answer as a line of JSON."""
        for answer in self.answers(rows):
            yield json.dumps(finite(dict(answer)), ensure_ascii=False, allow_nan=False).encode() + b"\n"

    def csv_lines(self, rows: Sequence[Any]) -> Iterator[bytes]:
        """The header, then each answer as a line of CSV."""
        yield csv_line(self.columns)
        for answer in self.answers(rows):
            yield csv_line([answer.get(name) for name in self.columns])


class ManyPlans(ManyView):
    """Many questions, each answered in one line: the figures of the plan, or the reason why there is none."""

    columns = PLAN_COLUMNS
    most_rows = MOST_QUESTIONS
    rows_each = QUESTION_ROWS

    @extend_schema(
        operation_id="plans_many",
        summary="Many questions at once",
        request={
            "application/json": {"type": "array", "items": ITEM, "maxItems": MOST_QUESTIONS, "minItems": 1},
            "text/csv": CSV,
        },
        responses=LINES,
        description=(
            f"Up to {MOST_QUESTIONS:,} questions and {MOST_MIB} MiB: a JSON list of the objects that /plans/ takes, "
            "or a CSV with their fields as columns, each with an `id` where wanted. One line comes back for each, in "
            "order and as soon as it is done: the figures of the plan, or `status` and `reason`. These plans are not "
            f"kept. Each counts for {QUESTION_ROWS} rows of the limit."
        ),
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        return self.stream(request)

    def read(self, data: Any) -> Sequence[Any]:
        if isinstance(data, bytes):
            return read_questions(data)
        return rows_of_json(data, "questions")

    def answers(self, rows: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
        snapshot = current()
        for row in rows:
            yield dict.fromkeys(PLAN_COLUMNS) | answer_row(row, snapshot)


class Predictions(ManyView):
    """Many predictions of one metric each: the columns of ``manage.py predict``, and its answers."""

    columns = ANSWER_COLUMNS
    most_rows = MOST_CASES

    @extend_schema(
        operation_id="plans_predict",
        summary="Many predictions at once, of one metric each",
        request={
            "application/json": {"type": "array", "items": CASE, "maxItems": MOST_CASES, "minItems": 1},
            "text/csv": CSV,
        },
        responses=LINES,
        description=(
            f"Up to {MOST_CASES:,} cases and {MOST_MIB} MiB: a CSV with the columns of `manage.py predict`, or a JSON "
            "list of objects with these names. Each asks for one metric; one line comes back for each, in order: the "
            "prediction with its 90 % interval, or `status` and `reason`."
        ),
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        return self.stream(request)

    def read(self, data: Any) -> Sequence[CaseLine]:
        if not isinstance(data, bytes):
            return [case_of_json(i, row) for i, row in enumerate(rows_of_json(data, "cases"), start=1)]
        try:
            lines = read_cases(data)
        except CaseFileError as error:
            raise Problem("bad-body", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        known = (name for line in lines[:1] for name in line.fields)
        _refuse_columns(known, CASE_COLUMNS)
        return lines

    def answers(self, rows: Sequence[CaseLine]) -> Iterator[Mapping[str, Any]]:
        made = predictor(current())
        for first in range(0, len(rows), BLOCK):
            for answer in made.answer(rows[first : first + BLOCK]):
                told = {name: text or None for name, text in zip(ANSWER_COLUMNS, answer, strict=True)}
                yield told | {name: float(text) for name in NUMBERS if (text := told[name])}


def answer_row(row: Any, snapshot: Snapshot) -> dict[str, Any]:
    """The answer to one question, or why there is none; nothing that is wrong with one row stops the others."""
    asked = dict(row) if isinstance(row, Mapping) else row
    given = asked.pop(ID, None) if isinstance(asked, dict) else None
    shown = shortened(given if isinstance(given, str) else json.dumps(given)) if given is not None else None
    try:
        by_text = isinstance(row, _CsvRow)
        question = question_of_texts(asked) if by_text else question_from(asked)
        try:
            found = plan_row(question, snapshot)
        except PlanError as error:
            raise impossible(error, asked) from None
    except (Problem, ValidationError) as error:
        problem = as_problem(error)
        return {ID: shown, "status": "invalid", "reason": reason_of(problem)}
    except Exception:
        logger.exception("a row of many plans failed")
        return {ID: shown, "status": "failed", "reason": "The program failed on this row. It has been noted."}
    return found | {ID: shown, "status": "ok", "reason": None}


def plan_row(question: Question, snapshot: Snapshot) -> dict[str, Any]:
    """The figures of a plan. Raises ``PlanError``."""
    plan = make_plan(question, snapshot)
    speed = speed_of(plan)
    answer = answer_of(plan, speed)
    return row_of(document_of("", Record(plan.question, answer, details_of(plan, answer, speed)), ""))


def reason_of(problem: Problem) -> str:
    """What is wrong with a row, field by field."""
    if not problem.errors:
        return str(problem.detail)
    told = []
    for error in problem.errors:
        field = str(error.get("pointer", "#")).removeprefix("#").removeprefix("/")
        named = ", ".join(str(entry["slug"]) for entry in error.get("candidates", ()))
        told.append(f"{field}: {error['detail']}" + (f" ({named})" if named else ""))
    return problems.printable("; ".join(told))


class _CsvRow(dict[str, str]):
    """A row of a CSV: every value is text."""


def read_questions(data: bytes) -> list[_CsvRow]:
    """Rows of a CSV whose columns are the fields of a question, and an id. Raises a 400 where it is none."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        if "metric" in header:
            raise Problem(
                "bad-body", "These are the columns of predictions: send them to /api/v1/plans/predict/."
            )
        _refuse_columns(header, (ID, *FIELDS))
        repeated = {name for name in header if header.count(name) > 1}
        if repeated:
            raise Problem("bad-body", f"Columns named twice: {', '.join(sorted(repeated))}.")
        found = []
        for values in reader:
            if values and len(values) != len(header):
                told = f"Line {reader.line_num} has {len(values)} fields, the header {len(header)}."
                raise Problem("bad-body", told)
            if values:
                found.append(_CsvRow(zip(header, values, strict=True)))
        return found
    except UnicodeDecodeError as error:
        raise Problem("bad-body", f"The body is not UTF-8 text (byte {error.start}).") from None
    except csv.Error as error:
        raise Problem("bad-body", f"Line {reader.line_num} is not CSV: {error}.") from None


def _refuse_columns(found: Iterable[str], known: Sequence[str]) -> None:
    wrong = [name for name in found if name not in known]
    if wrong:
        errors = [{"detail": unknown(name, known, "column here")} for name in wrong]
        raise Problem("bad-body", problems.summary(errors), errors)


def rows_of_json(data: Any, noun: str) -> list[Any]:
    """The list of a body. Raises a 400 where it is none."""
    if not isinstance(data, list):
        raise Problem("bad-body", f"Send a JSON list of {noun}.")
    return data


def case_of_json(number: int, row: Any) -> CaseLine:
    """A case of JSON as a line of the file would be; what is wrong with it becomes its reason."""
    if not isinstance(row, Mapping):
        return CaseLine(number, {}, "a case is a JSON object")
    fields: dict[str, str] = {}
    fault = ""
    for name, value in row.items():
        if name not in CASE_COLUMNS:
            fault = fault or unknown(str(name), CASE_COLUMNS, "column of a case")
        elif isinstance(value, bool) or not isinstance(value, str | int | float | None):
            fault = fault or f"{name} is neither a text nor a number"
        else:
            fields[name] = "" if value is None else problems.printable(str(value))
            if len(fields[name]) > MAX_FIELD:
                fault = fault or f"{name} is longer than {MAX_FIELD:,} characters"
    missing = [name for name in ("device", "model", "metric") if name not in fields]
    if missing and not fault:
        fault = f"missing: {', '.join(missing)}"
    return CaseLine(number, {ID: ""} | fields if not fault else {ID: fields.get(ID, "")[:MAX_FIELD]}, fault)
