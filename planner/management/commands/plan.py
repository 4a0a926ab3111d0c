"""``manage.py plan``: one question on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hardware_catalog.names.resolution import Resolution
from planner.figures import bits, duration, gb, gib, rate, rate_range, tokens
from planner.plans.answer import Answer
from planner.plans.questions import Question
from planner.plans.services import PlanError, answer
from planner.snapshot import Snapshot, current

DEFAULTS = Question(model="")
OPTION_OF_FIELD = {
    "machine": "--device",
    "device": "--device",
    "device_count": "--count",
    "memory_gb": "--memory",
    "host_memory_gb": "--host-memory",
    "context_tokens": "--context",
    "concurrency": "--concurrency",
    "kv_format": "--kv-format",
    "prompt_tokens": "--prompt",
    "output_tokens": "--output",
}


class Command(BaseCommand):
    """Can this machine run this model, and how fast?"""

    help = "Can this machine run this model, and how fast?"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--device", required=True, metavar="NAME", help="a machine, graphics card, chip or phone"
        )
        parser.add_argument("--count", type=int, default=None, metavar="N", help="how many of them (1)")
        parser.add_argument("--memory", type=float, metavar="GB", help="memory of one device, as sold")
        parser.add_argument("--host-memory", type=float, metavar="GB", help="main memory beside the devices")
        parser.add_argument("--model", required=True, metavar="NAME")
        parser.add_argument(
            "--format", default="auto", metavar="F", help='weight format ("auto": the best that fits)'
        )
        parser.add_argument("--kv-format", default="f16", metavar="F", help="format of the KV cache (f16)")
        parser.add_argument("--context", type=int, default=None, metavar="N", help="tokens of context (8192)")
        parser.add_argument(
            "--concurrency", type=int, default=1, metavar="N", help="conversations at once (1)"
        )
        parser.add_argument("--prompt", type=int, default=512, metavar="N", help="tokens of the prompt (512)")
        parser.add_argument("--output", type=int, default=256, metavar="N", help="tokens of the answer (256)")
        parser.add_argument("--runtime", default="", metavar="R", help="program that runs it (the usual one)")
        parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        snapshot = current()
        question = self._question(options, snapshot)
        try:
            found = answer(question, snapshot)
        except PlanError as error:
            raise CommandError(
                f"{OPTION_OF_FIELD.get(error.field, '--' + error.field)}: {error.message}"
            ) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), ensure_ascii=False, indent=1, allow_nan=False))
        else:
            self.stdout.write("\n".join(text_lines(found)))

    def _question(self, options: dict[str, Any], snapshot: Snapshot) -> Question:
        for name in ("count", "memory", "context", "concurrency", "prompt", "output"):
            if options[name] is not None and not 0 < options[name] < 1e9:
                raise CommandError(f"--{name} must be above 0 and sane: {options[name]}")
        names = snapshot.names
        device = _taken(names.resolve_machine_or_device(options["device"]), "--device")
        model = _taken(names.resolve_model(options["model"]), "--model")
        asked = options["format"] if options["format"] != "auto" else model.format_text or "auto"
        runtime = (
            _taken(names.resolve_runtime(options["runtime"]), "--runtime").slug if options["runtime"] else ""
        )
        weight_format = asked
        if asked != "auto":
            weight_format = _taken(names.resolve_format(asked, model.slug, runtime or None), "--format").slug
        context = options["context"] or DEFAULTS.context_tokens
        return Question(
            model=model.slug,
            machine=device.slug if device.slug in snapshot.machines else "",
            device=device.slug if device.slug not in snapshot.machines else "",
            device_count=options["count"] or device.count or 1,
            memory_gb=options["memory"] or (device.memory_gb if device.slug in snapshot.devices else None),
            host_memory_gb=options["host_memory"]
            if options["host_memory"] is not None
            else device.host_memory_gb,
            format=weight_format,
            kv_format=_taken(names.resolve_kv_format(options["kv_format"]), "--kv-format").slug,
            runtime=runtime,
            context_tokens=context,
            concurrency=options["concurrency"],
            prompt_tokens=options["prompt"],
            output_tokens=options["output"],
        )


def _taken(found: Resolution, option: str) -> Resolution:
    """The resolution, where it names one entry. Raises ``CommandError`` with the candidates otherwise."""
    if found.answerable and not (found.status == "ambiguous" and not found.figures_agree):
        return found
    named = ", ".join(name for _, name in found.candidates[:8])
    if found.status == "ambiguous":
        raise CommandError(f"{option}: {found.text!r} may be: {named}. Name one of them.")
    near = f" Near names: {named}." if named else ""
    raise CommandError(f"{option}: the catalog has no {found.text!r}.{near}")


def text_lines(found: Answer) -> list[str]:
    """The answer as lines of text."""
    lines = [
        found.sentence,
        "",
        f"machine   {found.machine_name}",
        f"model     {found.model_name} in {found.format_name}, run by {found.runtime_name}",
        f"context   {tokens(found.context_tokens)} tokens, {found.concurrency} at once, "
        f"KV cache in {found.kv_format_name}",
        f"memory    {gib(found.need_bytes)} of {gib(found.limit_bytes)} ({found.verdict})",
        *(f"          {gib(part.bytes):>10}  {part.label}" for part in found.parts),
    ]
    if found.decode_tps:
        lines.append(f"decode    {rate(found.decode_tps.value)} tokens/s ({rate_range(found.decode_tps)})")
    if found.prefill_tps:
        lines.append(f"prefill   {rate(found.prefill_tps.value)} tokens/s ({rate_range(found.prefill_tps)})")
    if found.ttft_ms:
        lines.append(
            f"first token after {duration(found.ttft_ms.value)} for a prompt of {tokens(found.prompt_tokens)} tokens"
        )
    if found.max_context_tokens:
        lines.append(f"longest context that fits: {tokens(found.max_context_tokens)} tokens")
    lines += ["", "formats   bits  memory  verdict  tokens/s  download"]
    lines += [
        f"  {option.name:<14} {bits(option.bits_per_weight):>6} {gib(option.memory_bytes):>11}  {option.verdict:<8}"
        f" {rate(option.decode_tps.value if option.decode_tps else None):>8} {gb(option.download_bytes):>10}"
        f"{'  <' if option.chosen else ''}"
        for option in found.formats
    ]
    lines += [f"- {change.text}" for change in found.changes]
    lines += [f"* {note}" for note in found.notes]
    return lines
