"""``manage.py serve_size``: which machines serve so many people, on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from planner.figures import duration, rate
from planner.plans.errors import PlanError
from planner.plans.querystring import plain_number
from planner.serving import words
from planner.serving.document import document_of
from planner.serving.form import ServingForm
from planner.serving.querystring import DEFAULTS, FIELD_OF, PARAMETER_OF
from planner.serving.setups import MOST_SHOWN, SetUp, ranking, shown
from planner.serving.sizing import Sizing, size

# options by parameter of the form: metavar, and what it is
OPTIONS = {
    "people": ("N", "people at once (concurrency)"),
    "rate": ("R", "requests a second, instead of people at once"),
    "ttft": ("MS", "longest time to the first token, ms"),
    "tpot": ("MS", "longest time per further token of one conversation, ms"),
    "prompt": ("N", "tokens of the prompt"),
    "output": ("N", "tokens of the answer"),
    "format": ("F", 'weight format; "auto": the common ones from --bits on'),
    "bits": ("B", "fewest bits a weight of auto"),
    "machine": ("NAME", "only this device; every candidate unless said"),
    "memory": ("GB", "memory of one such device"),
    "count": ("N", "devices of one instance; all numbers that work unless said"),
    "devices": ("N", "devices of all instances at most"),
    "runtime": ("R", "program; those that people serve with unless said"),
    "kv": ("F", "format of the KV cache"),
}
# where an option is called otherwise than the form's parameter
OPTION_OF = {
    "people": "--concurrency",
    "machine": "--device",
    "devices": "--max-devices",
    "kv": "--kv-format",
}


def option(parameter: str) -> str:
    """The option that says a parameter of the form."""
    return OPTION_OF.get(parameter, f"--{parameter}")


class Command(BaseCommand):
    """Which machines serve so many people?"""

    help = "Which machines serve so many people within two limits of time? The cheapest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", required=True, metavar="NAME")
        for parameter, (metavar, text) in OPTIONS.items():
            usual = getattr(DEFAULTS, FIELD_OF[parameter])
            told = f" ({usual if isinstance(usual, str) else plain_number(usual)})" if usual else ""
            parser.add_argument(
                option(parameter), dest=parameter, metavar=metavar, default="", help=text + told
            )
        parser.add_argument("--every", action="store_true", help="every set-up, not the best of each device")
        parser.add_argument("--limit", type=int, default=MOST_SHOWN, metavar="N", help="rows of each list")
        parser.add_argument("--json", action="store_true", help="print the answer as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] < 1:
            raise CommandError("--limit: at least 1")
        form = ServingForm({name: options[name] for name in ("model", *OPTIONS) if options[name]})
        if not form.is_valid():
            parameter, messages = next(iter(form.errors.items()))
            near = ", ".join(entry.name for entry in form.candidates.get(parameter, ()))
            raise CommandError(f"{option(parameter)}: {messages[0]}{f' {near}' if near else ''}")
        try:
            found = size(form.service())
        except PlanError as error:
            raise CommandError(
                f"{option(PARAMETER_OF.get(error.field, error.field))}: {error.message}"
            ) from None
        if options["json"]:
            told = document_of(found, every=options["every"], limit=options["limit"])
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
        else:
            self.stdout.write("\n".join(text_lines(found, every=options["every"], limit=options["limit"])))


def text_lines(sizing: Sizing, *, every: bool, limit: int) -> list[str]:
    """The answer as lines of text."""
    ranked = ranking(sizing, every=every)
    priced = shown(sizing, ranked, ranked.priced[:limit])
    unpriced = shown(sizing, ranked, ranked.unpriced[:limit])
    best = (*priced, *unpriced)[0] if priced or unpriced else None
    lines = [words.sentence(sizing, best), ""]
    for title, rows, n in (
        ("the cheapest first, launch price of the devices", priced, len(ranked.priced)),
        ("price not known, the fewest devices first", unpriced, len(ranked.unpriced)),
    ):
        if rows:
            lines += [f"{title} ({len(rows)} of {n})", HEADER, *(_line(sizing, row) for row in rows), ""]
    lines.append(f"{len(sizing.found):,} set-ups were looked at, {len(sizing):,} serve it")
    lines += [f"- {told}" for told in words.refused_words(sizing)]
    lines += [f"* {note}" for note in words.notes(sizing)]
    return lines


HEADER = (
    f"  {'machines':<44} {'price':>9} {'program':<14} {'format':<14} {'split':<26} {'fits':<6} {'TPOT':>8}"
    f" {'TTFT':>8} {'tok/s all':>10} {'at most':>8}  breaks first"
)


def _line(sizing: Sizing, found: SetUp) -> str:
    return (
        f"  {found.name:<44} {words.price_words(found):>9} {found.runtime_name:<14} {found.format_name:<14}"
        f" {words.how_words(found):<26} {found.verdict:<6} {duration(found.tpot_ms.value):>8}"
        f" {duration(found.ttft_ms.value):>8} {rate(found.total_tps):>10}"
        f" {words.most_words(sizing.question, found):>8}  {words.BREAKS[found.breaks]}"
    )
