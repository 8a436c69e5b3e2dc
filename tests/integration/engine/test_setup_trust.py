"""What a setup leaves never decides what a gate looks at: the files are the revision's, the tools nobody else's."""

from typing import Any

import pytest

AGENT = """
[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
sed -n 's/^RUN: //p' "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
attempt=${FOREMAND_ATTEMPT##*/}
. "$TMPDIR/run.sh"
''']

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
on_fail = { goto = "implement", limit = 3 }
"""


def pipeline(workspace: str, gate: str) -> str:
    return f'version = 1\n[workspace]\n{workspace}\n[gate.check]\nkind = "command"\nrun = "{gate}"\n{AGENT}'


def results(house: Any, task: int) -> list[str]:
    """How the work's own gate went, in order; runs on the base are left out."""
    ran = [e for e in house.events() if e["type"] == "GateRan" and e["task"] == task and not e.get("on_base")]
    return [e["result"] for e in ran]


@pytest.fixture
def home(shared_house: Any) -> Any:
    if shared_house.daemon is None:
        shared_house.start()
    return shared_house


@pytest.mark.parametrize("paths", ['setup_paths = ["lib"]', ""])
def test_a_gate_sees_the_work_where_a_setup_wrote_too(home: Any, paths: str) -> None:
    setup = f'setup = "echo made > lib/made; echo good > lib/a.py; rm -f lib/gone"\nsetup_key = ["deps"]\n{paths}'
    repo = home.repo(
        {
            ".foremand/pipeline.toml": pipeline(setup, "cat lib/made && ! grep BAD lib/* && ! test -e lib/gone"),
            ".gitignore": "lib/made\n",
            "deps": "one\n",
            "lib/a.py": "good\n",
            "lib/gone": "goes\n",
        }
    )
    # The second attempt finds its own files as it left them, and the setup's beside them.
    script = "grep made lib/made; case $attempt in 1) echo BAD > lib/a.py; rm lib/gone;; "
    script += "2) grep BAD lib/a.py; echo fine > lib/a.py; echo back > lib/gone;; 3) rm lib/gone;; esac"
    task = home.submit(repo, f"RUN: {script}")
    home.wait(task, "LANDED")
    assert results(home, task)[:3] == ["fail", "fail", "pass"]
    assert repo.show("lib/a.py") == "fine"
    assert "lib/gone" not in repo.git("ls-tree", "-r", "--name-only", "main").split()


def test_a_file_that_becomes_work_inside_what_the_setup_made_is_not_replaced(home: Any) -> None:
    setup = 'setup = "mkdir -p out; echo setup > out/a; echo setup > out/b"\nsetup_key = ["deps"]'
    files = {".foremand/pipeline.toml": pipeline(setup, "grep setup out/b && ! grep BAD out/a"), "deps": "one\n"}
    repo = home.repo({**files, ".gitignore": "out/*\n"})
    home.wait(home.submit(repo, "RUN: echo one > work"), "LANDED")
    repo.write({"out/a": "tracked\n"})
    repo.git("add", "-f", "out/a")
    repo.git("commit", "-q", "-m", "track one of them")
    task = home.submit(
        repo,
        "RUN: grep setup out/b; case $attempt in 1) grep tracked out/a;; esac; echo $attempt > out/a; "
        "case $attempt in 1) echo BAD > out/a;; esac",
    )
    home.wait(task, "LANDED")
    assert results(home, task)[:2] == ["fail", "pass"]
    assert repo.show("out/a") == "2"


def test_no_attempt_makes_the_tools_that_judge_another(home: Any) -> None:
    setup = 'setup = "sh build.sh"\nsetup_key = ["key"]\nsetup_paths = ["env"]'
    check = "sh env/check && ! grep -q poison build.sh"
    repo = home.repo(
        {
            ".foremand/pipeline.toml": pipeline(setup, check),
            "build.sh": "mkdir -p env; echo 'grep fine src' > env/check\n",
            "key": "one\n",
            "src": "fine\n",
        }
    )
    poison = "echo two > key; echo 'mkdir -p env; echo true > env/check # poison' > build.sh"
    restore = "git checkout -q refs/foremand/base -- build.sh; echo broken > src"
    task = home.submit(repo, f"RUN: case $attempt in 1) {poison};; 2) {restore};; 3) echo fine > src;; esac")
    home.wait(task, "LANDED")
    assert results(home, task)[:3] == ["fail", "fail", "pass"]

    # Nor does a file that the setup reads beside its key: the branch's own is what everybody with its key gets.
    script = "case $attempt in 1) echo 'mkdir -p env; echo true > env/check' > build.sh; echo broken > src;; "
    other = home.submit(repo, f"RUN: {script} 2) echo fine > src;; esac")
    home.wait(other, "LANDED")
    assert results(home, other)[:2] == ["fail", "pass"]


def test_a_setup_s_time_is_the_task_s_that_it_ran_for(home: Any) -> None:
    setup = 'setup = "mkdir env; date > env/id"\nsetup_key = ["deps"]\nsetup_paths = ["env"]'
    repo = home.repo({".foremand/pipeline.toml": pipeline(setup, "cat env/id"), "deps": "one\n"})
    spent = []
    for _ in range(2):
        task = home.submit(repo, "RUN: echo more >> work")
        home.wait(task, "LANDED")
        facts = [e for e in home.events() if e["task"] == task]
        spent.append([e["setup_running"] for e in facts if e.get("setup_running", 0.0) > 0])
    assert [len(each) for each in spent] == [1, 0]
