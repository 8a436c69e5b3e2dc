"""What foremanctl answers to what cannot work, with the real daemon: the exit code, what happened, and what to do."""

import subprocess
import sys
from typing import Any

import pytest

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", '''
wc -c > stdin.txt
wc -c < $FOREMAND_PROMPT_FILE > file.txt
tail -c 9 $FOREMAND_PROMPT_FILE > end.txt
''']
[gate.check]
kind = "command"
run = "cmp stdin.txt file.txt"
[[stage]]
name = "implement"
agent = "writer"
prompt = "{{ task }}"
gates = ["check"]
"""

INVALID = """
version = 1
surprise = 1
[agent.writer]
adapter = "command"
command = ["true"]
[[stage]]
name = "implement"
agent = "writer"
on_fail = { goto = "later" }
[[stage]]
name = "later"
agent = "writer"
"""
"""Wrong in three ways: an unknown key, a goto forwards, a writer that nothing judges."""


@pytest.fixture(scope="module")
def home(shared_house: Any) -> Any:
    shared_house.start()
    return shared_house


def test_a_prompt_of_a_megabyte_arrives_whole(home: Any) -> None:
    repo = home.repo({".foremand/pipeline.toml": PIPELINE})
    prompt = "line of a very long prompt\n" * 40_000 + "the end!\n"
    assert len(prompt) > 2**20
    said = home.ok("submit", "-f", "-", "-C", str(repo.path), "--wait", stdin=prompt)
    assert home.show(int(said.stdout.split()[0]))["state"] == "LANDED"
    assert (int(repo.show("file.txt")), repo.show("end.txt")) == (len(prompt), "the end!")
    assert home.show(1)["prompt"] == prompt


def test_what_cannot_be_dispatched(home: Any) -> None:
    plain = home.root / "no-repository"
    plain.mkdir()
    bare = home.repo({"README": "hello\n"})
    uncommitted = home.repo({"README": "hello\n"})
    uncommitted.write({".foremand/pipeline.toml": PIPELINE})
    unborn = home.root / "unborn"
    unborn.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=unborn, env=home.env, check=True)
    good = home.repo({".foremand/pipeline.toml": PIPELINE})
    detached = home.repo({".foremand/pipeline.toml": PIPELINE})
    detached.git("checkout", "-q", "--detach")
    missing = home.repo({".foremand/pipeline.toml": PIPELINE.replace('["sh"', '["no-such-agent"')})
    (home.root / "nul").write_bytes(b"a\0b")
    (home.root / "pipe.toml").write_text(INVALID)

    cases = [
        (("x", "-C", str(plain)), ("not in a git repository",)),
        (("x", "-C", str(home.root / "nowhere")), ("nowhere",)),
        (("x", "-C", str(unborn)), ("no commit",)),
        (("x", "-C", str(bare.path)), ("foremanctl init",)),
        (("x", "-C", str(uncommitted.path)), ("not committed",)),
        (("x", "-C", str(good.path), "--into", "nosuch"), ("nosuch",)),
        (("x", "-C", str(good.path), "--into", "mian"), ("mian", 'did you mean "main"?')),
        (("x", "-C", str(good.path), "--into", "main~1"), ("main~1", "not a branch's name", "--into")),
        (("x", "-C", str(good.path), "--into", "refs/heads/main"), ("name the branch alone",)),
        (("x", "-C", str(detached.path)), ("--into",)),
        (("x", "-C", str(missing.path)), ("no-such-agent",)),
        (("x", "-C", str(good.path), "--pipeline", str(home.root / "pipe.toml")), ("surprise", "goto", "gate")),
        ((" ", "-C", str(good.path)), ("empty",)),
        (("-f", str(home.root / "nul"), "-C", str(good.path)), ("NUL",)),
        (("x", "-C", str(good.path), "--limit", "luck=1"), ("luck",)),
    ]
    for given, words in cases:
        said = home.ctl("submit", *given)
        assert said.returncode == 2, (given, said.stderr)
        assert all(word in said.stderr for word in words), (given, said.stderr)
        assert "Traceback" not in said.stderr
        hint = said.stderr.partition("what to do: ")[2].strip()
        assert not hint or said.stderr.count(hint) == 1, said.stderr
    assert [task["id"] for task in home.ok("list", "--all", "--format", "json").json] == [1]


def test_tasks_that_are_not_there_or_over(home: Any) -> None:
    for given in (
        ("show", "404"),
        ("why", "404"),
        ("logs", "404"),
        ("diff", "404"),
        ("cancel", "404"),
        ("wait", "404"),
    ):
        said = home.ctl(*given)
        assert (said.returncode, "there is no task 404" in said.stderr) == (4, True), said.stderr
    assert home.ctl("cancel", "1").returncode == 5
    assert home.ctl("show", "one").returncode == 2
    assert home.ctl("logs", "1", "--gate", "nosuch").returncode == 4
    assert home.ctl("logs", "1", "--attempt", "7").returncode == 4


def test_no_daemon_two_daemons_and_a_path_that_is_too_long(home: Any, other_house: Any) -> None:
    house = other_house
    assert house.ctl("list").returncode == 3
    assert house.ctl("submit", "x", "--no-start").returncode == 2, "no repository: not worth a daemon"
    repo = house.repo({"README": "hello\n"})
    assert house.ctl("submit", "x", "--no-start", cwd=repo.path).returncode == 3
    long = house.root / ("x" * 120)
    said = house.ctl("list", env={"FOREMAND_SOCKET": str(long)})
    assert (said.returncode, "too long" in said.stderr) == (2, True), said.stderr
    daemon = subprocess.run(
        [sys.executable, "-m", "foremand", "--socket", str(long)],
        env=house.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert daemon.returncode == 2, daemon.stderr
    second = subprocess.run(
        [sys.executable, "-m", "foremand"], env=home.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (second.returncode, "another foremand" in second.stderr) == (1, True), second.stderr
    assert home.ok("list", "--all", "-q").stdout.split() == ["1"]
    # A socket that nobody listens on any more is no obstacle.
    house.start()
    house.kill()
    assert house.socket.is_socket()
    assert house.ctl("list").returncode == 3
    house.start()
    assert house.ok("list").returncode == 0
