"""The house: imports go down only, the core stays pure, and tests stand where their source does."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
ROOMS = sorted(p.name for p in (TOP / "foremand").iterdir() if (p / "__init__.py").is_file() and p.name != "v1")
CORE = sorted((TOP / "foremand" / "core").glob("*.py"))

PURE = {
    "collections",
    "functools",
    "itertools",
    "math",
    "msgspec",
    "typing",
    "re",
    "string",
    "enum",
    "hashlib",
    "difflib",
    "json",
}
"""What the core may import beside itself: nothing that reads, writes, waits, or asks the clock or chance."""


def test_imports_go_down_only() -> None:
    # A process of its own: inside ours, it would disable every logger that is there.
    lint = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([lint, "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("module", CORE, ids=lambda path: path.stem)
def test_the_core_imports_nothing_that_acts(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import(names=names):
                imported = {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=name, level=0):
                imported = {(name or "").partition(".")[0]}
            case ast.Call(func=ast.Name(id=called)):
                assert called not in ("open", "print", "input", "exec", "eval", "__import__"), called
                continue
            case _:
                continue
        assert imported <= PURE, f"{module.name} imports {imported - PURE}"


def test_tests_stand_where_their_source_does() -> None:
    for kind in ("unit", "integration"):
        folders = {p.name for p in (TOP / "tests" / kind).iterdir() if p.is_dir() and any(p.glob("test_*.py"))}
        strangers = folders - set(ROOMS) - {"foremanctl", "terminal", "demo"}
        assert not strangers, f"tests/{kind} has no source for {strangers}"
