"""In a repository of every kind: init, check, and a first task that is refused twice and lands."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

PYTHON = {
    "shop.py": "def price():\n    return 1\n",
    "tests/test_shop.py": "import shop\n\n\ndef test_price():\n    assert shop.price() == 1\n",
    ".gitignore": "__pycache__/\n.venv/\n",
}
IN_PYTHON = {
    "without_tests": "rm tests/test_shop.py; touch tests/conftest.py",
    "broken": "git checkout -q HEAD tests; rm tests/conftest.py; echo 'price = None' >> shop.py",
    "right": "git checkout -q HEAD shop.py; echo '# grown' >> shop.py",
}
COUNTED = ["no tests collected", "exit code 1, 1 failed of 1"]

PyTests = Callable[[Any], dict[str, str]]
FirstTask = Callable[..., list[str]]
Needs = Callable[..., None]


def pip(program: str) -> dict[str, str]:
    return {program: f"python3 -m pip install {program}"}


def test_pip(house: Any, first_task: FirstTask, wheels: PyTests) -> None:
    repo = house.repo(PYTHON)
    wheels(repo)
    repo.commit({"requirements.txt": "--no-index\n--find-links wheels\npytest\n"})
    assert first_task(repo, "shop.py", **IN_PYTHON) == COUNTED


def test_uv(house: Any, first_task: FirstTask, wheels: PyTests, needs: Needs) -> None:
    needs(**pip("uv"))
    repo = house.repo(PYTHON)
    wheels(repo)
    project = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
[dependency-groups]
test = ["pytest"]
[tool.uv]
no-index = true
find-links = ["wheels"]
"""
    repo.write({"pyproject.toml": project})
    run(house, repo, "uv", "lock")
    repo.commit({})
    assert first_task(repo, "shop.py", **IN_PYTHON) == COUNTED


def test_poetry(house: Any, first_task: FirstTask, wheels: PyTests, needs: Needs) -> None:
    needs(**pip("poetry"))
    repo = house.repo(PYTHON)
    paths = wheels(repo)
    project = """\
[tool.poetry]
name = "shop"
version = "1"
description = ""
authors = []
packages = [{ include = "shop.py" }]
[tool.poetry.dependencies]
python = ">=3.11"
[tool.poetry.group.test]
optional = true
[tool.poetry.group.test.dependencies]
"""
    needed = "".join(f'{name} = {{ path = "{path}" }}\n' for name, path in paths.items())
    repo.write({"pyproject.toml": project + needed})
    run(house, repo, "poetry", "lock")
    repo.commit({})
    assert first_task(repo, "shop.py", **IN_PYTHON) == COUNTED


NODE = {
    "package.json": json.dumps({"name": "shop", "version": "1.0.0", "scripts": {"test": "node --test"}}),
    "shop.js": "exports.price = () => 1;\n",
    "test/shop.test.js": (
        "const shop = require('../shop');\n"
        "require('node:test')('price', () => require('node:assert').strictEqual(shop.price(), 1));\n"
    ),
    ".gitignore": "node_modules/\n",
}
IN_NODE = {
    "without_tests": "rm -r test",
    "broken": "git checkout -q HEAD test; echo 'exports.price = null;' >> shop.js",
    "right": "git checkout -q HEAD shop.js; echo '// grown' >> shop.js",
}


@pytest.mark.parametrize("manager", ["npm", "pnpm"])
def test_node(house: Any, first_task: FirstTask, needs: Needs, manager: str) -> None:
    needs(npm="apt-get install npm", **({"pnpm": "npm install -g pnpm"} if manager == "pnpm" else {}))
    repo = house.repo(NODE)
    run(house, repo, *{"npm": ("npm", "install", "--package-lock-only"), "pnpm": ("pnpm", "install")}[manager])
    repo.commit({})
    assert first_task(repo, "shop.js", **IN_NODE) == ["exit code 1", "exit code 1"]


def test_several_kinds(house: Any, first_task: FirstTask, wheels: PyTests, needs: Needs) -> None:
    needs(npm="apt-get install npm")
    repo = house.repo({**PYTHON, **NODE, ".gitignore": PYTHON[".gitignore"] + NODE[".gitignore"]})
    wheels(repo)
    run(house, repo, "npm", "install", "--package-lock-only")
    repo.commit({"requirements.txt": "--no-index\n--find-links wheels\npytest\n"})
    # One language at a time: each has its own gate.
    tries = {
        "without_tests": IN_NODE["without_tests"],
        "broken": "git checkout -q HEAD test; echo 'price = 0' >> shop.py",
    }
    refusals = first_task(repo, "shop.py", **tries, right=IN_PYTHON["right"])
    assert refusals == ["exit code 1", "exit code 1, 1 failed of 1"]


RUST = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "Cargo.lock": 'version = 3\n\n[[package]]\nname = "shop"\nversion = "0.1.0"\n',
    "src/lib.rs": "pub fn price() -> u8 {\n    1\n}\n",
    "tests/price.rs": "#[test]\nfn price() {\n    assert_eq!(shop::price(), 1);\n}\n",
    ".gitignore": "/target\n",
}
IN_RUST = {
    "without_tests": "rm -r tests",
    "broken": "git checkout -q HEAD tests; sed -i 's/ 1/ 2/' src/lib.rs",
    "right": "git checkout -q HEAD src; echo '// grown' >> src/lib.rs",
}


def test_cargo(house: Any, first_task: FirstTask, needs: Needs) -> None:
    needs(cargo="apt-get install cargo, or rustup", cc="apt-get install gcc")
    repo = house.repo(RUST)
    assert first_task(repo, "src/lib.rs", **IN_RUST) == ["exit code 1", "exit code 101"]


GO = {
    "go.mod": "module example.com/shop\n\ngo 1.19\n",
    "shop.go": "package shop\n\nfunc Price() int { return 1 }\n",
    "shop_test.go": (
        'package shop\n\nimport "testing"\n\nfunc TestPrice(t *testing.T) {\n'
        '\tif Price() != 1 {\n\t\tt.Fatal("wrong")\n\t}\n}\n'
    ),
}
IN_GO = {
    "without_tests": "rm shop_test.go",
    "broken": "git checkout -q HEAD shop_test.go; sed -i 's/return 1/return 2/' shop.go",
    "right": "git checkout -q HEAD shop.go; echo '// grown' >> shop.go",
}


def test_go(house: Any, first_task: FirstTask, needs: Needs) -> None:
    needs(go="apt-get install golang-go")
    repo = house.repo(GO)
    assert first_task(repo, "shop.go", **IN_GO) == ["exit code 1", "exit code 1"]


MAKE = {
    "Makefile": ".PHONY: test\ntest: price\n\tgrep -qx 1 price\n",
    "price": "1\n",
}


def test_make(house: Any, first_task: FirstTask, needs: Needs) -> None:
    needs(make="apt-get install make")
    repo = house.repo(MAKE)
    refusals = first_task(
        repo, "price", without_tests="rm price", broken="echo 2 > price", right="echo 1 > price; echo grown >> price"
    )
    assert refusals == ["exit code 2", "exit code 2"]


def run(house: Any, repo: Any, *command: str) -> None:
    """What a person would have done in the repository before."""
    done = subprocess.run(command, cwd=repo.path, env=house.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
