"""Landing where the user signs what they commit: with their key, and without holding anybody up."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hands import approve, commits, facts, program, put, repository, tell

HURRY = "from foremand.git import sign; sign.signed.__defaults__ = (1.5,)\n"
"""A daemon that waits less than a minute for a signature."""

SIGNER = """#!/bin/sh
echo x >> {folder}/asked
[ -e {folder}/hangs ] && exec sleep 1000
exec ssh-keygen "$@"
"""


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon."""
    if shared_house.daemon is None:
        place = shared_house.root / "hurry"
        place.mkdir()
        (place / "sitecustomize.py").write_text(HURRY)
        shared_house.start("--max-agents", "3", "--max-gates", "2", env={"PYTHONPATH": f"{place}:{Path.cwd()}"})
    return shared_house


def signing(house: Any, land: str) -> tuple[Any, Path]:
    """A repository whose user signs with a key of ssh's, and the folder of the program that does it."""
    repo = repository(house, land)
    folder = house.root / f"{repo.path.name}-keys"
    signer = program(folder, "signer", SIGNER.format(folder=folder))
    key = folder / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)), check=True)
    (folder / "allowed").write_text(f"mona@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("gpg.ssh.program", str(signer)),
        ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(folder / "allowed")),
    ):
        repo.git("config", name, value)
    return repo, folder


@pytest.mark.parametrize("strategy", ["squash", "merge"])
def test_what_lands_bears_the_user_s_signature(home: Any, strategy: str) -> None:
    repo, folder = signing(home, f'strategy = "{strategy}"\ngates = ["owner"]')
    begin = repo.git("rev-parse", "main")
    task = tell(home, repo, put(2, "second"))
    home.wait(task, "WAITING")
    assert not (folder / "asked").exists(), "nobody is asked for a passphrase before everything else is settled"
    approve(home, task)
    landed = home.wait(task, "LANDED")
    new = commits(repo, f"{begin}..main", "%H")
    assert new[0] == landed["landed_commit"]
    assert len(new) == (2 if strategy == "merge" else 1)
    for commit in new:
        repo.git("verify-commit", commit)
    tree = repo.git("rev-parse", "main^{tree}")
    assert [e["result"] for e in facts(home, "GateRan", task) if e["tree"] == tree] == ["pass"]
    assert home.ok("verify", str(task)).returncode == 0


def test_a_signer_that_hangs_holds_up_its_own_task_alone(home: Any) -> None:
    repo, folder = signing(home, "")
    begin = repo.git("rev-parse", "main")
    (folder / "hangs").touch()
    task = tell(home, repo, put(2, "second"))
    waiting = home.wait(task, "WAITING")
    assert (waiting["waiting_for"], "signing: not signed within" in waiting["reason"]) == ("trouble", True)
    assert (folder / "asked").read_text() == "x\n", "each try may ask the user for a passphrase"
    assert repo.git("rev-parse", "main") == begin
    assert home.ok("queue", "-q").stdout == ""
    home.until(lambda: not [p for p in home.processes() if "sleep 1000" in p[1]], "the signer is gone")

    (folder / "hangs").unlink()
    other = tell(home, repo, put(9, "ninth"))
    landed = home.wait(other, "LANDED")["landed_commit"]
    assert f"foremanctl retry {task}" in home.ok("why", str(task)).stdout
    home.ok("retry", str(task))
    assert home.wait(task, "LANDED")["landed_commit"] == repo.git("rev-parse", "main")
    assert repo.git("rev-parse", "main^") == landed
    repo.git("verify-commit", "main")


def test_what_cannot_be_signed_does_not_land(home: Any) -> None:
    repo, folder = signing(home, "")
    begin = repo.git("rev-parse", "main")
    (folder / "key").rename(folder / "lost")
    task = tell(home, repo, put(2, "second"))
    assert "signing: git could not sign" in home.wait(task, "WAITING")["reason"]
    assert repo.git("rev-parse", "main") == begin
    repo.git("config", "commit.gpgSign", "false")  # as they say: then it lands as everything else does
    home.ok("retry", str(task))
    assert home.wait(task, "LANDED")["landed_commit"] == repo.git("rev-parse", "main")
    assert "gpgsig" not in repo.git("cat-file", "commit", "main")
