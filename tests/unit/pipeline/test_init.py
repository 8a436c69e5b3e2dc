"""What is proposed for a repository fits it, loads, and draws no warning; other kinds are refused with the reason."""

import hashlib
import tomllib

import pytest

from foremand.pipeline import NoProposal, propose, warnings

TEST = {"tests/test_a.py": "def test(): pass\n"}
PIP = ".venv/bin/pip install -q --disable-pip-version-check"
PROJECT = '[project]\nname = "x"\n'

KINDS = {
    "pyproject with an extra": (
        {"pyproject.toml": PROJECT + '[project.optional-dependencies]\ndev = ["ruff"]\ntest = ["pytest>=8"]\n'},
        "-e '.[test]'",
        ["pyproject.toml"],
        ".venv/bin/pytest",
    ),
    "pyproject that only configures pytest": (
        {"pyproject.toml": PROJECT + "[tool.pytest.ini_options]\n[tool.pytest.x]\n"},
        "-e . pytest",
        ["pyproject.toml"],
        ".venv/bin/pytest",
    ),
    "pyproject of tools alone": (
        {"pyproject.toml": "[tool.ruff]\n", **TEST},
        "pytest",
        ["pyproject.toml"],
        ".venv/bin/python -m pytest",
    ),
    "pytest-cov is not pytest": (
        {"pyproject.toml": PROJECT + '[project.optional-dependencies]\ncov = ["pytest-cov"]\n', **TEST},
        "-e . pytest",
        ["pyproject.toml"],
        ".venv/bin/pytest",
    ),
    "dependency group": (
        {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\n'},
        "-e . --group dev",
        ["pyproject.toml"],
        ".venv/bin/pytest",
    ),
    "setup.py": ({"setup.py": "", "setup.cfg": "[tool:pytest]\n"}, "-e . pytest", ["setup.cfg", "setup.py"],
                 ".venv/bin/pytest"),
    "requirements": (
        {"requirements.txt": "flask\n", "requirements-dev.txt": "pytest==8.0 # x\n", "constraints.txt": ""},
        "-r requirements.txt -r requirements-dev.txt",
        ["constraints.txt", "requirements-dev.txt", "requirements.txt"],
        ".venv/bin/python -m pytest",
    ),
    "requirements elsewhere": (
        {"pyproject.toml": PROJECT + '[tool.setuptools.dynamic]\ndependencies = {file = "deps/in.txt"}\n',
         "deps/in.txt": "", **TEST},
        "-e . pytest",
        ["deps/in.txt", "pyproject.toml"],
        ".venv/bin/pytest",
    ),
    "tests and nothing else": (TEST, "pytest", [".foremand/pipeline.toml"], ".venv/bin/python -m pytest"),
    "conftest": ({"conftest.py": ""}, "pytest", [".foremand/pipeline.toml"], ".venv/bin/python -m pytest"),
    "tox.ini": ({"tox.ini": "[pytest]\n"}, "pytest", [".foremand/pipeline.toml"], ".venv/bin/python -m pytest"),
    "an extra that a shell would read": (
        {"pyproject.toml": PROJECT + '[project.optional-dependencies]\n"a\';rm" = ["pytest"]\n'},
        "-e '.[a'\"'\"';rm]'",
        ["pyproject.toml"],
        ".venv/bin/pytest",
    ),
}  # fmt: skip


def lay(top, files):
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


@pytest.mark.parametrize(("files", "install", "key", "pytest_"), KINDS.values(), ids=KINDS)
def test_a_python_repository(tmp_path, read, files, install, key, pytest_):
    lay(tmp_path, files)
    pipeline = read(propose(tmp_path).text)
    assert warnings(pipeline) == ()
    steps = pipeline.workspace.setup.splitlines()
    assert (steps[0], steps[-1]) == ("python3 -m venv .venv", f"{PIP} {install}")
    assert pipeline.workspace.setup_key == tuple(key)
    assert pipeline.workspace.setup_paths == (".venv",)
    gate = pipeline.gates["tests"]
    assert (gate.run, gate.junit) == (f"{pytest_} -q --junitxml=report.xml", "report.xml")


def test_a_dependency_group_needs_a_pip_that_knows_groups(tmp_path, read):
    lay(tmp_path, {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["pytest"]\n'})
    steps = read(propose(tmp_path).text).workspace.setup.splitlines()
    assert steps[1] == f"{PIP} -U pip"


def test_files_outside_the_repository_are_no_key(tmp_path, read):
    dynamic = '[tool.setuptools.dynamic]\ndependencies = {file = ["../shared.txt", 3]}\n'
    lay(tmp_path, {"shared.txt": "", "repo/pyproject.toml": PROJECT + dynamic, "repo/tests/test_a.py": ""})
    assert read(propose(tmp_path / "repo").text).workspace.setup_key == ("pyproject.toml",)


def test_it_is_laid_out_as_the_contract_shows(tmp_path, contract):
    lay(tmp_path, TEST)
    ours, theirs = tomllib.loads(propose(tmp_path).text), tomllib.loads(contract)
    assert [stage["name"] for stage in ours["stage"]] == [stage["name"] for stage in theirs["stage"]]
    assert ours.keys() == theirs.keys()


def test_the_repository_is_only_read(tmp_path):
    lay(tmp_path, {"pyproject.toml": PROJECT, **TEST})

    def state():
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        return [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]

    before = state()
    propose(tmp_path)
    assert state() == before


REFUSED = {
    "nothing": ({}, "no tests were found"),
    "a package without scripts": ({"package.json": "{}"}, "no tests were found"),
    "what npm init writes": (
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        "no tests were found",
    ),
    "a makefile without tests": ({"Makefile": "all:\n\ttrue\ntest := 1\n"}, "no tests were found"),
    "yarn": ({"package.json": '{"scripts": {"test": "x"}}', "yarn.lock": ""}, "are yarn's"),
    "bun by its field": ({"package.json": '{"scripts": {"test": "x"}, "packageManager": "bun@1.2"}'}, "are bun's"),
    "broken": ({"pyproject.toml": "[", **TEST}, "pyproject.toml cannot be read"),
    "broken package": ({"package.json": "{"}, "package.json cannot be read"),
    "broken manifest": ({"Cargo.toml": "["}, "Cargo.toml cannot be read"),
    "odd tables": ({"pyproject.toml": 'project = 1\ntool = "x"\ndependency-groups = []\n'}, "no tests were found"),
    "odd package": ({"package.json": "[1]"}, "no tests were found"),
    "odd scripts": ({"package.json": '{"scripts": {"test": 1, "lint": " "}}'}, "no tests were found"),
    "odd cfg": ({"setup.cfg": "no section\n"}, "no tests were found"),
}


@pytest.mark.parametrize(("files", "reason"), REFUSED.values(), ids=REFUSED)
def test_other_kinds_are_refused_with_what_to_do(tmp_path, files, reason):
    lay(tmp_path, files)
    with pytest.raises(NoProposal, match=reason) as refused:
        propose(tmp_path)
    assert refused.value.hint
