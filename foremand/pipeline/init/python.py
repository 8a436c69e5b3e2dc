"""Python repositories that are tested with pytest: which of pip, uv and poetry sets them up, and from what.

The setup makes an environment of its own and installs the repository editable, because a copy would be tested
instead of the change.
"""

import configparser
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from foremand.pipeline.init.kinds import COUNTS, Kind, ProposedGate, found, lines_of, read_toml, table_at, texts, there

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
_PIP = ".venv/bin/pip install -q --disable-pip-version-check"
_UV_PYTHON = ".uv-python"
"""Where uv puts an interpreter that it has to fetch: its usual place, below HOME, is not seen by the gates."""

Named = dict[str, bool]
"""Lists of requirements by name, and whether pytest is in each."""


def look(top: Path) -> Kind | None:
    """The kind of a repository with pytest. Raises NoProposal where its pyproject.toml cannot be read."""
    project = read_toml(top / "pyproject.toml")
    if not _has_pytest(top, project):
        return None
    if (top / "uv.lock").exists():
        return _uv(top, project)
    if (top / "poetry.lock").exists() or (table_at(project, "tool", "poetry") and not table_at(project, "project")):
        return _poetry(top, project)
    return _pip(top, project)


def _pip(top: Path, project: dict[str, Any]) -> Kind:
    installed = bool(table_at(project, "project") or table_at(project, "build-system")) or (top / "setup.py").exists()
    extra = _first(_extras(project))
    group = _first(_groups(project)) if not extra else ""
    requirements = [name for name in _REQUIREMENTS if (top / name).exists()]
    arguments = [word for name in requirements for word in ("-r", name)]
    if installed:
        arguments += ["-e", shlex.quote(f".[{extra}]") if extra else "."]
    if group:
        arguments += ["--group", shlex.quote(group)]
    if (
        not (extra and installed)
        and not group
        and not any(_names_pytest(lines_of(top / name)) for name in requirements)
    ):
        arguments.append("pytest")
    newer = [f"{_PIP} -U pip"] if group else []  # the pip that venv brings may not know groups
    steps = ("python3 -m venv .venv", *newer, f"{_PIP} {' '.join(arguments)}")
    # The pipeline file itself decides where nothing else does.
    return _kind(steps, _pip_key(top, project) or (".foremand/pipeline.toml",), installed=installed)


def _uv(top: Path, project: dict[str, Any]) -> Kind:
    uv = table_at(project, "tool", "uv")
    groups = _groups(project)
    always = uv.get("default-groups", ["dev"])
    defaults = list(groups) if always == "all" else texts(always)
    legacy = _names_pytest(texts(uv.get("dev-dependencies")))
    arguments, more = [], []
    members = texts(table_at(uv, "workspace").get("members"))
    if members:
        arguments.append("--all-packages")
    extra, group = _first(_extras(project)), _first(groups)
    if not (legacy or _required(project) or any(groups.get(name) for name in defaults)):
        if group:
            arguments += ["--group", shlex.quote(group)]
        elif extra:
            arguments += ["--extra", shlex.quote(extra)]
        else:
            more.append("uv pip install -q pytest")
    steps = (" ".join([f"UV_PYTHON_INSTALL_DIR=$PWD/{_UV_PYTHON} uv sync -q --locked", *arguments]), *more)
    key = found(top, "pyproject.toml", "uv.lock", "uv.toml", ".python-version", "setup.py", "setup.cfg",
                *(f"{member}/pyproject.toml" for member in members))  # fmt: skip
    installed = bool(uv.get("package", "build-system" in project))
    return _kind(steps, key, installed=installed, makes=(".venv", _UV_PYTHON))


def _poetry(top: Path, project: dict[str, Any]) -> Kind:
    poetry = table_at(project, "tool", "poetry")
    groups = {
        **_groups(project),
        **{name: _has(table_at(poetry, "group", name, "dependencies")) for name in table_at(poetry, "group")},
    }
    extras = {**_extras(project), **{name: _has(texts(value)) for name, value in table_at(poetry, "extras").items()}}
    arguments, more = [], []
    extra, group = _first(extras), _first(groups)
    if group:
        arguments += ["--with", shlex.quote(group)]
    elif extra:
        arguments += ["--extras", shlex.quote(extra)]
    elif not (_required(project) or _has(poetry.get("dependencies")) or _has(poetry.get("dev-dependencies"))):
        more.append("poetry run python -m pip install -q pytest")
    install = "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install -q --no-interaction"
    key = there(top, ("pyproject.toml", "poetry.lock", "poetry.toml"))
    return _kind((" ".join([install, *arguments]), *more), key, installed=poetry.get("package-mode") is not False)


def _kind(
    steps: tuple[str, ...], key: tuple[str, ...], *, installed: bool, makes: tuple[str, ...] = (".venv",)
) -> Kind:
    # Where nothing installs the repository, `python -m` is what puts its top on the path.
    pytest = ".venv/bin/pytest" if installed else ".venv/bin/python -m pytest"
    gate = ProposedGate(name="tests", about=COUNTS, run=f"{pytest} -q --junitxml=report.xml", junit="report.xml")
    return Kind(name="python", gates=(gate,), steps=steps, key=key, makes=makes)


def _has_pytest(top: Path, project: dict[str, Any]) -> bool:
    sections = (("setup.cfg", "tool:pytest"), ("tox.ini", "pytest"))
    poetry = table_at(project, "tool", "poetry")
    of_poetry = [poetry, *(group for group in table_at(poetry, "group").values() if isinstance(group, dict))]
    return (
        bool(table_at(project, "tool", "pytest"))
        or any((top / name).exists() for name in _PYTEST_FILES)
        or any(section in _sections(top / name) for name, section in sections)
        or any({**_extras(project), **_groups(project)}.values())
        or _names_pytest(texts(table_at(project, "tool", "uv").get("dev-dependencies")))
        or any(_has(table.get(key)) for table in of_poetry for key in ("dependencies", "dev-dependencies"))
        or any(_names_pytest(lines_of(top / name)) for name in _REQUIREMENTS)
        or any(next(top.glob(pattern), None) for pattern in _TESTS)
    )


def _pip_key(top: Path, project: dict[str, Any]) -> tuple[str, ...]:
    """Every file whose change may change what pip installs."""
    dynamic = table_at(project, "tool", "setuptools", "dynamic").values()
    named = [name for value in dynamic if isinstance(value, dict) for name in texts(value.get("file"))]
    return tuple(sorted({*found(top, *_DEFINING), *there(top, named)}))


def _extras(project: dict[str, Any]) -> Named:
    return _named(table_at(project, "project", "optional-dependencies"))


def _groups(project: dict[str, Any]) -> Named:
    return _named(table_at(project, "dependency-groups"))


def _named(lists: dict[str, Any]) -> Named:
    return {name: _names_pytest(texts(lines)) for name, lines in lists.items() if isinstance(lines, list)}


def _required(project: dict[str, Any]) -> bool:
    return _names_pytest(texts(table_at(project, "project").get("dependencies")))


def _first(lists: Named) -> str:
    return next((name for name, has_pytest in lists.items() if has_pytest), "")


def _has(names: object) -> bool:
    """Whether poetry's table, or list of names, has pytest in it."""
    return isinstance(names, dict | list) and "pytest" in names


def _names_pytest(requirements: Iterable[str]) -> bool:
    return any(re.match(r"\s*pytest\s*($|[^\w.-])", line, re.IGNORECASE) for line in requirements)


def _sections(path: Path) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string("\n".join(lines_of(path)))
    except configparser.Error:
        return []
    return parser.sections()
