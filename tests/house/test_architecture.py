"""The house stays in order: who may import whom, the style, the types."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ALLOWED_IN_THE_ENGINE = {*sys.stdlib_module_names, "numpy", "planner.engine"}


def imported_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


def is_allowed(name: str) -> bool:
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED_IN_THE_ENGINE)


def test_the_engine_imports_only_the_standard_library_numpy_and_itself(repository_root: Path) -> None:
    files = sorted((repository_root / "planner" / "engine").rglob("*.py"))
    assert len(files) > 5
    strangers = {
        f"{file.name}: {name}" for file in files for name in imported_names(file) if not is_allowed(name)
    }
    assert strangers == set()


@pytest.mark.parametrize(
    "command",
    [("lint-imports", "--no-cache"), ("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
    ids=" ".join,
)
def test_the_linters_are_content(repository_root: Path, command: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name(command[0])
    result = subprocess.run(
        [str(program), *command[1:]],
        cwd=repository_root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
