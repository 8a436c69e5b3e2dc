"""A house with every kind of ended task, and what is said and kept of each: list, show, why, queue, checkout, verify,
export and prune, as people and their scripts use them.
"""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hands import HAND

PIPELINE = (
    HAND
    + r"""
[gate.check]
kind = "command"
run = "! grep -n BAD *.txt"

[gate.owner]
kind = "human"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]
on_fail = { goto = "implement", limit = 0 }

[land]
gates = ["owner"]
on_fail = { goto = "implement", limit = 0 }
"""
)
FILE = ".foremand/pipeline.toml"
STABLE = {
    *("id", "title", "repo", "branch", "into", "profile", "state", "reason", "stage", "attempt", "revision"),
    *("landed_commit", "cost_usd", "tokens", "created_at", "updated_at", "gates"),
}
DETAIL = {"prompt", "attempts", "approvals"}


def writes(name: str, text: str = "good") -> str:
    return f"RUN: echo {text} > {name}.txt"


class Ended:
    """The house, its repository, and a task of every kind."""

    def __init__(self, home: Any) -> None:
        self.home = home
        self.repo = repo = home.repo({FILE: PIPELINE, "old.txt": "old\n"})
        landed, rejected, cancelled, stuck = (
            home.submit(repo, writes(name, text))
            for name, text in (("landed", "good"), ("rejected", "good"), ("cancelled", "good"), ("stuck", "BAD"))
        )
        for task in (landed, rejected, cancelled):
            home.waits(task, "person")
        home.waits(stuck, "stuck")
        failed = home.submit(repo, writes("failed"), "--after", str(landed))
        home.ok("reject", str(rejected), "-m", "no")
        home.ok("cancel", str(cancelled), "-m", "enough")
        given = home.submit(repo, writes("agent"))
        home.waits(given, "person")
        tree = Path(home.ok("take", str(given)).stdout.removesuffix("\n"))
        (tree / "given.txt").write_text("by hand\n")
        home.ok("give", str(given))
        home.waits(given, "person")
        home.approve(given)
        home.wait(given, "LANDED")
        waived = home.submit(repo, writes("waived", "BAD"))
        home.waits(waived, "stuck")
        home.ok("waive", str(waived), "check", "-m", "so be it")
        home.waits(waived, "person")
        home.approve(waived)
        home.wait(waived, "LANDED")
        repo.commit({FILE: "not a pipeline"})  # the one that comes after `landed` cannot start any more
        home.ok("approve", str(landed), "--revision", home.show(landed)["revision"])
        self.ids = {
            "LANDED": landed, "given": given, "waived": waived, "REJECTED": rejected, "CANCELLED": cancelled,
            "stuck": stuck, "FAILED": failed,
        }  # fmt: skip
        home.waits(landed, "stuck")  # BAD is on the branch by now
        home.ok("waive", str(landed), "check", "-m", "it was there before")
        home.wait(landed, "LANDED")  # and nobody is asked a second time about an unchanged change
        home.until(lambda: home.show(failed)["state"] == "FAILED", "it cannot start")
        (repo.path / "waived.txt").unlink()
        repo.commit({FILE: PIPELINE})

    def __getitem__(self, kind: str) -> int:
        return self.ids[kind]


@pytest.fixture(scope="module")
def ended(shared_house: Any) -> Ended:
    shared_house.start("--max-agents", "4", "--max-gates", "2")
    return Ended(shared_house)


def test_each_is_listed_shown_and_explained(ended: Ended) -> None:
    home = ended.home
    everything = home.ok("list", "--all", "--format", "json").json
    assert {each["id"] for each in everything} == set(ended.ids.values())
    assert [each["id"] for each in home.ok("list", "--format", "json").json] == [ended["stuck"]]
    lines = [json.loads(line) for line in home.ok("list", "--all", "--format", "jsonl").stdout.splitlines()]
    assert lines == everything
    for state in ("LANDED", "REJECTED", "FAILED", "CANCELLED"):
        found = home.ok("list", "--all", "--state", state.lower(), "-q").stdout.split()
        assert (str(ended[state]) in found, str(ended["stuck"]) in found) == (True, False)

    for kind, task in ended.ids.items():
        shown = home.ok("show", str(task), "--format", "json").json
        assert shown.keys() >= STABLE | DETAIL
        assert shown["state"] == {"given": "LANDED", "waived": "LANDED", "stuck": "WAITING"}.get(kind, kind)
        assert (shown["landed_commit"] is not None) == (shown["state"] == "LANDED")
        why = home.ok("why", str(task), "--format", "json").json
        assert (why["id"], why["state"], why["reason"]) == (task, shown["state"], shown["reason"])
        assert (why["commands"] == []) == (shown["state"] == "LANDED")
        for command in why["commands"]:
            program, verb, *_ = command.split()
            assert (program, home.ok(verb, "--help").returncode) == ("foremanctl", 0)
    assert "cannot start" in home.show(ended["FAILED"])["reason"]
    assert home.ctl("show", "404").returncode == 4


def test_all_of_it_is_proved_and_what_is_planted_is_found(ended: Ended) -> None:
    home = ended.home
    home.until(lambda: not list(home.state.glob(f"workspaces/{ended['LANDED']}/tree")), "its workspace is released")
    found = home.ok("verify", "--format", "json").json
    assert {each["task"] for each in found if each["task"]} == set(ended.ids.values())
    assert [each for each in found if not each["ok"]] == []

    # A revision of one that was cancelled is lost, and the branch forgets one that has landed.
    lost = home.state / "work" / f"{ended['CANCELLED']}.git"
    kept = lost.with_suffix(".kept")
    shutil.copytree(lost, kept)
    revision = home.show(ended["CANCELLED"])["revision"]
    (lost / "objects" / revision[:2] / revision[2:]).unlink()
    tip = ended.repo.git("rev-parse", "main")
    ended.repo.git("reset", "-q", "--hard", f"{home.show(ended['given'])['landed_commit']}^")
    said = home.ctl("verify", "--format", "json")
    assert said.returncode == 1
    wrong = {each["task"] for each in said.json if not each["ok"]}
    assert wrong == {ended["CANCELLED"], ended["given"], ended["waived"], ended["LANDED"]}
    assert home.ctl("verify", str(ended["CANCELLED"])).returncode == 1
    assert home.ctl("verify", str(ended["REJECTED"])).returncode == 0

    ended.repo.git("reset", "-q", "--hard", tip)
    shutil.rmtree(lost)
    kept.rename(lost)
    assert home.ok("verify").stderr.strip().endswith("all well")


def test_a_branch_shows_the_work_and_nothing_else_changes(ended: Ended) -> None:
    home, repo = ended.home, ended.repo

    def state() -> tuple[str, ...]:
        asked = (
            ("status", "--porcelain"),
            ("rev-parse", "HEAD"),
            ("config", "--list", "--local"),
            ("reflog", "main"),
        )
        refs = [ref for ref in repo.git("for-each-ref").splitlines() if "refs/heads/foremand/" not in ref]
        return (*(repo.git(*each) for each in asked), *refs)

    before = state()
    for kind in ("REJECTED", "CANCELLED", "stuck"):
        said = home.ok("checkout", str(ended[kind]), "--format", "json").json
        assert said["branch"].startswith(f"foremand/{ended[kind]}-")
        assert repo.git("rev-parse", said["branch"]) == said["revision"] == home.show(ended[kind])["revision"]
        assert home.ok("checkout", str(ended[kind])).stdout.strip() == said["branch"]
    assert state() == before
    nothing = home.ctl("checkout", str(ended["FAILED"]))
    assert nothing.returncode == 5, nothing.stderr


def test_each_is_exported_whole_and_without_secrets(ended: Ended) -> None:
    for kind, task in ended.ids.items():
        said = ended.home.ctl("export", str(task), "-o", f"{kind}.tgz", "--format", "json")
        assert said.returncode == 0, (kind, said.stderr)
        archive = ended.home.root / f"{kind}.tgz"
        assert said.json["bytes"] == archive.stat().st_size
        with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
            names = tar.getnames()
            (facts,) = (name for name in names if name.endswith("facts.jsonl"))
            file = tar.extractfile(facts)
            assert file is not None
            types = [json.loads(line).get("type") for line in file.read().splitlines()]
        assert len(types) >= 2
        assert not [name for name in names if "environment" in name]


def test_the_queue_is_told_in_its_order(ended: Ended) -> None:
    home = ended.home
    repo = home.repo({FILE: PIPELINE})
    signer, key = home.root / "signer", home.root / "key"
    signer.write_text(f'#!/bin/sh\nwhile [ ! -e {home.root}/sign ]; do sleep 0.02; done\nexec ssh-keygen "$@"\n')
    signer.chmod(0o755)
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)), check=True)
    for name, value in (("commit.gpgSign", "true"), ("gpg.format", "ssh"), ("user.signingKey", str(key))):
        repo.git("config", name, value)
    repo.git("config", "gpg.ssh.program", str(signer))

    tasks = [home.submit(repo, writes(name)) for name in ("first", "second", "third")]
    for task in tasks:
        home.waits(task, "person")
    assert home.ok("queue", "--format", "json").json == []
    first, second, third = tasks
    home.approve(first)
    home.until(lambda: home.show(first)["queue_position"] == 1, "the first is in the queue, and is being signed")
    home.approve(third)
    home.until(lambda: home.show(third)["queue_position"] == 2, "the third comes behind it")
    assert home.show(second)["queue_position"] is None
    line = home.ok("queue", "--format", "json").json
    assert [(each["id"], each["state"], each["queue_position"]) for each in line] == [
        (first, "LANDING", 1),
        (third, "LANDING", 2),
    ]
    assert home.ok("queue", "-q", "-C", str(repo.path)).stdout.split() == [str(first), str(third)]
    assert home.ok("queue", "-q", "-C", str(ended.repo.path)).stdout == ""
    table = home.ok("queue").stdout.splitlines()
    assert [line.split()[2:4] for line in table[1:]] == [["1", str(first)], ["2", str(third)]]
    refused = home.ctl("pause", str(third))  # it goes on by itself: nothing runs
    assert refused.returncode == 5, refused.stderr
    taken = Path(home.ok("take", str(third)).stdout.removesuffix("\n"))  # gives its place back
    home.until(lambda: home.show(third)["queue_position"] is None, "its place is free")
    assert (taken / "third.txt").exists()
    (home.root / "sign").touch()
    home.wait(first, "LANDED")
    home.ok("give", str(third))
    home.waits(third, "person")  # it is their work now, and asked about anew
    home.ok("cancel", str(second), str(third))


def test_nothing_is_pruned_before_its_time(ended: Ended) -> None:
    home = ended.home
    said = home.ok("prune", "--dry-run", "--format", "json")
    assert "for 7d" in said.stderr or "days" in said.stderr, said.stderr
    for each in said.json:
        assert each["task"] != ended["stuck"]
    home.ok("prune")
    for task in set(ended.ids.values()) - {ended["FAILED"]}:
        assert home.ok("diff", str(task)).stdout
    assert home.ok("verify").returncode == 0


def test_what_was_kept_long_enough_goes_and_its_record_stays(ended: Ended) -> None:
    home = ended.home
    home.stop()
    settings = home.root / "config" / "foremand" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('keep = "1s"\n')
    home.start("--max-agents", "4", "--max-gates", "2")
    would = home.ok("prune", "--dry-run", "--format", "json").json
    assert {each["task"] for each in would} & {ended["REJECTED"], ended["CANCELLED"]}
    done = home.ok("prune", "--format", "json").json
    assert {each["path"] for each in done} >= {each["path"] for each in would if each["task"]}
    assert not [each for each in done if each["task"] == ended["stuck"]]
    assert not [each for each in home.ok("prune", "--dry-run", "--format", "json").json if each["task"]]
    for task in ended.ids.values():
        assert home.ok("show", str(task), "--format", "json").json["id"] == task
    assert [each for each in home.ok("verify", "--format", "json").json if not each["ok"]] == []
    assert ended["stuck"] == home.ok("list", "--format", "json").json[0]["id"]
    assert "BAD" in home.ok("diff", str(ended["stuck"])).stdout
    home.ok("retry", str(ended["REJECTED"]), "-m", "after all")  # what has not landed is kept as revisions
    home.waits(ended["REJECTED"], "person")
