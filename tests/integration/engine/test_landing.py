"""Landing in a user's own repository, whatever they have in it; the agents do what their prompt says."""

import os
from pathlib import Path
from typing import Any

import pytest
from hands import CHECK, HAND, OWNER, WRITES, lines

AGENT = HAND + CHECK + WRITES
ASKS = AGENT + OWNER + '\n[land]\ngates = ["owner"]\n'
POEM = lines(12)

HOOKS = ("pre-commit", "post-commit", "post-checkout", "post-merge", "reference-transaction", "post-index-change")


def repository(house: Any, pipeline: str, **files: str) -> Any:
    base = {".foremand/pipeline.toml": pipeline, "check.sh": "true\n", "poem.txt": POEM, ".gitignore": "*.log\n"}
    return house.repo({**base, **files})


def run(house: Any, repo: Any, command: str, *args: str) -> int:
    return int(house.submit(repo, f"Do this.\n\nRUN: {command}\n", *args))


def edit(line: int, text: str) -> str:
    return f"sed -i 's/^line {line}$/{text}/' poem.txt"


def verdicts(house: Any, task: int) -> dict[str, str]:
    """Which trees the check gate was asked about, and what it said."""
    return {e["tree"]: e["result"] for e in house.events() if e["type"] == "GateRan" and e["task"] == task}


def test_the_user_s_edits_stay_and_what_is_in_the_way_waits(home: Any) -> None:
    repo = repository(home, AGENT, **{"notes.txt": "mine\n"})
    trap = home.root / f"{repo.path.name}-hook-ran"
    for name in HOOKS:
        hook = repo.path / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\necho {name} >> {trap}\n")
        hook.chmod(0o755)
    (repo.path / "notes.txt").write_text("mine, edited\n")
    repo.write({"staged.txt": "staged\n", "loose.txt": "loose\n"})
    repo.git("add", "staged.txt")
    trap.unlink(missing_ok=True)

    first = run(home, repo, edit(1, "first"))
    home.wait(first, "LANDED")
    assert (repo.path / "poem.txt").read_text().startswith("first\nline 2")
    assert not trap.exists()

    # An edit of the same file; a file that git does not know; one that it ignores.
    (repo.path / "poem.txt").write_text("mine alone\n")
    repo.write({"new.txt": "mine too\n", "trace.log": "and mine\n"})
    cases = [
        (run(home, repo, edit(2, "second")), "poem.txt", "mine alone\n"),
        (run(home, repo, "echo agent > new.txt"), "new.txt", "mine too\n"),
    ]
    for task, name, kept in cases:
        waiting = home.wait(task, "WAITING")
        assert waiting["waiting_for"] == "trouble"
        assert "in the way" in waiting["reason"]
        assert (repo.path / name).read_text() == kept
        said = home.ok("why", str(task)).stdout
        assert f"foremanctl retry {task}" in said
    assert repo.git("log", "--format=%H", "-1") == home.show(first)["landed_commit"]

    (repo.path / "poem.txt").write_text(f"{repo.show('poem.txt')}\n")
    (repo.path / "new.txt").unlink()
    trap.unlink(missing_ok=True)
    for task, _, _ in cases:
        home.ok("retry", str(task))
    for task, _, _ in cases:
        home.wait(task, "LANDED")
    assert not trap.exists()
    assert (repo.path / "poem.txt").read_text().startswith("first\nsecond\nline 3")
    assert (repo.path / "new.txt").read_text() == "agent\n"
    assert (repo.path / "notes.txt").read_text() == "mine, edited\n"
    status = repo.git("status", "--porcelain")
    assert sorted(status.splitlines()) == ["?? loose.txt", "A  staged.txt", "M notes.txt"]


def test_an_ignored_file_is_never_overwritten(home: Any) -> None:
    repo = repository(home, AGENT)
    repo.write({"trace.txt": "the user's\n", ".gitignore": "*.log\ntrace.txt\n"})  # ignored, not yet committed
    task = run(home, repo, "echo agent > trace.txt")
    waiting = home.wait(task, "WAITING")
    assert "trace.txt" in waiting["reason"]
    assert (repo.path / "trace.txt").read_text() == "the user's\n"
    (repo.path / "trace.txt").unlink()
    home.ok("retry", str(task))
    home.wait(task, "LANDED")
    assert (repo.path / "trace.txt").read_text() == "agent\n"
    assert repo.git("status", "--porcelain") == "M .gitignore"


def test_a_merge_going_on_waits(home: Any) -> None:
    repo = repository(home, AGENT)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"poem.txt": POEM.replace("line 1\n", "side\n")})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    task = run(home, repo, edit(9, "ninth"))
    waiting = home.wait(task, "WAITING")
    assert "a merge is going on" in waiting["reason"]
    repo.git("commit", "-q", "-m", "merged")
    home.ok("retry", str(task))
    home.wait(task, "LANDED")
    assert repo.show("poem.txt").startswith("side\n")
    assert "ninth" in repo.show("poem.txt")


def test_an_approval_holds_on_a_moved_tip_as_long_as_the_change_is_the_same(home: Any) -> None:
    repo = repository(home, ASKS)
    same, other = run(home, repo, edit(2, "second")), run(home, repo, edit(9, "ninth"))
    for task in (same, other):
        assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    seen = home.show(other)["revision"]

    mine = repo.commit({"elsewhere.txt": "mine\n"})
    home.approve(same)
    landed = home.wait(same, "LANDED")
    assert repo.git("rev-parse", "main^") == mine
    assert [a["decision"] for a in landed["approvals"]] == ["approved"]
    tree = repo.git("rev-parse", "main^{tree}")
    assert verdicts(home, same)[tree] == "pass"  # asked anew, of the tree that landed

    # Two lines below the task's, so that it merges; but what the person saw around it is another text now.
    repo.commit({"poem.txt": repo.show("poem.txt").replace("line 11", "eleventh") + "\n"})
    home.approve(other)
    waiting = home.wait(other, "WAITING")
    assert waiting["reason"] == "approve owner?"
    assert waiting["revision"] != seen
    assert home.ctl("approve", str(other), "--revision", seen).returncode == 5
    home.approve(other)
    assert len(home.wait(other, "LANDED")["approvals"]) == 2


def test_a_conflict_goes_to_the_agent_with_markers_and_lands(home: Any) -> None:
    repo = repository(home, AGENT)
    resolve = "sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' -e '/^|||||||/,/^line 5$/d' poem.txt"

    def command(word: str) -> str:
        begin = f"until rm go; do sleep 0.02; done; {edit(5, word)}"
        return f"if grep -q '^<<<<<<<' poem.txt; then cp poem.txt $HOME/seen; {resolve}; else {begin}; fi"

    tasks = [run(home, repo, command(word)) for word in ("mine", "yours")]
    for task in tasks:  # both set out from the same commit
        home.until(lambda task=task: home.show(task)["attempts"], "its agent is at work")
    for task in tasks:
        (home.state / "workspaces" / str(task) / "tree" / "go").touch()
    landed = [home.wait(task, "LANDED") for task in tasks]
    assert sorted(len(shown["attempts"]) for shown in landed) == [1, 2]
    poem = repo.show("poem.txt")
    assert ("mine" in poem, "yours" in poem, "<<<<" in poem) == (True, True, False)
    assert repo.git("rev-list", "--count", "main") == "3"
    again = max(landed, key=lambda shown: len(shown["attempts"]))
    back = next(e for e in home.events() if e["type"] == "SentBack" and e["task"] == again["id"])
    assert "poem.txt" in back["feedback"]
    assert "conflict markers" in back["feedback"]


@pytest.mark.parametrize("leaves", ["all as it is", "the markers, with other work"])
def test_a_conflict_that_is_not_resolved_is_stuck(home: Any, leaves: str) -> None:
    # A gate that says yes to everything does not let markers through.
    repo = repository(home, ASKS.replace("! grep -rn '^<<<<<<<' --include='*.txt' . && ", ""))
    then = "true" if leaves == "all as it is" else "echo more >> other.txt"
    task = run(home, repo, f"if grep -q '^<<<<<<<' poem.txt; then {then}; else {edit(5, 'agent')}; fi")
    assert home.wait(task, "WAITING")["reason"] == "approve owner?"
    mine = repo.commit({"poem.txt": POEM.replace("line 5\n", "person\n")})
    home.approve(task)
    waiting = home.wait(task, "WAITING")
    assert waiting["waiting_for"] == "stuck", waiting["reason"]
    assert "poem.txt" in waiting["reason"] or "conflict" in waiting["reason"]
    assert repo.git("rev-parse", "main") == mine
    assert repo.git("status", "--porcelain") == ""


def test_what_is_in_already_ends_by_a_person_only(home: Any) -> None:
    repo = repository(home, ASKS)
    task = run(home, repo, edit(5, "fifth"))
    home.wait(task, "WAITING")
    mine = repo.commit({"poem.txt": POEM.replace("line 5\n", "fifth\n")})
    home.approve(task)
    waiting = home.wait(task, "WAITING")
    assert waiting["reason"] == "approve foremand-already-in?"
    home.approve(task)
    landed = home.wait(task, "LANDED")
    assert (landed["reason"], landed["landed_commit"]) == ("already in", mine)
    assert repo.git("rev-parse", "main") == mine


def test_branches_that_are_elsewhere(home: Any) -> None:
    repo = repository(home, AGENT)
    for name in ("bare", "linked", "gone"):
        repo.git("branch", name)
    linked = home.root / f"{repo.path.name}-linked"
    repo.git("worktree", "add", "-q", str(linked), "linked")
    here = repo.git("rev-parse", "main")
    bare = run(home, repo, edit(1, "bare"), "--into", "bare")
    in_link = run(home, repo, edit(1, "linked"), "--into", "linked")
    commits = {name: home.wait(task, "LANDED")["landed_commit"] for name, task in (("bare", bare), ("linked", in_link))}
    assert repo.git("rev-parse", "bare", "linked").split() == list(commits.values())
    assert (linked / "poem.txt").read_text().startswith("linked\n")
    assert (repo.path / "poem.txt").read_text() == POEM
    assert repo.git("rev-parse", "main") == here
    for place in (repo.path, linked):
        assert repo.git("-C", str(place), "status", "--porcelain") == ""

    # The target goes away while a person thinks.
    repo.git("checkout", "-q", "gone")
    repo.commit({".foremand/pipeline.toml": ASKS})
    repo.git("checkout", "-q", "main")
    gone = run(home, repo, edit(3, "gone"), "--into", "gone")
    assert home.wait(gone, "WAITING")["reason"] == "approve owner?"
    tip = repo.git("rev-parse", "gone")
    repo.git("branch", "-D", "gone")
    home.approve(gone)
    waiting = home.wait(gone, "WAITING")
    assert (waiting["waiting_for"], "gone" in waiting["reason"]) == ("trouble", True)
    assert repo.git("branch", "--list", "gone") == ""  # a branch that was deleted is not made again
    repo.git("branch", "gone", tip)
    home.ok("retry", str(gone))
    home.wait(gone, "LANDED")
    assert repo.git("rev-parse", "gone^") == tip


def test_a_change_of_the_rules_needs_a_person(home: Any) -> None:
    repo = repository(home, AGENT)
    before = repo.git("rev-parse", "main")
    task = run(home, repo, "sed -i 's/sh .*check.sh/true/' .foremand/pipeline.toml; echo prompt > .foremand/plan.md")
    waiting = home.wait(task, "WAITING")
    assert waiting["reason"] == "approve foremand-policy?"
    assert repo.git("rev-parse", "main") == before
    home.approve(task)
    home.wait(task, "LANDED")


GIT = """#!/bin/sh
case " $* " in *" read-tree -m -u "*)
    if [ -e {hold} ]; then touch {held}; while [ -s {hold} ]; do sleep 0.02; done; exit 1; fi
esac
exec {git} "$@"
"""
"""A git that fails where the branch is locked and the files are to be moved, as long as there is a file to say so;
it stops there before it fails for as long as that file is not empty."""


def with_failing_git(house: Any) -> tuple[Any, Path, Path]:
    """A repository; the file that makes git fail, there from the start; the file that tells that it does."""
    hold, held, bin_ = house.root / "hold", house.root / "held", house.root / "failing"
    bin_.mkdir()
    real = next(path for place in os.environ["PATH"].split(":") if (path := Path(place) / "git").exists())
    (bin_ / "git").write_text(GIT.format(hold=hold, held=held, git=real))
    (bin_ / "git").chmod(0o755)
    hold.touch()
    house.start(env={"PATH": f"{bin_}:{house.env['PATH']}"})
    return repository(house, AGENT), hold, held


def test_a_landing_that_failed_half_way_is_settled_before_anything_else(house: Any) -> None:
    repo, hold, held = with_failing_git(house)
    task = run(house, repo, edit(1, "first"))
    house.until(lambda: any(e["type"] == "Troubled" for e in house.events()), "the landing fails")
    assert held.exists()
    index = repo.path / ".git" / "index.lock"
    assert index.read_text().startswith("foremand lands "), "it is known whose half-done landing this is"
    for verb in (
        ("retry", str(task), "--stage", "implement"),
        ("retry", str(task), "-m", "again"),
        ("cancel", str(task)),
    ):
        said = house.ctl(*verb)
        assert (said.returncode, "may hold its work already" in said.stderr) == (5, True), said.stderr
    hold.unlink()
    house.ctl("retry", str(task))  # sooner than by itself, unless it is just then that it tries again
    landed = house.wait(task, "LANDED")
    intents = [e["new"] for e in house.events() if e["type"] == "LandingIntended"]
    assert intents == [landed["landed_commit"]] == [repo.git("rev-parse", "main")]
    assert (repo.git("status", "--porcelain"), index.exists()) == ("", False)


def test_git_s_locks_that_a_power_cut_left_are_removed_if_they_are_ours(house: Any) -> None:
    repo, hold, held = with_failing_git(house)
    hold.write_text("until it is gone")
    before = repo.git("rev-parse", "main")
    task = run(house, repo, edit(1, "first"))
    house.until(held.exists, "the branch is locked")
    locks = [repo.path / ".git" / "refs" / "heads" / "main.lock", repo.path / ".git" / "HEAD.lock"]
    for lock in locks:  # git lets go of them when the daemon dies; a power cut leaves them
        os.link(lock, house.root / lock.stem)
    house.kill()
    hold.unlink()
    house.until(lambda: not any(lock.exists() for lock in locks), "git has let go")
    assert repo.git("rev-parse", "main") == before

    for lock in locks:
        os.link(house.root / lock.stem, lock)
    house.start()
    landed = house.wait(task, "LANDED")
    assert repo.git("rev-parse", "main") == landed["landed_commit"]
    assert not any(lock.exists() for lock in locks)
    assert repo.git("status", "--porcelain") == ""

    locks[0].write_text("")  # of somebody else, whoever that is
    other = run(house, repo, edit(2, "second"))
    assert "main is locked" in house.wait(other, "WAITING")["reason"]
    house.stop()
    house.start()
    assert "main is locked" in house.wait(other, "WAITING")["reason"]
    assert locks[0].exists()
    locks[0].unlink()
    house.ok("retry", str(other))
    house.wait(other, "LANDED")
