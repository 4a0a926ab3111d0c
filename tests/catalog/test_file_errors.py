"""Every bad row is told with file, line and reason, all of them together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hardware_catalog.files import CatalogError, load_rows

GEFORCE = "devices/nvidia-geforce.csv"


def problems(data: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_rows(data)
    return [str(problem) for problem in caught.value.problems]


def replace(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence and return its line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_copy_itself_is_valid(data: Path) -> None:
    assert len(load_rows(data).devices) == 625


def test_a_ragged_row(data: Path) -> None:
    line = replace(data / GEFORCE, "nvidia-geforce-rtx-4090,", "nvidia-geforce-rtx-4090,extra,")
    assert f"{GEFORCE}:{line}: ragged row: 28 cells instead of 27" in problems(data)


def test_a_number_that_is_none(data: Path) -> None:
    line = replace(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,fast,")
    found = problems(data)
    assert len(found) == 1
    assert found[0].startswith(f"{GEFORCE}:{line}: bandwidth_gb_per_s: ")
    assert "'fast'" in found[0]


@pytest.mark.parametrize("figure", ["-1008", "0", "nan", "inf", "1e9", "0.0001"])
def test_a_bandwidth_that_physics_refuses(data: Path, figure: str) -> None:
    line = replace(data / GEFORCE, "GDDR6X,1008,", f"GDDR6X,{figure},")
    found = problems(data)
    assert len(found) == 1
    assert found[0].startswith(f"{GEFORCE}:{line}: bandwidth_gb_per_s: ")


def test_negative_memory(data: Path) -> None:
    line = replace(data / GEFORCE, ",desktop,24,GDDR6X,1008,", ",desktop,-24,GDDR6X,1008,")
    assert any(item.startswith(f"{GEFORCE}:{line}: memory_gb_options.0: ") for item in problems(data))


def test_a_slug_twice_in_two_files(data: Path) -> None:
    row = next(
        text
        for text in (data / GEFORCE).read_text().splitlines()
        if text.startswith("nvidia-geforce-rtx-4090,")
    )
    path = data / "devices" / "intel-arc.csv"
    path.write_text(path.read_text() + row + "\n")
    line = path.read_text().count("\n")
    assert any(
        item.startswith("devices/nvidia-geforce.csv:")
        and "device 'nvidia-geforce-rtx-4090' is already at devices/intel-arc.csv:" + str(line) in item
        for item in problems(data)
    )


def test_a_preset_of_a_device_that_is_not_there(data: Path) -> None:
    line = replace(data / "machines/macs.csv", ",apple-m3-ultra-80-core-gpu,", ",apple-m9-ultra,")
    assert f"machines/macs.csv:{line}: no device has the slug 'apple-m9-ultra'" in problems(data)


def test_a_preset_with_a_memory_size_that_its_device_lacks(data: Path) -> None:
    line = replace(
        data / "machines/macs.csv", "apple-m3-ultra-60-core-gpu,1,96,", "apple-m3-ultra-60-core-gpu,1,512,"
    )
    expected = "memory_gb 512 is not an option of apple-m3-ultra-60-core-gpu (96, 256)"
    assert f"machines/macs.csv:{line}: {expected}" in problems(data)


def test_a_note_on_an_unknown_device_or_figure(data: Path) -> None:
    path = data / "device_notes.csv"
    path.write_text(path.read_text() + "no-such-card,tdp_w,derived,x\nnvidia-t4,speed,derived,x\n")
    last = path.read_text().count("\n")
    found = problems(data)
    assert f"device_notes.csv:{last - 1}: no device has the slug 'no-such-card'" in found
    assert any(item.startswith(f"device_notes.csv:{last}: field: ") for item in found)


def test_an_alias_of_nothing(data: Path) -> None:
    path = data / "aliases" / "devices.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("alias,slug,note,source\nthe old one,nvidia-riva-tnt,,\n")
    reason = "alias 'the old one' points to 'nvidia-riva-tnt', which is not in the catalog"
    assert f"aliases/devices.csv:2: {reason}" in problems(data)


def test_a_wrong_header(data: Path) -> None:
    replace(data / "machines/macs.csv", "slug,name,category", "slug,title,category")
    assert any(
        item.startswith("machines/macs.csv:1: the columns must be slug,name,category")
        for item in problems(data)
    )


def test_broken_json_names_its_line(data: Path) -> None:
    path = data / "models" / "openai.json"
    line = replace(path, '"slug": "gpt-oss-120b",', '"slug": "gpt-oss-120b"')
    assert any(item.startswith(f"models/openai.json:{line + 1}: not JSON: ") for item in problems(data))


def test_a_model_with_more_active_parameters_than_parameters(data: Path) -> None:
    path = data / "models" / "openai.json"
    content = json.loads(path.read_text())
    content["models"][1]["active_params_published"] = 10**12
    path.write_text(json.dumps(content, indent=1))
    slug = content["models"][1]["slug"]
    line = path.read_text()[: path.read_text().index(f'"slug": "{slug}"')].count("\n")
    found = problems(data)
    assert len(found) == 1
    assert found[0].startswith(
        f"models/openai.json:{line}: row: active_params_published 1000000000000 is more than"
    )


def test_an_unknown_key_and_a_missing_one(data: Path) -> None:
    path = data / "kv_formats.json"
    content = json.loads(path.read_text())
    content["kv_formats"][0]["colour"] = "blue"
    del content["kv_formats"][1]["bits_per_element"]
    path.write_text(json.dumps(content, indent=1))
    found = problems(data)
    assert any("colour: Extra inputs are not permitted" in item for item in found)
    assert any("bits_per_element: Field required" in item for item in found)


def test_a_runtime_that_names_what_the_catalog_lacks(data: Path) -> None:
    path = data / "runtimes.json"
    content = json.loads(path.read_text())
    rule = content["runtimes"][0]["supports"][0]
    rule["format_families"] = ["gguf", "floppy"]
    rule["hardware"] = {"architectures": ["Voodoo"]}
    rule["backend"] = "Glide"
    path.write_text(json.dumps(content, indent=1))
    found = "\n".join(problems(data))
    assert "'floppy' is not a known format family" in found
    assert "'Voodoo' is not a known architecture" in found
    assert "'Glide' is not among its backends" in found


def test_a_native_format_that_is_not_a_format(data: Path) -> None:
    replace(data / "models/openai.json", '"native_format": "mxfp4-moe"', '"native_format": "fp3"')
    assert any("native_format 'fp3' is not a weight format" in item for item in problems(data))


def test_a_missing_file_and_a_file_that_is_not_text(data: Path) -> None:
    (data / "formats.json").unlink()
    (data / GEFORCE).write_bytes(b"\xff\xfe\x00")
    found = problems(data)
    assert any(item.startswith("formats.json:1: cannot be read") for item in found)
    assert any(item.startswith(f"{GEFORCE}:1: cannot be read") for item in found)


def test_all_problems_come_together_in_order(data: Path) -> None:
    replace(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,fast,")
    replace(data / "machines/macs.csv", ",macos,", ",beos,")
    replace(data / "kv_formats.json", '"bits_per_element": 16.0', '"bits_per_element": 65')
    found = problems(data)
    assert len(found) == 3
    assert found == sorted(found)
