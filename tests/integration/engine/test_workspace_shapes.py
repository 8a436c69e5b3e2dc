"""Repositories of every shape, and what of the user's reaches workspaces and gates: in the sandbox and without it."""

import os
from typing import Any

import pytest
from hands import WRITES, facts, lines, put, repository, tell

ENV = """
[workspace]
env = ["WANTED"]

[agent.keyed]
adapter = "command"
command = ["sh", "-ec", '''
test "$WANTED $AGENT_KEY" = "wanted key"
test -z "$OTHER" -a -z "$HIDDEN"
echo "$WANTED" > told
''']
env = ["AGENT_KEY"]

[gate.sees]
kind = "command"
run = 'test "$WANTED" = wanted && test -z "$AGENT_KEY$OTHER$HIDDEN"'
"""
SETUP = """
[workspace]
setup = "mkdir env && cat /proc/sys/kernel/random/uuid > env/id"
setup_key = ["check.sh"]
setup_paths = ["env"]
copy = [".env.local"]
"""


@pytest.fixture(params=["auto", "off"])
def home(request: Any, shared_house: Any, other_house: Any) -> Any:
    """The daemon whose agents and gates are confined, and the one where they are not."""
    house = shared_house if request.param == "auto" else other_house
    if house.daemon is None:
        house.start("--max-agents", "3", "--max-gates", "2", env={"FOREMAND_SANDBOX": request.param})
    return house


def refused(house: Any, repo: Any, *args: str) -> str:
    said = house.ctl("submit", "do it", "-C", str(repo.path), *args)
    assert said.returncode in (2, 5), said.stderr
    return str(said.stderr)


def test_submodules_come_from_what_the_user_has(home: Any) -> None:
    lib = home.repo({"lib.txt": "one\n"})
    repo = repository(home, **{"check.sh": "grep -q one vendor/lib/lib.txt && git -C vendor/lib log -1 --format=%s\n"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lib.path), "vendor/lib")
    repo.commit({"README": "with a submodule\n"})
    lib.path.rename(lib.path.with_suffix(".gone"))  # nowhere else to fetch it from
    looks = "cat vendor/lib/lib.txt > seen; git -C vendor/lib log --format=%s >> seen"
    landed = home.wait(tell(home, repo, f"{looks}; echo x > vendor/lib/own"), "LANDED")
    assert repo.show("seen") == "one\nbegin"
    assert any("vendor/lib" in note for note in landed["notes"]), landed["notes"]
    assert (repo.path / "vendor/lib/lib.txt").read_text() == "one\n"
    assert repo.git("status", "--porcelain") == ""


def test_a_linked_work_tree_is_the_user_s_repository(home: Any) -> None:
    main = repository(home)
    linked = type(main)(home.root / f"{main.path.name} linked", home.env)
    main.git("worktree", "add", "-q", "-b", "side", str(linked.path))
    linked.write({"sub/loose.txt": "loose\n"})
    begin = main.git("rev-parse", "main")
    inside = type(main)(linked.path / "sub", home.env)
    landed = home.wait(tell(home, inside, put(2, "second")), "LANDED")
    assert (landed["repo"], landed["into"]) == (str(linked.path), "side")
    assert linked.git("rev-parse", "HEAD", "HEAD^").split() == [landed["landed_commit"], begin]
    assert "second" in (linked.path / "poem.txt").read_text()
    assert (main.git("rev-parse", "main"), (main.path / "poem.txt").read_text()) == (begin, lines(12))
    assert [place.git("status", "--porcelain") for place in (main, linked)] == ["", "?? sub/"]


def test_a_shallow_clone(home: Any) -> None:
    deep = repository(home)
    deep.commit({"more.txt": "more\n"})
    shallow = type(deep)(home.root / f"{deep.path.name}-shallow", home.env)
    deep.git("clone", "-q", "--depth", "1", f"file://{deep.path}", str(shallow.path))
    tip = shallow.git("rev-parse", "main")
    landed = home.wait(tell(home, shallow, f"{put(2, 'second')}; git log --oneline | wc -l > count"), "LANDED")
    assert (shallow.git("rev-parse", "main^"), shallow.show("count").strip()) == (tip, "1")
    assert (shallow.path / ".git" / "shallow").read_text().split() == [tip]
    shallow.git("fsck", "--no-dangling")
    assert landed["landed_commit"] == shallow.git("rev-parse", "main")


def test_on_no_branch_it_has_to_be_named(home: Any) -> None:
    repo = repository(home)
    begin = repo.git("rev-parse", "main")
    repo.git("checkout", "-q", "--detach")
    assert "name the branch to land on with --into" in refused(home, repo)
    assert "nowhere" in refused(home, repo, "--into", "nowhere")
    landed = home.wait(tell(home, repo, put(2, "second"), into="main"), "LANDED")
    assert repo.git("rev-parse", "main", "main^", "HEAD").split() == [landed["landed_commit"], begin, begin]
    assert (repo.path / "poem.txt").read_text() == lines(12)
    assert repo.git("status", "--porcelain") == ""

    repo.git("checkout", "-q", "--orphan", "unborn")
    for args in ((), ("--into", "unborn"), ("--into", "main")):
        assert "has no commit on its branch yet" in refused(home, repo, *args)
    repo.git("checkout", "-q", "main", "--force")


NAMES = """
set -e
test -x tools/run -a ! -x tools/plain
test "$(readlink link)" = 'a b/ü\n.txt'
test "$(cat link)" = odd
test "$(git ls-files -z | tr '\\0' '\\n' | grep -c .)" -gt 5
test -z "$(git status --porcelain)"
"""


def test_names_modes_and_links_of_every_kind(home: Any) -> None:
    repo = repository(home, name="ein Repö mit 'Zeichen' $x", **{"check.sh": NAMES, "tools/run": "#!/bin/sh\n"})
    odd = "a b/ü\n.txt"
    repo.write({odd: "odd\n", "tools/plain": "plain\n", "-n": "dash\n", ":(top)x": "magic\n"})
    (repo.path / "tools" / "run").chmod(0o755)
    (repo.path / "link").symlink_to(odd)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "odd names")
    commands = [
        "printf 'x\\n' > 'new ü\t\"name\"'",
        "printf y > \"$(printf 'latin-\\351.txt')\"",
        "chmod +x tools/plain && mv tools/plain tools/now && cp poem.txt tools/plain",
        "ln -s ../gone dangling; rm -- -n",
    ]
    home.wait(tell(home, repo, "; ".join(commands)), "LANDED")
    assert (repo.path / 'new ü\t"name"').read_text() == "x\n"
    assert (repo.path / os.fsdecode(b"latin-\xe9.txt")).read_bytes() == b"y"
    assert (repo.path / "tools" / "now").stat().st_mode & 0o111
    assert os.readlink(repo.path / "dangling") == "../gone"
    assert not (repo.path / "-n").exists()
    assert repo.git("status", "--porcelain") == ""


def test_pointers_of_large_files_stay_as_they_are_stored(home: Any) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n"
    repo = repository(home, **{"check.sh": "grep -q git-lfs big.bin\n", "big.bin": pointer.format("a" * 64)})
    ran = home.root / f"{repo.path.name}-ran"
    repo.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    repo.git("config", "filter.lfs.clean", f"touch '{ran}'; cat")
    repo.git("config", "filter.lfs.smudge", f"touch '{ran}'; cat")
    repo.git("config", "filter.lfs.required", "true")
    ran.unlink(missing_ok=True)
    home.wait(tell(home, repo, put(2, "second")), "LANDED")
    assert not ran.exists()

    task = tell(home, repo, "sed -i s/sha256:a/sha256:b/ big.bin")
    waiting = home.wait(task, "WAITING")
    assert waiting["waiting_for"] == "error"
    assert "filter driver (LFS, git-crypt)" in waiting["reason"]
    assert "big.bin" in waiting["reason"]
    assert not ran.exists()


def test_the_client_s_environment_reaches_agents_and_gates_by_name_alone(home: Any) -> None:
    stages = WRITES.replace('"hand"', '"keyed"').replace('"check"', '"check", "sees"')
    repo = repository(home, more=ENV, stages=stages)
    env = {"WANTED": "wanted", "AGENT_KEY": "key", "OTHER": "other-value-7261"}
    home.wait(tell(home, repo, "", env=env), "LANDED")
    assert repo.show("told") == "wanted"
    journal = b"".join(file.read_bytes() for file in home.state.glob("journal.db*"))
    assert b"other-value-7261" not in journal


def test_a_setup_runs_once_for_a_day_s_ten_tasks(shared_house: Any) -> None:
    house = shared_house
    if house.daemon is None:
        house.start("--max-agents", "3", "--max-gates", "2")
    check = "test -s env/id && test -s .env.local && git check-ignore -q .env.local\n"
    repo = repository(house, more=SETUP, **{"check.sh": check, ".gitignore": ".env.local\n"})
    repo.write({".env.local": "mine\n"})
    tasks = [tell(house, repo, f"sh ./check.sh; cp env/id id-{number}") for number in range(10)]
    for task in tasks:
        house.wait(task, "LANDED")
    assert len({repo.show(f"id-{number}") for number in range(10)}) == 1
    assert len(facts(house, "GateRan", *tasks)) >= 19  # each on its own tree, and on the one that landed
    assert "env" not in repo.git("ls-tree", "--name-only", "main").split()
    assert repo.git("status", "--porcelain") == ""
