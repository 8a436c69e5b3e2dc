"""Landing with a remote: what begins at its branch, what is pushed to it, what asks for a merge there."""

import os
from pathlib import Path
from typing import Any

import pytest
from hands import approve, commits, facts, program, put, repository, tell

FETCH = "fetch = true\n"
PUSH = f'{FETCH}publish = "push"\n'
OWNER = 'gates = ["owner"]\n'

GH = """#!/bin/sh
[ -e "{folder}/refuses" ] && {{ echo "gh: no token for you" >&2; exit 4; }}
printf '%s\\n' "$PWD" "$@" > "{folder}/asked"
while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cp "$2" "{folder}/body"; shift; done
echo "https://hub.example/shop/pull/7"
"""

GIT = """#!/bin/sh
case " $* " in *" push "*)
    if [ -e {hold} ]; then {git} "$@"; touch {held}; while [ -e {hold} ]; do sleep 0.02; done; exit 1; fi
esac
exec {git} "$@"
"""
"""A git that does not come back from a push that it has done, as long as there is a file to say so."""


class Remote:
    """A bare repository that a user's is a clone of, and somebody else who works on it as well."""

    def __init__(self, house: Any, land: str, **files: str) -> None:
        self.mine = repository(house, land, **files)
        self.path = house.root / f"{self.mine.path.name}.git"
        self.mine.git("clone", "-q", "--bare", ".", str(self.path))
        self.mine.git("remote", "add", "origin", str(self.path))
        self.mine.git("push", "-q", "-u", "origin", "main")
        self.theirs = type(self.mine)(house.root / f"{self.mine.path.name}-theirs", house.env)
        self.mine.git("clone", "-q", str(self.path), str(self.theirs.path))

    def git(self, *args: str) -> str:
        """What the remote's own repository says."""
        return str(self.mine.git("-C", str(self.path), *args))

    @property
    def tip(self) -> str:
        """Where its main is."""
        return self.git("rev-parse", "main")

    def moves(self, **files: str) -> str:
        """Somebody else pushes something."""
        self.theirs.git("pull", "-q")
        made = self.theirs.commit({name.replace("_", "."): text for name, text in files.items()})
        self.theirs.git("push", "-q")
        return str(made)


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon. gh is on its PATH only where a test puts one there."""
    if shared_house.daemon is None:
        path = f"{shared_house.root / 'own'}:{shared_house.env['PATH']}"
        shared_house.start("--max-agents", "3", "--max-gates", "2", env={"PATH": path})
    return shared_house


def trouble(house: Any, task: int) -> str:
    waiting = house.wait(task, "WAITING")
    assert waiting["waiting_for"] == "trouble", waiting["reason"]
    return str(waiting["reason"])


def test_work_begins_at_the_remote_s_branch_and_takes_the_user_s_along(home: Any) -> None:
    remote = Remote(home, FETCH)
    theirs = remote.moves(new_txt="theirs\n")
    task = tell(home, remote.mine, "cat new.txt > seen.txt")
    landed = home.wait(task, "LANDED")
    assert (landed["base"], remote.tip) == (theirs, theirs)  # publish is "local": the remote has nothing of ours
    assert remote.mine.git("rev-parse", "main", "main^").split() == [landed["landed_commit"], theirs]
    assert ((remote.mine.path / "new.txt").read_text(), remote.mine.show("seen.txt")) == ("theirs\n", "theirs")
    assert remote.mine.git("status", "--porcelain") == ""


def test_commits_that_only_the_user_has_stop_it_before_any_gate_runs(home: Any) -> None:
    remote = Remote(home, FETCH + OWNER)
    begin = remote.tip
    task = tell(home, remote.mine, f"sleep 0.1; {put(3, 'third')}")
    mine = remote.mine.commit({"mine.txt": "mine alone\n"})
    reason = trouble(home, task)
    assert "main has commits that origin/main has not" in reason
    assert "push or rebase them, then retry" in reason
    assert facts(home, "PersonAsked", task) == facts(home, "CandidateBuilt", task) == []
    assert [e["revision"] for e in facts(home, "VerdictGiven", task)] == [home.show(task)["revision"]]  # the stage's
    assert (remote.tip, remote.mine.git("rev-parse", "main")) == (begin, mine)
    home.ok("retry", str(task))
    assert "main has commits" in trouble(home, task)
    remote.mine.git("push", "-q")
    home.ok("retry", str(task))
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    approve(home, task)
    home.wait(task, "LANDED")
    assert remote.mine.git("rev-parse", "main^") == mine


@pytest.mark.parametrize("land", [PUSH, 'publish = "push"\n'])
def test_what_lands_is_pushed_and_nothing_else_travels(home: Any, land: str) -> None:
    remote = Remote(home, land + OWNER)
    task, other = (tell(home, remote.mine, put(line, "edited")) for line in (2, 9))
    for each in (task, other):
        assert home.wait(each, "WAITING")["reason"] == "approve owner?"
    approve(home, task)
    home.wait(task, "LANDED")

    # Somebody else pushes between the question and the answer; it merges, and the change is the same.
    theirs = remote.moves(new_txt="theirs\n")
    approve(home, other)
    if land != PUSH:
        reason = trouble(home, other)
        assert "origin/main has commits that main has not: pull them, then retry" in reason
        assert remote.tip == theirs
        remote.mine.git("pull", "-q", "--ff-only")
        home.ok("retry", str(other))
    landed = home.wait(other, "LANDED")
    assert len(landed["approvals"]) == 1
    assert remote.mine.git("rev-parse", "main", "main^").split() == [landed["landed_commit"], theirs]
    assert remote.tip == landed["landed_commit"]
    everything = remote.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    here = {line.split()[0] for line in everything if line.endswith("commit")}
    assert here == set(remote.mine.git("rev-list", "main").split())
    assert here.isdisjoint(a["revision"] for each in (task, other) for a in home.show(each)["attempts"])
    assert remote.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    tree = remote.git("rev-parse", "main^{tree}")
    assert [e["result"] for e in facts(home, "GateRan", other) if e["tree"] == tree] == ["pass"]


def test_a_remote_that_refuses_leaves_all_as_it_was(home: Any) -> None:
    remote = Remote(home, PUSH)
    begin = remote.tip
    hook = program(remote.path / "hooks", "pre-receive", "#!/bin/sh\necho only by request; exit 1\n")
    task = tell(home, remote.mine, put(2, "second"))
    reason = trouble(home, task)
    assert "refused main" in reason
    assert "only by request" in reason
    assert (remote.tip, remote.mine.git("rev-parse", "main")) == (begin, begin)
    hook.unlink()
    remote.path.rename(remote.path.with_suffix(".away"))
    home.ok("retry", str(task))
    assert "cannot be reached" in trouble(home, task)
    remote.path.with_suffix(".away").rename(remote.path)
    home.ok("retry", str(task))
    assert home.wait(task, "LANDED")["landed_commit"] == remote.tip == remote.mine.git("rev-parse", "main")


def test_what_the_remote_has_is_never_given_up_here(home: Any) -> None:
    remote = Remote(home, PUSH)
    (remote.mine.path / "poem.txt").write_text("mine alone\n")
    task = tell(home, remote.mine, put(2, "second"))
    reason = trouble(home, task)
    assert "origin/main has it, but main here cannot follow" in reason
    assert "in the way" in reason
    pushed = remote.tip
    assert pushed != remote.mine.git("rev-parse", "main")
    for verb in (("cancel", str(task)), ("retry", str(task), "--stage", "implement")):
        said = home.ctl(*verb)
        assert (said.returncode, "may hold its work already" in said.stderr) == (5, True), said.stderr
    theirs = remote.moves(new_txt="theirs\n")  # whoever comes after it
    remote.mine.git("checkout", "-q", "poem.txt")
    home.ok("retry", str(task))
    landed = home.wait(task, "LANDED")
    assert landed["landed_commit"] == pushed == remote.mine.git("rev-parse", "main")
    assert remote.tip == theirs
    assert remote.mine.git("status", "--porcelain") == ""


def test_nor_where_the_user_commits_what_is_in_the_way(home: Any) -> None:
    remote = Remote(home, PUSH)
    (remote.mine.path / "poem.txt").write_text("mine alone\n")
    task = tell(home, remote.mine, put(2, "second"))
    assert "origin/main has it" in trouble(home, task)
    pushed = remote.tip
    mine = remote.mine.commit({"poem.txt": "mine alone\n"})
    home.ok("retry", str(task))
    assert "origin/main has it" in trouble(home, task)
    assert home.ctl("cancel", str(task)).returncode == 5
    remote.mine.git("merge", "-q", "-s", "ours", "-m", "mine", pushed)
    home.ok("retry", str(task))
    assert home.wait(task, "LANDED")["landed_commit"] == pushed == remote.tip
    assert remote.mine.git("rev-parse", "main^1", "main^2").split() == [mine, pushed]


def test_a_pull_request_leaves_the_branch_to_those_who_merge_it(home: Any) -> None:
    remote = Remote(home, FETCH + 'publish = "pull-request"\n' + OWNER)
    begin = remote.tip
    mine = remote.mine.commit({"mine.txt": "mine alone\n"})  # in nobody's way: main does not move

    def landing(line: int, title: str) -> dict[str, Any]:
        task = tell(home, remote.mine, put(line, "edited"), title)
        home.wait(task, "WAITING")
        approve(home, task)
        return {"id": task} | home.wait(task, "LANDED", "WAITING")

    without = landing(2, "Ein Brief, für Ölaf")
    branch = f"foremand/{without['id']}-ein-brief-f-r-laf"
    assert (without["state"], branch in without["reason"]) == ("LANDED", True)
    assert remote.git("rev-parse", branch) == without["landed_commit"]

    folder = home.root / "own"
    program(folder, "gh", GH.format(folder=folder))
    (folder / "refuses").touch()
    other = landing(9, "Second")
    assert "no token for you" in other["reason"]
    (folder / "refuses").unlink()
    home.ok("retry", str(other["id"]))
    landed = home.wait(other["id"], "LANDED")
    assert landed["reason"] == "pull request https://hub.example/shop/pull/7"
    place, *asked = (folder / "asked").read_text().splitlines()
    branch = f"foremand/{other['id']}-second"
    assert (place, asked[:8]) == (
        str(remote.mine.path),
        ["pr", "create", "--head", branch, "--base", "main", "--title", "Second"],
    )
    assert f"Foremand-Task: {other['id']}" in (folder / "body").read_text()
    assert remote.git("rev-parse", branch, f"{branch}^").split() == [landed["landed_commit"], begin]
    assert (remote.tip, remote.mine.git("rev-parse", "main")) == (begin, mine)
    assert commits(remote.mine, "main", "%H")[0] == mine
    (folder / "gh").unlink()
    assert home.ok("verify", str(other["id"])).returncode == 0


@pytest.mark.parametrize("land", ["", FETCH])
def test_a_branch_that_was_forced_backwards_stops_for_a_person(home: Any, land: str) -> None:
    remote = Remote(home, land)
    kept = remote.tip
    remote.mine.commit({"gone.txt": "soon gone\n"})
    remote.mine.git("push", "-q")
    lost = remote.tip
    go = home.root / f"{remote.path.name}-go"
    task = tell(home, remote.mine, f"{put(2, 'second')}; while [ ! -e {go} ]; do sleep 0.02; done")
    home.until(lambda: bool(home.show(task)["attempts"]), "the agent works")
    remote.mine.git("reset", "-q", "--hard", kept)
    remote.mine.git("push", "-q", "--force")
    go.touch()
    waiting = home.wait(task, "WAITING")
    assert waiting["reason"] == "approve foremand-rewound?"
    said = next(gate for gate in waiting["gates"] if gate["name"] == "foremand-rewound")["reason"]
    assert f"main no longer has {lost[:12]}" in said
    assert remote.mine.git("rev-parse", "main") == kept

    # What comes after it is no other question.
    between = remote.moves(new_txt="theirs\n")
    remote.mine.git("pull", "-q")
    approve(home, task, "foremand-rewound")
    landed = home.wait(task, "LANDED")
    assert remote.mine.git("rev-parse", "main^") == between
    assert len(landed["approvals"]) == 1
    assert "gone.txt" not in remote.mine.git("ls-tree", "--name-only", "main")


def test_killed_between_the_push_and_the_move_it_lands_once(house: Any) -> None:
    hold, held, folder = house.root / "hold", house.root / "held", house.root / "slow"
    real = next(path for place in os.environ["PATH"].split(":") if (path := Path(place) / "git").exists())
    program(folder, "git", GIT.format(hold=hold, held=held, git=real))
    hold.touch()
    house.start(env={"PATH": f"{folder}:{house.env['PATH']}"})
    remote = Remote(house, PUSH)
    begin = remote.tip
    task = tell(house, remote.mine, put(2, "second"))
    house.until(held.exists, "it is pushed")
    pushed = remote.tip
    assert pushed != begin == remote.mine.git("rev-parse", "main")
    house.kill()
    hold.unlink()
    house.start()
    landed = house.wait(task, "LANDED")
    assert pushed == landed["landed_commit"] == remote.tip == remote.mine.git("rev-parse", "main")
    assert [e["new"] for e in facts(house, "LandingIntended", task)] == [pushed]
    assert remote.mine.git("status", "--porcelain") == ""
