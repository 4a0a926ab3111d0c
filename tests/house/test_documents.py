"""What the documents for people promise exists."""

from __future__ import annotations

import re
from pathlib import Path


def targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_every_make_command_of_the_documents_exists(repository_root: Path) -> None:
    known = targets((repository_root / "Makefile").read_text(encoding="utf-8"))
    text = "".join(
        (repository_root / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")
    )
    # in a block of code, or between backquotes
    named = set(re.findall(r"(?:^|`|=\S+ )make ([a-z]+)(?=$|`)", text, re.MULTILINE))
    assert {"run", "test", "lint", "lock"} <= named
    assert named <= known


def test_the_readme_explains_every_variable(repository_root: Path) -> None:
    read = set(
        re.findall(
            r'env_\w+\("(\w+)"', (repository_root / "planner" / "settings.py").read_text(encoding="utf-8")
        )
    )
    explained = set(
        re.findall(
            r"(?<=[|,] )`([A-Z_]+)`(?=,| \|)",
            (repository_root / "README.md").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert len(read) > 8
    assert read == explained


def test_the_integration_run_is_the_readmes_test_command(repository_root: Path) -> None:
    script = repository_root / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make test"
    assert "\n```\nmake test\n```\n" in (repository_root / "README.md").read_text(encoding="utf-8")


def test_every_requirement_has_a_hash_and_no_address(repository_root: Path) -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        text = (repository_root / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[a-z0-9])", text)
        assert all("--hash=sha256:" in entry for entry in entries), name
        assert "://" not in text


def test_the_notice_names_every_file_of_others(repository_root: Path) -> None:
    notice = (repository_root / "NOTICE").read_text(encoding="utf-8")
    for file in [
        *(repository_root / "static").rglob("*.woff2"),
        *(repository_root / "tests").rglob("*.min.js"),
    ]:
        path = str(file.relative_to(repository_root))
        patterns = re.findall(r"^- ([^\s:]+):", notice, re.MULTILINE)
        assert any(Path(path).match(pattern) for pattern in patterns), path
