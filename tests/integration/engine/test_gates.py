"""Gates that must not open: each through the real daemon, in the sandbox and without it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MODES = ("auto", "off")

AGENT = """
printf 'while :; do sleep 1; done\\n' > loop.sh
echo GOOD = False > src/shop.py
echo yes > pass.flag
cp report.xml.of-yesterday fresh.xml
"""

GATES = {
    "red-on-base": "grep -q never README",
    "endless-loop": {"run": "sh ./loop.sh", "timeout": "2s"},
    "missing-program": "no-such-program --version",
    "missing-argv": ["no-such-program", "--version"],
    "not-executable": "./README",
    "not-executable-argv": ["./README"],
    "killed": "kill -9 $$",
    "slow": {"run": "sleep 60", "timeout": "1s"},
    "first-line": "false\ntrue",
    "undefined-function": "nonesuch_check\ntrue",
    "pipe": "false | tee out.txt",
    "ignored-file": "test -e pass.flag",
    "collected-nothing": {"run": "exit 5", "junit": "report.xml"},
    "report-empty": {"run": "echo '<testsuites></testsuites>' > empty.xml", "junit": "empty.xml"},
    "report-absent": {"run": "true", "junit": "absent.xml"},
    "report-of-yesterday": {"run": "true", "junit": "committed.xml"},
    "report-of-the-agent": {"run": "true", "junit": "fresh.xml"},
    "report-broken": {"run": "echo '<testsuite' > broken.xml", "junit": "broken.xml"},
    "report-has-failures": {
        "run": "echo '<testsuite><testcase><failure/></testcase></testsuite>' > red.xml",
        "junit": "red.xml",
    },
    "too-few": {
        "run": "echo '<testsuite><testcase/><testcase><skipped/></testcase></testsuite>' > few.xml",
        "junit": "few.xml",
        "min_tests": 2,
    },
    "exit-255": "exit 255",
}

ERRORS = {
    "missing-program": "program not found (exit code 127)",
    "missing-argv": "program not found (exit code 127)",
    "undefined-function": "program not found (exit code 127)",
    "not-executable": "not executable (exit code 126)",
    "not-executable-argv": "not executable (exit code 126)",
    "killed": "killed by signal 9",
    "slow": "timed out after 1 seconds",
}

FAILS = {
    "red-on-base": "already red on BASE",
    "endless-loop": "timed out after 2 seconds",
    "first-line": "exit code 1",
    "pipe": "exit code 1",
    "ignored-file": "exit code 1",
    "collected-nothing": "no tests collected",
    "report-empty": "no tests collected",
    "report-absent": "there is no report absent.xml",
    "report-of-yesterday": "there is no report committed.xml",
    "report-of-the-agent": "there is no report fresh.xml",
    "report-broken": "cannot be read",
    "report-has-failures": "1 failed of 1",
    "too-few": "1 ran, 2 must",
    "exit-255": "exit code 255",
}

ONE_TEST = "<testsuite><testcase/></testsuite>\n"


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def table(name: str, gate: Any) -> str:
    """A gate's table; a bare command is its `run`."""
    keys = gate if isinstance(gate, dict) else {"run": gate}
    return f'[gate.{name}]\nkind = "command"\n' + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())


def pipeline(gates: dict[str, Any], agent: str, *, limit: int = 0, more: str = "") -> str:
    """One writing stage with these gates."""
    return f"""
version = 1
{more}
[agent.writer]
adapter = "command"
command = ["sh", "-ec", {toml(agent)}]

{"".join(table(name, gate) for name, gate in gates.items())}
[[stage]]
name = "implement"
agent = "writer"
gates = {toml(list(gates))}
on_fail = {{ limit = {limit} }}
"""


# What a user's environment does that was installed from their own checkout: it names that checkout by its path.
INSTALLED = """
[workspace]
setup = "mkdir -p .venv && pwd > .venv/path"
setup_key = ["setup.lock"]
setup_paths = [".venv"]
"""
EDITABLE = "PYTHONPATH=$(cat .venv/path)/src python3 -B -c 'import shop; assert shop.GOOD'"


class Run:
    """The tasks of one daemon, once all of them stand still."""

    def __init__(self, house: Any, mode: str) -> None:
        self.house = house
        self.mode = mode
        house.start("--max-gates", "6", "--max-agents", "4", "--sandbox", mode)
        base = {
            "README": "hello\n",
            ".gitignore": "pass.flag\n.venv/\n",
            "loop.sh": "exit 0\n",
            "src/shop.py": "GOOD = True\n",
            "setup.lock": "1\n",
            "committed.xml": ONE_TEST,
            "report.xml.of-yesterday": ONE_TEST,
        }
        closed = pipeline(GATES, AGENT)
        self.repo = house.repo({**base, ".foremand/pipeline.toml": closed})
        self.closed = house.submit(self.repo, "open every gate")
        # The user's own environment and files would make the gates pass.
        self.user = house.repo({**base, ".foremand/pipeline.toml": self._installed(house.root / "shop")}, "shop")
        self.user.write({".venv/path": f"{self.user.path}\n", "pass.flag": "yes\n"})
        self.installed = house.submit(self.user, "break the shop")
        self.tools = house.root / "tools" / "bin"
        self.tools.mkdir(parents=True)
        tool = pipeline({"tool": "lint-it"}, "echo more >> README")
        self.tooled = house.repo({**base, ".foremand/pipeline.toml": tool})
        path = os.pathsep.join([str(self.tools), house.env["PATH"]])
        self.waits = house.submit(self.tooled, "write", env={"PATH": path})

    def _installed(self, repo: Path) -> str:
        gates = {"editable": EDITABLE, "absolute": f"grep -q True {repo}/src/shop.py", "flag": "test -e pass.flag"}
        if self.mode == "off":  # nothing can stand in the way of a path that is written out
            del gates["absolute"]
        return pipeline(gates, AGENT, more=INSTALLED)

    def settle(self) -> None:
        for task in (self.closed, self.installed, self.waits):
            self.house.wait(task, "WAITING")

    def gates(self, task: int) -> dict[str, Any]:
        """How the stage's gates stand, by name."""
        return {gate["name"]: gate for gate in self.house.show(task)["gates"] if gate["stage"] == "implement"}


@pytest.fixture(scope="module")
def runs(shared_house: Any, other_house: Any) -> Iterator[dict[str, Run]]:
    """Both daemons at once: what takes long here is waiting for the second and third try."""
    runs = {"auto": Run(shared_house, "auto"), "off": Run(other_house, "off")}
    for run in runs.values():
        run.settle()
    yield runs


@pytest.fixture
def run(runs: dict[str, Run], mode: str) -> Run:
    return runs[mode]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("gate", FAILS)
def test_it_is_the_work_s_failure(run: Run, gate: str) -> None:
    found = run.gates(run.closed)[gate]
    assert (found["verdict"], FAILS[gate] in found["reason"]) == ("fail", True), found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("gate", ERRORS)
def test_it_is_nobody_s_answer(run: Run, gate: str) -> None:
    found = run.gates(run.closed)[gate]
    assert (found["verdict"], found["reason"].startswith(ERRORS[gate])) == ("error", True), found
    tries = [e for e in run.house.events() if e["type"] == "GateRan" and e["gate"] == gate and not e["on_base"]]
    assert len(tries) == 3


@pytest.mark.parametrize("mode", MODES)
def test_no_gate_opens_and_nothing_moves(run: Run) -> None:
    assert {g["verdict"] for g in run.gates(run.closed).values()} == {"fail", "error"}
    assert run.house.show(run.closed)["landed_commit"] is None
    assert run.repo.git("rev-list", "--count", "main") == "1"


@pytest.mark.parametrize("mode", MODES)
def test_why_says_that_it_was_red_before(run: Run) -> None:
    said = run.house.ok("why", str(run.closed)).stdout
    base = run.repo.git("rev-parse", "main")[:12]
    assert f"already red on BASE {base}" in said
    assert ("unsandboxed" in said) == (run.mode == "off")


@pytest.mark.parametrize("mode", MODES)
def test_the_user_s_own_files_do_not_make_it_pass(run: Run) -> None:
    gates = run.gates(run.installed)
    assert {name: gate["verdict"] for name, gate in gates.items()} == dict.fromkeys(gates, "fail")
    logs = run.house.ok("logs", str(run.installed), "--gate", "editable").stdout
    assert "AssertionError" in logs


@pytest.mark.parametrize("mode", MODES)
def test_an_error_waits_for_a_person_and_retry_goes_on(run: Run) -> None:
    shown = run.house.show(run.waits)
    assert (shown["state"], shown["waiting_for"]) == ("WAITING", "error")
    assert shown["reason"].startswith("error: tool: program not found")
    assert len(shown["attempts"]) == 1  # never charged to the agent
    refused = run.house.ctl("approve", str(run.waits), "--revision", shown["revision"])
    assert refused.returncode == 5
    assert f"foremanctl retry {run.waits}" in refused.stderr

    tool = run.tools / "lint-it"
    tool.write_text("#!/bin/sh\necho dirt > README; echo dirt > stray\n")
    tool.chmod(0o755)
    run.house.ok("retry", str(run.waits))
    landed = run.house.wait(run.waits, "LANDED")
    assert len(landed["attempts"]) == 1
    # What the gate wrote into its checkout is nobody's work.
    assert run.tooled.show("README") == "hello\nmore"
    assert run.tooled.git("ls-tree", "--name-only", "main", "stray") == ""
