"""A plan of a sweep is the plan of the form: the same figures, and the same combinations are possible."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from hardware_catalog.support import matching_rules
from planner.engine.verdict import VERDICTS
from planner.plans.answer import Interval
from planner.plans.errors import PlanError
from planner.plans.plan import Asked, Plan, make_plan, resolve
from planner.plans.questions import Question
from planner.plans.services import answer_of
from planner.snapshot import Snapshot, current
from planner.sweeps.definition import Definition, Selection
from planner.sweeps.grid.evaluating import Rows
from planner.sweeps.grid.sweep_grid import SweepGrid

pytestmark = pytest.mark.django_db
ALL = Selection(all=True)
# takes every turn: hosts that weights move to, several devices, programs with rules of their own, full prompts
WIDE = Definition(
    machines=ALL,
    devices=ALL,
    counts=(1, 3),
    models=ALL,
    formats=ALL,
    kv_formats=("f16", "q8_0"),
    runtimes=ALL,
    contexts_tokens=(2048, 32_768),
    concurrency=(1, 16),
    prompt_tokens="full",
    output_tokens=1000,
)
# what is rare in all of it
NARROW = (
    Definition(
        machines=ALL, models=ALL, runtimes=Selection(slugs=("ik-llama-cpp",)), contexts_tokens=(8192,)
    ),
    Definition(devices=ALL, models=ALL, runtimes=Selection(slugs=("ollama",)), contexts_tokens=(4096,)),
    Definition(machines=Selection(where={"kind": "phone"}), models=ALL, contexts_tokens=(1024,)),
    Definition(machines=ALL, counts=(8,), models=ALL, runtimes=Selection(slugs=("vllm",))),
)
SPEEDS = ("decode_tps", "prefill_tps", "ttft_ms")
BYTES = ("need_bytes", "need_high_bytes", "limit_bytes", "host_need_bytes")
PARTS = ("weights_bytes", "kv_bytes", "buffers_bytes", "overhead_bytes")


def check(rows: Rows, row: int, plan: Plan) -> str:
    """Compare one row with the form's answer to the plan; returns the verdict."""
    found = answer_of(plan)
    assert VERDICTS[rows["verdict"][row]] == found.verdict
    for name in BYTES:
        assert rows[name][row] == getattr(found, name), name
    for part in PARTS:  # the answer shows them by device and host
        assert rows[part][row] == plan.columns[part][plan.row], part
    for name in SPEEDS:
        stored = [float(rows[f"{name}{end}"][row]) for end in ("", "_low", "_high")]
        shown: Interval | None = getattr(found, name)
        if shown is None:
            assert all(map(math.isnan, stored)), name
        else:
            assert stored == [float(np.float32(x)) for x in (shown.value, shown.low, shown.high)], name
    return found.verdict


@pytest.mark.parametrize("number", range(1 + len(NARROW)))
def test_a_plan_has_the_figures_of_its_question(number: int) -> None:
    definition = (WIDE, *NARROW)[number]
    snapshot = current()
    grid = SweepGrid.build(definition, snapshot)
    chance = random.Random(number)
    verdicts = set()
    for _ in range(15 if number else 60):
        plan = chance.randrange(grid.n_plans)
        question = grid.question(plan)
        assert question is not None
        rows = grid.rows(plan, plan + 1)
        assert rows["plan"].tolist() == [plan]
        verdicts.add(check(rows, 0, make_plan(question, snapshot)))
        names_the_same(grid, rows, question)
    assert number or verdicts >= {"fits", "offload", "no"}


def names_the_same(grid: SweepGrid, rows: Rows, question: Question) -> None:
    """The row's places are the entries that the question names."""
    entries = grid.entries
    place = {name: int(values[0]) for name, values in rows.items() if values.dtype.kind in "iu"}
    machine = entries.machines[place["machine"]]
    assert machine.slug == (question.machine or question.device)
    assert machine.count == question.device_count
    assert question.memory_gb in (None, machine.memory_gb)
    assert entries.models[place["model"]].slug == question.model
    assert entries.formats[place["format"]].slug == question.format
    assert entries.kv_formats[place["kv_format"]].slug == question.kv_format
    assert entries.runtimes[place["runtime"]].slug == question.runtime
    assert place["context_tokens"] == question.context_tokens
    assert place["concurrency"] == question.concurrency


MACHINES = (
    "macbook-air-13-m4-10-core-gpu-16-gb",
    "iphone-15-pro-max-8-gb-memory",
    "workstation-with-3-x-rtx-3090-24-gb-128-gb-memory",
)
DEVICES = ("nvidia-geforce-rtx-4090", "amd-radeon-rx-7900-xtx", "raspberry-pi-5", "intel-arc-a770")
MODELS = ("llama-3-1-8b", "phi-2", "gpt-oss-20b", "deepseek-r1")
CONTEXTS = (1024, 2048, 16_384)  # one too short for the prompt, one just as long as phi-2 was made for
PROMPT = 2000


def axes_of(snapshot: Snapshot) -> tuple[Definition, list[Question]]:
    """A small sweep of common formats, and the questions of its machines without model and format."""
    devices = [slug for slug in DEVICES if slug in snapshot.devices]
    definition = Definition(
        machines=Selection(slugs=MACHINES),
        devices=Selection(slugs=tuple(devices)),
        models=Selection(slugs=MODELS),
        contexts_tokens=CONTEXTS,
        prompt_tokens=PROMPT,
    )
    asked = [Question(model="", machine=slug) for slug in MACHINES]
    for slug in devices:
        sizes = snapshot.devices[slug].memory_options_gb
        asked += [Question(model="", device=slug, memory_gb=size) for size in sizes]
    return definition, asked


def possible(question: Question, snapshot: Snapshot) -> Asked | None:
    """The question resolved as the form does, or None where it refuses it."""
    try:
        found = resolve(question, snapshot)
    except PlanError:
        return None
    return None if found.offer.refused_format else found


def plans_of(grid: SweepGrid) -> list[tuple[int, str, str, int, tuple[str, str]]]:
    """Every plan of a sweep: the machine's place, model, format, context, and program with backend."""
    rows, names = grid.rows(0, grid.n_plans), grid.entries
    places = (rows[name].tolist() for name in ("machine", "model", "format", "context_tokens", "runtime"))
    return [
        (
            machine,
            names.models[model].slug,
            names.formats[fmt].slug,
            context,
            (names.runtimes[program].slug, names.runtimes[program].backend),
        )
        for machine, model, fmt, context, program in zip(*places, strict=True)
    ]


@pytest.mark.parametrize("are_named", [False, True])
def test_what_the_form_offers_is_what_a_sweep_has(are_named: bool) -> None:
    """Common formats are those that the form lists by itself; one asked for by name it answers wherever it runs."""
    snapshot = current()
    definition, asked = axes_of(snapshot)
    contexts = CONTEXTS
    if are_named:
        contexts = (2048,)
        every = Selection(slugs=tuple(snapshot.formats))
        definition = replace(definition, formats=every, contexts_tokens=contexts)
    grid = SweepGrid.build(definition, snapshot)
    wanted = set()
    formats = [f.slug for f in grid.entries.formats]
    for (place, machine), model, slug, context in product(enumerate(asked), MODELS, formats, contexts):
        question = replace(machine, model=model, format=slug, context_tokens=context, prompt_tokens=PROMPT)
        found = possible(question, snapshot)
        if found is None:
            continue
        runtime = found.offer.runtime.slug
        if not are_named:
            listed = resolve(replace(question, format="auto", runtime=runtime), snapshot).offer.formats
            if slug not in {f.slug for f in listed}:
                continue
        wanted.add((place, model, slug, context, (runtime, found.offer.backend)))
    has = plans_of(grid)
    assert len(set(has)) == len(has) == grid.n_plans
    assert set(has) == wanted
    assert len(wanted) > 100
    assert {context for *_, context, _ in wanted} == {c for c in contexts if c >= PROMPT}


def test_files_of_ollamas_own_library_weigh_what_they_weigh() -> None:
    snapshot = current()
    tables = snapshot.tables
    differ = np.argwhere(tables.ollama_weights.total_bytes != tables.weights.total_bytes)
    slugs = [(tables.models.slug[model], tables.formats.slug[fmt]) for model, fmt in differ.tolist()]
    assert slugs
    for model, fmt in slugs[:3]:
        definition = Definition(
            devices=Selection(slugs=("nvidia-geforce-rtx-4090",)),
            models=Selection(slugs=(model,)),
            formats=Selection(slugs=(fmt,)),
            runtimes=Selection(slugs=("ollama", "llama-cpp")),
            contexts_tokens=(2048,),
        )
        grid = SweepGrid.build(definition, snapshot)
        rows = grid.rows(0, grid.n_plans)
        for plan in range(grid.n_plans):
            question = grid.question(plan)
            assert question is not None
            check(rows, plan, make_plan(question, snapshot))
        assert len(set(rows["weights_bytes"].tolist())) == 2


def test_chosen_programs_run_where_their_rules_say() -> None:
    """Also on backends that the form would not take, which it cannot be asked about."""
    snapshot = current()
    programs = (("llama-cpp", "Vulkan"), ("llama-cpp", "CPU"), ("vllm", "CUDA"), ("mlx-lm", "Metal"))
    formats = ("q4-k-m", "mlx-4bit", "fp8", "exl3-4bpw")
    formats = tuple(slug for slug in formats if slug in snapshot.formats)
    definition = Definition(
        machines=ALL,
        models=Selection(slugs=("llama-3-1-8b",)),
        formats=Selection(slugs=formats),
        runtimes=Selection(slugs=tuple(f"{slug}/{backend}" for slug, backend in programs)),
    )
    grid = SweepGrid.build(definition, snapshot)
    wanted = {
        (place, slug, program, backend)
        for place, preset in enumerate(snapshot.rows.machines)
        for slug in formats
        for program, backend in programs
        if any(
            rule["backend"] == backend
            for rule in matching_rules(
                snapshot.runtimes[program],
                snapshot.devices[preset.device],
                snapshot.formats[slug],
                preset.operating_system,
            )
        )
    }
    has = [(machine, fmt, *program) for machine, _, fmt, _, program in plans_of(grid)]
    assert len(set(has)) == len(has)
    assert set(has) == wanted
    unasked = [plan for plan in range(0, grid.n_plans, 7) if grid.question(plan) is None]
    assert unasked
    assert {has[plan][-1] for plan in unasked} <= {"Vulkan", "CPU"}
