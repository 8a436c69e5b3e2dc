"""Protected paths end to end: whatever way a change finds to touch them, it is refused until a person lets it pass."""

from typing import Any

import pytest
from hands import HAND

PIPELINE = (
    HAND
    + """
[gate.locked]
kind = "protected"
paths = ["locked/**", "Rules.txt", "/tool.sh", "/link", ".gitmodules", "/sub"]

[gate.fine]
kind = "command"
run = "true"

[[stage]]
name = "implement"
agent = "hand"
gates = ["locked", "fine"]
on_fail = { limit = 0 }
"""
)

WAYS = {
    "edit": ("echo more >> locked/a.txt", "locked/a.txt"),
    "add": ("echo more > locked/deep/new.txt", "locked/deep/new.txt"),
    "delete": ("rm locked/a.txt", "locked/a.txt"),
    "rename-out": ("mv locked/a.txt a.txt", "locked/a.txt"),
    "rename-in": ("mv free.txt locked/free.txt", "locked/free.txt"),
    "link-over-file": ("ln -sf ../free.txt locked/a.txt", "locked/a.txt"),
    "link-over-folder": ("mv locked free; ln -s free locked", "locked/a.txt"),
    "link-into": ("ln -s ../free.txt locked/link", "locked/link"),
    "link-elsewhere": ("ln -sfn free.txt link", "link"),
    "mode": ("chmod +x locked/a.txt", "locked/a.txt"),
    "mode-off": ("chmod -x tool.sh", "tool.sh"),
    "case": ("mv Rules.txt rules.txt", "Rules.txt"),
    "case-of-folder": ("mv locked Locked", "locked/a.txt"),
    "file-over-folder": ("rm -r locked; echo file > locked", "locked/a.txt"),
    "submodule-gone": ("rm -rf sub; echo file > sub", "sub"),
    "new-repository": ("mkdir -p locked/inner; git init -q locked/inner; echo x > locked/inner/x", "locked/inner/x"),
}
"""What an agent does, and the path that is told of."""


@pytest.fixture(scope="module")
def stand(shared_house: Any) -> Any:
    """A daemon and a repository with much that must not be touched; all ways are tried at once."""
    shared_house.start("--max-agents", "4", "--max-gates", "4")
    (shared_house.root / "home" / ".gitconfig").open("a").write('[protocol "file"]\nallow = always\n')
    other = shared_house.repo({"x": "x\n"}, "other")
    repo = shared_house.repo({".foremand/pipeline.toml": PIPELINE, "free.txt": "free\n", "locked/a.txt": "a\n" * 20})
    repo.write({"Rules.txt": "rules\n" * 9, "tool.sh": "true\n", "locked/deep/b.txt": "b\n"})
    (repo.path / "tool.sh").chmod(0o755)
    (repo.path / "link").symlink_to("locked/a.txt")
    repo.git("submodule", "add", "-q", str(other.path), "sub")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "more")
    tasks = {way: shared_house.submit(repo, f"go\n\nRUN: {run}\n") for way, (run, _) in WAYS.items()}
    return shared_house, repo, tasks


def locked(shown: Any, stage: str = "implement") -> Any:
    (gate,) = [gate for gate in shown["gates"] if (gate["name"], gate["stage"]) == ("locked", stage)]
    return gate


@pytest.mark.parametrize("way", WAYS)
def test_it_is_refused(stand: Any, way: str) -> None:
    house, repo, tasks = stand
    shown = house.wait(tasks[way], "WAITING")
    gate = locked(shown)
    assert (gate["verdict"], WAYS[way][1] in gate["reason"]) == ("fail", True), gate
    assert shown["waiting_for"] == "stuck"
    assert repo.git("log", "--format=%s", "main").splitlines()[-2:] == ["more", "begin"]


def test_a_submodule_that_an_agent_moves_stays_where_it_was(stand: Any) -> None:
    """Work in a submodule cannot land at all, so there is nothing that a gate would be asked about."""
    house, repo, _ = stand
    bump = "cd sub; git -c user.name=x -c user.email=x@x commit -q --allow-empty -m bump"
    shown = house.wait(house.submit(repo, f"go\n\nRUN: {bump}\n"), "WAITING")
    assert "no change" in shown["reason"]
    shown = house.wait(house.submit(repo, f"go\n\nRUN: {bump}; cd ..; touch new\n"), "LANDED")
    assert repo.git("diff", "--name-only", "main~", "main") == "new"


def test_a_waiver_lets_exactly_this_land(stand: Any) -> None:
    house, repo, tasks = stand
    house.wait(tasks["mode"], "WAITING")
    assert house.ctl("waive", str(tasks["mode"]), "locked").returncode == 2
    house.ok("waive", str(tasks["mode"]), "locked", "-m", "it is a program now")
    landed = house.wait(tasks["mode"], "LANDED", "WAITING")
    assert landed["state"] == "LANDED", landed["reason"]
    assert repo.git("ls-tree", "main", "locked/a.txt").startswith("100755")
    assert (locked(landed)["verdict"], locked(landed, "land")["verdict"]) == ("waived", "waived")
    (said,) = landed["approvals"]
    assert (said["decision"], said["message"]) == ("waived", "it is a program now")
    assert locked(house.show(tasks["edit"]))["verdict"] == "fail"
