"""What a gate's keys do, end to end: advisory, scope, flaky_retries, network, dir, paths."""

import socket
from typing import Any

import pytest

AGENT = """
version = 1
{more}
[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']

[gate.fine]
kind = "command"
run = "true"
"""

STAGE = """
[[stage]]
name = "implement"
agent = "hand"
gates = [{gates}]
on_fail = {{ limit = 0 }}
{land}
"""


class Shop:
    """A daemon, and repositories that differ in their gates."""

    def __init__(self, house: Any) -> None:
        self.house = house

    def repo(self, tables: str, gates: str, land: str = "", more: str = "", **files: str) -> Any:
        text = AGENT.format(more=more) + tables + STAGE.format(gates=gates, land=land)
        return self.house.repo({".foremand/pipeline.toml": text.replace("ROOT", str(self.house.root)), **files})

    def submit(self, repo: Any, run: str) -> int:
        return int(self.house.submit(repo, f"go\n\nRUN: {run}\n"))


@pytest.fixture
def shop(shared_house: Any) -> Shop:
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "4", "--max-gates", "4")
    return Shop(shared_house)


def gates(shown: Any, stage: str = "implement") -> dict[str, Any]:
    return {gate["name"]: gate for gate in shown["gates"] if gate["stage"] == stage}


def verdicts(shown: Any, stage: str = "implement") -> dict[str, str]:
    return {name: gate["verdict"] for name, gate in gates(shown, stage).items()}


ADVISORY = """
[gate.red]
kind = "command"
run = "echo it is red; exit 1"
advisory = true

[gate.lost]
kind = "command"
run = "no-such-program"
advisory = true

[gate.locked]
kind = "protected"
paths = ["a.txt"]
advisory = true
"""


def test_an_advisory_gate_is_shown_and_never_blocks(shop: Shop) -> None:
    repo = shop.repo(ADVISORY, '"red", "lost", "locked", "fine"')
    task = shop.submit(repo, "echo a > a.txt")
    landed = shop.house.wait(task, "LANDED")
    assert verdicts(landed) == {"red": "fail", "lost": "error", "locked": "fail", "fine": "pass"}
    assert verdicts(landed, "land") == {**verdicts(landed), "foremand-policy": "skipped"}
    assert len(landed["attempts"]) == 1
    assert all(gate["advisory"] for name, gate in gates(landed).items() if name != "fine")
    assert "it is red" in shop.house.ok("logs", str(task), "--gate", "red").stdout


STILL_RED = """
[gate.still-red]
kind = "command"
run = "! test -e done.txt"
scope = "stage"

[[stage]]
name = "tests-first"
agent = "hand"
prompt = "write a test that fails"
gates = ["still-red"]
on_fail = { limit = 0 }
"""


def test_a_gate_of_a_stage_alone_is_not_asked_at_landing(shop: Shop) -> None:
    repo = shop.repo(STILL_RED, '"fine"')
    run = 'if [ "$FOREMAND_STAGE" = implement ]; then touch done.txt; else touch test.txt; fi'
    landed = shop.house.wait(shop.submit(repo, run), "LANDED")
    assert verdicts(landed, "tests-first") == {"still-red": "pass"}
    assert verdicts(landed, "land") == {"fine": "pass", "foremand-policy": "skipped"}

    closed = shop.house.wait(shop.submit(repo, "echo > done.txt; echo $FOREMAND_STAGE > x.txt"), "WAITING")
    assert (closed["stage"], verdicts(closed, "tests-first")) == ("tests-first", {"still-red": "fail"})


FLAKY = """
[gate.flaky]
kind = "command"
run = "echo run >> ROOT/runs-$FLAKES && test $(wc -l < ROOT/runs-$FLAKES) -gt 2 && echo at last"
flaky_retries = RETRIES
"""


@pytest.fixture(scope="module")
def open_shop(other_house: Any) -> Shop:
    """Without the sandbox, so that a gate can remember."""
    other_house.start("--sandbox", "off")
    return Shop(other_house)


@pytest.mark.parametrize("retries", [2, 1])
def test_a_fail_is_tried_again_and_a_pass_after_it_is_shown_as_flaky(open_shop: Shop, retries: int) -> None:
    tables = FLAKY.replace("$FLAKES", str(retries)).replace("RETRIES", str(retries))
    house, repo = open_shop.house, open_shop.repo(tables, '"flaky", "fine"')
    task = open_shop.submit(repo, "echo a > a.txt")
    shown = house.wait(task, "LANDED", "WAITING")
    runs = [e for e in house.events() if (e["type"], e["task"], e.get("gate")) == ("GateRan", task, "flaky")]
    results = [run["result"] for run in runs if not run["on_base"]]
    if retries == 2:
        assert (shown["state"], results) == ("LANDED", ["fail", "fail", "pass"])
        found = gates(shown)["flaky"]
        assert (found["verdict"], found["flaky"]) == ("pass", True)
        assert "flaky: failed 2 times before on the same tree" in found["reason"]
        assert not gates(shown)["fine"]["flaky"]
    else:
        assert (shown["waiting_for"], results) == ("stuck", ["fail", "fail"])
        assert verdicts(shown)["flaky"] == "fail"


NETWORK = """
[gate.out]
kind = "command"
run = ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', PORT), 5); print('got out')"]

[gate.in]
kind = "command"
run = ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', PORT), 5); print('got out')"]
network = false
"""


def test_a_gate_without_network_reaches_nothing(shop: Shop, open_shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        tables = NETWORK.replace("PORT", str(server.getsockname()[1]))
        repo = shop.repo(tables, '"out", "in"')
        task = shop.submit(repo, "echo a > a.txt")
        shown = shop.house.wait(task, "WAITING")
        assert verdicts(shown) == {"out": "pass", "in": "fail"}
        assert "ConnectionRefused" in shop.house.ok("logs", str(task), "--gate", "in").stdout

        other = open_shop.repo(tables, '"out", "in"')
        shown = open_shop.house.wait(open_shop.submit(other, "echo a > a.txt"), "WAITING")
        assert verdicts(shown) == {"out": "pass", "in": "error"}
        assert "needs the sandbox" in gates(shown)["in"]["reason"]


DIR = """
[gate.report]
kind = "command"
run = "test -e here && cp here report.xml && pwd"
dir = "packages/api"
junit = "report.xml"
"""
ONE_TEST = "<testsuite><testcase/></testsuite>\n"


def test_a_gate_runs_in_its_folder_and_its_report_lies_there(shop: Shop) -> None:
    files = {"packages/api/here": ONE_TEST, "report.xml": ONE_TEST}
    repo = shop.repo(DIR, '"report"', **files)
    task = shop.submit(repo, "echo a > a.txt")
    assert verdicts(shop.house.wait(task, "LANDED")) == {"report": "pass"}
    assert f"{repo.path}/packages/api" in shop.house.ok("logs", str(task), "--gate", "report").stdout

    gone = shop.house.wait(shop.submit(repo, "mv packages/api packages/old"), "WAITING")
    assert verdicts(gone) == {"report": "fail"}  # the base has the folder: it is the work that took it away
    linked = shop.submit(repo, "mv packages/api packages/old; ln -s /usr packages/api")
    assert verdicts(shop.house.wait(linked, "WAITING")) == {"report": "fail"}
    assert gates(gone)["report"]["reason"].startswith("the revision has no folder packages/api")


PATHS = """
[gate.api]
kind = "command"
run = "false"
paths = ["api/**", "!api/docs/**"]

[gate.owner]
kind = "human"
paths = ["api/**"]
"""
TOUCHING = {
    "edit": ("echo more >> api/a.txt", "fail"),
    "rename-out": ("mkdir old; mv api/a.txt old/a.txt", "fail"),
    "rename-in": ("mv free.txt api/free.txt", "fail"),
    "mode": ("chmod +x api/a.txt", "fail"),
    "only-docs": ("echo more >> api/docs/d.txt", "skipped"),
    "elsewhere": ("echo more >> free.txt", "skipped"),
    "case": ("mkdir API; echo x > API/a.txt", "skipped"),
}


def test_a_gate_with_paths_is_asked_where_the_change_touches_them(shop: Shop) -> None:
    files = {"api/a.txt": "a\n" * 9, "api/docs/d.txt": "d\n", "free.txt": "free\n" * 9}
    repo = shop.repo(PATHS, '"fine", "api"', land='[land]\ngates = ["owner"]', **files)
    tasks = {way: shop.submit(repo, run) for way, (run, _) in TOUCHING.items()}
    for way, task in tasks.items():
        shown = shop.house.wait(task, "WAITING", "LANDED")
        assert (way, verdicts(shown)["api"]) == (way, TOUCHING[way][1])
        if way == "only-docs":
            assert (shown["reason"], verdicts(shown, "land")["owner"]) == ("approve owner?", "waiting")
        elif TOUCHING[way][1] == "skipped":
            assert (shown["state"], verdicts(shown, "land")["owner"]) == ("LANDED", "skipped")
        else:
            assert shown["waiting_for"] == "stuck"
