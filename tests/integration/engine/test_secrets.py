"""Secrets end to end: none lands, not even in the history of what lands, and none is ever told."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

SECRET = "AKIA" + "2E0A8F3B244C9986"

AGENTS = """
version = 1

[agent.first]
adapter = "command"
command = ["sh", "-ec", "cp LEAK settings.py; echo one > one.txt"]

[agent.second]
adapter = "command"
command = ["sh", "-ec", "echo key = None > settings.py; cat > heard.txt"]

[gate.clean]
kind = "secrets"

[gate.fine]
kind = "command"
run = "test -s heard.txt"
"""

SECOND = "echo key = None > settings.py; cat > heard.txt"
ONCE_MORE = (
    "cat > heard.txt; if grep -q Gate heard.txt; then echo key = None > settings.py; else cp LEAK settings.py; fi"
)

STAGES = """
[[stage]]
name = "one"
agent = "first"
{one}

[[stage]]
name = "two"
agent = "second"
{two}

[land]
gates = [{land}]
strategy = "{strategy}"
"""

AT_STAGE_TWO = {"two": 'gates = ["fine", "clean"]', "land": ""}
AT_LANDING = {"two": 'gates = ["fine"]', "land": '"clean"'}


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon, and a file that holds a secret."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "4", "--max-gates", "4")
        (shared_house.root / "leak").write_text(f'key = "{SECRET}"\n')
    return shared_house


def repo_of(home: Any, pipeline: str) -> Any:
    return home.repo({".foremand/pipeline.toml": pipeline.replace("LEAK", str(home.root / "leak")), "README": "hi\n"})


def added(repo: Any) -> str:
    """Every line that the branch's history has ever added, with every commit's message."""
    return repo.git("log", "-p", "-m", "main")


def gate(shown: Any, name: str = "clean") -> Any:
    return next(each for each in shown["gates"] if each["name"] == name)


@pytest.mark.parametrize("strategy", ["squash", "merge"])
@pytest.mark.parametrize("where", [AT_STAGE_TWO, AT_LANDING], ids=["at-stage-two", "at-landing"])
def test_a_secret_of_an_earlier_stage_goes_back_once_and_lands_clean(home: Any, where: Any, strategy: str) -> None:
    repo = repo_of(home, AGENTS + STAGES.format(one="", strategy=strategy, **where))
    task = home.submit(repo, "make it")
    landed = home.wait(task, "LANDED")

    assert [a["stage"] for a in landed["attempts"]] == ["one", "two", "two"]
    assert repo.git("show", "main:one.txt") == "one"
    heard = repo.show("heard.txt")
    assert "Gate clean failed: 1 secret: AWS access key in settings.py:1" in heard
    assert SECRET not in heard
    assert SECRET not in added(repo)


def test_a_secret_of_a_failed_attempt_that_was_replaced_lands_clean(home: Any) -> None:
    done = '[gate.done]\nkind = "command"\nrun = "grep -q None settings.py"\n'
    stage = '[[stage]]\nname = "two"\nagent = "second"\ngates = ["fine", "done"]\n[land]\ngates = ["clean"]\n'
    repo = repo_of(home, AGENTS.replace(SECOND, ONCE_MORE) + done + stage)
    landed = home.wait(home.submit(repo, "make it"), "LANDED")

    assert [a["stage"] for a in landed["attempts"]] == ["two", "two"]
    assert gate(landed)["verdict"] == "pass"
    assert SECRET not in added(repo)


WIDE = "iconv -f UTF-8 -t UTF-16 LEAK > settings.ps1; echo one > one.txt"
BINARY = "(printf 'SQLite\\\\000'; cat LEAK) > settings.db; echo one > one.txt"


@pytest.mark.parametrize("writes", [WIDE, BINARY], ids=["wide", "binary"])
def test_one_in_a_file_that_git_takes_for_binary_is_seen(home: Any, writes: str) -> None:
    stage = '[[stage]]\nname = "one"\nagent = "first"\ngates = ["clean", "alike"]\non_fail = { limit = 0 }\n'
    alike = '[gate.alike]\nkind = "command"\nrun = "true"\n'
    repo = repo_of(home, AGENTS.replace("cp LEAK settings.py; echo one > one.txt", writes) + alike + stage)
    shown = home.wait(home.submit(repo, "make it"), "WAITING")
    assert "1 secret: AWS access key in settings." in gate(shown)["reason"]


@pytest.fixture
def stuck(home: Any) -> tuple[Any, int]:
    """A task that may not go back, refused at its second stage for what its first has sealed."""
    two = 'gates = ["clean", "fine"]\non_fail = { limit = 0 }'
    repo = repo_of(home, AGENTS + STAGES.format(one="", strategy="merge", two=two, land=""))
    task = home.submit(repo, "make it")
    shown = home.wait(task, "WAITING")
    assert (shown["waiting_for"], gate(shown)["verdict"]) == ("stuck", "fail")
    assert repo.git("rev-list", "--count", "main") == "1"
    return repo, task


def test_who_has_it_tried_again_has_it_flattened(home: Any, stuck: tuple[Any, int]) -> None:
    repo, task = stuck
    home.ok("retry", str(task))
    landed = home.wait(task, "LANDED")
    assert [a["stage"] for a in landed["attempts"]] == ["one", "two", "two"]
    assert SECRET not in added(repo)


def test_who_takes_it_by_hand_leaves_the_secret_behind(home: Any, stuck: tuple[Any, int]) -> None:
    repo, task = stuck
    home.ok("take", str(task))
    home.ok("give", str(task), "-m", "by hand")
    home.wait(task, "LANDED")
    assert repo.show("one.txt") == "one"
    assert SECRET not in added(repo)


def test_a_fingerprint_allows_what_is_no_secret_and_a_waiver_one_revision(home: Any) -> None:
    two = 'gates = ["clean", "fine"]\non_fail = { limit = 0 }'
    stages = STAGES.format(one="", strategy="squash", two=two, land="")
    pipeline = AGENTS.replace(SECOND, "echo > heard.txt; cat > $FOREMAND_TASK.txt") + stages
    repo, other = repo_of(home, pipeline), repo_of(home, pipeline)
    task, waived, later = home.submit(repo, "a"), home.submit(other, "b"), home.submit(other, "c")
    tried = home.wait(task, "WAITING")
    said = home.ok("logs", str(task), "--gate", "clean").stdout
    fingerprint = said.partition('allow = ["')[2].partition('"')[0]
    assert fingerprint in said.partition("fingerprint ")[2], said

    for each in (waived, later):
        assert home.wait(each, "WAITING")["waiting_for"] == "stuck"
    home.ok("waive", str(later), "clean", "-m", "it was revoked")
    assert gate(home.wait(later, "LANDED"))["verdict"] == "waived"
    # The branch is another now: what was waived is not what would land, and is not sent back for it either.
    home.ok("waive", str(waived), "clean", "-m", "it was revoked")
    again = home.wait(waived, "WAITING")
    assert (again["stage"], len(again["attempts"])) == ("land", 2)
    assert "clean was waived for another revision" in again["reason"]
    home.ok("waive", str(waived), "clean", "-m", "it was revoked, I say")
    home.wait(waived, "LANDED")

    def allow(value: str) -> None:
        text = pipeline.replace('kind = "secrets"', f'kind = "secrets"\nallow = ["{value}"]')
        repo.commit({".foremand/pipeline.toml": text.replace("LEAK", str(home.root / "leak"))})
        home.ok("repin", str(task))

    allow(fingerprint[::-1])
    home.until(lambda: gate(home.show(task))["verdict"] == "fail", "the gate has answered by its new definition")
    assert home.wait(task, "WAITING")["waiting_for"] == "stuck"
    allow(fingerprint)
    landed = home.wait(task, "LANDED")
    assert (gate(landed)["verdict"], "1 allowed" in gate(landed)["reason"]) == ("pass", True)
    assert SECRET in repo.show("settings.py")
    assert len(landed["attempts"]) == len(tried["attempts"])


def test_nobody_is_ever_told_a_secret(home: Any, stuck: tuple[Any, int]) -> None:
    """After all of the above: neither facts, nor logs, nor what people are shown hold the value."""
    seen = {"events": home.ok("events", "--after", "0", "--format", "jsonl").stdout, "daemon": home.log.read_text()}
    listed = home.ok("list", "--all", "--format", "json")
    seen["list"] = listed.stdout
    assert stuck[1] in [task["id"] for task in listed.json]
    for task in listed.json:
        seen[f"show {task['id']}"] = str(home.show(task["id"]))
        seen[f"logs {task['id']}"] = home.ok("logs", str(task["id"]), "--gate", "clean").stdout
    seen["why"] = home.ok("why", str(stuck[1])).stdout
    assert {name for name, text in seen.items() if SECRET in text} == set()
    with closing(sqlite3.connect(home.state / "journal.db")) as journal:
        assert SECRET not in "\n".join(journal.iterdump())


@pytest.mark.parametrize("where", [AT_STAGE_TWO, AT_LANDING], ids=["at-stage-two", "at-landing"])
def test_paths_that_only_an_earlier_stage_touched_count_too(home: Any, where: Any) -> None:
    """What lands in the end touches nothing there: the commits that would land do."""
    agents = AGENTS.replace('kind = "secrets"', 'kind = "secrets"\npaths = ["keys/**"]')
    agents = agents.replace("cp LEAK settings.py", "mkdir keys; cp LEAK keys/prod.py")
    agents = agents.replace("echo key = None > settings.py", "rm -rf keys")
    repo = repo_of(home, agents + STAGES.format(one="", strategy="merge", **where))
    task = home.submit(repo, "make it")
    landed = home.wait(task, "LANDED")

    assert [a["stage"] for a in landed["attempts"]] == ["one", "two", "two"]
    assert "Gate clean failed: 1 secret: AWS access key in keys/prod.py:1" in repo.show("heard.txt")
    assert gate(landed)["verdict"] == "skipped", "what lands has never touched them"
    assert SECRET not in added(repo)


def test_who_goes_on_after_the_refused_was_pruned_stands_on_the_base(home: Any, stuck: tuple[Any, int]) -> None:
    repo, task = stuck
    home.ok("cancel", str(task))
    refused = home.wait(task, "CANCELLED")["revision"]
    assert (task, "revisions") in [(each["task"], each["what"]) for each in home.ok("prune", "--format", "json").json]
    home.ok("retry", str(task))
    home.waits(task, "stuck")
    home.ok("retry", str(task))
    landed = home.wait(task, "LANDED")
    assert landed["revision"] != refused
    assert repo.show("one.txt") == "one"
    assert SECRET not in added(repo)


def test_who_asks_again_about_what_was_pruned_hears_what_to_do(home: Any, stuck: tuple[Any, int]) -> None:
    repo, task = stuck
    home.ok("cancel", str(task))
    home.wait(task, "CANCELLED")
    home.ok("prune")
    home.ok("retry", str(task), "--gate", "clean")
    reason = home.waits(task, "trouble")["reason"]
    assert "which one made, is kept no more: what a secrets gate has refused is pruned" in reason
    way = reason.partition("foremanctl ")[2].split()
    assert way == ["retry", str(task), "--stage", "one", "--fresh"]
    home.ok(*way)
    shown = home.waits(task, "stuck")  # the first agent does what it did before
    assert gate(shown)["verdict"] == "fail"
    assert SECRET not in added(repo)
