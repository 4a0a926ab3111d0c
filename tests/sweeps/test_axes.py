"""What a definition's axes mean, and what is said of those that cannot be."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client

from planner.engine.units import GIB
from planner.snapshot import current
from planner.sweeps.definition import MOST_NUMBERS, Definition, DefinitionError, Selection
from planner.sweeps.grid.entries import as_json, of_json
from planner.sweeps.grid.sweep_grid import SweepGrid

pytestmark = pytest.mark.django_db
ALL = Selection(all=True)
PLAIN = Definition(
    machines=Selection(slugs=("macbook-air-13-m4-10-core-gpu-16-gb",)),
    models=Selection(slugs=("llama-3-1-8b",)),
    formats=Selection(slugs=("q4-k-m",)),
)


def named(*slugs: str) -> Selection:
    return Selection(slugs=slugs)


def where(**filters: str) -> Selection:
    return Selection(where=filters)


def grid_of(**changes: object) -> SweepGrid:
    return SweepGrid.build(dataclasses.replace(PLAIN, **changes), current())


def test_a_plain_definition_is_one_plan() -> None:
    grid = grid_of()
    assert (grid.n_plans, grid.pruned, grid.left_out) == (1, (), ())
    (machine,) = grid.entries.machines
    assert (machine.kind, machine.device_count, machine.memory_gb) == ("machine", 1, 16.0)
    assert (machine.category, machine.vendor, machine.operating_system) == ("mac", "Apple", "macos")
    assert of_json(as_json(grid.entries)) == grid.entries


def test_devices_come_with_every_memory_and_count() -> None:
    snapshot = current()
    device = next(
        d for d in snapshot.rows.devices if len(d.memory_options_gb) > 1 and d.kind == "gpu" and d.tdp_w
    )
    grid = grid_of(machines=Selection(), devices=named(device.slug), counts=(4, 1, 4))
    found = [(m.memory_gb, m.count, m.device_count) for m in grid.entries.machines]
    assert found == [(size, count, count) for size in device.memory_options_gb for count in (1, 4)]
    one, four = grid.entries.machines[:2]
    assert one.name == f"{device.name}, {device.memory_options_gb[0]:g} GB"
    assert four.name == f"4 × {one.name}"
    limits = grid.rows(0, grid.n_plans)["limit_bytes"]
    assert limits[1] > 3 * limits[0]
    assert limits[0] < one.memory_gb * GIB
    assert one.devices_tdp_w is not None
    assert four.devices_tdp_w == 4 * one.devices_tdp_w


def test_presets_are_multiplied_with_the_devices_inside() -> None:
    slug = "workstation-with-3-x-rtx-3090-24-gb-128-gb-memory"
    (machine,) = grid_of(machines=named(slug), counts=(2,)).entries.machines
    assert (machine.count, machine.device_count, machine.host_memory_gb) == (2, 6, 128.0)
    assert machine.name.startswith("2 × ")


@pytest.mark.parametrize(
    ("axis", "page", "filters"),
    [
        ("machines", "machines", {"kind": "phone", "memory": "12"}),
        ("machines", "machines", {"vendor": "Apple", "bandwidth": "400", "q": "studio"}),
        ("devices", "devices", {"vendor": "NVIDIA", "memory": "80"}),
        ("devices", "devices", {"q": "rtx 4090"}),
        ("models", "models", {"kind": "moe", "size_most": "50", "context": "128k"}),
    ],
)
def test_filters_are_those_of_the_lists(
    client: Client, axis: str, page: str, filters: dict[str, str]
) -> None:
    """The sweep has as many entries as the list's page counts."""
    html = client.get(f"/{page}/", filters).content.decode()
    grid = grid_of(**({"machines": Selection(), axis: where(**filters)} | _machines_unless(axis)))
    found = grid.entries.models if axis == "models" else grid.entries.machines
    n_unsized = dict(grid.pruned).get("no source states the memory of the device", 0)
    slugs = {entry.slug for entry in found}
    assert f'role="status">{len(slugs) + n_unsized:,} of' in html.replace("\N{NO-BREAK SPACE}", " ")


def _machines_unless(axis: str) -> dict[str, object]:
    return {"machines": PLAIN.machines} if axis == "models" else {}


def test_what_filters_cannot_judge_is_told() -> None:
    grid = grid_of(machines=Selection(), devices=where(bandwidth="1"))
    n_unknown = sum(d.bandwidth_bytes_per_s is None for d in current().rows.devices)
    assert grid.left_out == (f"{n_unknown} devices left out, since no source states the bandwidth.",)


def test_formats_are_filtered_by_family_and_bits() -> None:
    grid = grid_of(formats=where(family="mlx", bits_least="4", bits_most="6.1"))
    bits = {f.bits_per_weight for f in grid.entries.formats}
    assert {f.family for f in grid.entries.formats} == {"mlx"}
    assert bits
    assert all(b is not None and 4 <= b <= 6.1 for b in bits)


def test_all_programs_are_each_on_their_usual_backend() -> None:
    grid = grid_of(runtimes=ALL)
    assert ("llama-cpp", "Metal") in {(r.slug, r.backend) for r in grid.entries.runtimes}
    assert len({r.slug for r in grid.entries.runtimes}) == len(grid.entries.runtimes)
    assert grid.n_combinations == len(current().rows.runtimes)


def test_a_full_prompt_leaves_room_for_the_answer() -> None:
    grid = grid_of(prompt_tokens="full", contexts_tokens=(100, 4096), output_tokens=500)
    found = [grid.question(plan) for plan in range(grid.n_plans)]
    assert [(q.context_tokens, q.prompt_tokens) for q in found if q] == [(100, 1), (4096, 3596)]


@pytest.mark.parametrize(
    ("changes", "axis", "text"),
    [
        ({"machines": Selection()}, "machines", "Choose machines or devices to plan for."),
        ({"models": Selection()}, "models", "Choose language models."),
        ({"formats": Selection()}, "formats", "Choose weight formats, or the common ones."),
        ({"runtimes": Selection()}, "runtimes", "Choose programs, or what is usual on each machine."),
        ({"kv_formats": ()}, "kv_formats", "Choose at least one KV format"),
        ({"kv_formats": ("f17",)}, "kv_formats", "The catalog has no KV format “f17”. Near it: "),
        ({"counts": ()}, "counts", "Give at least one number."),
        ({"counts": (0,)}, "counts", "0 is too small: this must be at least 1."),
        ({"counts": (20_000,)}, "counts", "20,000 is too large: this can be at most 10,000."),
        ({"contexts_tokens": ()}, "contexts_tokens", "Give at least one number."),
        ({"contexts_tokens": (-5, 10)}, "contexts_tokens", "-5 is too small"),
        ({"contexts_tokens": (10**12,)}, "contexts_tokens", "1,000,000,000,000 is too large"),
        (
            {"concurrency": tuple(range(1, MOST_NUMBERS + 2))},
            "concurrency",
            "These are 65 numbers. Give at most 64.",
        ),
        ({"output_tokens": 0}, "output_tokens", "0 is too small"),
        ({"prompt_tokens": 0}, "prompt_tokens", "0 is too small"),
        (
            {"prompt_tokens": 9000},
            "prompt_tokens",
            "A prompt of 9,000 tokens fits in none of these contexts; the longest is 8,192.",
        ),
        (
            {"machines": named("macbook-air-m4-16-gigs")},
            "machines",
            "The catalog has no machine “macbook-air-m4-16-gigs”. Near it: MacBook Air",
        ),
        ({"models": named("llama-3-1-8c")}, "models", "The catalog has no language model “llama-3-1-8c”."),
        ({"formats": named("q4-k-x")}, "formats", "The catalog has no weight format “q4-k-x”."),
        ({"runtimes": named("llama")}, "runtimes", "Near it: llama.cpp (llama-cpp)"),
        ({"runtimes": named("vllm/Metal3")}, "runtimes", "vLLM has no backend “Metal3”. It has "),
        ({"runtimes": where(backend="CUDA")}, "runtimes", "Programs cannot be filtered."),
        (
            {"machines": Selection(all=True, slugs=("x",))},
            "machines",
            "Say which in one way: all, by name, or by filters.",
        ),
        ({"machines": where(memory="lots")}, "machines", "Memory at least, GB: Write a number here"),
        ({"machines": where(colour="red")}, "machines", "Machines cannot be filtered by “colour”."),
        ({"machines": where(vendr="AMD")}, "machines", "Did you mean “vendor”?"),
        ({"machines": where(page="2")}, "machines", "Machines cannot be filtered by “page”."),
        ({"machines": where(vendor="Nobody")}, "machines", "Nothing here is called that."),
        (
            {"machines": where(kind="phone", memory="4000")},
            "machines",
            "No machine passes these filters. Leave one out, or ask for less by it.",
        ),
        (
            {"machines": Selection(), "devices": named("amd-epyc-7002-rome-1-socket")},
            "devices",
            "No source states the memory of any of these.",
        ),
        (
            {"machines": ALL, "counts": tuple(range(1, 65))},
            "counts",
            "These are 93,184 machines. A sweep can have at most 65,536.",
        ),
        (
            {"runtimes": named("vllm")},
            "",
            "This one combination is not possible: the program does not run",
        ),
        (
            {"models": named("phi-2"), "contexts_tokens": (8192,)},
            "",
            "the context is longer than the model was made for (1). Change one of these axes.",
        ),
    ],
)
def test_what_cannot_be_is_said_on_its_field(changes: dict[str, object], axis: str, text: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        grid_of(**changes)
    assert list(refused.value.errors) == [axis]
    assert text in " ".join(refused.value.errors[axis])


def test_a_model_that_cannot_be_sized_is_told() -> None:
    tables = current().tables
    unknown = [slug for slug, row in tables.model_row.items() if tables.models.architecture[row] is None]
    with pytest.raises(DefinitionError, match="cannot be sized"):
        grid_of(models=Selection(slugs=tuple(unknown)))


def test_everything_wrong_is_told_at_once() -> None:
    many = tuple(f"no-such-{i}" for i in range(9))
    with pytest.raises(DefinitionError) as refused:
        grid_of(machines=named(*many), models=Selection(), contexts_tokens=(), concurrency=(0,))
    errors = refused.value.errors
    assert set(errors) == {"machines", "models", "contexts_tokens", "concurrency"}
    assert len(errors["machines"]) == 6
    assert errors["machines"][-1] == "4 more names are not in the catalog."


def test_a_price_that_may_be_of_another_memory_is_unknown() -> None:
    snapshot = current()
    several = next(d for d in snapshot.rows.devices if d.launch_price_usd and len(d.memory_options_gb) > 1)
    one = next(d for d in snapshot.rows.devices if d.launch_price_usd and len(d.memory_options_gb) == 1)
    asked = Definition(
        devices=Selection(slugs=(several.slug, one.slug)), counts=(2,), models=Selection(slugs=("qwen3-8b",))
    )
    prices = {m.slug: m.devices_price_usd for m in SweepGrid.build(asked, snapshot).entries.machines}
    assert prices == {several.slug: None, one.slug: 2 * (one.launch_price_usd or 0)}
