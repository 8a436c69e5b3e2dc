"""What is proposed for a repository fits it, loads, and draws no warning; what is not known is refused."""

import hashlib
import json
import tomllib

import pytest

from foremand.core.spec import POLICY_GATE
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


UV = "UV_PYTHON_INSTALL_DIR=$PWD/.uv-python uv sync -q --locked"
POETRY = "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install -q --no-interaction"
OTHER_PYTHON = {
    "uv, pytest among its own groups": (
        {"uv.lock": "", "pyproject.toml": PROJECT + '[build-system]\n[dependency-groups]\ndev = ["pytest"]\n'},
        [UV],
        ".venv/bin/pytest",
    ),
    "uv, a group that must be asked for": (
        {"uv.lock": "", "pyproject.toml": PROJECT + '[dependency-groups]\ntest = ["pytest"]\n'},
        [f"{UV} --group test"],
        ".venv/bin/python -m pytest",
    ),
    "uv, groups that are all default": (
        {"uv.lock": "",
         "pyproject.toml": PROJECT + '[dependency-groups]\nt = ["pytest"]\n[tool.uv]\ndefault-groups = "all"\n'},
        [UV],
        ".venv/bin/python -m pytest",
    ),
    "uv, an extra": (
        {"uv.lock": "", "pyproject.toml": PROJECT + '[project.optional-dependencies]\n"te st" = ["pytest"]\n'},
        [f"{UV} --extra 'te st'"],
        ".venv/bin/python -m pytest",
    ),
    "uv, the old list": (
        {"uv.lock": "", "pyproject.toml": PROJECT + '[tool.uv]\npackage = true\ndev-dependencies = ["pytest"]\n'},
        [UV],
        ".venv/bin/pytest",
    ),
    "uv, pytest nowhere": (
        {"uv.lock": "", "pyproject.toml": PROJECT, **TEST},
        [UV, "uv pip install -q pytest"],
        ".venv/bin/python -m pytest",
    ),
    "uv, a workspace": (
        {"uv.lock": "", "pyproject.toml": PROJECT + '[tool.uv.workspace]\nmembers = ["libs/*", "../out"]\n',
         "libs/a/pyproject.toml": "", **TEST},
        [f"{UV} --all-packages", "uv pip install -q pytest"],
        ".venv/bin/python -m pytest",
    ),
    "poetry, a group": (
        {"poetry.lock": "", "pyproject.toml": '[tool.poetry]\n[tool.poetry.group.t.dependencies]\npytest = "*"\n'},
        [f"{POETRY} --with t"],
        ".venv/bin/pytest",
    ),
    "poetry without a lock, the old list": (
        {"pyproject.toml": '[tool.poetry]\npackage-mode = false\n[tool.poetry.dev-dependencies]\npytest = "*"\n'},
        [POETRY],
        ".venv/bin/python -m pytest",
    ),
    "poetry, an extra": (
        {"poetry.lock": "", "pyproject.toml": '[tool.poetry]\n[tool.poetry.extras]\nt = ["pytest"]\n', **TEST},
        [f"{POETRY} --extras t"],
        ".venv/bin/pytest",
    ),
    "poetry, pytest nowhere": (
        {"poetry.lock": "", "pyproject.toml": PROJECT, **TEST},
        [POETRY, "poetry run python -m pip install -q pytest"],
        ".venv/bin/pytest",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "steps", "pytest_"), OTHER_PYTHON.values(), ids=OTHER_PYTHON)
def test_a_python_repository_with_another_installer(tmp_path, read, files, steps, pytest_):
    lay(tmp_path, files)
    pipeline = read(propose(tmp_path).text)
    assert warnings(pipeline) == ()
    assert pipeline.workspace.setup.splitlines() == steps
    assert set(pipeline.workspace.setup_key) == {name for name in files if not name.startswith("tests/")}
    assert ".venv" in pipeline.workspace.setup_paths
    assert pipeline.gates["tests"].run == f"{pytest_} -q --junitxml=report.xml"


def package(**more):
    return json.dumps({"name": "x", **more})


def scripts(**texts):
    return {"package.json": package(scripts=texts)}


LOCK = {"package-lock.json": "{}"}
CI = "CI=true NO_COLOR=1"
NODE = {
    "npm with a lock": ({**scripts(test="x"), **LOCK}, "npm ci --no-audit --no-fund", {"tests": f"{CI} npm test"}),
    "npm without": (
        scripts(test="x"),
        "npm install --no-audit --no-fund --no-package-lock",
        {"tests": f"{CI} npm test"},
    ),
    "pnpm": (
        {**scripts(test="x"), "pnpm-lock.yaml": ""},
        "pnpm install --frozen-lockfile",
        {"tests": f"{CI} pnpm test"},
    ),
    "pnpm by its field": (
        {"package.json": package(scripts={"lint": "x"}, packageManager="pnpm@9.1.0")},
        "pnpm install --no-lockfile",
        {"lint": "pnpm run lint"},
    ),
    "all three scripts": (
        {**scripts(test="x", build="y", lint="z", deploy="rm"), **LOCK},
        "npm ci --no-audit --no-fund",
        {"tests": f"{CI} npm test", "build": "npm run build", "lint": "npm run lint"},
    ),
    "only a build": ({**scripts(build="y"), **LOCK}, "npm ci --no-audit --no-fund", {"build": "npm run build"}),
}


@pytest.mark.parametrize(("files", "setup", "gates"), NODE.values(), ids=NODE)
def test_a_node_repository(tmp_path, read, files, setup, gates):
    lay(tmp_path, files)
    pipeline = read(propose(tmp_path).text)
    assert warnings(pipeline) == ()
    assert pipeline.workspace.setup == setup
    assert pipeline.workspace.setup_key == tuple(sorted(files))
    assert pipeline.workspace.setup_paths == ("node_modules",)
    assert {gate.name: gate.run for gate in pipeline.gates.values() if gate.kind == "command"} == gates
    assert pipeline.stages[-1].gates == tuple(gates)


VITEST = "--reporter=default --reporter=junit --outputFile.junit=report.xml"


@pytest.mark.parametrize(
    ("script", "lock", "run"),
    [
        ("tsc && npx vitest run", "package-lock.json", f"{CI} npm test -- {VITEST}"),
        ("vitest", "pnpm-lock.yaml", f"{CI} pnpm test {VITEST}"),
    ],
)
def test_vitest_writes_a_report(tmp_path, read, script, lock, run):
    lay(tmp_path, {**scripts(test=script), lock: ""})
    gate = read(propose(tmp_path).text).gates["tests"]
    assert (gate.run, gate.junit) == (run, "report.xml")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("node --test", "pass [1-9]"),
        ("node --experimental-x --test src", "pass [1-9]"),
        ("NODE_OPTIONS=x jest --ci", "passed"),
        ("node_modules/.bin/mocha && echo", "passing"),
        ("ava", "tests? passed"),
        ("vitest run && echo done", None),
        ("jester", None),
        ("node test.js", None),
    ],
)
def test_runners_that_say_what_passed_are_counted(tmp_path, read, script, said):
    lay(tmp_path, {**scripts(test=script), **LOCK})
    run = read(propose(tmp_path).text).gates["tests"].run
    assert (f"{CI} npm test" == run) if said is None else (said in run.splitlines()[-1])


WORKSPACES = {
    "npm": {"package.json": package(scripts={"test": "x"}, workspaces=["packages/*", "!packages/c"]), **LOCK},
    "yarn's way to write it": {
        "package.json": package(scripts={"test": "x"}, workspaces={"packages": ["packages/*"]}),
        **LOCK,
    },
    "pnpm": {
        **scripts(test="x"),
        "pnpm-lock.yaml": "",
        "pnpm-workspace.yaml": "catalog:\n  - no/*\npackages:\n  # all\n  - 'packages/*'\nother:\n  - no/*\n",
    },
}


@pytest.mark.parametrize("files", WORKSPACES.values(), ids=WORKSPACES)
def test_node_workspaces(tmp_path, read, files):
    parts = {"packages/a/package.json": "{}", "packages/a/node_modules/x/package.json": "{}", "no/b/package.json": "{}"}
    lay(tmp_path, {**files, **parts})
    workspace = read(propose(tmp_path).text).workspace
    assert workspace.setup_key == tuple(sorted([*files, "packages/a/package.json"]))
    assert workspace.setup_paths == ("node_modules", "packages/a/node_modules")

    lay(tmp_path, {".gitignore": "/node_modules\n"})
    assert read(propose(tmp_path).text).workspace.setup_paths is not None
    lay(tmp_path, {".gitignore": "node_modules\n"})
    # What is ignored is kept, also that of a package that is yet to come.
    assert read(propose(tmp_path).text).workspace.setup_paths is None


COMPILED = {
    "cargo": (
        {"Cargo.toml": "[package]\n", "Cargo.lock": "", "target/x/Cargo.toml": ""},
        "CARGO_HOME=$PWD/target/cargo-home cargo fetch --locked",
        ("Cargo.lock", "Cargo.toml"),
        ("target",),
        "CARGO_HOME=$PWD/target/cargo-home cargo test --offline --locked 2>&1",
    ),
    "cargo without a lock": (
        {"Cargo.toml": "[workspace]\n", "a/Cargo.toml": "", ".cargo/config.toml": "", "target/x/Cargo.toml": ""},
        "CARGO_HOME=$PWD/target/cargo-home cargo fetch",
        (".cargo/config.toml", "Cargo.toml", "a/Cargo.toml"),
        ("target",),
        "CARGO_HOME=$PWD/target/cargo-home cargo test --offline --workspace 2>&1",
    ),
    "go": (
        {"go.mod": "", "go.sum": "", "b/go.mod": ""},
        "GOMODCACHE=$PWD/.go-modules GOFLAGS=-modcacherw go mod download",
        ("go.mod", "go.sum"),
        (".go-modules",),
        "GOMODCACHE=$PWD/.go-modules GOFLAGS=-modcacherw go test ./... 2>&1",
    ),
    "go with a workspace": (
        {"go.work": "", "b/go.mod": "", "node_modules/c/go.mod": ""},
        "GOMODCACHE=$PWD/.go-modules GOFLAGS=-modcacherw go mod download",
        ("b/go.mod", "go.work"),
        (".go-modules",),
        "GOFLAGS=-modcacherw go test $(go list -m -f '{{.Dir}}/...') 2>&1",
    ),
    "go with its modules in the repository": (
        {"go.mod": "", "vendor/modules.txt": ""}, "", (), None, "{ go test ./... 2>&1"
    ),
    "make test": ({"Makefile": ".PHONY: test check\ncheck test::\n"}, "", (), None, "make test"),
    "make check": ({"GNUmakefile": "a b check : x\n", "Makefile": "test:\n"}, "", (), None, "make check"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "setup", "key", "makes", "run"), COMPILED.values(), ids=COMPILED)
def test_other_repositories(tmp_path, read, files, setup, key, makes, run):
    lay(tmp_path, files)
    pipeline = read(propose(tmp_path).text)
    assert warnings(pipeline) == ()
    workspace = pipeline.workspace
    assert (workspace.setup, workspace.setup_key, workspace.setup_paths) == (setup, key, makes)
    assert workspace.env == (("RUSTUP_HOME",) if "Cargo.toml" in files else ())
    assert run in pipeline.gates["tests"].run.splitlines()[0]


def test_several_kinds_have_one_setup_and_a_gate_each(tmp_path, read):
    files = {**scripts(test="x", lint="y"), **LOCK, "requirements.txt": "pytest\n", "go.mod": "", "Makefile": "test:\n"}
    lay(tmp_path, files)
    pipeline = read(propose(tmp_path).text)
    assert warnings(pipeline) == ()
    assert [line.split()[0] for line in pipeline.workspace.setup.splitlines()] == [
        "python3", ".venv/bin/pip", "npm", "GOMODCACHE=$PWD/.go-modules",
    ]  # fmt: skip
    assert pipeline.workspace.setup_paths == (".venv", "node_modules", ".go-modules")
    assert set(pipeline.workspace.setup_key) == {"requirements.txt", "package.json", "package-lock.json", "go.mod"}
    # The makefile would call these tools as they are on PATH.
    assert pipeline.stages[-1].gates == ("python-tests", "node-tests", "node-lint", "go-tests")


def test_what_is_left_out_beside_a_known_kind_is_named(tmp_path, read):
    lay(tmp_path, {**scripts(test="x"), "yarn.lock": "", "go.mod": "", "Cargo.toml": "["})
    proposal = propose(tmp_path)
    assert read(proposal.text).stages[-1].gates == ("tests",)
    yarn, cargo = proposal.left_out
    assert "yarn's" in yarn
    assert "Cargo.toml cannot be read" in cargo


def test_secrets_and_a_person_stand_before_every_landing(tmp_path, read):
    lay(tmp_path, TEST)
    pipeline = read(propose(tmp_path).text)
    kinds = {name: pipeline.gates[name].kind for name in pipeline.land.gates}
    assert kinds == {"secrets": "secrets", "final-review": "human", POLICY_GATE: "human"}


def test_the_users_own_names_the_repository_whatever_its_path(tmp_path, read):
    top = tmp_path / 'a\n[gate.x]\n"ü'
    lay(top, TEST)
    text = propose(top, own=True).text
    assert read(text) == read(propose(top).text)
    assert json.dumps(str(top), ensure_ascii=False) in text


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
