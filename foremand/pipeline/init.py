"""Writing a first pipeline that fits a repository. Here: Python repositories that are tested with pytest.

What is written calls nothing that resolves inside the user's own checkout or environment: the setup makes an
environment of its own and installs the repository editable, because a copy would be tested instead of the change.
"""

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from foremand.pipeline.values import path_complaints

_PYTEST_FILES = ("pytest.ini", ".pytest.ini", "conftest.py")
_TESTS = (
    "test_*.py",
    "*_test.py",
    "tests/**/test_*.py",
    "tests/**/*_test.py",
    "test/**/test_*.py",
    "tests/conftest.py",
)
_REQUIREMENTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "requirements_test.txt",
    "test-requirements.txt",
)
_DEFINING = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements*.txt",
    "*requirements.txt",
    "requirements/*.txt",
    "constraints*.txt",
)
_OTHERS = {
    "package.json": "npm",
    "Cargo.toml": "cargo",
    "go.mod": "go",
    "Makefile": "make",
}
_HINT = "write .foremand/pipeline.toml by hand: `foremanctl schema` prints what it may hold"

_TEMPLATE = """\
# How work on this repository is done and judged. `foremanctl check` explains this file, and `foremanctl schema`
# prints its JSON Schema for editors. It holds once it is committed.
version = 1

# Runs once in a fresh checkout whenever one of the files in setup_key changes; every agent and every gate
# then works in a copy of what it made.
[workspace]
setup = {setup}
setup_key = {key}
setup_paths = [".venv"]

[agent.claude]
adapter = "claude"

# Runs in a clean checkout of its own. A run that collects no test does not pass.
[gate.tests]
kind = "command"
run = {run}
junit = "report.xml"

# Waits for `foremanctl approve`.
[gate.final-review]
kind = "human"

[[stage]]
name = "plan"
agent = "claude"
access = "read"

[[stage]]
name = "implement"
agent = "claude"
gates = ["tests"]

# Onto the branch that is checked out when a task is submitted; name another with into = "...".
[land]
gates = ["final-review"]
"""


class NoProposal(Exception):
    """No pipeline is known for this repository. `reason` says why, `hint` what to do instead."""

    def __init__(self, reason: str, hint: str = _HINT) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(f"{reason}; {hint}")


class _Python(Struct, frozen=True):
    """How the environment is made: what `pip install` takes, which files decide what it makes, whether the
    repository itself is installed, and whether pip must be newer than the one that venv brings."""

    arguments: tuple[str, ...]
    key: tuple[str, ...]
    installed: bool
    new_pip: bool


def propose(top: Path) -> str:
    """The text of a pipeline file for the repository at `top`, which is only read.

    Raises NoProposal where its kind is not known here.
    """
    project = _toml(top / "pyproject.toml")
    if not _has_pytest(top, project):
        others = [tool for file, tool in _OTHERS.items() if (top / file).exists()]
        found = f"a repository of {' and '.join(others)} is not in this version" if others else "no tests were found"
        raise NoProposal(f"no sign of pytest here, and {found}")
    if _at(project, "tool", "poetry") and not _at(project, "project"):
        raise NoProposal("a repository whose dependencies only poetry can read is not in this version")
    python = _python(top, project)
    install = ".venv/bin/pip install -q"
    steps = ["python3 -m venv .venv", f"{install} {' '.join(python.arguments)}"]
    if python.new_pip:
        steps.insert(1, f"{install} -U pip")
    # Where nothing installs the repository, `python -m` is what puts its top on the path.
    pytest = ".venv/bin/pytest" if python.installed else ".venv/bin/python -m pytest"
    return _TEMPLATE.format(
        setup=_quoted(" && ".join(steps)),
        key=f"[{', '.join(map(_quoted, python.key))}]",
        run=_quoted(f"{pytest} -q --junitxml=report.xml"),
    )


def _has_pytest(top: Path, project: dict[str, Any]) -> bool:
    sections = (("setup.cfg", "tool:pytest"), ("tox.ini", "pytest"))
    groups = (*_groups(project, "project", "optional-dependencies"), *_groups(project, "dependency-groups"))
    return (
        bool(_at(project, "tool", "pytest"))
        or any((top / name).exists() for name in _PYTEST_FILES)
        or any(section in _sections(top / name) for name, section in sections)
        or any(name for name, has_pytest in groups if has_pytest)
        or any(_has_line(top / name) for name in _REQUIREMENTS)
        or any(next(top.glob(pattern), None) for pattern in _TESTS)
    )


def _python(top: Path, project: dict[str, Any]) -> _Python:
    installed = bool(_at(project, "project") or _at(project, "build-system")) or (top / "setup.py").exists()
    extra = next((name for name, tests in _groups(project, "project", "optional-dependencies") if tests), "")
    group = next((name for name, tests in _groups(project, "dependency-groups") if tests and not extra), "")
    requirements = [name for name in _REQUIREMENTS if (top / name).exists()]
    arguments = [word for name in requirements for word in ("-r", name)]
    if installed:
        arguments += ["-e", shlex.quote(f".[{extra}]") if extra else "."]
    if group:
        arguments += ["--group", shlex.quote(group)]
    if not (extra and installed) and not group and not any(_has_line(top / name) for name in requirements):
        arguments.append("pytest")
    return _Python(tuple(arguments), _key(top, project), installed, new_pip=bool(group))


def _key(top: Path, project: dict[str, Any]) -> tuple[str, ...]:
    """Every file whose change may change what the setup makes. The pipeline file itself where there is no other."""
    found = {path.relative_to(top).as_posix() for pattern in _DEFINING for path in top.glob(pattern)}
    for value in _at(project, "tool", "setuptools", "dynamic").values():
        named = value.get("file", ()) if isinstance(value, dict) else ()
        names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        found.update(name for name in names if isinstance(name, str) and (top / name).is_file())
    sound = sorted(name for name in found if not any(path_complaints(name)))
    return tuple(sound) or (".foremand/pipeline.toml",)


def _at(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table under these keys, empty where there is none or something else stands there."""
    for key in keys:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data


def _groups(project: dict[str, Any], *keys: str) -> Iterator[tuple[str, bool]]:
    """The named lists of requirements under these keys, and whether pytest is in each."""
    for name, lines in _at(project, *keys).items():
        if isinstance(lines, list):
            yield name, any(isinstance(line, str) and _is_pytest(line) for line in lines)


def _is_pytest(requirement: str) -> bool:
    return re.match(r"\s*pytest\s*($|[^\w.-])", requirement, re.IGNORECASE) is not None


def _has_line(path: Path) -> bool:
    return any(map(_is_pytest, _lines(path)))


def _toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise NoProposal(f"{path.name} cannot be read: {wrong}", "put it right and try again") from wrong


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _sections(path: Path) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string("\n".join(_lines(path)))
    except configparser.Error:
        return []
    return parser.sections()


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False)
