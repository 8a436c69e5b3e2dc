"""Node repositories: the scripts of package.json are their gates, npm or pnpm sets them up."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foremand.pipeline.init.kinds import (
    COUNTS,
    Kind,
    NoProposal,
    ProposedGate,
    counted,
    found,
    lines_of,
    read_json,
    table_at,
    texts,
)

_UNWRITTEN = "no test specified"
"""What `npm init` writes as the script `test`."""

_LOCKS = {
    "pnpm-lock.yaml": "pnpm",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
_INSTALL = {
    ("npm", True): "npm ci --no-audit --no-fund",
    ("npm", False): "npm install --no-audit --no-fund --no-package-lock",
    ("pnpm", True): "pnpm install --frozen-lockfile",
    ("pnpm", False): "pnpm install --no-lockfile",
}
_DEFINING = (
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ".npmrc",
    ".pnpmfile.cjs",
)

_PASSED = {
    "node --test": r"^[^ ]+ pass [1-9]",
    "jest": r"^Tests: .*[1-9][0-9]* passed",
    "mocha": r"^ *[1-9][0-9]* passing",
    "ava": r"[1-9][0-9]* tests? passed",
}
"""By what they say when at least one test has passed."""

_VITEST = "--reporter=default --reporter=junit --outputFile.junit=report.xml"


def look(top: Path) -> Kind | None:
    """The kind of a repository with scripts to judge it by. Raises NoProposal where none is known for its tools."""
    package = read_json(top / "package.json")
    scripts = {name: text for name, text in table_at(package, "scripts").items() if isinstance(text, str)}
    manager, locked = _manager(top, package)
    gates = tuple(_gates(manager, scripts))
    if not gates:
        return None
    if manager not in ("npm", "pnpm"):
        raise NoProposal(f"the packages of package.json are {manager}'s, which is not among the kinds that are known")
    members = _members(top, package)
    folders = ("", *(member.removesuffix("package.json") for member in members))
    return Kind(
        name="node",
        gates=gates,
        steps=(_INSTALL[manager, locked],),
        key=tuple(sorted({*found(top, *_DEFINING), *members})),
        makes=tuple(f"{folder}node_modules" for folder in folders),
        grows=len(folders) > 1,
    )


def _manager(top: Path, package: dict[str, Any]) -> tuple[str, bool]:
    """Who installs, and whether a lock file says what. What package.json names goes before the lock that is there."""
    declared = package.get("packageManager")
    named = declared.partition("@")[0] if isinstance(declared, str) else ""
    locks = [manager for lock, manager in _LOCKS.items() if (top / lock).exists()]
    manager = named or (locks[0] if locks else "npm")
    return manager, manager in locks


def _gates(manager: str, scripts: dict[str, str]) -> Iterator[ProposedGate]:
    test = scripts.get("test", "")
    if test.strip() and _UNWRITTEN not in test:
        # Some runners wait for changes unless CI is set, and paint what they say where it is.
        yield _tests(f"CI=true NO_COLOR=1 {manager} test", test, separator=" --" if manager == "npm" else "")
    for name in ("build", "lint"):
        if scripts.get(name, "").strip():
            yield ProposedGate(name=name, about=f"The script `{name}` of package.json.", run=f"{manager} run {name}")


def _tests(command: str, script: str, *, separator: str) -> ProposedGate:
    last = re.split(r"&&|\|\|?|;", script)[-1]
    if _runs("vitest", last):  # arguments reach the last command of a script
        return ProposedGate(name="tests", about=COUNTS, run=f"{command}{separator} {_VITEST}", junit="report.xml")
    pattern = next((said for runner, said in _PASSED.items() if _runs(runner, script)), None)
    if pattern is None:
        return ProposedGate(name="tests", about="The script `test` of package.json.", run=command)
    return ProposedGate(name="tests", about=COUNTS, run=counted(command, pattern))


def _runs(runner: str, script: str) -> bool:
    words = r"\s+(\S+\s+)*".join(map(re.escape, runner.split()))
    return re.search(rf"(^|[\s;&|/]){words}($|[\s;&|])", script) is not None


def _members(top: Path, package: dict[str, Any]) -> tuple[str, ...]:
    """The package.json of every workspace."""
    workspaces = package.get("workspaces")
    patterns = texts(workspaces.get("packages") if isinstance(workspaces, dict) else workspaces)
    patterns += _pnpm_packages(lines_of(top / "pnpm-workspace.yaml"))
    wanted = found(top, *(f"{pattern}/package.json" for pattern in patterns if not pattern.startswith("!")))
    return tuple(name for name in wanted if name != "package.json")


def _pnpm_packages(lines: list[str]) -> list[str]:
    """The patterns under `packages:`, which are written one a line."""
    patterns, inside = [], False
    for line in lines:
        item = re.match(r"""\s*-\s*['"]?([^'"#]+)""", line)
        if item and inside:
            patterns.append(item[1].strip())
        elif line.strip() and not line.lstrip().startswith("#"):
            inside = line.startswith("packages:")
    return patterns
