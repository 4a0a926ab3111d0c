"""`manage.py predict`: every case gets its row, with figures checked by hand or the reason why there are none."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from planner.calibration.case_files import COLUMNS, CaseFileError, read_cases
from planner.calibration.predictions import ANSWER_COLUMNS

HEADER = COLUMNS
USUAL = {"device": "RTX 4090", "model": "Llama-3.1-8B", "quant": "Q4_K_M", "runtime": "llama.cpp"}


def answers(tmp_path: Path, *cases: dict[str, str]) -> list[dict[str, str]]:
    """Run the command on the cases, each with the usual device, model, format and runtime where it says no other."""
    source, target = tmp_path / "cases.csv", tmp_path / "out.csv"
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        writer.writerows([{"id": f"c{i}", **USUAL, **case} for i, case in enumerate(cases)])
    call_command("predict", str(source), "-o", str(target), stderr=io.StringIO())
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"c{i}" for i in range(len(cases))]
    return rows


@pytest.mark.django_db
class TestAnswers:
    def test_speed_metrics_agree_with_each_other(self, tmp_path: Path):
        decode, total, per_token, prefill, first = answers(
            tmp_path,
            {"metric": "decode_tps"},
            {"metric": "decode_tps_total", "batch": "1"},
            {"metric": "tpot_ms"},
            {"metric": "prefill_tps", "prompt_tokens": "1000"},
            {"metric": "ttft_ms", "prompt_tokens": "1000"},
        )
        rate = float(decode["prediction"])
        assert float(decode["low"]) < rate < float(decode["high"])
        assert total["prediction"] == decode["prediction"]
        assert float(per_token["prediction"]) == pytest.approx(1e3 / rate, rel=1e-5)
        assert float(per_token["low"]) == pytest.approx(1e3 / float(decode["high"]), rel=1e-5)
        assert float(first["prediction"]) > 1e6 / float(prefill["prediction"])
        assert [row["unit"] for row in (decode, per_token, prefill)] == ["tokens/s", "ms", "tokens/s"]
        # 4.6 GB of weights read at 1,008 GB/s: no card reads faster than its memory
        assert 60 < rate < 1008e9 / 4.6e9

    def test_memory_metrics_by_hand(self, tmp_path: Path):
        weights, cache, memory, stated = answers(
            tmp_path,
            {"metric": "weights_bytes"},
            {"metric": "kv_bytes", "n_ctx": "8192"},
            {"metric": "memory_bytes", "n_ctx": "8192"},
            {"metric": "weights_bytes", "weights_gib": "4.5"},
        )
        # the published GGUF has 4,920,739,232 bytes, of which about 8 MB are not weights
        assert float(weights["prediction"]) == pytest.approx(4.9128e9, rel=1e-3)
        # 8192 tokens x 32 layers x (K + V) x 8 heads x 128 elements x 2 bytes
        assert int(cache["prediction"]) == 8192 * 32 * 2 * 8 * 128 * 2
        assert float(memory["prediction"]) > float(weights["prediction"]) + float(cache["prediction"])
        assert {int(stated[c]) for c in ("prediction", "low", "high")} == {round(4.5 * 2**30)}

    def test_capacity_of_a_server_against_a_published_log(self, tmp_path: Path):
        # https://github.com/dennislee22/vLLM-benchmarking: 464,848 tokens at half of an A100's 80 GB
        (row,) = answers(
            tmp_path,
            {
                "metric": "kv_tokens",
                "device": "NVIDIA A100 80GB",
                "model": "Qwen2-7B-Instruct",
                "quant": "BF16",
                "runtime": "vLLM",
                "gpu_memory_utilization": "0.5",
            },
        )
        assert row["status"] in ("ok", "ambiguous")
        if row["status"] == "ok":
            assert float(row["prediction"]) == pytest.approx(464_848, rel=0.03)

    def test_every_doubt_is_said_and_widens_the_interval(self, tmp_path: Path):
        plain, drafted, capped, unnamed = answers(
            tmp_path,
            {"metric": "decode_tps"},
            {"metric": "decode_tps", "speculative": "mtp"},
            {"metric": "decode_tps", "power_limit_w": "220"},
            {"metric": "decode_tps", "quant": ""},
        )
        assert plain["reason"] == ""
        for row in (drafted, capped, unnamed):
            assert row["status"] == "ok"
            assert row["reason"]
            assert _ratio(row) > _ratio(plain)
        assert "Q4_K_M is taken" in unnamed["reason"]

    def test_statuses(self, tmp_path: Path):
        rows = answers(
            tmp_path,
            {"metric": "decode_tps", "device": "no such thing"},
            {"metric": "decode_tps", "model": "no such model"},
            {"metric": "decode_tps", "device": ""},
            {"metric": "speed"},
            {"metric": "decode_tps", "batch": "many"},
            {"metric": "decode_tps", "n_ctx": "1" * 300},
            {"metric": "decode_tps", "n_cpu_moe": "12", "model": "Qwen3-30B-A3B"},
            {"metric": "decode_tps", "model": "deepseek-r1:8b"},
        )
        assert [row["status"] for row in rows] == [
            "not_in_catalog",
            "not_in_catalog",
            "invalid",
            "invalid",
            "invalid",
            "invalid",
            "unknown_figure",
            "ambiguous",
        ]
        assert all(row["reason"] and not row["prediction"] for row in rows)
        assert "Llama" in rows[-1]["reason"]
        assert "Qwen" in rows[-1]["reason"]

    def test_one_case_alone_is_the_same_as_among_others(self, tmp_path: Path):
        case = {"metric": "prefill_tps", "prompt_tokens": "700", "ctx_depth": "3000"}
        (alone,) = answers(tmp_path, case)
        among = answers(
            tmp_path, {"metric": "decode_tps", "device": "Apple M2"}, case, {"metric": "kv_bytes"}
        )
        assert among[1] | {"id": ""} == alone | {"id": ""}

    def test_of_thousands_of_rows_none_is_faster_with_more_context(self, tmp_path: Path):
        cases = [{"metric": "decode_tps", "ctx_depth": str(i)} for i in range(0, 30_000, 10)]
        rows = answers(tmp_path, *cases)
        assert all(row["status"] == "ok" for row in rows)
        rates = [float(row["prediction"]) for row in rows]
        assert rates == sorted(rates, reverse=True)


def _ratio(row: dict[str, str]) -> float:
    return float(row["high"]) / float(row["low"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no header"),
        (b"id,device,model\na,b,c\n", "missing columns: metric"),
        (b"id,id,device,model,metric\n", "columns named twice: id"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'id,device,model,metric\na,"b,c,decode_tps\n', "is not CSV"),
    ],
)
def test_unreadable_files_say_why(data: bytes, message: str):
    with pytest.raises(CaseFileError, match=message):
        read_cases(data)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"a,b,c", "line 2 has 3 fields, the header 4"),
        (b"a,b,c,d,e", "line 2 has 5 fields, the header 4"),
        (b"a,b\0,c,decode_tps", "line 2 has a NUL byte"),
        (b"a," + b"x" * 3000 + b",c,decode_tps", "device is longer than 2,000"),
    ],
)
def test_a_bad_line_keeps_its_place(line: bytes, fault: str):
    (first, second) = read_cases(
        b"id,device,model,metric\n" + line + b"\nz,RTX 4090,Llama-3.1-8B,decode_tps\n"
    )
    assert fault in first.fault
    assert second.fault == ""
    assert second.fields["device"] == "RTX 4090"


def test_a_byte_order_mark_and_blank_lines_are_no_fault():
    lines = read_cases("\ufeffid,device,model,metric\n\na,b,c,d\n".encode())
    assert [line.fields["id"] for line in lines] == ["a"]


def test_missing_file_is_one_clear_line(tmp_path: Path):
    with pytest.raises(CommandError, match=r"cannot read .*none\.csv: No such file"):
        call_command("predict", str(tmp_path / "none.csv"))


def test_columns_of_the_contract():
    assert ",".join(ANSWER_COLUMNS) == "id,prediction,low,high,unit,device,model,format,runtime,status,reason"
